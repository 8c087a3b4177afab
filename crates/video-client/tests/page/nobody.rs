//! The anonymous user, pushed where there is no way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep, timeout};
use video_client::{
    ApiCode, ConnectionState, ErrorKind, Lifecycle, StreamVideo, StreamVideoBuilder, User,
    WaitError,
};
use video_testkit::{Coordinator, Fault, TokenSpec};

use crate::diary::{Diary, pushed};
use crate::ends::ends;
use crate::support::{KEY, SECOND, World};

const LIST: [&str; 1] = ["livestream:a"];

fn anonymous(world: &World) -> StreamVideoBuilder {
    StreamVideo::builder(KEY, User::anonymous()).options(world.options())
}

fn viewer(coordinator: &Coordinator) -> String {
    coordinator.token_with(TokenSpec::anonymous().call_cids(LIST))
}

fn requests(world: &World) -> usize {
    let journal = world.coordinator.journal();
    journal.count(|entry| entry.as_rest().is_some())
}

/// A world with a call that the token of a viewer names.
async fn live() -> World {
    let world = World::new();
    let host = world.client("host");
    let call = host.call("livestream", "a").get_or_create();
    call.watch(false).await.unwrap();
    host.shutdown().await.unwrap();
    world
}

#[tokio::test(start_paused = true)]
async fn a_wish_to_watch_neither_waits_nor_watches() {
    let world = live().await;
    let token = viewer(&world.coordinator);
    let client = anonymous(&world).user_token(token).build().unwrap();
    let start = Instant::now();
    let call = client.call("livestream", "a");
    call.get().await.unwrap();
    call.get().watch(true).await.unwrap();
    call.join_credentials().await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(world.coordinator.watchers("livestream:a").is_empty());
    for record in world.coordinator.journal().entries() {
        let call = record.entry.as_rest().filter(|call| call.method == "GET");
        let sent = call.map_or(&None, |call| &call.connection_id);
        assert_eq!(*sent, None, "{record}");
    }
    let error = call
        .send_custom_event(&serde_json::json!({"n": 1}))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    let error = client.devices().list().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    drop(call);
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_without_a_loader_is_told_and_not_shown_again() {
    let world = live().await;
    let token = viewer(&world.coordinator);
    let client = anonymous(&world).user_token(token).build().unwrap();
    world.coordinator.expire_tokens("!anon");
    let before = requests(&world);
    let error = client.call("livestream", "a").get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(error.api().unwrap().code, Some(ApiCode::TOKEN_EXPIRED));
    assert_eq!(requests(&world), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_who_has_no_token_is_told_and_ends_nothing() {
    let world = live().await;
    let client = anonymous(&world).build().unwrap();
    let faults = world.coordinator.faults();
    faults.rest_where("GET", |_| true, Fault::ApiError(40));
    let before = requests(&world);
    let call = client.call("livestream", "a");
    let error = call.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(requests(&world), before + 1);
    client.edges().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn tokens_that_end_in_a_crowd_cost_one_load_and_each_viewer_sees_the_call() {
    let world = live().await;
    let loads = Arc::new(AtomicUsize::new(0));
    let (coordinator, count) = (world.coordinator.clone(), Arc::clone(&loads));
    let builder = anonymous(&world).token_loader(move |user| {
        assert_eq!(user, "!anon");
        count.fetch_add(1, Ordering::Relaxed);
        let token = viewer(&coordinator);
        async move {
            sleep(SECOND).await;
            token
        }
    });
    let client = builder
        .user_token(viewer(&world.coordinator))
        .build()
        .unwrap();
    for round in 1..=3 {
        // Tokens of this second count as ended too.
        sleep(2 * SECOND).await;
        world.coordinator.expire_tokens("!anon");
        sleep(2 * SECOND).await;
        let mut crowd = JoinSet::new();
        for _ in 0..10 {
            crowd.spawn(client.call("livestream", "a").get().into_future());
        }
        assert!(crowd.join_all().await.iter().all(Result::is_ok));
        assert_eq!(loads.load(Ordering::Relaxed), round);
    }
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_is_wished_nothing_happens_and_all_listeners_know_that_they_hear_nothing() {
    let world = World::new();
    let diary = Diary::default();
    let builder = anonymous(&world).options(world.options().auto_connect(true));
    let client = pushed(builder, &diary).build().unwrap();
    let state = client.state();
    let first = format!("{:?}", *state.borrow());
    let mut events = client.events();
    assert!(events.next().await.is_none());
    let ended = client.wait_for(|_| true).await;
    assert!(matches!(ended, Err(WaitError::Ended)));
    let ended = client.call("livestream", "a").wait_for(|_| true).await;
    assert!(matches!(ended, Err(WaitError::Ended)));
    for _ in 0..3 {
        let error = client.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Anonymous);
        client.set_lifecycle(Lifecycle::Background).await;
        client.pause().await;
        client.resume().await;
        client.set_lifecycle(Lifecycle::Foreground).await;
        client.disconnect().await;
    }
    sleep(3600 * SECOND).await;
    assert_eq!(format!("{:?}", *state.borrow()), first);
    assert_eq!(state.has_changed().ok(), Some(false));
    assert_eq!(*client.own_user().borrow(), None);
    assert!(client.last_error().is_none());
    assert_eq!((world.dials(), world.sockets()), (0, 0));
    assert!(!diary.lines().contains(&"register"));
    client.shutdown().await.unwrap();
    let again = timeout(SECOND, client.connect().into_future());
    again.await.unwrap().unwrap_err();
    assert!(!matches!(
        *client.state().borrow(),
        ConnectionState::Connecting { .. }
    ));
    ends(&world, client).await;
}
