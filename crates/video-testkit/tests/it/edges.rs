//! Edges: the list, and measuring how far off they are.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use video_testkit::{Coordinator, DelayDialer, Edge, Entry, Fault};

use crate::client::{Answer, Client, KEY, SECRET, coordinator, exchange, now};

const RTT: Duration = Duration::from_millis(100);

/// Asks as a client should, without a word about who it is.
async fn measure(coordinator: &Coordinator, url: &str) -> Result<Answer, hyper::Error> {
    let url: http::Uri = url.parse().unwrap();
    let request = Request::get(url.path())
        .header("host", url.authority().unwrap().as_str())
        .body(Full::<Bytes>::default());
    exchange(coordinator.connect(), request.unwrap()).await
}

fn near_and_far() -> Coordinator {
    let near = Edge::new("near").latency_test_url("https://near.example.test/ping");
    let far = Edge::new("far").latency_test_url("http://far.example.test:8080/a/b");
    Coordinator::builder(KEY, SECRET).edges([near, far]).build()
}

#[tokio::test(start_paused = true)]
async fn the_edges_are_listed_as_they_were_described() {
    let edge = Edge::new("gru-1")
        .latency_test_url("https://gru-1.example.test/ping")
        .position(-23.55, -46.63)
        .region("SA", "BR", "BR-SP")
        .thresholds(40, 90, 160);
    let coordinator = Coordinator::builder(KEY, SECRET).edges([edge]).build();
    let listed = Client::new(&coordinator, "john").get("/video/edges").await;
    assert_eq!(listed.status, 200);
    assert_eq!(
        listed.json()["edges"],
        json!([{
            "id": "gru-1",
            "latency_test_url": "https://gru-1.example.test/ping",
            "green": 40,
            "yellow": 90,
            "red": 160,
            "latitude": -23.55,
            "longitude": -46.63,
            "subdivision_iso_code": "BR-SP",
            "country_iso_code": "BR",
            "continent_code": "SA",
        }])
    );
}

#[tokio::test(start_paused = true)]
async fn the_list_needs_a_token_or_an_anonymous_request() {
    let coordinator = coordinator();
    let mut client = Client::anonymous(&coordinator);
    assert_eq!(client.get("/video/edges").await.status, 200);
    assert_eq!(client.post("/video/edges", json!({})).await.status, 405);
    client.kind = "jwt";
    assert_eq!(client.get("/video/edges").await.code(), (401, 5));
}

#[tokio::test(start_paused = true)]
async fn each_edge_that_is_listed_answers_in_memory() {
    let coordinator = coordinator();
    let listed = Client::new(&coordinator, "john").get("/video/edges").await;
    let listed = listed.json();
    let urls: Vec<_> = listed["edges"].as_array().unwrap().iter().collect();
    assert!(urls.len() > 1);
    for edge in urls {
        let url = edge["latency_test_url"].as_str().unwrap();
        let answer = measure(&coordinator, url).await.unwrap();
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    }
    let entries = coordinator.journal().entries();
    let tests = entries.iter().filter_map(|r| r.entry.as_latency_test());
    let tests: Vec<_> = tests
        .map(|(edge, probe)| (edge, probe.credentials()))
        .collect();
    assert_eq!(tests, [("ams", vec![]), ("iad", vec![]), ("sin", vec![])]);
}

#[tokio::test(start_paused = true)]
async fn an_edge_answers_at_its_own_address_alone() {
    let coordinator = near_and_far();
    let status = async |url: &str| measure(&coordinator, url).await.unwrap().status;
    assert_eq!(status("http://far.example.test:8080/a/b").await, 200);
    assert_ne!(status("http://far.example.test/a/b").await, 200);
    assert_ne!(status("https://near.example.test/a/b").await, 200);
    assert_ne!(status("https://none.example.test/ping").await, 200);
    assert_ne!(status("https://near.example.test/latency/near").await, 200);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_reach_an_edge_are_noted_and_not_shown() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    assert_eq!(john.get("/latency/ams").await.status, 200);
    let entries = coordinator.journal().entries();
    let test = entries.iter().find_map(|r| r.entry.as_latency_test());
    let (edge, probe) = test.unwrap();
    let leaked = ["authorization", "stream-auth-type", "api_key"];
    assert_eq!((edge, probe.credentials()), ("ams", leaked.to_vec()));
    assert!(
        !coordinator
            .journal()
            .to_string()
            .contains(&john.token.unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn an_edge_can_be_far_in_virtual_time() {
    let coordinator = near_and_far();
    let faults = coordinator.faults();
    faults.edge("far", Fault::Delay(RTT)).forever();
    let took = async |url: &str| {
        let start = now();
        assert_eq!(measure(&coordinator, url).await.unwrap().status, 200);
        start.elapsed()
    };
    assert_eq!(took("https://near.example.test/ping").await, Duration::ZERO);
    for _ in 0..2 {
        assert_eq!(took("http://far.example.test:8080/a/b").await, RTT);
    }
}

#[tokio::test(start_paused = true)]
async fn an_edge_can_fail_and_others_do_not() {
    let coordinator = near_and_far();
    let faults = coordinator.faults();
    faults.edge("far", Fault::status(503, "")).times(2);
    faults.edge("far", Fault::Drop);
    faults.edge("far", Fault::Stall);
    let (near, far) = (
        "https://near.example.test/ping",
        "http://far.example.test:8080/a/b",
    );
    for _ in 0..2 {
        assert_eq!(measure(&coordinator, far).await.unwrap().status, 503);
    }
    assert!(measure(&coordinator, far).await.is_err());
    let stalled = timeout(Duration::from_mins(10), measure(&coordinator, far));
    assert!(stalled.await.is_err());
    assert_eq!(measure(&coordinator, near).await.unwrap().status, 200);
    assert_eq!(faults.pending(), 0);
    assert_eq!(measure(&coordinator, far).await.unwrap().status, 200);
    let unanswered = |e: &Entry| e.as_latency_test().is_some_and(|(_, p)| p.status.is_none());
    assert_eq!(coordinator.journal().count(unanswered), 2);
}

#[tokio::test(start_paused = true)]
async fn a_latency_test_takes_the_round_trips_of_its_link() {
    let dialer = DelayDialer::new(coordinator(), RTT);
    let start = now();
    let mut io = dialer.dial(false).await.unwrap();
    let request = b"GET /latency/ams HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    io.write_all(request).await.unwrap();
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"));
    assert_eq!(start.elapsed(), RTT * 2);
}

#[tokio::test]
async fn the_edges_of_a_port_are_at_the_port() {
    let coordinator = coordinator();
    let server = coordinator
        .listen("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let address = server.local_addr();
    let ask = async |path: &str| {
        let request = Request::get(path)
            .header("host", address.to_string())
            .header("authorization", coordinator.token("john"))
            .body(Full::<Bytes>::default());
        let io = TcpStream::connect(address).await.unwrap();
        exchange(io, request.unwrap()).await.unwrap()
    };
    let listed = ask(&format!("/video/edges?api_key={KEY}")).await.json();
    let url = listed["edges"][0]["latency_test_url"].as_str().unwrap();
    let path = url.strip_prefix(&server.url()).unwrap();
    assert_eq!(path, "/latency/ams");
    assert_eq!(ask(path).await.status, 200);
}
