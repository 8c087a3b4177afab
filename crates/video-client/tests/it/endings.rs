//! Ends that are hurried, cut short, or come on top of each other, with a push manager that takes its
//! time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use video_client::model::PushProvider;
use video_client::{
    Devices, PushError, PushNotificationManager, RefreshPolicy, StreamVideo, StreamVideoBuilder,
    User,
};

use crate::support::{KEY, SECOND, World, begin};

/// A manager that thinks before each request.
struct Slow {
    devices: Devices,
    thinks: Duration,
}

#[async_trait::async_trait]
impl PushNotificationManager for Slow {
    async fn register_device(&self) -> Result<(), PushError> {
        sleep(self.thinks).await;
        let device = self.devices.create("token", PushProvider::firebase());
        Ok(device.await?)
    }

    async fn unregister_device(&self) -> Result<(), PushError> {
        sleep(self.thinks).await;
        Ok(self.devices.delete("token").await?)
    }

    async fn dispose(&self) {
        sleep(self.thinks).await;
    }
}

fn slow(builder: StreamVideoBuilder) -> StreamVideo {
    let thinks = SECOND / 2;
    builder
        .push_notification_manager_provider(move |devices| Slow { devices, thinks })
        .build()
        .unwrap()
}

/// A connected client whose device is registered.
async fn registered(world: &World) -> StreamVideo {
    let token = world.coordinator.token("john");
    let client = slow(world.builder("john").user_token(token));
    client.connect().await.unwrap();
    sleep(SECOND).await;
    assert_eq!(world.coordinator.devices("john").len(), 1);
    client
}

#[tokio::test(start_paused = true)]
async fn who_signs_out_has_no_device_left_whatever_comes_after() {
    let world = World::new();
    let client = registered(&world).await;
    client.disconnect().await;
    drop(client);
    sleep(20 * SECOND).await;
    assert!(world.coordinator.devices("john").is_empty(), "dropped");

    let client = registered(&world).await;
    client.disconnect().await;
    client.shutdown().await.unwrap();
    assert!(world.coordinator.devices("john").is_empty(), "shut down");
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_that_is_given_up_disconnects_all_the_same() {
    let world = World::new();
    let client = registered(&world).await;
    begin(Box::pin(client.disconnect()).as_mut());
    sleep(20 * SECOND).await;
    assert!(world.coordinator.connections().is_empty());
    assert!(world.coordinator.devices("john").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_given_up_ends_the_client_all_the_same() {
    let world = World::new();
    let client = registered(&world).await;
    let given_up = timeout(SECOND / 10, client.shutdown()).await;
    assert!(given_up.is_err());
    sleep(20 * SECOND).await;
    assert!(world.coordinator.connections().is_empty());
    assert!(client.events().next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_device_of_a_former_guest_is_forgotten_in_their_name() {
    let world = World::new();
    let sam = StreamVideo::builder(KEY, User::guest("sam")).options(world.options());
    let client = slow(sam);
    client.connect().await.unwrap();
    sleep(SECOND).await;
    let former = client.current_user();
    assert_eq!(world.coordinator.devices(former.id()).len(), 1);
    client.become_new_guest().await.unwrap();
    assert!(world.coordinator.devices(former.id()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_replaced_client_of_the_same_user_leaves_the_device_to_the_new_one() {
    let world = World::new();
    let install = || {
        let builder = world.builder("john").fail_if_singleton_exists(false);
        let thinks = SECOND / 2;
        builder
            .options(world.options().auto_connect(true))
            .user_token(world.coordinator.token("john"))
            .push_notification_manager_provider(move |devices| Slow { devices, thinks })
            .install()
            .unwrap()
    };
    let former = install();
    sleep(5 * SECOND).await;
    let client = install();
    sleep(20 * SECOND).await;
    assert!(client.state().borrow().is_connected());
    assert!(!former.state().borrow().is_connected());
    assert_eq!(world.coordinator.devices("john").len(), 1);
    StreamVideo::reset(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_is_loaded_after_the_shutdown() {
    let world = World::new();
    let loads = Arc::new(AtomicUsize::new(0));
    let (coordinator, counter) = (world.coordinator.clone(), Arc::clone(&loads));
    // Due at once, but for the shortest time between two loads.
    let policy = RefreshPolicy::before_expiry(Duration::from_secs(1_000_000));
    let token = world.coordinator.token("john");
    let client = world
        .builder("john")
        .options(world.options().refresh_policy(policy))
        .user_token(token)
        .token_loader(move |user_id| {
            counter.fetch_add(1, Ordering::Relaxed);
            let token = coordinator.token(&user_id);
            async move { token }
        })
        .build()
        .unwrap();
    client.shutdown().await.unwrap();
    assert!(client.token().await.is_err());
    sleep(Duration::from_millis(50)).await;
    assert_eq!(loads.load(Ordering::Relaxed), 0);
}
