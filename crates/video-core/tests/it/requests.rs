//! Bodies of requests, and the user in the first frame.

use serde::Serialize;
use serde_json::{Value, json};
use video_core::model::{
    CallData, CreateDeviceRequest, CreateGuestRequest, GetOrCreateCallRequest, JoinCallRequest,
    MemberRequest, PushProvider, QueryCallsRequest, SendCallEventRequest, UpdateCallRequest,
};
use video_core::{Json, User};

use crate::{fixture, time, value};

fn encoded(body: &impl Serialize) -> Value {
    serde_json::to_value(body).expect("encodes")
}

fn json(value: &Value) -> Json {
    Json::encode(value).expect("encodes")
}

#[test]
fn get_or_create_is_written_as_expected() {
    let mut data = CallData::default();
    data.custom = Some(json(&json!({"title": "Low tide planning"})));
    data.members = vec![MemberRequest::new("noor-k").role("admin"), "tomas-b".into()];
    data.starts_at = time("2026-03-04T10:10:00Z");
    data.settings_override = Some(json(&json!({
        "audio": {"default_device": "earpiece", "mic_default_on": false}
    })));
    let mut body = GetOrCreateCallRequest::default();
    body.data = data;
    body.ring = Some(true);
    body.video = Some(true);
    body.members_limit = Some(25);
    let expected = value(fixture!("request.get_or_create_call.json"));
    assert_eq!(encoded(&body), expected);
}

#[test]
fn join_is_written_as_expected() {
    let mut body = JoinCallRequest::default();
    body.location = "AMS".to_owned();
    body.create = Some(true);
    body.ring = Some(false);
    body.migrating_from = Some("sfu-edge-test-0".to_owned());
    body.migrating_from_list = vec!["sfu-edge-test-0".to_owned()];
    assert_eq!(encoded(&body), value(fixture!("request.join_call.json")));
}

#[test]
fn query_calls_is_written_as_expected() {
    let mut expected = value(fixture!("request.query_calls.json"));
    // There is no way yet to ask for an order.
    let sort = expected
        .as_object_mut()
        .and_then(|body| body.remove("sort"));
    assert!(sort.is_some());
    let mut body = QueryCallsRequest::default();
    body.filter_conditions = json(&json!({"$and": [
        {"type": {"$in": ["default", "livestream"]}},
        {"members": {"$in": ["noor-k"]}},
    ]}));
    body.limit = Some(10);
    body.watch = Some(true);
    assert_eq!(encoded(&body), expected);
}

#[test]
fn the_user_of_the_first_frame_is_written_as_expected() {
    let user = User::regular("noor-k")
        .name("Noor Kassim")
        .custom("badge", 7);
    let frame = value(fixture!("request.ws_auth.json"));
    assert_eq!(encoded(&user.details(true)), frame["user_details"]);
}

/// Promise: CK062
#[test]
fn what_was_not_set_is_not_written() {
    assert_eq!(encoded(&GetOrCreateCallRequest::default()), json!({}));
    assert_eq!(encoded(&UpdateCallRequest::default()), json!({}));
    assert_eq!(encoded(&CallData::default()), json!({}));
    let join = JoinCallRequest::default();
    assert_eq!(encoded(&join), json!({"location": ""}));
    let query = QueryCallsRequest::default();
    assert_eq!(encoded(&query), json!({"filter_conditions": {}}));
    let event = SendCallEventRequest::default();
    assert_eq!(encoded(&event), json!({"custom": {}}));
    let member = MemberRequest::new("ada");
    assert_eq!(encoded(&member), json!({"user_id": "ada"}));
}

#[test]
fn a_guest_is_asked_for_with_all_that_is_known_of_them() {
    let user = User::guest("sam").name("Sam").image("i").custom("k", 1);
    let body = CreateGuestRequest::new(user.details(true));
    let expected = json!({"user": {"id": "sam", "name": "Sam", "image": "i", "custom": {"k": 1}}});
    assert_eq!(encoded(&body), expected);
    let body = CreateGuestRequest::new(User::guest("sam").details(true));
    assert_eq!(encoded(&body), json!({"user": {"id": "sam"}}));
}

/// Promise: CK094
#[test]
fn a_device_is_written_with_its_provider_and_what_was_set() {
    let mut body = CreateDeviceRequest::new("dev-token", PushProvider::apn());
    let expected = json!({"id": "dev-token", "push_provider": "apn"});
    assert_eq!(encoded(&body), expected);
    body.push_provider_name = Some("apn-voip".to_owned());
    body.voip_token = Some(true);
    let expected = json!({
        "id": "dev-token",
        "push_provider": "apn",
        "push_provider_name": "apn-voip",
        "voip_token": true
    });
    assert_eq!(encoded(&body), expected);
}
