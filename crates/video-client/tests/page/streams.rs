//! Streams of events, across losses, lags and ends.

use std::pin::Pin;

use futures_core::Stream;
use serde_json::json;
use tokio::time::{sleep, timeout};
use video_client::{EventItem, EventStream, StreamVideo, WaitError};

use crate::ends::{ends, nothing_is_left};
use crate::support::{SECOND, World, next_event, until, until_connected};

async fn next(stream: &mut EventStream) -> Option<EventItem> {
    let next = std::future::poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx));
    timeout(60 * SECOND, next).await.unwrap()
}

fn custom(world: &World, cid: &str, n: u64) -> usize {
    let event = json!({"type": "custom", "call_cid": cid, "user": {"id": "ada"},
        "created_at": "2026-01-01T00:00:00Z", "custom": {"n": n}});
    world.coordinator.push_to_user("john", event)
}

/// A client that buffers four items for a listener.
async fn forgetful(world: &World) -> StreamVideo {
    let options = world.options().event_buffer(4);
    let builder = world.builder("john").options(options);
    let token = world.coordinator.token("john");
    let client = builder.user_token(token).build().unwrap();
    client.connect().await.unwrap();
    client
}

#[tokio::test(start_paused = true)]
async fn a_listener_of_a_call_hears_it_and_no_other_across_a_loss_which_it_is_told() {
    let world = World::new();
    let client = world.connected("john").await;
    let call = client.call("default", "a");
    call.get_or_create().await.unwrap();
    let mut events = client.events().of_call(call.cid());
    let mut heard = Vec::new();
    for round in 0..2 {
        for n in 0..3 {
            custom(&world, "default:b", 100);
            custom(&world, "default:a", round * 3 + n);
        }
        sleep(SECOND).await;
        world.coordinator.drop_connections("john");
        until(&client, |state| !state.is_connected()).await;
        until_connected(&client).await;
    }
    sleep(SECOND).await;
    call.send_custom_event(&json!({"n": 9})).await.unwrap();
    loop {
        match timeout(SECOND, events.next()).await {
            Ok(Some(EventItem::Event(event))) => {
                assert_eq!(event.call_cid(), Some(call.cid()));
                if event.kind() == "custom" {
                    let raw: serde_json::Value = serde_json::from_str(event.raw()).unwrap();
                    heard.push(raw["custom"]["n"].to_string());
                }
            }
            Ok(Some(EventItem::Connection(state))) if state.is_connected() => {
                heard.push("on".to_owned());
            }
            Ok(Some(EventItem::Connection(_))) => {
                if heard.last().is_none_or(|last| last != "off") {
                    heard.push("off".to_owned());
                }
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => break,
        }
    }
    assert_eq!(
        heard,
        ["0", "1", "2", "off", "on", "3", "4", "5", "off", "on", "9"]
    );
}

#[tokio::test(start_paused = true)]
async fn who_waits_and_lags_is_told_how_much_was_missed_and_may_wait_again() {
    let world = World::new();
    let client = forgetful(&world).await;
    let mut events = client.events();
    for n in 0..100 {
        custom(&world, "default:a", n);
    }
    sleep(SECOND).await;
    let wanted = |event: &video_client::Event| event.raw().contains(r#""n":7}"#);
    let lagged = events.wait_for(wanted).await;
    let Err(WaitError::Lagged { missed }) = lagged else {
        panic!("{lagged:?}");
    };
    assert_eq!(missed, 96);
    let (found, _) = tokio::join!(timeout(SECOND, events.wait_for(wanted)), async {
        custom(&world, "default:a", 7)
    });
    found.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_begins_when_it_is_called_and_not_when_it_is_polled() {
    let world = World::new();
    let client = forgetful(&world).await;
    let call = client.call("default", "a");
    let waits = (
        client.wait_for(|event| event.kind() == "custom"),
        call.wait_for(|event| event.kind() == "custom"),
    );
    custom(&world, "default:b", 1);
    custom(&world, "default:a", 2);
    sleep(SECOND).await;
    let any = timeout(SECOND, waits.0).await.unwrap().unwrap();
    assert_eq!(any.call_cid().unwrap().as_str(), "default:b");
    let own = timeout(SECOND, waits.1).await.unwrap().unwrap();
    assert_eq!(own.call_cid(), Some(call.cid()));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_one_type_goes_on_over_disconnects_and_ends_with_the_client() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut stream = client.events().of_type("custom").into_stream();
    let mut numbers = Vec::new();
    for n in 0..3 {
        custom(&world, "default:a", n);
        sleep(SECOND).await;
        client.disconnect().await;
        client.connect().await.unwrap();
    }
    let waiting = client.wait_for(|event| event.kind() == "never");
    client.shutdown().await.unwrap();
    while let Some(item) = next(&mut stream).await {
        if let EventItem::Event(event) = item {
            assert_eq!(event.kind(), "custom");
            numbers.push(event.raw().contains(r#""n":"#));
        }
    }
    assert_eq!(numbers, [true; 3]);
    assert!(next(&mut stream).await.is_none(), "an end is an end");
    assert!(matches!(waiting.await, Err(WaitError::Ended)));
    let mut late = client.events();
    assert!(timeout(SECOND, late.next()).await.unwrap().is_none());
    let late = client.wait_for(|_| true);
    assert!(matches!(
        timeout(SECOND, late).await.unwrap(),
        Err(WaitError::Ended)
    ));
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn streams_end_too_when_the_client_is_dropped_and_keep_no_client_alive() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut events = client.events();
    let mut stream = client.events().into_stream();
    let mut waiting = client.events();
    let wait = waiting.wait_for(|event| event.kind() == "never");
    drop(client);
    assert!(matches!(
        timeout(5 * SECOND, wait).await.unwrap(),
        Err(WaitError::Ended)
    ));
    while next(&mut stream).await.is_some() {}
    let all = async { while events.next().await.is_some() {} };
    timeout(5 * SECOND, all).await.unwrap();
    nothing_is_left(&world).await;
}

#[tokio::test(start_paused = true)]
async fn narrowing_twice_leaves_what_fits_both() {
    let world = World::new();
    let client = world.connected("john").await;
    let call = client.call("default", "a");
    let mut both = client
        .events()
        .of_types(["custom", "call.ended"])
        .of_types(["custom", "call.created"]);
    let mut neither = client.events().of_type("call.ended").of_type("custom");
    let mut elsewhere = call.events().of_call(client.call("default", "b").cid());
    custom(&world, "default:a", 1);
    let event = next_event(&mut both, "custom").await;
    assert_eq!(event.call_cid(), Some(call.cid()));
    timeout(SECOND, neither.next()).await.unwrap_err();
    timeout(SECOND, elsewhere.next()).await.unwrap_err();
    let ended = json!({"type": "call.ended", "call_cid": "default:a"});
    world.coordinator.push_to_user("john", ended);
    timeout(SECOND, both.next()).await.unwrap_err();
}
