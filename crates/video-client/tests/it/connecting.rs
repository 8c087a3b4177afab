//! Connecting, and the token that comes of it.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{sleep, timeout};
use video_client::test_util::dialer_fn;
use video_client::{
    ConnectErrorKind, ConnectionState, DialErrorKind, DisconnectReason, ErrorKind, EventItem,
    HeartbeatPolicy, Phase, RpcLimits, SessionTimeouts, StreamVideo, StreamVideoOptions, User,
    UserId,
};
use video_testkit::{Entry, Fault};

use crate::support::{KEY, SECOND, World, begin, until, until_connected};

/// The options of `world`, with a host that refuses the first `refusals` dials.
fn refusing(world: &World, refusals: usize) -> StreamVideoOptions {
    let (coordinator, dials) = (world.coordinator.clone(), AtomicUsize::new(0));
    world.options().dialer(dialer_fn(move |_target| {
        let refused = dials.fetch_add(1, Ordering::Relaxed) < refusals;
        let io = (!refused).then(|| coordinator.connect());
        async move { io.ok_or_else(|| io::ErrorKind::ConnectionRefused.into()) }
    }))
}

/// What the first socket that was let in said about its user.
fn user_details(world: &World) -> Option<Value> {
    let entries = world.coordinator.journal().entries();
    entries.into_iter().find_map(|record| match record.entry {
        Entry::Authenticated { user_details, .. } => Some(user_details),
        _ => None,
    })
}

fn is_failed(state: &ConnectionState) -> bool {
    let failed = |reason: &DisconnectReason| matches!(reason, DisconnectReason::Failed(_));
    matches!(state, ConnectionState::Disconnected { reason } if failed(reason))
}

/// Promise: CK014, U01
#[tokio::test(start_paused = true)]
async fn two_connects_at_once_share_one_socket_and_both_succeed() {
    let world = World::new();
    let (client, calls) = world.client_with_loader("john");
    let (first, second) = tokio::join!(client.connect(), client.connect());
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(world.dials(), 1);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(world.coordinator.connections().len(), 1);
}

/// Promise: CK011
#[tokio::test(start_paused = true)]
async fn auto_connect_connects_and_says_about_the_user_what_the_option_allows() {
    for include in [true, false] {
        let world = World::new();
        let user = User::regular("john")
            .name("John Doe")
            .image("https://example.test/john.png")
            .custom("pet", "cat");
        let options = world
            .options()
            .auto_connect(true)
            .include_user_details_for_auto_connect(include);
        let builder = StreamVideo::builder(KEY, user).options(options);
        let client = builder
            .user_token(world.coordinator.token("john"))
            .build()
            .unwrap();
        until_connected(&client).await;
        let details = user_details(&world).unwrap();
        assert_eq!(details["id"], "john");
        assert_eq!(details.get("name").is_some(), include, "{details}");
        assert_eq!(details.get("image").is_some(), include, "{details}");
        assert_eq!(details.get("custom").is_some(), include, "{details}");
    }
}

/// Promise: CK012
#[tokio::test(start_paused = true)]
async fn without_auto_connect_nothing_is_dialled_and_no_token_loaded() {
    let world = World::new();
    let (client, calls) = world.client_with_loader("john");
    sleep(60 * SECOND).await;
    assert!(matches!(*client.state().borrow(), ConnectionState::Idle));
    assert_eq!(world.dials(), 0);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    assert!(world.coordinator.journal().entries().is_empty());
}

/// Promise: CK015
#[tokio::test(start_paused = true)]
async fn connect_on_a_connected_client_gives_the_token_in_use_without_traffic() {
    let world = World::new();
    let (client, calls) = world.client_with_loader("john");
    let token = client.connect().await.unwrap();
    let mark = world.coordinator.journal().mark();
    assert_eq!(client.connect().await.unwrap(), token);
    sleep(SECOND).await;
    assert!(world.coordinator.journal().since(mark).is_empty());
    assert_eq!(world.dials(), 1);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// Promise: CK017
#[tokio::test(start_paused = true)]
async fn the_state_goes_from_connecting_to_connected_and_listeners_hear_of_both() {
    let world = World::new();
    let client = world.client("john");
    let mut events = client.events();
    client.connect().await.unwrap();
    let id = client.state().borrow().connection_id().cloned().unwrap();
    let first = events.next().await.unwrap();
    assert!(
        matches!(
            first,
            EventItem::Connection(ConnectionState::Connecting { attempt: 0 })
        ),
        "{first:?}"
    );
    let second = events.next().await.unwrap();
    assert!(
        matches!(
            &second,
            EventItem::Connection(ConnectionState::Connected { connection_id })
                if *connection_id == id
        ),
        "{second:?}"
    );
    assert!(client.last_error().is_none());
}

/// Promise: CK017, BD27
#[tokio::test(start_paused = true)]
async fn a_failed_connect_ends_in_disconnected_with_the_reason() {
    let world = World::new();
    let builder = StreamVideo::builder("other-key", User::regular("john"));
    let client = builder
        .options(world.options())
        .user_token(world.coordinator.token("john"))
        .build()
        .unwrap();
    let mut events = client.events();
    let error = client.connect().await.unwrap_err();
    let first = events.next().await.unwrap();
    assert!(
        matches!(
            first,
            EventItem::Connection(ConnectionState::Connecting { attempt: 0 })
        ),
        "{first:?}"
    );
    let second = events.next().await.unwrap();
    assert!(
        matches!(&second, EventItem::Connection(state) if is_failed(state)),
        "{second:?}"
    );
    assert!(is_failed(&client.state().borrow()));
    let last = client.last_error().unwrap();
    assert_eq!(last.kind(), error.connect_error().unwrap().kind());
    // Nothing goes on behind the application's back.
    let mark = world.coordinator.journal().mark();
    sleep(120 * SECOND).await;
    assert!(is_failed(&client.state().borrow()));
    assert!(world.coordinator.journal().since(mark).is_empty());
}

/// Promise: W01, CK026
#[tokio::test(start_paused = true)]
async fn a_wrong_key_fails_at_once_with_the_code_and_the_words_of_the_service() {
    let world = World::new();
    let builder = StreamVideo::builder("other-key", User::regular("john"));
    let client = builder
        .options(world.options())
        .user_token(world.coordinator.token("john"))
        .build()
        .unwrap();
    let error = timeout(SECOND, async { client.connect().await })
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let api = error.api().unwrap();
    assert_eq!(api.code.unwrap().get(), 2);
    assert_eq!(api.message, "the API key is not valid");
    assert_eq!(world.sockets(), 1);
}

/// Promise: U04
#[tokio::test(start_paused = true)]
async fn passing_failures_are_retried_and_a_wrong_key_or_token_is_not() {
    let passing: [fn(&World); 4] = [
        |world| drop(world.coordinator.faults().dial(Fault::Refuse)),
        |world| drop(world.coordinator.faults().upgrade(Fault::status(503, "no"))),
        |world| drop(world.coordinator.faults().greeting(Fault::Drop)),
        |world| {
            let fault = Fault::ConnectionError(-1);
            drop(world.coordinator.faults().greeting(fault));
        },
    ];
    for plan in passing {
        let world = World::new();
        plan(&world);
        world.client("john").connect().await.unwrap();
        assert_eq!(world.coordinator.faults().pending(), 0);
        assert_eq!(world.dials(), 2);
    }
    for code in [2, 40] {
        let world = World::new();
        let faults = world.coordinator.faults();
        let fault = Fault::ConnectionError(code.into());
        faults.greeting(fault).forever();
        let error = world.client("john").connect().await.unwrap_err();
        sleep(60 * SECOND).await;
        assert_eq!(error.api().unwrap().code.unwrap().get(), code);
        assert_eq!(world.logins(), 0);
        let journal = world.coordinator.journal();
        let refusals = journal.count(|entry| matches!(entry, Entry::Refused { .. }));
        assert_eq!(refusals, 1);
    }
}

/// Promise: RM15
#[tokio::test(start_paused = true)]
async fn a_first_dial_that_is_refused_is_repeated_within_the_deadline() {
    let world = World::new();
    let token = world.coordinator.token("john");
    let builder = world.builder("john").options(refusing(&world, 1));
    let client = builder.user_token(token).build().unwrap();
    client.connect().await.unwrap();
    assert_eq!(world.logins(), 1);
    assert!(client.last_error().is_none());
}

/// Promise: CK013, U10
#[tokio::test(start_paused = true)]
async fn an_auto_connect_that_failed_can_be_seen_and_leaves_a_client_that_connects() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.greeting(Fault::ConnectionError(2)).forever();
    let token = world.coordinator.token("john");
    let options = world.options().auto_connect(true);
    let builder = world.builder("john").options(options);
    let client = builder.user_token(token).build().unwrap();
    until(&client, is_failed).await;
    let error = client.last_error().unwrap();
    assert_eq!(*error.kind(), ConnectErrorKind::Rejected);
    assert_eq!(error.api().unwrap().code.unwrap().get(), 2);
    // What needs no connection is not harmed.
    let call = client.call("default", "standup");
    call.get_or_create().watch(false).await.unwrap();

    faults.clear();
    client.connect().await.unwrap();
    assert!(client.state().borrow().is_connected());
    assert!(client.last_error().is_none());
    call.get().await.unwrap();
}

/// Promise: CK013, U10
#[tokio::test(start_paused = true)]
async fn an_auto_connect_that_is_refused_by_the_host_can_be_seen_and_joined() {
    let world = World::new();
    let token = world.coordinator.token("john");
    let options = refusing(&world, 2).auto_connect(true);
    let builder = world.builder("john").options(options);
    let client = builder.user_token(token).build().unwrap();
    until(&client, |state| state.error().is_some()).await;
    let kind = client.last_error().unwrap().kind().clone();
    assert_eq!(kind, ConnectErrorKind::Dial(DialErrorKind::Refused));
    client.connect().await.unwrap();
    assert_eq!(world.logins(), 1);
    assert!(client.last_error().is_none());
}

/// Promise: W04
#[tokio::test(start_paused = true)]
async fn after_a_failure_and_a_success_requests_get_the_new_connection() {
    let world = World::new();
    let client = world.client("john");
    let faults = world.coordinator.faults();
    faults.greeting(Fault::ConnectionError(2));
    client.connect().await.unwrap_err();
    let call = client.call("default", "standup");
    let early = call.get_or_create().await.unwrap_err();
    assert_eq!(early.kind(), ErrorKind::NotConnected);

    client.connect().await.unwrap();
    call.get_or_create().await.unwrap();
    let id = client.state().borrow().connection_id().cloned().unwrap();
    assert_eq!(world.coordinator.watchers("default:standup"), [id]);
}

/// Promise: BD03
#[tokio::test(start_paused = true)]
async fn connect_on_a_reconnecting_client_opens_no_second_socket() {
    let world = World::new();
    let client = world.connected("john").await;
    let faults = world.coordinator.faults();
    faults.upgrade(Fault::status(503, "no")).times(2);
    world.coordinator.drop_connections("john");
    until(&client, |state| {
        matches!(state, ConnectionState::Reconnecting { attempt: 2, .. })
    })
    .await;
    client.connect().await.unwrap();
    sleep(60 * SECOND).await;
    // The first, two that were refused, and the one of both wishes.
    assert_eq!(world.sockets(), 4);
    assert_eq!(world.logins(), 2);
    assert_eq!(world.coordinator.connections().len(), 1);
}

/// Promise: BD23, BD27
#[tokio::test(start_paused = true)]
async fn a_connect_that_ran_out_of_time_leaves_no_socket_and_no_attempt() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.greeting(Fault::Delay(7 * SECOND)).forever();
    let client = world.client("john");
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let kind = error.connect_error().unwrap().kind();
    assert_eq!(*kind, ConnectErrorKind::Timeout(Phase::Connect));
    assert!(is_failed(&client.state().borrow()));
    let sockets = world.sockets();
    sleep(60 * SECOND).await;
    assert!(is_failed(&client.state().borrow()));
    assert_eq!(world.sockets(), sockets);
    assert!(world.coordinator.connections().is_empty());
    assert_eq!(world.coordinator.open_links(), 0);

    faults.clear();
    client.connect().await.unwrap();
    assert_eq!(world.coordinator.connections().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_nobody_awaits_any_more_goes_on() {
    let world = World::new();
    let client = world.client("john");
    let mut attempt = client.connect().into_future();
    begin(attempt.as_mut());
    drop(attempt);
    until_connected(&client).await;
    assert_eq!(world.dials(), 1);
}

/// Promise: RM11
#[tokio::test(start_paused = true)]
async fn a_loader_works_with_any_address_of_the_service() {
    for (rest, socket, targets) in [
        (
            "http://localhost:3030",
            "ws://localhost:3031/video/connect",
            ["localhost:3031", "localhost:3030"],
        ),
        (
            "https://eu.example.test:8443",
            "wss://socket.example.test/video/connect",
            ["socket.example.test:443", "eu.example.test:8443"],
        ),
    ] {
        let world = World::new();
        let dialled = Arc::new(Mutex::new(Vec::new()));
        let (coordinator, noted) = (world.coordinator.clone(), Arc::clone(&dialled));
        let options = world
            .options()
            .coordinator_rpc_url(rest)
            .coordinator_ws_url(socket)
            .location("AMS")
            .dialer(dialer_fn(move |target| {
                noted.lock().unwrap().push(target.to_string());
                let io = coordinator.connect();
                async move { Ok(io) }
            }));
        let builder = world.builder("john").options(options);
        let (tokens, calls) = (world.coordinator.clone(), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&calls);
        let loader = move |user: UserId| {
            counter.fetch_add(1, Ordering::Relaxed);
            let token = tokens.token(&user);
            async move { token }
        };
        let client = builder.token_loader(loader).build().unwrap();
        client.connect().await.unwrap();
        let call = client.call("default", "standup");
        call.get_or_create().await.unwrap();
        assert_eq!(*dialled.lock().unwrap(), targets);
        world.coordinator.expire_tokens("john");
        call.get().watch(false).await.unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn connect_leaves_the_details_of_the_user_out_if_told_so() {
    let world = World::new();
    let user = User::regular("john").name("John Doe").custom("pet", "cat");
    let builder = StreamVideo::builder(KEY, user).options(world.options());
    let client = builder
        .user_token(world.coordinator.token("john"))
        .build()
        .unwrap();
    client.connect().include_user_details(false).await.unwrap();
    let details = user_details(&world).unwrap();
    assert_eq!(details, serde_json::json!({ "id": "john" }));
}

#[tokio::test(start_paused = true)]
async fn with_auto_connect_the_attempts_outlive_a_connect_that_ran_out_of_time() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.dial(Fault::Refuse).forever();
    let options = world.options().auto_connect(true);
    let token = world.coordinator.token("john");
    let builder = world.builder("john").options(options);
    let client = builder.user_token(token).build().unwrap();
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let state = client.state().borrow().clone();
    assert!(!is_failed(&state), "{state:?}");
    assert!(client.last_error().is_some());
    faults.clear();
    until_connected(&client).await;
}

/// Promise: CK053, U11
#[tokio::test(start_paused = true)]
async fn a_request_made_while_connecting_waits_and_does_without_a_connection_if_it_does_not_watch()
{
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.greeting(Fault::Delay(2 * SECOND));
    let client = world.client("john");
    client
        .call("default", "there")
        .get_or_create()
        .watch(false)
        .await
        .unwrap();
    let mut attempt = client.connect().into_future();
    begin(attempt.as_mut());
    sleep(SECOND / 2).await;
    let there = client.call("default", "there").get().watch(false);
    timeout(SECOND / 2, there.into_future())
        .await
        .unwrap()
        .unwrap();
    assert!(!client.state().borrow().is_connected());
    client
        .call("default", "standup")
        .get_or_create()
        .await
        .unwrap();
    attempt.await.unwrap();
    let id = client.state().borrow().connection_id().cloned().unwrap();
    assert_eq!(world.coordinator.watchers("default:standup"), [id]);
}

#[tokio::test(start_paused = true)]
async fn limits_without_an_end_are_no_limits_and_no_panic() {
    let world = World::new();
    let mut limits = RpcLimits::default();
    (limits.call, limits.attempt) = (Duration::MAX, Duration::MAX);
    let mut timeouts = SessionTimeouts::default();
    timeouts.open = Duration::MAX;
    timeouts.greeting = Duration::MAX;
    timeouts.close = Duration::MAX;
    let mut heartbeat = HeartbeatPolicy::default();
    heartbeat.idle = Duration::MAX;
    let options = world
        .options()
        .timeouts(timeouts)
        .connect_timeout(Duration::MAX)
        .auth_grace(Duration::MAX)
        .heartbeat_policy(heartbeat)
        .request_limits(limits);
    let token = world.coordinator.token("john");
    let builder = world.builder("john").options(options).user_token(token);
    let client = builder.build().unwrap();
    client.connect().await.unwrap();
    let call = client.call("default", "standup");
    call.get_or_create().await.unwrap();
    client.shutdown().await.unwrap();
}
