//! A service, or a loader, that is silent: who waits, for how long, and what they learn.

use std::future::pending;
use std::pin::pin;

use tokio::time::{Instant, sleep, timeout};
use video_client::{
    ConnectErrorKind, ConnectionState, DisconnectReason, ErrorKind, Phase, RpcLimits, StreamVideo,
    User,
};
use video_testkit::Fault;

use crate::support::{KEY, SECOND, World, begin};

/// Promise: W02, CK027
#[tokio::test(start_paused = true)]
async fn a_socket_that_opens_and_stays_silent_fails_in_time_for_all_who_wait() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.greeting(Fault::Stall).forever();
    let token = world.coordinator.token("john");
    let options = world.options().connect_timeout(4 * SECOND);
    let builder = world.builder("john").options(options);
    let client = builder.user_token(token).build().unwrap();
    let start = Instant::now();
    let first = async {
        let error = client.connect().await.unwrap_err();
        assert_eq!(start.elapsed(), 4 * SECOND);
        error
    };
    let second = async { client.connect().await.unwrap_err() };
    let request = async {
        let error = client.call("default", "a").get_or_create().await;
        assert_eq!(start.elapsed(), 4 * SECOND);
        error.unwrap_err()
    };
    let (first, second, request) = tokio::join!(first, second, request);
    for error in [first, second] {
        assert_eq!(error.kind(), ErrorKind::Timeout);
        let kind = error.connect_error().unwrap().kind();
        assert_eq!(*kind, ConnectErrorKind::Timeout(Phase::Connect));
    }
    assert_eq!(request.kind(), ErrorKind::NotConnected);
    assert_eq!(world.sockets(), 1);
    assert_eq!(world.coordinator.open_links(), 0);
}

/// Promise: W02
#[tokio::test(start_paused = true)]
async fn a_first_socket_that_stays_silent_is_given_up_after_five_seconds_for_a_second_one() {
    let world = World::new();
    world.coordinator.faults().greeting(Fault::Stall);
    let client = world.client("john");
    let start = Instant::now();
    let mut states = client.state();
    let late = async {
        let state = states.wait_for(|state| state.error().is_some()).await;
        assert_eq!(start.elapsed(), 5 * SECOND);
        state.unwrap().error().unwrap().kind().clone()
    };
    let (connected, late) = tokio::join!(client.connect(), late);
    connected.unwrap();
    assert_eq!(late, ConnectErrorKind::Timeout(Phase::Greeting));
    assert_eq!(world.sockets(), 2);
    assert_eq!(world.coordinator.connections().len(), 1);
}

/// Promise: CK053, T23
#[tokio::test(start_paused = true)]
async fn a_request_waits_for_the_connection_for_a_bounded_time_and_not_at_all_without_watching() {
    let world = World::new();
    let client = world.client("john");
    let call = client.call("default", "a");
    call.get_or_create().watch(false).await.unwrap();
    let faults = world.coordinator.faults();
    faults.greeting(Fault::Stall).forever();
    let mut attempt = client.connect().into_future();
    begin(attempt.as_mut());

    let start = Instant::now();
    call.get().watch(false).await.unwrap();
    assert!(start.elapsed().is_zero());
    let error = call.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert!(!error.may_have_been_executed());
    assert_eq!(start.elapsed(), 5 * SECOND);
    assert!(!client.state().borrow().is_connected());
}

/// Promise: BD47
#[tokio::test(start_paused = true)]
async fn the_wait_for_connections_is_an_option_and_spent_once_a_request() {
    for (limit, all) in [(5, 6), (4, 5)] {
        let world = World::new();
        let faults = world.coordinator.faults();
        faults.greeting(Fault::Delay(3 * SECOND));
        let busy = Fault::status(429, "").retry_after("1");
        faults.rest("POST", "/video/call/default/a", busy);
        let mut limits = RpcLimits::default();
        limits.connection = limit * SECOND;
        let options = world.options().request_limits(limits);
        let token = world.coordinator.token("john");
        let builder = world.builder("john").options(options).user_token(token);
        let client = builder.build().unwrap();
        let mut attempt = client.connect().into_future();
        begin(attempt.as_mut());
        let start = Instant::now();
        let call = client.call("default", "a");
        let lose_it = async {
            sleep(3 * SECOND + SECOND / 2).await;
            assert!(client.state().borrow().is_connected());
            faults.greeting(Fault::Stall).forever();
            world.coordinator.drop_connections("john");
        };
        let (got, ()) = tokio::join!(call.get_or_create().into_future(), lose_it);
        assert_eq!(got.unwrap_err().kind(), ErrorKind::NotConnected);
        // Three seconds, one of pause, and what is left.
        assert_eq!(start.elapsed(), all * SECOND);
    }
}

/// Promise: T08
#[tokio::test(start_paused = true)]
async fn a_connect_whose_loader_hangs_can_be_given_up_within_a_second() {
    let world = World::new();
    let builder = StreamVideo::builder(KEY, User::regular("john")).options(world.options());
    let builder = builder.token_loader(|_| pending::<String>());
    let client = builder.build().unwrap();
    let mut attempt = pin!(client.connect().into_future());
    begin(attempt.as_mut());
    sleep(SECOND).await;
    let start = Instant::now();
    timeout(SECOND, client.disconnect()).await.unwrap();
    let error = attempt.await.unwrap_err();
    assert!(start.elapsed() <= SECOND, "{:?}", start.elapsed());
    assert_eq!(error.kind(), ErrorKind::Aborted);
    assert!(matches!(
        *client.state().borrow(),
        ConnectionState::Disconnected {
            reason: DisconnectReason::Requested
        }
    ));
    assert_eq!(world.logins(), 0);
}
