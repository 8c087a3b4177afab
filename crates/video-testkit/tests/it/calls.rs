//! The REST operations on calls.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::client::{Client, coordinator};

const CALL: &str = "/video/call/default/standup";

#[tokio::test(start_paused = true)]
async fn a_call_is_created_once_and_then_found() {
    let john = Client::new(&coordinator(), "john");
    assert_eq!(john.get(CALL).await.code(), (404, 16));
    let body = json!({"data": {
        "custom": {"title": "Standup"},
        "team": "red",
        "starts_at": "2026-01-02T09:00:00Z",
        "members": [{"user_id": "john", "role": "admin"}, {"user_id": "jane"}],
        "settings_override": {"audio": {"mic_default_on": false}},
    }});
    let created = john.post(CALL, body).await;
    assert_eq!(
        (created.status, &created.json()["created"]),
        (201, &json!(true))
    );
    let again = john.post(CALL, json!({"members_limit": 1})).await.json();
    assert_eq!(again["created"], false);
    assert_eq!(again["members"].as_array().unwrap().len(), 1);

    let found = john.get(CALL).await.json();
    assert_eq!(found["call"]["cid"], "default:standup");
    assert_eq!(found["call"]["custom"]["title"], "Standup");
    assert_eq!(found["call"]["team"], "red");
    assert_eq!(found["call"]["starts_at"], "2026-01-02T09:00:00Z");
    assert_eq!(found["call"]["created_by"]["id"], "john");
    assert_eq!(found["call"]["settings"]["audio"]["mic_default_on"], false);
    assert_eq!(found["call"]["settings"]["audio"]["opus_dtx_enabled"], true);
    assert_eq!(found["members"].as_array().unwrap().len(), 2);
    assert_eq!(found["membership"]["role"], "admin");
}

#[tokio::test(start_paused = true)]
async fn an_empty_body_is_enough_to_create() {
    let john = Client::new(&coordinator(), "john");
    let created = john.send(Method::POST, CALL, Bytes::new()).await.unwrap();
    assert_eq!(created.status, 201);
    assert!(created.json().get("membership").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_body_is_code_4_and_names_the_field() {
    let john = Client::new(&coordinator(), "john");
    let refused = async |body: Value| {
        let answer = john.post(CALL, body).await;
        assert_eq!(answer.code(), (400, 4));
        answer.json()["exception_fields"].clone()
    };
    assert!(refused(json!({"members_limit": 101})).await["members_limit"].is_string());
    assert!(refused(json!({"members_limit": -1})).await["members_limit"].is_string());
    let starts_at = json!({"data": {"starts_at": "soon"}});
    assert!(refused(starts_at).await["starts_at"].is_string());
    let members = json!({"data": {"members": [{"user_id": ""}]}});
    assert!(refused(members).await["members"].is_string());
    refused(json!({"members_limit": "many"})).await;
    refused(json!([1])).await;
    let broken = john.send(Method::POST, CALL, Bytes::from_static(b"{\"data\":"));
    assert_eq!(broken.await.unwrap().code(), (400, 4));
    assert_eq!(john.get(CALL).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_and_what_is_too_much_have_their_status() {
    let john = Client::new(&coordinator(), "john");
    assert_eq!(john.get("/video/nothing").await.code(), (404, 16));
    assert_eq!(john.get("/video/calls").await.status, 405);
    let long = format!("/video/call/default/{}", "x".repeat(65));
    assert_eq!(john.get(&long).await.code(), (400, 4));
    let big = Bytes::from(vec![b' '; (1 << 20) + 1]);
    let answer = john.send(Method::POST, CALL, big).await.unwrap();
    assert_eq!(answer.code(), (413, 22));
}

#[tokio::test(start_paused = true)]
async fn join_needs_a_location_and_a_call() {
    let john = Client::new(&coordinator(), "john");
    let path = format!("{CALL}/join");
    let refused = john.post(&path, json!({"create": true})).await;
    assert_eq!(refused.code(), (400, 4));
    assert!(refused.json()["exception_fields"]["location"].is_string());
    assert_eq!(
        john.post(&path, json!({"location": "AMS"})).await.code(),
        (404, 16)
    );
    let body = json!({"location": "AMS", "create": true});
    let joined = john.post(&path, body).await.json();
    assert_eq!(joined["created"], true);
    let url = joined["credentials"]["server"]["url"].as_str().unwrap();
    assert!(url.ends_with("/twirp"));
    let again = john.post(&path, json!({"location": "AMS"})).await.json();
    assert_eq!(again["created"], false);
}

#[tokio::test(start_paused = true)]
async fn an_update_replaces_custom_data_and_overlays_settings() {
    let john = Client::new(&coordinator(), "john");
    let patch = |body: Value| john.send(Method::PATCH, CALL, Bytes::from(body.to_string()));
    assert_eq!(patch(json!({})).await.unwrap().code(), (404, 16));
    john.post(CALL, json!({"data": {"custom": {"a": 1, "b": 2}}}))
        .await;
    let change = json!({"custom": {"a": 3}, "settings_override": {"video": {"enabled": false}}});
    let updated = patch(change).await.unwrap();
    assert_eq!(updated.status, 200);
    assert_eq!(updated.json()["call"]["custom"], json!({"a": 3}));
    assert_eq!(
        updated.json()["call"]["settings"]["video"]["enabled"],
        false
    );
}

#[tokio::test(start_paused = true)]
async fn an_ended_call_says_when() {
    let john = Client::new(&coordinator(), "john");
    let end = format!("{CALL}/mark_ended");
    assert_eq!(john.post(&end, json!({})).await.code(), (404, 16));
    john.post(CALL, json!({})).await;
    let ended = john.send(Method::POST, &end, Bytes::new()).await.unwrap();
    assert_eq!(ended.status, 201);
    assert_eq!(
        john.get(CALL).await.json()["call"]["ended_at"],
        "2026-01-01T00:00:00Z"
    );
}

#[tokio::test(start_paused = true)]
async fn calls_are_listed_page_by_page() {
    let john = Client::new(&coordinator(), "john");
    for n in 0..30 {
        john.post(&format!("/video/call/default/c{n}"), json!({}))
            .await;
    }
    let first = john.post("/video/calls", json!({})).await.json();
    assert_eq!(first["calls"].as_array().unwrap().len(), 25);
    assert_eq!(first["calls"][0]["call"]["id"], "c0");
    let next = json!({"next": first["next"]});
    let second = john.post("/video/calls", next).await.json();
    assert_eq!(second["calls"].as_array().unwrap().len(), 5);
    assert!(second.get("next").is_none());

    let filter =
        json!({"filter_conditions": {"cid": {"$in": ["default:c3", "default:c29", "x:y"]}}});
    let some = john.post("/video/calls", filter).await.json();
    assert_eq!(some["calls"].as_array().unwrap().len(), 2);
    for wrong in [
        json!({"limit": 101}),
        json!({"next": "x"}),
        json!({"filter_conditions": {"mood": "good"}}),
        json!({"filter_conditions": {"cid": {"$gt": "a"}}}),
    ] {
        assert_eq!(john.post("/video/calls", wrong).await.code(), (400, 4));
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_may_combine_conditions() {
    let john = Client::new(&coordinator(), "john");
    let members = json!({"data": {"members": [{"user_id": "jane"}]}});
    john.post("/video/call/default/a", members).await;
    john.post("/video/call/livestream/b", json!({})).await;
    let ids = async |filter: Value| {
        let found = john
            .post("/video/calls", json!({"filter_conditions": filter}))
            .await
            .json();
        let ids = found["calls"].as_array().unwrap().iter();
        ids.map(|c| c["call"]["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let both = json!({"$and": [{"type": {"$eq": "default"}}, {"members": {"$in": ["jane"]}}]});
    assert_eq!(ids(both).await, ["a"]);
    let any = json!({"$or": [{"members": {"$in": ["jane"]}}, {"type": "livestream"}]});
    assert_eq!(ids(any).await, ["a", "b"]);
    assert_eq!(ids(json!({"created_by_user_id": "jane"})).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_head_is_a_get_without_a_body() {
    let john = Client::new(&coordinator(), "john");
    john.post(CALL, json!({})).await;
    let head = john.send(Method::HEAD, CALL, Bytes::new()).await.unwrap();
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(john.get("/").await.status, 200);
}
