//! Devices of a user.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Client, coordinator};

const DEVICES: &str = "/video/devices";

async fn delete(client: &Client, query: &str) -> Answer {
    let path = format!("{DEVICES}{query}");
    let sent = client.send(Method::DELETE, &path, Bytes::new());
    sent.await.unwrap()
}

fn full() -> Value {
    json!({
        "id": "tok/en=1",
        "push_provider": "apn",
        "push_provider_name": "voip",
        "voip_token": true,
    })
}

#[tokio::test(start_paused = true)]
async fn devices_are_registered_listed_and_deleted_by_their_user() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let jane = Client::new(&coordinator, "jane");
    assert_eq!(john.post(DEVICES, full()).await.status, 201);
    let plain = json!({"id": "b", "push_provider": "firebase"});
    assert_eq!(john.post(DEVICES, plain).await.status, 201);
    let listed = john.get(DEVICES).await;
    assert_eq!(listed.status, 200);
    assert_eq!(
        listed.json()["devices"],
        json!([
            {
                "id": "tok/en=1",
                "push_provider": "apn",
                "push_provider_name": "voip",
                "voip": true,
                "user_id": "john",
                "created_at": "2026-01-01T00:00:00Z",
            },
            {
                "id": "b",
                "push_provider": "firebase",
                "user_id": "john",
                "created_at": "2026-01-01T00:00:00Z",
            },
        ])
    );
    assert_eq!(jane.get(DEVICES).await.json()["devices"], json!([]));
    assert_eq!(delete(&jane, "?id=b").await.code(), (404, 16));
    assert_eq!(delete(&john, "?id=tok%2Fen%3D1").await.status, 200);
    let left = coordinator.devices("john");
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].id.as_str(), left[0].voip), ("b", false));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_registered_again_is_one_device() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    john.post(DEVICES, full()).await;
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    let mut other = full();
    other["push_provider"] = "huawei".into();
    assert_eq!(john.post(DEVICES, other).await.status, 201);
    let devices = coordinator.devices("john");
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0].push_provider, "huawei");
    assert_eq!(devices[0].push_provider_name.as_deref(), Some("voip"));
    let listed = john.get(DEVICES).await.json();
    assert_eq!(listed["devices"][0]["created_at"], "2026-01-01T00:00:00Z");
}

#[tokio::test(start_paused = true)]
async fn a_device_without_id_or_known_provider_is_code_4() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let refused = async |body: Value| {
        let answer = john.post(DEVICES, body).await;
        assert_eq!(answer.code(), (400, 4));
        answer.json()["exception_fields"].clone()
    };
    assert!(refused(json!({"push_provider": "apn"})).await["id"].is_string());
    let long = json!({"id": "x".repeat(256), "push_provider": "apn"});
    assert!(refused(long).await["id"].is_string());
    assert!(refused(json!({"id": "a"})).await["push_provider"].is_string());
    let pigeon = json!({"id": "a", "push_provider": "pigeon"});
    assert!(refused(pigeon).await["push_provider"].is_string());
    assert!(coordinator.devices("john").is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_deleted_is_told_so() {
    let john = Client::new(&coordinator(), "john");
    assert_eq!(delete(&john, "").await.code(), (400, 4));
    assert_eq!(delete(&john, "?id=").await.code(), (400, 4));
    assert_eq!(delete(&john, "?id=none").await.code(), (404, 16));
    let patched = john.send(Method::PATCH, DEVICES, Bytes::new()).await;
    assert_eq!(patched.unwrap().status, 405);
}

#[tokio::test(start_paused = true)]
async fn devices_need_a_user() {
    let nobody = Client::anonymous(&coordinator());
    assert_eq!(nobody.get(DEVICES).await.code(), (403, 17));
    assert_eq!(nobody.post(DEVICES, full()).await.code(), (403, 17));
    assert_eq!(delete(&nobody, "?id=a").await.code(), (403, 17));
}

#[tokio::test(start_paused = true)]
async fn a_socket_is_told_the_devices_of_its_user() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    john.post(DEVICES, full()).await;
    let mut socket = john.open("john").await;
    let devices = &socket.event().await["me"]["devices"];
    assert_eq!(devices[0]["id"], "tok/en=1");
}

#[tokio::test(start_paused = true)]
async fn the_journal_shows_the_whole_body() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    john.post(DEVICES, full()).await;
    let entries = coordinator.journal().entries();
    let call = entries.iter().find_map(|r| r.entry.as_rest()).unwrap();
    assert_eq!(call.body, Some(full()));
}
