//! Disconnecting, shutting down, and the end of the client.

use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use video_client::test_util::dialer_fn;
use video_client::{
    ActiveCallMedia, ConnectErrorKind, ConnectionState, DisconnectReason, ErrorKind, MediaError,
    MediaSource, StreamVideo, UserId,
};
use video_testkit::{ClosedBy, DelayDialer, Entry, Fault};

use crate::support::{SECOND, World, begin, until, until_connected};

/// A connected client of `user` to whom each answer comes half of `rtt` after it was given.
async fn connected_over(world: &World, user: &str, rtt: Duration) -> StreamVideo {
    let far = DelayDialer::new(world.coordinator.clone(), rtt);
    let dialer = dialer_fn(move |_target| {
        let far = far.clone();
        async move { far.dial(false).await }
    });
    let token = world.coordinator.token(user);
    let builder = world.builder(user).options(world.options().dialer(dialer));
    let client = builder.user_token(token).build().unwrap();
    client.connect().await.unwrap();
    client
}

/// Whether the client was told to disconnect and knows it.
fn is_off(client: &StreamVideo) -> bool {
    matches!(
        *client.state().borrow(),
        ConnectionState::Disconnected {
            reason: DisconnectReason::Requested
        }
    )
}

fn is_polite_end(entry: &Entry) -> bool {
    matches!(
        entry,
        Entry::SocketClosed {
            by: ClosedBy::Client,
            code: Some(1000),
            ..
        }
    )
}

/// Promise: CK021
#[tokio::test(start_paused = true)]
async fn disconnect_without_a_connection_succeeds_and_does_nothing() {
    let world = World::new();
    let client = world.client("john");
    client.disconnect().await;
    assert!(matches!(*client.state().borrow(), ConnectionState::Idle));
    assert!(world.coordinator.journal().entries().is_empty());
}

/// Promise: U07, W06
#[tokio::test(start_paused = true)]
async fn disconnect_may_come_before_connect_twice_and_in_its_midst() {
    let world = World::new();
    let client = world.client("john");
    client.disconnect().await;
    client.connect().await.unwrap();
    client.disconnect().await;
    client.disconnect().await;
    assert!(is_off(&client));
    assert!(world.coordinator.connections().is_empty());

    let faults = world.coordinator.faults();
    faults.greeting(Fault::Delay(3 * SECOND));
    let disconnect = async {
        sleep(SECOND).await;
        client.disconnect().await;
    };
    let (connected, ()) = tokio::join!(client.connect().into_future(), disconnect);
    let error = connected.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Aborted);
    let kind = error.connect_error().unwrap().kind();
    assert_eq!(*kind, ConnectErrorKind::Aborted);
    assert!(is_off(&client));
    sleep(60 * SECOND).await;
    assert!(is_off(&client));
    assert!(world.coordinator.connections().is_empty());
    assert_eq!(world.coordinator.open_links(), 0);

    client.connect().await.unwrap();
}

/// Promise: CK022
#[tokio::test(start_paused = true)]
async fn disconnects_at_once_share_one_outcome() {
    let world = World::new();
    let client = world.connected("john").await;
    let other = client.clone();
    let all = async { tokio::join!(client.disconnect(), other.disconnect(), client.disconnect()) };
    timeout(2 * SECOND, all).await.unwrap();
    assert!(is_off(&client) && is_off(&other));
    let journal = world.coordinator.journal();
    assert_eq!(journal.count(is_polite_end), 1);
    assert!(world.coordinator.connections().is_empty());
}

/// Promise: CK025
#[tokio::test(start_paused = true)]
async fn connect_after_disconnect_works_with_the_token_that_is_still_good() {
    let world = World::new();
    let (client, calls) = world.client_with_loader("john");
    let first = client.connect().await.unwrap();
    client.disconnect().await;
    let second = client.connect().await.unwrap();
    assert_eq!(first, second);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(world.logins(), 2);
    assert_eq!(world.coordinator.connections().len(), 1);
}

/// Promise: BD26, U06
#[tokio::test(start_paused = true)]
async fn a_slow_waiter_does_not_void_the_operation_that_came_after_its_own() {
    let world = World::new();
    let client = world.client("john");
    let mut early = client.connect().into_future();
    begin(early.as_mut());
    client.disconnect().await;
    client.connect().await.unwrap();
    // Only now does the first one look at its answer.
    assert_eq!(early.await.unwrap_err().kind(), ErrorKind::Aborted);
    assert!(client.state().borrow().is_connected());

    let mut slow = pin!(client.disconnect());
    begin(slow.as_mut());
    client.connect().await.unwrap();
    slow.await;
    sleep(60 * SECOND).await;
    assert!(client.state().borrow().is_connected());
    assert_eq!(world.coordinator.connections().len(), 1);
    assert_eq!(world.logins(), 2);
}

/// Promise: CK018, BD20
#[tokio::test(start_paused = true)]
async fn connect_in_the_midst_of_disconnect_waits_for_it_and_then_connects() {
    let world = World::new();
    let client = world.connected("john").await;
    let (connected, ()) = tokio::join!(
        async {
            // Behind the disconnect, which begins below.
            tokio::task::yield_now().await;
            client.connect().await
        },
        client.disconnect()
    );
    connected.unwrap();
    assert!(client.state().borrow().is_connected());
    let entries = world.coordinator.journal().entries();
    let closed = entries.iter().position(|r| is_polite_end(&r.entry));
    let again = entries
        .iter()
        .rposition(|r| matches!(r.entry, Entry::SocketOpened { .. }));
    assert!(closed.unwrap() < again.unwrap());
    assert_eq!(world.coordinator.connections().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_closes_the_socket_politely() {
    let world = World::new();
    let client = world.connected("john").await;
    let call = client.call("default", "standup");
    drop(client);
    sleep(SECOND).await;
    let journal = world.coordinator.journal();
    assert_eq!(journal.count(is_polite_end), 0);
    drop(call);
    let closed = journal.wait_for(is_polite_end);
    timeout(SECOND, closed).await.unwrap();
}

/// Promise: U09
#[tokio::test(start_paused = true)]
async fn no_task_outlives_the_client() {
    let world = World::new();
    let base = Handle::current().metrics().num_alive_tasks();
    let alive = || Handle::current().metrics().num_alive_tasks();
    for shut_down in [true, false] {
        let (client, _) = world.client_with_loader("john");
        client.connect().await.unwrap();
        let call = client.call("default", "standup");
        call.get_or_create().await.unwrap();
        world.coordinator.drop_connections("john");
        until(&client, |state| !state.is_connected()).await;
        client.connect().await.unwrap();
        assert!(alive() > base);
        if shut_down {
            client.shutdown().await.unwrap();
        }
        drop((client, call));
        sleep(5 * SECOND).await;
        assert_eq!(alive(), base, "shutdown first: {shut_down}");
        assert_eq!(world.coordinator.open_links(), 0);
    }
    world.coordinator.assert_healthy();
}

#[tokio::test(start_paused = true)]
async fn nothing_watches_calls_again_after_a_shutdown_whenever_it_comes() {
    let world = World::new();
    let base = Handle::current().metrics().num_alive_tasks();
    let faults = world.coordinator.faults();
    faults
        .rest("POST", "/video/calls", Fault::ApiError(9))
        .forever();
    for halves in 0..20 {
        let client = world.connected("john").await;
        let call = client.call("default", "standup");
        call.get_or_create().await.unwrap();
        world.coordinator.drop_connections("john");
        until(&client, |state| !state.is_connected()).await;
        until_connected(&client).await;
        sleep(halves * SECOND / 2).await;
        client.shutdown().await.unwrap();
        // The emulator sees the ends of the connections. No time passes, and the client is held.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            Handle::current().metrics().num_alive_tasks(),
            base,
            "after {halves} half seconds"
        );
        drop((client, call));
    }
}

/// Promise: U09
#[tokio::test(start_paused = true)]
async fn no_task_outlives_a_client_that_could_not_connect() {
    let world = World::new();
    let base = Handle::current().metrics().num_alive_tasks();
    let faults = world.coordinator.faults();
    faults.dial(Fault::Stall).forever();
    let client = world.client("john");
    let mut attempt = client.connect().into_future();
    begin(attempt.as_mut());
    sleep(SECOND).await;
    client.shutdown().await.unwrap();
    let error = attempt.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Aborted);
    drop(client);
    drop(world);
    sleep(20 * SECOND).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), base);
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_the_streams_and_refuses_what_comes_after() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut events = client.events();
    let ended = async { while events.next().await.is_some() {} };
    let (ended, over) = tokio::join!(timeout(SECOND, ended), client.shutdown());
    ended.unwrap();
    over.unwrap();
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Aborted);
    let kind = error.connect_error().unwrap().kind();
    assert_eq!(*kind, ConnectErrorKind::Shutdown);
    client.disconnect().await;
    client.shutdown().await.unwrap();
    assert!(matches!(
        *client.state().borrow(),
        ConnectionState::Disconnected {
            reason: DisconnectReason::Shutdown
        }
    ));
    assert!(world.coordinator.connections().is_empty());
}

/// Promise: U09
#[tokio::test(start_paused = true)]
async fn no_task_outlives_a_client_whose_loader_and_request_hang() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults
        .rest("*", "/video/call/default/hung", Fault::Stall)
        .forever();
    let base = Handle::current().metrics().num_alive_tasks();
    let loads = AtomicUsize::new(0);
    let coordinator = world.coordinator.clone();
    let loader = move |user: UserId| {
        let first = loads.fetch_add(1, Ordering::Relaxed) == 0;
        let token = first.then(|| coordinator.token(&user));
        async move {
            match token {
                Some(token) => token,
                None => pending().await,
            }
        }
    };
    let client = world.builder("john").token_loader(loader).build().unwrap();
    client.connect().await.unwrap();
    let mut hung = client.call("default", "hung").get().into_future();
    begin(hung.as_mut());
    sleep(SECOND).await;
    world.coordinator.expire_tokens("john");
    sleep(SECOND).await;
    assert!(Handle::current().metrics().num_alive_tasks() > base);
    drop((client, hung));
    sleep(5 * SECOND).await;
    assert_eq!(world.coordinator.open_links(), 0);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), base);
}

#[tokio::test(start_paused = true)]
async fn fifty_connections_in_a_row_leave_one_socket_and_then_none() {
    let world = World::new();
    let client = world.client("john");
    for _ in 0..50 {
        client.connect().await.unwrap();
        assert_eq!(world.coordinator.connections().len(), 1);
        client.disconnect().await;
        assert!(world.coordinator.connections().is_empty());
    }
    assert_eq!(world.logins(), 50);
    sleep(SECOND).await;
    assert_eq!(world.coordinator.open_links(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_client_in_the_midst_of_connecting_leaves_no_socket() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.greeting(Fault::Delay(3 * SECOND));
    let client = world.client("john");
    let mut attempt = client.connect().into_future();
    begin(attempt.as_mut());
    sleep(SECOND).await;
    assert_eq!(world.sockets(), 1);
    drop(attempt);
    drop(client);
    sleep(10 * SECOND).await;
    assert!(world.coordinator.connections().is_empty());
    assert_eq!(world.coordinator.open_links(), 0);
}

/// Promise: W35, CK019
#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_answer_a_close_holds_disconnect_up_for_a_second_at_most() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.greeting(Fault::Delay(10 * SECOND));
    let client = world.client("john");
    let mut attempt = client.connect().into_future();
    begin(attempt.as_mut());
    sleep(SECOND).await;
    let limit = SECOND + SECOND / 10;
    timeout(limit, client.disconnect()).await.unwrap();
    assert_eq!(attempt.await.unwrap_err().kind(), ErrorKind::Aborted);
    assert!(is_off(&client));
    sleep(60 * SECOND).await;
    assert!(is_off(&client));
    assert_eq!(world.coordinator.open_links(), 0);
    assert!(world.coordinator.connections().is_empty());
    assert_eq!(world.sockets(), 1);
}

#[tokio::test(start_paused = true)]
async fn pause_may_come_twice_and_after_disconnect() {
    let world = World::new();
    let client = world.client("john");
    client.pause().await;
    client.connect().await.unwrap();
    let wishes = async {
        tokio::join!(client.pause(), client.pause());
        client.pause().await;
        assert!(matches!(*client.state().borrow(), ConnectionState::Paused));
        client.disconnect().await;
        client.pause().await;
        client.resume().await;
    };
    timeout(5 * SECOND, wishes).await.unwrap();
    assert!(is_off(&client));
    assert!(world.coordinator.connections().is_empty());
    client.connect().await.unwrap();
}

/// Promise: CK024
#[tokio::test(start_paused = true)]
async fn after_a_disconnect_no_call_is_active_or_watched() {
    struct NoMedia;

    #[async_trait::async_trait]
    impl ActiveCallMedia for NoMedia {
        async fn is_on(&self, _: MediaSource) -> bool {
            false
        }

        async fn turn(&self, _: MediaSource, _: bool) -> Result<(), MediaError> {
            Ok(())
        }
    }

    let world = World::new();
    let client = world.connected("john").await;
    let call = client.call("default", "standup");
    call.get_or_create().await.unwrap();
    let guard = call.activate(NoMedia);
    client.disconnect().await;
    assert!(client.active_calls().is_empty());
    drop(guard);
    client.connect().await.unwrap();
    sleep(60 * SECOND).await;
    assert!(world.coordinator.watchers("default:standup").is_empty());
    let queries = |entry: &Entry| {
        entry
            .as_rest()
            .is_some_and(|call| call.path == "/video/calls")
    };
    assert_eq!(world.coordinator.journal().count(queries), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_answer_comes_after_a_disconnect_is_not_watched_on_the_next_connection() {
    let world = World::new();
    let client = connected_over(&world, "john", SECOND).await;
    let call = client.call("default", "standup");
    let journal = world.coordinator.journal();
    let disconnect = async {
        let path = "/video/call/default/standup";
        journal.wait_for(|entry| entry.is_rest("POST", path)).await;
        client.disconnect().await;
    };
    let (got, ()) = tokio::join!(call.get_or_create().into_future(), disconnect);
    got.unwrap();
    client.connect().await.unwrap();
    sleep(60 * SECOND).await;
    assert!(world.coordinator.watchers("default:standup").is_empty());

    // What is asked for from then on is watched as ever.
    call.get_or_create().await.unwrap();
    world.coordinator.drop_connections("john");
    until(&client, |state| !state.is_connected()).await;
    until_connected(&client).await;
    sleep(SECOND).await;
    assert_eq!(world.coordinator.watchers("default:standup").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_that_is_given_up_does_not_outlive_a_newer_wish_to_connect() {
    let world = World::new();
    let client = world.connected("john").await;
    {
        let mut disconnect = Box::pin(client.disconnect());
        begin(disconnect.as_mut());
        begin(Box::pin(client.connect().into_future()).as_mut());
    }
    sleep(10 * SECOND).await;
    assert!(client.state().borrow().is_connected());
}
