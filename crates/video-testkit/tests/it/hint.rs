//! The location hint.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::net::TcpStream;
use tokio::time::timeout;
use video_testkit::{Coordinator, Entry, Fault};

use crate::client::{Answer, KEY, SECRET, coordinator, exchange, now};

const HOST: &str = "hint.stream-io-video.com";
const POP: &str = "x-amz-cf-pop";

fn request(host: &str, path: &str) -> Request<Full<Bytes>> {
    let request = Request::head(path).header("host", host);
    request.body(Full::default()).unwrap()
}

async fn ask(coordinator: &Coordinator) -> Result<Answer, hyper::Error> {
    exchange(coordinator.connect(), request(HOST, "/")).await
}

fn hints(coordinator: &Coordinator) -> usize {
    coordinator.journal().count(|e| e.as_hint().is_some())
}

#[tokio::test(start_paused = true)]
async fn the_hint_names_the_point_of_presence_on_its_host_and_its_path() {
    let coordinator = Coordinator::builder(KEY, SECRET).pop("FRA56-P3").build();
    let answer = ask(&coordinator).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[POP], "FRA56-P3");
    assert_eq!(answer.headers["access-control-expose-headers"], POP);
    let elsewhere = exchange(coordinator.connect(), request("x.test", "/hint"));
    assert_eq!(elsewhere.await.unwrap().headers[POP], "FRA56-P3");
    // At the root of another host is something else.
    let home = exchange(coordinator.connect(), request("x.test", "/"));
    assert!(!home.await.unwrap().headers.contains_key(POP));
    assert_eq!(hints(&coordinator), 2);
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_has_a_point_of_presence_unless_told_otherwise() {
    let with = ask(&coordinator()).await.unwrap();
    assert_eq!(with.headers[POP], "AMS1-P2");
    let without = Coordinator::builder(KEY, SECRET).without_pop().build();
    let answer = ask(&without).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(!answer.headers.contains_key(POP));
}

#[tokio::test(start_paused = true)]
async fn the_journal_tells_which_credentials_a_hint_was_asked_with() {
    let coordinator = coordinator();
    ask(&coordinator).await.unwrap();
    let mut leaking = request(HOST, "/?api_key=k");
    for name in ["authorization", "stream-auth-type"] {
        leaking.headers_mut().insert(name, "hush".parse().unwrap());
    }
    exchange(coordinator.connect(), leaking).await.unwrap();
    let entries = coordinator.journal().entries();
    let probes: Vec<_> = entries.iter().filter_map(|r| r.entry.as_hint()).collect();
    assert_eq!(probes[0].credentials(), [""; 0]);
    assert_eq!(probes[0].headers, ["host"]);
    assert_eq!(probes[0].host.as_deref(), Some(HOST));
    let leaked = ["authorization", "stream-auth-type", "api_key"];
    assert_eq!(probes[1].credentials(), leaked);
    assert!(!format!("{0} {0:?}", coordinator.journal()).contains("hush"));
}

#[tokio::test(start_paused = true)]
async fn a_hint_can_be_late_wrong_lost_or_never_come() {
    let coordinator = coordinator();
    let faults = coordinator.faults();
    faults.hint(Fault::Delay(Duration::from_secs(3)));
    faults.hint(Fault::status(503, "<html>")).times(2);
    faults.hint(Fault::Drop);
    faults.hint(Fault::Stall);
    // Neither is a REST request.
    faults.rest_where("*", |_| true, Fault::Drop).forever();
    let start = now();
    assert_eq!(ask(&coordinator).await.unwrap().headers[POP], "AMS1-P2");
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    for _ in 0..2 {
        let answer = ask(&coordinator).await.unwrap();
        assert_eq!(answer.status, 503);
        assert!(!answer.headers.contains_key(POP));
    }
    assert!(ask(&coordinator).await.is_err());
    let stalled = timeout(Duration::from_mins(10), ask(&coordinator));
    assert!(stalled.await.is_err());
    assert_eq!(faults.pending(), 0);
    assert_eq!(ask(&coordinator).await.unwrap().status, 200);
    assert_eq!(hints(&coordinator), 6);
    let applied = |e: &Entry| matches!(e, Entry::FaultApplied { place, .. } if place == "hint");
    assert_eq!(coordinator.journal().count(applied), 5);
}

#[tokio::test(start_paused = true)]
async fn a_hint_that_comes_too_late_for_the_client_counts_as_asked() {
    let coordinator = coordinator();
    let late = Fault::Delay(Duration::from_secs(3));
    coordinator.faults().hint(late).times(2);
    for _ in 0..2 {
        let given_up = timeout(Duration::from_secs(2), ask(&coordinator));
        assert!(given_up.await.is_err());
    }
    ask(&coordinator).await.unwrap();
    let entries = coordinator.journal().entries();
    let asked = entries.iter().filter_map(|r| r.entry.as_hint());
    let statuses: Vec<_> = asked.map(|probe| probe.status).collect();
    assert_eq!(statuses, [None, None, Some(200)]);
}

#[test]
#[should_panic(expected = "api error 40 can not happen at hint")]
fn a_hint_has_no_errors_of_the_service() {
    coordinator().faults().hint(Fault::ApiError(40));
}

#[tokio::test]
async fn a_port_gives_the_hint_at_its_path() {
    let coordinator = coordinator();
    let server = coordinator
        .listen("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let url: http::Uri = server.hint_url().parse().unwrap();
    let io = TcpStream::connect(server.local_addr()).await.unwrap();
    let asked = request(url.authority().unwrap().as_str(), url.path());
    let answer = exchange(io, asked).await.unwrap();
    assert_eq!(
        (answer.status, &answer.headers[POP]),
        (200, &"AMS1-P2".parse().unwrap())
    );
}
