//! Reports of clients about how they fare.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use video_testkit::{Entry, Fault};

use crate::client::{Client, coordinator};

const REPORT: &str = "/video/call_client_event";

fn report() -> Value {
    json!({"events": [{"stage": "CoordinatorWS", "event_type": "initiated"}]})
}

#[tokio::test(start_paused = true)]
async fn a_report_is_accepted_before_and_after_there_is_a_connection() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    assert_eq!(john.post(REPORT, report()).await.status, 201);
    let (_socket, id) = john.connect("john").await;
    let path = format!("{REPORT}?connection_id={id}");
    assert_eq!(john.post(&path, report()).await.status, 201);
    // A connection that is not there makes no difference.
    let path = format!("{REPORT}?connection_id=gone");
    assert_eq!(john.post(&path, report()).await.status, 201);
    let newer = format!("/api/v2{REPORT}");
    assert_eq!(john.post(&newer, report()).await.status, 201);
    let viewer = Client::anonymous(&coordinator);
    assert_eq!(viewer.post(REPORT, report()).await.status, 201);
    let noted = |e: &Entry| e.as_rest().is_some_and(|call| call.body == Some(report()));
    assert_eq!(coordinator.journal().count(noted), 5);
}

#[tokio::test(start_paused = true)]
async fn a_report_needs_a_token_and_some_events() {
    let john = Client::new(&coordinator(), "john");
    let code = async |body: Value| john.post(REPORT, body).await.code();
    assert_eq!(code(json!({})).await, (400, 4));
    assert_eq!(code(json!({"events": []})).await, (400, 4));
    assert_eq!(code(json!({"events": ["x"]})).await, (400, 4));
    let many = |count| json!({"events": vec![json!({}); count]});
    assert_eq!(code(many(101)).await, (400, 4));
    assert_eq!(john.post(REPORT, many(100)).await.status, 201);
    assert_eq!(john.get(REPORT).await.status, 405);
    let mut stranger = Client::anonymous(&john.coordinator);
    stranger.kind = "jwt";
    assert_eq!(stranger.post(REPORT, report()).await.code(), (401, 5));
}

#[tokio::test(start_paused = true)]
async fn reports_can_be_lost_while_calls_go_on() {
    let john = Client::new(&coordinator(), "john");
    let faults = john.coordinator.faults();
    let reports = |path: &str| path.ends_with("/call_client_event");
    faults.rest_where("POST", reports, Fault::Stall).forever();
    let stalled = timeout(Duration::from_mins(10), john.post(REPORT, report()));
    assert!(stalled.await.is_err());
    let created = john.post("/video/call/default/standup", json!({})).await;
    assert_eq!(created.status, 201);
}
