//! Guests: what comes between the request for one and its answer.

use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep, timeout};
use video_client::{ConnectionState, DisconnectReason, ErrorKind, StreamVideo, User};
use video_testkit::Fault;

use crate::ends::{ends, nothing_is_left};
use crate::support::{KEY, SECOND, World, begin, until_connected};

pub(crate) const GUEST: &str = "/video/guest";

/// A client of a guest, not connected.
pub(crate) fn sam(world: &World) -> StreamVideo {
    let user = User::guest("sam").name("Sam");
    let builder = StreamVideo::builder(KEY, user).options(world.options());
    builder.build().unwrap()
}

/// How often a guest was asked for.
pub(crate) fn asked(world: &World) -> usize {
    let journal = world.coordinator.journal();
    journal.count(|entry| entry.is_rest("POST", GUEST))
}

/// The next creation takes this long.
pub(crate) fn slow(world: &World, time: Duration) {
    let faults = world.coordinator.faults();
    faults.rest("POST", GUEST, Fault::Delay(time));
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_is_cancelled_leaves_its_guest_to_the_next_one() {
    let world = World::new();
    slow(&world, 3 * SECOND);
    let client = sam(&world);
    for _ in 0..4 {
        let connect = timeout(SECOND / 2, client.connect().into_future());
        connect.await.unwrap_err();
    }
    client.connect().await.unwrap();
    assert_eq!(client.current_user().id(), world.guest().as_str());
    assert_eq!(asked(&world), 1);
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_nobody_waits_for_any_more_does_not_cost_a_second_guest() {
    let world = World::new();
    slow(&world, 3 * SECOND);
    let client = sam(&world);
    for _ in 0..4 {
        timeout(SECOND / 2, client.token()).await.unwrap_err();
    }
    let call = client.call("default", "a").get_or_create().watch(false);
    timeout(SECOND / 2, call.into_future()).await.unwrap_err();
    let token = client.token().await.unwrap();
    assert_eq!(token.user_id(), &world.guest());
    assert_eq!(asked(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_amid_the_creation_opens_no_socket_and_costs_no_second_guest() {
    let world = World::new();
    slow(&world, 3 * SECOND);
    let client = sam(&world);
    let mut connect = client.connect().into_future();
    begin(connect.as_mut());
    sleep(SECOND).await;
    let start = Instant::now();
    client.disconnect().await;
    assert!(start.elapsed() <= SECOND);
    assert_eq!(connect.await.unwrap_err().kind(), ErrorKind::Aborted);
    sleep(10 * SECOND).await;
    assert_eq!(world.logins(), 0);
    assert!(matches!(
        *client.state().borrow(),
        ConnectionState::Disconnected {
            reason: DisconnectReason::Requested
        }
    ));
    client.connect().await.unwrap();
    assert_eq!(client.current_user().id(), world.guest().as_str());
    assert_eq!(asked(&world), 1);
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_early_wishes_makes_one_guest_and_none_is_anonymous() {
    let world = World::new();
    slow(&world, SECOND);
    let client = sam(&world);
    let mut crowd = JoinSet::new();
    for n in 0..50 {
        let call = client.call("default", n.to_string());
        crowd.spawn(async move {
            let created = call.get_or_create().watch(n % 2 == 0).await.unwrap();
            created.call.created_by.unwrap().id.clone()
        });
        let client = client.clone();
        crowd.spawn(async move { client.token().await.unwrap().user_id().clone() });
    }
    let (one, two) = tokio::join!(client.connect().into_future(), client.connect());
    let guest = world.guest();
    assert_eq!(one.unwrap(), two.unwrap());
    for id in crowd.join_all().await {
        assert_eq!(id, guest);
    }
    assert_eq!(world.logins(), 1);
    for record in world.coordinator.journal().entries() {
        let Some(call) = record.entry.as_rest() else {
            continue;
        };
        if call.path != GUEST {
            assert_eq!(call.user.as_ref(), Some(&guest), "{record}");
            assert_eq!(call.auth_type.as_deref(), Some("jwt"), "{record}");
        }
    }
    assert_eq!(asked(&world), 1);
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_dropped_or_shut_down_amid_the_creation_leaves_nothing() {
    for polite in [true, false] {
        let world = World::new();
        let faults = world.coordinator.faults();
        faults.rest("POST", GUEST, Fault::Stall).forever();
        let client = sam(&world);
        let mut connect = client.connect().into_future();
        begin(connect.as_mut());
        sleep(SECOND).await;
        if polite {
            client.shutdown().await.unwrap();
            assert_eq!(connect.await.unwrap_err().kind(), ErrorKind::Aborted);
            ends(&world, client).await;
        } else {
            drop(connect);
            drop(client);
            nothing_is_left(&world).await;
        }
        assert_eq!(world.logins(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_creation_does_not_wear_the_session_out() {
    let world = World::new();
    slow(&world, 4 * SECOND);
    let client = sam(&world);
    client.connect().await.unwrap();
    assert!(world.sockets() <= 3, "{} sockets", world.sockets());
    assert_eq!(asked(&world), 1);
    world
        .coordinator
        .drop_connections(client.current_user().id());
    sleep(SECOND / 100).await;
    until_connected(&client).await;
    assert_eq!(asked(&world), 1);
}
