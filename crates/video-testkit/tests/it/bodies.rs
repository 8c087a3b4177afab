//! Bodies: which may be empty, and what they may be called.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::json;
use video_testkit::Coordinator;

use crate::client::{Answer, Client, KEY, coordinator, exchange};

const CALL: &str = "/video/call/default/standup";

/// What some clients call a body, even one that is empty.
const FORM: &str = "application/x-www-form-urlencoded";

async fn post(coordinator: &Coordinator, path: &str, body: &'static str) -> Answer {
    let request = Request::post(format!("{path}?api_key={KEY}"))
        .header("host", "video.example.test")
        .header("authorization", coordinator.token("john"))
        .header("content-type", FORM)
        .body(Full::new(Bytes::from_static(body.as_bytes())));
    exchange(coordinator.connect(), request.unwrap())
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_empty_body_that_is_called_a_form_is_one_without_fields() {
    let coordinator = coordinator();
    let status = async |path: &str| post(&coordinator, path, "").await.status;
    assert_eq!(status(CALL).await, 201);
    assert_eq!(status("/video/calls").await, 201);
    assert_eq!(status(&format!("{CALL}/event")).await, 201);
    assert_eq!(status(&format!("{CALL}/mark_ended")).await, 201);
}

#[tokio::test(start_paused = true)]
async fn a_field_that_is_needed_is_missed_in_an_empty_body() {
    let coordinator = coordinator();
    let missed = async |path: &str, field: &str| {
        let answer = post(&coordinator, path, "").await;
        assert_eq!(answer.code(), (400, 4));
        assert!(answer.json()["exception_fields"][field].is_string());
    };
    missed(&format!("{CALL}/join"), "location").await;
    missed("/video/guest", "user").await;
    missed("/video/devices", "id").await;
    missed("/video/call_client_event", "events").await;
}

#[tokio::test(start_paused = true)]
async fn a_body_is_read_as_json_whatever_it_is_called() {
    let coordinator = coordinator();
    let created = post(&coordinator, CALL, r#"{"data": {"custom": {"x": 1}}}"#).await;
    assert_eq!(created.json()["call"]["custom"], json!({"x": 1}));
    assert_eq!(post(&coordinator, CALL, "a=b").await.code(), (400, 4));
    assert_eq!(post(&coordinator, CALL, " \r\n").await.status, 201);
    let john = Client::new(&coordinator, "john");
    assert_eq!(john.get(CALL).await.status, 200);
}
