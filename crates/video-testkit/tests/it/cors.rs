//! Scripts of other origins, as browsers let them ask.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use tokio::net::TcpStream;
use video_testkit::{Coordinator, Entry, Fault};

use crate::client::{Answer, Client, coordinator, exchange};

const CALL: &str = "/video/call/default/standup";

fn preflight(path: &str) -> Request<Full<Bytes>> {
    Request::options(path)
        .header("host", "video.example.test")
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization")
        .body(Full::default())
        .unwrap()
}

async fn ask(coordinator: &Coordinator, path: &str) -> Answer {
    exchange(coordinator.connect(), preflight(path))
        .await
        .unwrap()
}

fn assert_allowed(answer: &Answer) {
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let header = |name: &str| answer.headers[name].to_str().unwrap().to_ascii_lowercase();
    assert_eq!(header("access-control-allow-origin"), "*");
    assert!(header("access-control-max-age").parse::<u32>().unwrap() > 0);
    let methods = header("access-control-allow-methods");
    for method in ["get", "post", "patch", "delete"] {
        assert!(methods.contains(method), "{method}");
    }
    let headers = header("access-control-allow-headers");
    for name in [
        "authorization",
        "stream-auth-type",
        "x-stream-client",
        "x-client-request-id",
        "content-type",
    ] {
        assert!(headers.split(", ").any(|allowed| allowed == name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_preflight_is_answered_everywhere_without_credentials() {
    let coordinator = coordinator();
    for path in [
        CALL,
        "/video/guest",
        "/video/devices?id=a",
        "/latency/ams",
        "/hint",
    ] {
        assert_allowed(&ask(&coordinator, path).await);
    }
    let only_dials = |e: &Entry| !matches!(e, Entry::Dialed);
    assert_eq!(coordinator.journal().count(only_dials), 0);
}

#[tokio::test(start_paused = true)]
async fn a_preflight_uses_no_fault_up() {
    let coordinator = coordinator();
    coordinator.faults().rest("*", CALL, Fault::ApiError(9));
    assert_allowed(&ask(&coordinator, CALL).await);
    let john = Client::new(&coordinator, "john");
    assert_eq!(john.get(CALL).await.code(), (429, 9));
}

#[tokio::test(start_paused = true)]
async fn every_answer_may_be_read_by_any_origin() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    coordinator
        .faults()
        .rest("GET", CALL, Fault::status(502, "<html>"));
    let mut stranger = Client::anonymous(&coordinator);
    stranger.key = "wrong";
    let answers = [
        (502, john.get(CALL).await),
        (404, john.get(CALL).await),
        (
            201,
            john.send(Method::POST, CALL, Bytes::new()).await.unwrap(),
        ),
        (200, john.get(CALL).await),
        (401, stranger.get(CALL).await),
        (426, john.get("/video/connect").await),
        (404, john.get("/nothing").await),
        (200, john.get("/hint").await),
        (200, john.get("/latency/ams").await),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
    }
}

#[tokio::test]
async fn a_port_answers_a_preflight() {
    let coordinator = coordinator();
    let server = coordinator
        .listen("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let io = TcpStream::connect(server.local_addr()).await.unwrap();
    assert_allowed(&exchange(io, preflight(CALL)).await.unwrap());
}
