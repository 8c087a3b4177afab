//! Tokens: refused, replaced, out of date, and whose they are.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use video_client::{
    ConnectErrorKind, ConnectionState, Error, ErrorKind, StreamVideo, StreamVideoBuilder,
    TokenErrorKind, User, UserId,
};
use video_testkit::{Entry, Fault, RestCall, TokenSpec};

use crate::support::{KEY, SECOND, World, next_event, until, until_connected};

/// Makes this many requests at once, none of which needs a connection.
async fn requests_at_once(client: &StreamVideo, count: usize) -> Vec<Result<(), Error>> {
    let mut requests = JoinSet::new();
    for n in 0..count {
        let call = client.call("default", format!("call-{n}"));
        requests.spawn(call.get_or_create().watch(false).into_future());
    }
    let answers = requests.join_all().await;
    answers.into_iter().map(|answer| answer.map(drop)).collect()
}

/// The requests that were answered, oldest first.
fn rest_calls(world: &World) -> Vec<RestCall> {
    let entries = world.coordinator.journal().entries();
    let calls = entries.iter().filter_map(|record| record.entry.as_rest());
    calls.cloned().collect()
}

fn refusals(world: &World) -> usize {
    let journal = world.coordinator.journal();
    journal.count(|entry| matches!(entry, Entry::Refused { .. }))
}

/// A builder of a client of `john` whose loader gives only such tokens, and the count of its calls.
fn builder_with_tokens(
    world: &World,
    spec: impl Fn(&UserId) -> TokenSpec + Send + Sync + 'static,
) -> (StreamVideoBuilder, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let (coordinator, counter) = (world.coordinator.clone(), Arc::clone(&calls));
    let builder = world.builder("john").token_loader(move |user| {
        counter.fetch_add(1, Ordering::Relaxed);
        let token = coordinator.token_with(spec(&user));
        async move { token }
    });
    (builder, calls)
}

fn expired(user: &UserId) -> TokenSpec {
    TokenSpec::user(user.as_str()).expired_for(60 * SECOND)
}

/// Promise: T01
#[tokio::test(start_paused = true)]
async fn twenty_requests_refused_at_once_cost_one_load_and_all_succeed() {
    let world = World::new();
    let (client, calls) = world.client_with_loader("john");
    client.token().await.unwrap();
    world.coordinator.expire_tokens("john");
    for answer in requests_at_once(&client, 20).await {
        answer.unwrap();
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    let refused = |call: &RestCall| call.code == Some(40);
    let made = rest_calls(&world);
    assert_eq!(made.iter().filter(|call| refused(call)).count(), 20);
    assert_eq!(made.len(), 40);
}

/// Promise: CK036
#[tokio::test(start_paused = true)]
async fn ten_requests_refused_with_401_cost_one_load_and_are_each_repeated_once() {
    let world = World::new();
    let (client, calls) = world.client_with_loader("john");
    client.connect().await.unwrap();
    // The socket is refused too, and shares the new token.
    world.coordinator.expire_tokens("john");
    for answer in requests_at_once(&client, 10).await {
        answer.unwrap();
    }
    until_connected(&client).await;
    sleep(60 * SECOND).await;
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    let made = rest_calls(&world);
    for n in 0..10 {
        let path = format!("/video/call/default/call-{n}");
        let of_call: Vec<_> = made.iter().filter(|call| call.path == path).collect();
        let statuses: Vec<_> = of_call.iter().map(|call| call.status.unwrap()).collect();
        assert_eq!(statuses, [401, 201], "{path}");
        assert_eq!(of_call[0].request_id, of_call[1].request_id);
        assert_ne!(of_call[0].token_fingerprint, of_call[1].token_fingerprint);
    }
}

/// Promise: RM01
#[tokio::test(start_paused = true)]
async fn a_token_refused_at_the_first_connect_is_replaced_and_the_caller_sees_a_connection() {
    let world = World::new();
    let (client, calls) = world.client_with_loader("john");
    let faults = world.coordinator.faults();
    faults.greeting(Fault::ConnectionError(40));
    let connected = timeout(SECOND, client.connect().into_future());
    connected.await.unwrap().unwrap();
    assert!(client.state().borrow().is_connected());
    assert!(client.last_error().is_none());
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    assert_eq!(world.sockets(), 2);
}

/// Promise: W11
#[tokio::test(start_paused = true)]
async fn a_token_that_runs_out_in_mid_session_costs_one_load_and_one_new_socket() {
    let world = World::new();
    let (client, calls) = world.client_with_loader("john");
    client.connect().await.unwrap();
    let first = client.state().borrow().connection_id().cloned();
    world.coordinator.expire_tokens("john");
    until(&client, |state| {
        state.is_connected() && state.connection_id() != first.as_ref()
    })
    .await;
    sleep(60 * SECOND).await;
    assert!(client.state().borrow().is_connected());
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    assert_eq!((world.sockets(), world.logins()), (2, 2));
    assert_eq!(
        fingerprints(&world).len(),
        2,
        "each with a token of its own"
    );
}

/// Promise: T12
#[tokio::test(start_paused = true)]
async fn a_client_that_outlives_its_token_goes_on_working() {
    let world = World::new();
    let (client, calls) = world.client_with_loader("john");
    let first = client.connect().await.unwrap();
    let call = client.call("default", "standup");
    call.get_or_create().await.unwrap();
    // Tokens live for an hour.
    for round in 1..=3 {
        sleep(Duration::from_hours(2)).await;
        call.get().watch(false).await.unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 1 + round);
    }
    assert_ne!(client.token().await.unwrap(), first);
    world.coordinator.drop_connections("john");
    client.connect().await.unwrap();
    call.get().await.unwrap();
}

/// Promise: U03, U05
#[tokio::test(start_paused = true)]
async fn a_refused_static_token_is_called_that_at_once_however_often_it_is_tried() {
    let world = World::new();
    let spec = TokenSpec::user("john").expired_for(60 * SECOND);
    let token = world.coordinator.token_with(spec);
    let client = world.builder("john").user_token(token).build().unwrap();
    for tries in 1..=3 {
        let attempt = timeout(SECOND, client.connect().into_future());
        let error = attempt.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        let api = error.api().unwrap();
        assert_eq!(api.code.unwrap().get(), 40);
        assert_eq!(api.message, "the token has expired");
        let text = error.to_string();
        assert!(
            text.contains("the service refused the token of `john`"),
            "{text}"
        );
        assert!(!text.contains("already"), "{text}");
        let kind = error.connect_error().unwrap().kind();
        assert!(
            matches!(
                kind,
                ConnectErrorKind::TokenRejected {
                    refresh: Some(TokenErrorKind::NoLoader),
                    expires_at: Some(_),
                    ..
                }
            ),
            "{kind:?}"
        );
        assert_eq!(refusals(&world), tries);
    }
    let call = client.call("default", "standup");
    let error = call.get().watch(false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(error.api().unwrap().code.unwrap().get(), 40);
}

/// Promise: BD10, BD09
#[tokio::test(start_paused = true)]
async fn a_loader_with_useless_tokens_is_asked_twice_and_the_caller_learns_why() {
    let world = World::new();
    let (builder, calls) = builder_with_tokens(&world, |user| {
        TokenSpec::user(user.as_str()).signed_with("another secret")
    });
    let client = builder.build().unwrap();
    let attempt = timeout(SECOND, client.connect().into_future());
    let error = attempt.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    let api = error.api().unwrap();
    assert_eq!(api.code.unwrap().get(), 43);
    assert_eq!(api.message, "the token's signature is not valid");
    sleep(60 * SECOND).await;
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    assert_eq!(refusals(&world), 2);
    assert_eq!(world.coordinator.open_links(), 0);
}

/// Promise: T02
#[tokio::test(start_paused = true)]
async fn a_loader_that_only_has_expired_tokens_ends_a_connect_and_a_request_with_an_error() {
    let world = World::new();
    let (builder, calls) = builder_with_tokens(&world, expired);
    let client = builder.build().unwrap();
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(error.api().unwrap().code.unwrap().get(), 40);
    sleep(60 * SECOND).await;
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    assert_eq!(refusals(&world), 2);

    let (builder, calls) = builder_with_tokens(&world, expired);
    let client = builder.build().unwrap();
    let call = client.call("default", "standup");
    let error = call.get_or_create().watch(false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(error.api().unwrap().code.unwrap().get(), 40);
    sleep(60 * SECOND).await;
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    assert_eq!(rest_calls(&world).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_repeats_itself_ends_with_an_error() {
    let world = World::new();
    let token = world.coordinator.token("john");
    world.coordinator.expire_tokens("john");
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let builder = world.builder("john").token_loader(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        let token = token.clone();
        async move { token }
    });
    let client = builder.build().unwrap();
    let attempt = timeout(SECOND, client.connect().into_future());
    let error = attempt.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(error.api().unwrap().code.unwrap().get(), 40);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

/// Promise: T09
#[tokio::test(start_paused = true)]
async fn after_disconnect_no_token_and_no_loader_of_one_user_serves_another() {
    let world = World::new();
    let (ada, ada_loads) = world.client_with_loader("ada");
    ada.connect().await.unwrap();
    ada.disconnect().await;
    let ada_tokens: BTreeSet<_> = fingerprints(&world);

    let (tom, tom_loads) = world.client_with_loader("tom");
    let token = tom.connect().await.unwrap();
    assert_eq!(*token.user_id(), "tom");
    let call = tom.call("default", "standup");
    call.get_or_create().watch(false).await.unwrap();
    world.coordinator.expire_tokens("tom");
    call.get().watch(false).await.unwrap();
    assert_eq!(tom_loads.load(Ordering::Relaxed), 2);
    assert_eq!(ada_loads.load(Ordering::Relaxed), 1);
    for made in rest_calls(&world) {
        if made.code.is_none() {
            assert_eq!(made.user.unwrap(), "tom");
        }
        assert!(!ada_tokens.contains(&made.token_fingerprint.unwrap()));
    }
    let users = world.coordinator.connections();
    assert!(users.iter().all(|connection| connection.user_id == "tom"));

    // The first client is still that of its user, with its own loader.
    world.coordinator.expire_tokens("ada");
    let token = ada.connect().await.unwrap();
    assert_eq!(*token.user_id(), "ada");
    assert_eq!(ada_loads.load(Ordering::Relaxed), 2);
    assert_eq!(tom_loads.load(Ordering::Relaxed), 2);
}

/// What can be told of the tokens with which sockets were opened.
fn fingerprints(world: &World) -> BTreeSet<String> {
    let entries = world.coordinator.journal().entries();
    let shown = entries.into_iter().filter_map(|record| match record.entry {
        Entry::Authenticated {
            token_fingerprint, ..
        } => Some(token_fingerprint),
        _ => None,
    });
    shown.collect()
}

/// Promise: W18
#[tokio::test(start_paused = true)]
async fn callbacks_that_panic_delay_neither_pings_nor_listeners() {
    let world = World::new();
    let told = Arc::new(AtomicUsize::new(0));
    let (builder, _) = builder_with_tokens(&world, |user| TokenSpec::user(user.as_str()));
    let counter = Arc::clone(&told);
    let builder = builder.on_token_updated(move |token| {
        counter.fetch_add(1, Ordering::Relaxed);
        async move { assert_eq!(*token.user_id(), "nobody", "planned") }
    });
    let client = builder.build().unwrap();
    client.connect().await.unwrap();
    let mut events = client.events();
    let push = |n: u64| {
        let event = serde_json::json!({"type": "custom", "n": n});
        world.coordinator.push_to_user("john", event);
    };
    let journal = world.coordinator.journal();
    let pings = || journal.count(|entry| matches!(entry, Entry::Ping { .. }));
    let call = client.call("default", "standup");
    call.get_or_create().watch(false).await.unwrap();
    // Each quarter of a minute a request needs another token.
    for n in 1..=8 {
        sleep(15 * SECOND).await;
        let path = "/video/call/default/standup";
        let faults = world.coordinator.faults();
        faults.rest("GET", path, Fault::ApiError(40));
        call.get().watch(false).await.unwrap();
        push(n);
        let start = Instant::now();
        let heard = next_event(&mut events, "custom").await;
        assert!(heard.raw().contains(&format!("\"n\":{n}")));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
    assert_eq!(told.load(Ordering::Relaxed), 9);
    assert_eq!(pings(), 120 / 25);
    assert!(client.state().borrow().is_connected());
    assert_eq!(world.sockets(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_does_not_fail_the_connection() {
    let world = World::new();
    let token = world.coordinator.token("john");
    let told = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&told);
    let client = world
        .builder("john")
        .user_token(token)
        .on_token_updated(move |token| {
            counter.fetch_add(1, Ordering::Relaxed);
            async move { assert_eq!(*token.user_id(), "nobody", "planned") }
        })
        .build()
        .unwrap();
    client.connect().await.unwrap();
    assert_eq!(told.load(Ordering::Relaxed), 1);
    let call = client.call("default", "standup");
    call.get_or_create().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_never_answers_ends_a_connect_in_a_typed_error() {
    let world = World::new();
    let builder = StreamVideo::builder(KEY, User::regular("john")).options(world.options());
    let client = builder
        .token_loader(|_| pending::<String>())
        .build()
        .unwrap();
    let attempt = timeout(16 * SECOND, client.connect().into_future());
    let error = attempt.await.unwrap().unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unauthorized),
        "{error:?}"
    );
    assert_eq!(world.logins(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_never_ends_does_not_fail_the_connection() {
    let world = World::new();
    let client = world
        .builder("john")
        .user_token(world.coordinator.token("john"))
        .on_token_updated(|_| pending())
        .build()
        .unwrap();
    client.connect().await.unwrap();
    assert_eq!(world.coordinator.connections().len(), 1);
}

/// Promise: W24, CK042
#[tokio::test(start_paused = true)]
async fn a_static_token_that_runs_out_ends_a_live_connection_with_the_reason() {
    let world = World::new();
    let client = world.connected("john").await;
    world.coordinator.expire_tokens("john");
    until(&client, |state| {
        matches!(state, ConnectionState::Disconnected { .. })
    })
    .await;
    let error = client.last_error().unwrap();
    assert_eq!(error.api().unwrap().code.unwrap().get(), 40);
    assert!(matches!(
        error.kind(),
        ConnectErrorKind::TokenRejected { .. }
    ));
    let sockets = world.sockets();
    sleep(60 * SECOND).await;
    assert_eq!(world.sockets(), sockets);
    assert_eq!(world.logins(), 1);
    // Watching is refused with that reason, and does not wait.
    let get = client.call("default", "standup").get().into_future();
    let error = timeout(SECOND, get).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_for_a_connection_hear_of_the_refusal() {
    let world = World::new();
    let (builder, calls) = builder_with_tokens(&world, expired);
    let client = builder.build().unwrap();
    let (first, second) = tokio::join!(client.connect(), client.connect());
    for error in [first.unwrap_err(), second.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert_eq!(error.api().unwrap().code.unwrap().get(), 40);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}
