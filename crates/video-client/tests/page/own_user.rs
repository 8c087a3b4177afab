//! What is known of the own user, as the service tells it.

use serde_json::{Value, json};
use tokio::time::sleep;
use video_client::{Lifecycle, StreamVideo};

use crate::guests::sam;
use crate::support::{SECOND, World, next_event, until, until_connected};

fn updated(user: &Value) -> Value {
    json!({"type": "user.updated", "created_at": "2026-01-01T00:00:00Z", "user": user})
}

fn name(client: &StreamVideo) -> Option<String> {
    let user = client.own_user().borrow().clone();
    user.map(|user| user.name.clone())
}

#[tokio::test(start_paused = true)]
async fn updates_of_the_own_user_are_adopted_and_those_of_others_are_not() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut events = client.events();
    for (id, told, known) in [
        ("john", "Johnny", "Johnny"),
        ("ada", "Ada", "Johnny"),
        ("John", "JOHN", "Johnny"),
        ("john", "Jack", "Jack"),
    ] {
        let event = updated(&json!({"id": id, "name": told, "role": "admin"}));
        world.coordinator.push_to_user("john", event);
        next_event(&mut events, "user.updated").await;
        assert_eq!(name(&client).as_deref(), Some(known), "after {id}, {told}");
    }
    assert_eq!(client.current_user().id(), "john");
}

#[tokio::test(start_paused = true)]
async fn updates_that_make_no_sense_change_nothing_and_harm_nothing() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut events = client.events();
    let good = updated(&json!({"id": "john", "name": "Johnny", "custom": {"k": 1}}));
    world.coordinator.push_to_user("john", good);
    next_event(&mut events, "user.updated").await;
    let bad = [
        json!({"type": "user.updated"}),
        updated(&Value::Null),
        updated(&json!([])),
        updated(&json!({"name": "nobody"})),
        updated(&json!({"id": 7, "name": "seven"})),
        updated(&json!({"id": "", "name": "empty"})),
    ];
    for event in bad {
        world.coordinator.push_to_user("john", event);
        next_event(&mut events, "user.updated").await;
        assert_eq!(name(&client).as_deref(), Some("Johnny"));
    }
    assert!(client.state().borrow().is_connected());
    assert_eq!(world.logins(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_new_connection_tells_anew_who_the_user_is() {
    let world = World::new();
    let client = world.connected("john").await;
    let fresh = name(&client);
    let stale = updated(&json!({"id": "john", "name": "Stale"}));
    for background in [false, true] {
        world.coordinator.push_to_user("john", &stale);
        sleep(SECOND).await;
        assert_eq!(name(&client).as_deref(), Some("Stale"));
        if background {
            client.set_lifecycle(Lifecycle::Background).await;
            client.set_lifecycle(Lifecycle::Foreground).await;
        } else {
            world.coordinator.drop_connections("john");
            until(&client, |state| !state.is_connected()).await;
        }
        until_connected(&client).await;
        sleep(SECOND).await;
        assert_eq!(name(&client), fresh);
    }
}

#[tokio::test(start_paused = true)]
async fn who_signs_out_is_known_no_more() {
    let world = World::new();
    let client = world.client("john");
    assert_eq!(name(&client), None);
    for _ in 0..2 {
        client.connect().await.unwrap();
        assert!(name(&client).is_some(), "known as soon as connected");
        client.disconnect().await;
        assert_eq!(name(&client), None);
    }
    client.connect().await.unwrap();
    world.coordinator.expire_tokens("john");
    until(&client, |state| state.error().is_some()).await;
    sleep(60 * SECOND).await;
    assert_eq!(name(&client), None, "signed out by the service");
    client.shutdown().await.unwrap();
    assert_eq!(name(&client), None);
}

#[tokio::test(start_paused = true)]
async fn a_guest_follows_the_id_that_the_service_gave_and_not_the_one_that_was_asked_for() {
    let world = World::new();
    let client = sam(&world);
    client.connect().await.unwrap();
    let id = client.current_user().id().to_owned();
    let mut events = client.events();
    for (of, told, known) in [(id.as_str(), "Sammy", "Sammy"), ("sam", "Other", "Sammy")] {
        let event = updated(&json!({"id": of, "name": told}));
        world.coordinator.push_to_user(&id, event);
        next_event(&mut events, "user.updated").await;
        assert_eq!(name(&client).as_deref(), Some(known));
    }
}
