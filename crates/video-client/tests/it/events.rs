//! Events, and what becomes of them when the connection does not.

use tokio::time::{sleep, timeout};
use video_client::{ConnectErrorKind, ConnectionState, EventItem, StreamVideo};
use video_testkit::Fault;

use crate::support::{SECOND, World, next_event, until, until_connected};

/// Promise: W16, RM07
#[tokio::test(start_paused = true)]
async fn a_frame_that_is_no_event_is_skipped_and_told_and_the_connection_stays() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut events = client.events();
    world.coordinator.push_raw("john", "{nonsense");
    world
        .coordinator
        .push_raw("john", r#"{"type":"custom","call_cid":"default:1"}"#);
    match events.next().await.unwrap() {
        EventItem::Skipped(frame) => assert_eq!((frame.total, frame.error.frame_len()), (1, 9)),
        other => panic!("{other:?}"),
    }
    next_event(&mut events, "custom").await;
    assert!(client.state().borrow().is_connected());
    assert_eq!(world.dials(), 1);
}

/// Promise: W19
#[tokio::test(start_paused = true)]
async fn each_listener_hears_the_events_in_the_order_of_the_wire() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut listeners = [client.events(), client.events()];
    for n in 0..200 {
        world
            .coordinator
            .push_to_user("john", serde_json::json!({"type": "custom", "n": n}));
    }
    for listener in &mut listeners {
        for n in 0..200 {
            let event = next_event(listener, "custom").await;
            assert!(
                event.raw().contains(&format!("\"n\":{n}")),
                "{}",
                event.raw()
            );
        }
    }
}

/// Promise: W18
#[tokio::test(start_paused = true)]
async fn a_listener_that_never_listens_delays_neither_pings_nor_others() {
    let world = World::new();
    let client = world.connected("john").await;
    let _idle = client.events();
    let mut quick = client.events();
    for n in 0..3000 {
        world
            .coordinator
            .push_to_user("john", serde_json::json!({"type": "custom", "n": n}));
        next_event(&mut quick, "custom").await;
    }
    sleep(120 * SECOND).await;
    let pings = world
        .coordinator
        .journal()
        .count(|entry| matches!(entry, video_testkit::Entry::Ping { .. }));
    assert_eq!(pings, 4);
    assert!(client.state().borrow().is_connected());
}

/// Promise: CK081
#[tokio::test(start_paused = true)]
async fn events_that_nobody_knows_or_that_lack_a_part_are_delivered_and_stop_nobody() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut events = client.events();
    let odd = [
        // Without the call that it is about.
        r#"{"type":"call.created","call_cid":"default:1","created_at":7,"call":[]}"#,
        r#"{"type":"never.heard.of","call_cid":{"a":1},"n":[1,2]}"#,
        r#"{"type":"custom","created_at":1772618500250000000,"call_cid":"default:1",
            "user":{"id":"noor"},"custom":{"n":1}}"#,
    ];
    for text in odd {
        world.coordinator.push_raw("john", text);
    }
    for (text, readable) in odd.into_iter().zip([false, true, true]) {
        match events.next().await.unwrap() {
            EventItem::Event(event) => {
                assert_eq!(event.raw(), text);
                assert_eq!(event.payload().is_ok(), readable, "{text}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(client.state().borrow().is_connected());
    assert_eq!(world.dials(), 1);
}

/// Promise: CK082
#[tokio::test(start_paused = true)]
async fn listeners_hear_what_comes_after_them_and_a_slow_one_how_much_it_missed() {
    let world = World::new();
    let options = world.options().event_buffer(8);
    let token = world.coordinator.token("john");
    let builder = world.builder("john").options(options);
    let client = builder.user_token(token).build().unwrap();
    client.connect().await.unwrap();
    let mut early = client.events();
    let mut slow = client.events();
    let push = |n: u64| {
        let event = serde_json::json!({"type": "custom", "n": n});
        world.coordinator.push_to_user("john", event);
    };
    push(0);
    let heard = next_event(&mut early, "custom").await;
    assert!(heard.raw().contains("\"n\":0"), "{}", heard.raw());
    let mut late = client.events();
    for n in 1..=20 {
        push(n);
        for quick in [&mut early, &mut late] {
            let heard = next_event(quick, "custom").await;
            let wanted = format!("\"n\":{n}");
            assert!(heard.raw().contains(&wanted), "{}", heard.raw());
        }
    }
    match slow.next().await.unwrap() {
        EventItem::Lagged { missed } => {
            let heard = next_event(&mut slow, "custom").await;
            let wanted = format!("\"n\":{missed}");
            assert!(heard.raw().contains(&wanted), "{missed}, {}", heard.raw());
            assert!(missed >= 20 - 8, "{missed}");
        }
        other => panic!("{other:?}"),
    }
    world.coordinator.drop_connections("john");
    for listener in [&mut early, &mut late] {
        let told = listener.next().await.unwrap();
        let lost = matches!(
            told,
            EventItem::Connection(ConnectionState::Reconnecting { .. })
        );
        assert!(lost, "{told:?}");
    }
}

/// Promise: CK080
#[tokio::test(start_paused = true)]
async fn a_reconnect_sends_nothing_when_nothing_is_watched() {
    let world = World::new();
    let client = world.connected("john").await;
    // One that was not watched, and one that is not watched any more.
    let unwatched = client.call("default", "a").get_or_create().watch(false);
    unwatched.await.unwrap();
    let left = client.call("default", "b");
    left.get_or_create().await.unwrap();
    left.unwatch();
    let mark = world.coordinator.journal().mark();
    world.coordinator.drop_connections("john");
    until(&client, |state| !state.is_connected()).await;
    until_connected(&client).await;
    sleep(20 * SECOND).await;
    let since = world.coordinator.journal().since(mark);
    assert_eq!(world.logins(), 2);
    let sent = since.iter().find(|record| record.entry.as_rest().is_some());
    assert!(sent.is_none(), "{sent:?}");
}

/// Promise: CK071, CK072
#[tokio::test(start_paused = true)]
async fn a_close_is_told_with_its_code_and_the_new_connection_after_the_state_shows_it() {
    let world = World::new();
    let client = world.connected("john").await;
    let first = client.state().borrow().connection_id().cloned().unwrap();
    let mut events = client.events();
    world.coordinator.close_connections(4000, "maintenance");
    let mut heard = Vec::new();
    loop {
        match events.next().await.unwrap() {
            EventItem::Connection(ConnectionState::Reconnecting { cause, .. }) => {
                heard.push(cause.to_string());
            }
            EventItem::Connection(ConnectionState::Connected { connection_id }) => {
                assert_ne!(connection_id, first);
                assert_eq!(
                    client.state().borrow().connection_id(),
                    Some(&connection_id)
                );
                break;
            }
            EventItem::Connection(ConnectionState::Connecting { attempt }) => {
                heard.push(format!("attempt {attempt}"));
            }
            _ => {}
        }
    }
    assert_eq!(
        heard,
        [
            "the service closed the connection with code 4000",
            "attempt 1"
        ]
    );
}

/// Promise: W09
#[tokio::test(start_paused = true)]
async fn a_normal_close_by_the_service_shows_at_once_and_leads_to_a_reconnect() {
    let world = World::new();
    let client = world.connected("john").await;
    world.coordinator.close_connections(1000, "bye");
    let start = tokio::time::Instant::now();
    until(&client, |state| {
        matches!(state, ConnectionState::Reconnecting { .. })
    })
    .await;
    assert!(start.elapsed().is_zero());
    let cause = client.last_error().unwrap();
    let closed = ConnectErrorKind::Closed { code: Some(1000) };
    assert_eq!(*cause.kind(), closed);
    until_connected(&client).await;
    assert_eq!(world.logins(), 2);
}

/// Promise: CK104, BD54
#[tokio::test(start_paused = true)]
async fn a_call_hears_its_own_events_and_none_of_another() {
    let world = World::new();
    let client = world.connected("john").await;
    let (one, other) = (client.call("default", "a"), client.call("livestream", "a"));
    one.get_or_create().await.unwrap();
    other.get_or_create().await.unwrap();
    let mut listeners = [one.events(), other.events()];
    let cids = ["default:a", "livestream:a"];
    for n in 0..6 {
        let cid = cids[n % 2];
        let event = serde_json::json!({"type": "custom", "call_cid": cid, "n": n});
        assert_eq!(world.coordinator.push_to_call(cid, event), 1);
    }
    for (nth, listener) in listeners.iter_mut().enumerate() {
        for n in [nth, nth + 2, nth + 4] {
            let heard = next_event(listener, "custom").await;
            let wanted = format!("\"n\":{n}");
            assert!(heard.raw().contains(&wanted), "{}", heard.raw());
        }
    }
}

/// Promise: U21
#[tokio::test(start_paused = true)]
async fn what_is_known_of_the_own_user_follows_the_connection_and_each_update() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut user = client.own_user();
    let id = user.borrow_and_update().as_ref().unwrap().id.clone();
    assert_eq!(id, "john");
    let greeted = user.borrow().as_ref().unwrap().name.clone();
    let update = |id: &str, name: &str| {
        let user = serde_json::json!({"id": id, "role": "user", "name": name});
        let event = serde_json::json!({
            "type": "user.updated",
            "created_at": "2026-03-04T10:01:50.25Z",
            "user": user,
        });
        world.coordinator.push_to_user("john", event);
    };
    update("john", "Johnny");
    // Somebody else is of no interest.
    update("ada", "Ada");
    sleep(SECOND).await;
    let name = user.borrow_and_update().as_ref().unwrap().name.clone();
    assert_eq!(name, "Johnny");
    // The next greeting counts, whatever was heard before.
    world.coordinator.drop_connections("john");
    until(&client, |state| !state.is_connected()).await;
    until_connected(&client).await;
    assert!(user.has_changed().unwrap());
    assert_eq!(user.borrow().as_ref().unwrap().name, greeted);
    client.disconnect().await;
    assert!(user.borrow().is_none());
}

/// Promise: RM05
#[tokio::test(start_paused = true)]
async fn a_silent_service_is_noticed_and_the_gap_shows_among_the_events() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut events = client.events();
    world
        .coordinator
        .faults()
        .health_check(Fault::Stall)
        .forever();
    let start = tokio::time::Instant::now();
    until(&client, |state| state.error().is_some()).await;
    let noticed = start.elapsed();
    assert!((35 * SECOND..40 * SECOND).contains(&noticed), "{noticed:?}");
    let gap = loop {
        if let EventItem::Connection(state) = events.next().await.unwrap() {
            break state;
        }
    };
    assert!(matches!(gap, ConnectionState::Reconnecting { .. }));
}

/// Promise: W26
#[tokio::test(start_paused = true)]
async fn no_request_carries_the_id_of_a_connection_that_is_gone() {
    let world = World::new();
    let client = world.connected("john").await;
    let first = client.state().borrow().connection_id().cloned().unwrap();
    world.coordinator.drop_connections("john");
    until(&client, |state| !state.is_connected()).await;
    client.call("default", "a").get_or_create().await.unwrap();
    until_connected(&client).await;
    let second = client.state().borrow().connection_id().cloned().unwrap();
    assert_ne!(first, second);
    let journal = world.coordinator.journal();
    let sent = journal.entries().into_iter().find_map(|record| {
        record
            .entry
            .as_rest()
            .filter(|call| call.method == "POST")?
            .connection_id
            .clone()
    });
    assert_eq!(sent.as_deref(), Some(second.as_str()));
}

#[tokio::test(start_paused = true)]
async fn watched_calls_are_watched_again_on_the_next_connection_all_sixty_of_them() {
    let world = World::new();
    let client = world.connected("john").await;
    for n in 0..60 {
        client
            .call("default", format!("call-{n}"))
            .get_or_create()
            .await
            .unwrap();
    }
    world.coordinator.drop_connections("john");
    until(&client, |state| !state.is_connected()).await;
    until_connected(&client).await;
    sleep(SECOND).await;
    let id = client.state().borrow().connection_id().cloned().unwrap();
    for n in 0..60 {
        let watchers = world.coordinator.watchers(&format!("default:call-{n}"));
        assert_eq!(watchers, std::slice::from_ref(&id));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_unwatched_is_not_watched_again_and_the_others_are() {
    let world = World::new();
    let client = world.connected("john").await;
    let (left, kept) = (client.call("default", "a"), client.call("default", "b"));
    left.get_or_create().await.unwrap();
    kept.get_or_create().await.unwrap();
    left.unwatch();
    world.coordinator.drop_connections("john");
    until(&client, |state| !state.is_connected()).await;
    until_connected(&client).await;
    sleep(SECOND).await;
    assert!(world.coordinator.watchers("default:a").is_empty());
    assert_eq!(world.coordinator.watchers("default:b").len(), 1);
}

/// A connection is lost, and what is watched is watched again on the next one only after a pause.
/// Comes back in the pause: the first portion has failed with all its attempts.
async fn until_a_pause_in_watching_again(world: &World, client: &StreamVideo) {
    let faults = world.coordinator.faults();
    faults
        .rest("POST", "/video/calls", Fault::ApiError(9))
        .times(5);
    world.coordinator.drop_connections("john");
    until(client, |state| !state.is_connected()).await;
    until_connected(client).await;
    let failed = async {
        while queries(world) < 5 {
            sleep(SECOND / 100).await;
        }
    };
    timeout(60 * SECOND, failed).await.unwrap();
}

fn queries(world: &World) -> usize {
    let journal = world.coordinator.journal();
    journal.count(|entry| entry.is_rest("POST", "/video/calls"))
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_unwatched_amid_a_retry_stays_unwatched_and_the_others_do_not() {
    let world = World::new();
    let client = world.connected("john").await;
    let (left, kept) = (client.call("default", "a"), client.call("default", "b"));
    left.get_or_create().await.unwrap();
    kept.get_or_create().await.unwrap();
    until_a_pause_in_watching_again(&world, &client).await;
    left.unwatch();
    sleep(10 * SECOND).await;
    assert!(world.coordinator.watchers("default:a").is_empty());
    assert_eq!(world.coordinator.watchers("default:b").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_all_unwatched_amid_a_retry_are_not_asked_for_and_new_ones_are() {
    let world = World::new();
    let client = world.connected("john").await;
    let left = client.call("default", "a");
    left.get_or_create().await.unwrap();
    until_a_pause_in_watching_again(&world, &client).await;
    left.unwatch();
    sleep(10 * SECOND).await;
    assert_eq!(queries(&world), 5);

    client.call("default", "b").get_or_create().await.unwrap();
    world.coordinator.drop_connections("john");
    until(&client, |state| !state.is_connected()).await;
    until_connected(&client).await;
    sleep(10 * SECOND).await;
    assert_eq!(queries(&world), 6);
    assert_eq!(world.coordinator.watchers("default:b").len(), 1);
}
