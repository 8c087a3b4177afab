//! Pushes, while connections come and go.

use tokio::time::{Duration, Instant, sleep};
use video_client::{Lifecycle, StreamVideo, User};

use crate::diary::{Diary, pushed};
use crate::ends::{ends, nothing_is_left};
use crate::support::{KEY, SECOND, World, until_connected};

pub(crate) fn client(world: &World) -> (StreamVideo, Diary) {
    let diary = Diary::default();
    let builder = pushed(world.builder("john"), &diary);
    let token = world.coordinator.token("john");
    (builder.user_token(token).build().unwrap(), diary)
}

pub(crate) fn devices(world: &World) -> usize {
    world.coordinator.devices("john").len()
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_amid_the_registration_is_not_late_and_leaves_no_device() {
    let world = World::new();
    let (client, diary) = client(&world);
    diary.slow(5 * SECOND, Duration::ZERO);
    client.connect().await.unwrap();
    sleep(SECOND).await;
    let start = Instant::now();
    client.disconnect().await;
    assert!(start.elapsed() <= SECOND);
    sleep(20 * SECOND).await;
    assert_eq!(devices(&world), 0);
    client.connect().await.unwrap();
    sleep(20 * SECOND).await;
    assert_eq!(diary.registrations(), 2);
    assert_eq!(devices(&world), 1);
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn losses_and_the_background_do_not_register_again() {
    let world = World::new();
    let (client, diary) = client(&world);
    client.connect().await.unwrap();
    for _ in 0..3 {
        world.coordinator.drop_connections("john");
        sleep(SECOND / 100).await;
        until_connected(&client).await;
        client.set_lifecycle(Lifecycle::Background).await;
        sleep(SECOND).await;
        client.set_lifecycle(Lifecycle::Foreground).await;
        until_connected(&client).await;
        client.connect().await.unwrap();
    }
    sleep(SECOND).await;
    assert_eq!(diary.lines(), ["register"]);
}

#[tokio::test(start_paused = true)]
async fn a_second_connect_may_ask_for_the_device_that_the_first_did_not() {
    let world = World::new();
    let (client, diary) = client(&world);
    client.connect().register_push_device(false).await.unwrap();
    sleep(SECOND).await;
    assert!(diary.lines().is_empty());
    client.connect().await.unwrap();
    sleep(SECOND).await;
    assert_eq!(diary.lines(), ["register"]);
    client.connect().register_push_device(false).await.unwrap();
    client.disconnect().await;
    sleep(SECOND).await;
    assert_eq!(diary.lines(), ["register", "unregister"]);
    client.disconnect().await;
    sleep(SECOND).await;
    assert_eq!(diary.lines(), ["register", "unregister"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_ends_amid_the_registration_disposes_and_leaves_nothing() {
    for polite in [true, false] {
        let world = World::new();
        let (client, diary) = client(&world);
        diary.slow(3600 * SECOND, 3600 * SECOND);
        client.connect().await.unwrap();
        sleep(SECOND).await;
        if polite {
            ends(&world, client).await;
        } else {
            drop(client);
            nothing_is_left(&world).await;
        }
        assert_eq!(diary.lines(), ["register", "dispose"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_amid_the_unregistration_is_an_end() {
    let world = World::new();
    let (client, diary) = client(&world);
    client.connect().await.unwrap();
    sleep(SECOND).await;
    diary.slow(Duration::ZERO, 3600 * SECOND);
    client.disconnect().await;
    let start = Instant::now();
    client.shutdown().await.unwrap();
    assert!(start.elapsed() <= 2 * SECOND, "{:?}", start.elapsed());
    ends(&world, client).await;
    assert_eq!(diary.lines(), ["register", "unregister", "dispose"]);
}

#[tokio::test(start_paused = true)]
async fn a_guest_who_becomes_another_leaves_no_device_behind() {
    let world = World::new();
    let diary = Diary::default();
    let builder = StreamVideo::builder(KEY, User::guest("sam")).options(world.options());
    let client = pushed(builder, &diary).build().unwrap();
    client.connect().await.unwrap();
    sleep(SECOND).await;
    let first = client.current_user();
    assert_eq!(world.coordinator.devices(first.id()).len(), 1);
    client.become_new_guest().await.unwrap();
    client.connect().await.unwrap();
    sleep(SECOND).await;
    let second = client.current_user();
    assert_eq!(world.coordinator.devices(second.id()).len(), 1);
    assert_eq!(world.coordinator.devices(first.id()), []);
    assert_eq!(diary.registrations(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_device_is_not_registered_after_the_wish_that_would_need_it_has_failed() {
    let world = World::new();
    let (client, diary) = client(&world);
    world.coordinator.expire_tokens("john");
    client.connect().await.unwrap_err();
    sleep(60 * SECOND).await;
    assert!(diary.lines().is_empty());
    client.disconnect().await;
    client.shutdown().await.unwrap();
    assert!(!diary.lines().contains(&"register"));
    assert!(!diary.lines().contains(&"unregister"));
    ends(&world, client).await;
}
