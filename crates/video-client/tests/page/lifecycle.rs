//! The background, at moments that are not convenient.

use tokio::time::{Duration, Instant, sleep, timeout};
use video_client::{ConnectionState, StreamVideo, StreamVideoOptions};
use video_testkit::Fault;

use crate::ends::ends;
use crate::support::{SECOND, World, begin, until, until_connected};

use video_client::Lifecycle::{Background, Foreground};

pub(crate) async fn one_connection(world: &World, client: &StreamVideo) {
    until_connected(client).await;
    sleep(60 * SECOND).await;
    assert!(client.state().borrow().is_connected());
    assert_eq!(world.coordinator.connections().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_background_amid_a_connect_stops_it_and_the_foreground_takes_it_up() {
    let world = World::new();
    world
        .coordinator
        .faults()
        .greeting(Fault::Delay(3 * SECOND));
    let client = world.client("john");
    let mut connect = client.connect().into_future();
    begin(connect.as_mut());
    sleep(SECOND).await;
    client.set_lifecycle(Background).await;
    assert!(matches!(*client.state().borrow(), ConnectionState::Paused));
    sleep(5 * SECOND).await;
    assert!(world.coordinator.connections().is_empty());
    client.set_lifecycle(Foreground).await;
    drop(timeout(20 * SECOND, connect).await.unwrap());
    one_connection(&world, &client).await;
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_stays_in_the_background_is_told_in_time() {
    let world = World::new();
    world.coordinator.faults().greeting(Fault::Stall);
    let client = world.client("john");
    let start = Instant::now();
    let mut connect = client.connect().into_future();
    begin(connect.as_mut());
    sleep(SECOND).await;
    client.set_lifecycle(Background).await;
    let connect = timeout(20 * SECOND, connect).await.unwrap();
    connect.unwrap_err();
    assert!(start.elapsed() <= 15 * SECOND);
    assert!(world.coordinator.connections().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_background_amid_reconnecting_dials_no_more_until_the_foreground() {
    let world = World::new();
    let client = world.connected("john").await;
    world.coordinator.faults().upgrade(Fault::Drop).forever();
    world.coordinator.drop_connections("john");
    until(&client, |state| {
        matches!(state, ConnectionState::Reconnecting { attempt: 3.., .. })
    })
    .await;
    client.set_lifecycle(Background).await;
    let dials = world.dials();
    sleep(600 * SECOND).await;
    assert_eq!(world.dials(), dials);
    assert!(matches!(*client.state().borrow(), ConnectionState::Paused));
    world.coordinator.faults().clear();
    client.set_lifecycle(Foreground).await;
    client.set_lifecycle(Foreground).await;
    let start = Instant::now();
    until_connected(&client).await;
    assert!(start.elapsed() < SECOND, "the wait before has no meaning");
    one_connection(&world, &client).await;
}

#[tokio::test(start_paused = true)]
async fn who_never_connected_is_not_connected_by_the_foreground() {
    let world = World::new();
    let client = world.client("john");
    for lifecycle in [Foreground, Background, Background, Foreground, Foreground] {
        client.set_lifecycle(lifecycle).await;
        sleep(SECOND).await;
        assert!(!client.state().borrow().is_connected());
    }
    assert_eq!(world.dials(), 0);
    client.connect().await.unwrap();
    assert_eq!(world.logins(), 1);
    for _ in 0..3 {
        client.set_lifecycle(Foreground).await;
    }
    one_connection(&world, &client).await;
    assert_eq!(world.sockets(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connect_in_the_background_is_answered_and_the_foreground_has_one_connection() {
    for before in [true, false] {
        let world = World::new();
        let client = world.client("john");
        if !before {
            client.connect().await.unwrap();
        }
        client.set_lifecycle(Background).await;
        let connect = timeout(16 * SECOND, client.connect().into_future());
        let connected = connect.await.unwrap().is_ok();
        assert_eq!(client.state().borrow().is_connected(), connected);
        assert_eq!(
            world.coordinator.connections().len(),
            usize::from(connected)
        );
        client.set_lifecycle(Foreground).await;
        if !connected {
            client.connect().await.unwrap();
        }
        one_connection(&world, &client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn auto_connect_in_the_background_waits_for_the_foreground_or_connects_once() {
    let world = World::new();
    let options = world.options().auto_connect(true);
    let client = with(&world, options);
    client.set_lifecycle(Background).await;
    sleep(60 * SECOND).await;
    assert!(world.coordinator.connections().is_empty());
    client.set_lifecycle(Foreground).await;
    one_connection(&world, &client).await;
}

fn with(world: &World, options: StreamVideoOptions) -> StreamVideo {
    let token = world.coordinator.token("john");
    let builder = world.builder("john").options(options).user_token(token);
    builder.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_change_that_nobody_waits_for_is_made_all_the_same() {
    let world = World::new();
    let client = world.connected("john").await;
    begin(std::pin::pin!(client.set_lifecycle(Background)));
    sleep(2 * SECOND).await;
    assert!(matches!(*client.state().borrow(), ConnectionState::Paused));
    drop(timeout(Duration::ZERO, client.set_lifecycle(Foreground)).await);
    one_connection(&world, &client).await;
}
