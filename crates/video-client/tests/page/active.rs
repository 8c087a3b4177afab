//! Active calls: guards that outlive, come twice or come late.

use std::sync::{Arc, Mutex};

use tokio::time::sleep;
use video_client::{
    ActiveCallMedia, ConnectionState, MediaError, MediaSource, StreamVideo, StreamVideoBuilder,
    User,
};

use crate::ends::{ends, nothing_is_left};
use crate::support::{KEY, SECOND, World, until, until_connected};

use video_client::Lifecycle::{Background, Foreground};

/// A microphone that is on or off.
#[derive(Clone)]
struct Microphone(Arc<Mutex<bool>>);

impl Microphone {
    fn on() -> Self {
        Self(Arc::new(Mutex::new(true)))
    }

    fn is_on(&self) -> bool {
        *self.0.lock().unwrap()
    }
}

#[async_trait::async_trait]
impl ActiveCallMedia for Microphone {
    async fn is_on(&self, source: MediaSource) -> bool {
        source == MediaSource::Microphone && Self::is_on(self)
    }

    async fn turn(&self, source: MediaSource, on: bool) -> Result<(), MediaError> {
        assert_eq!(source, MediaSource::Microphone);
        *self.0.lock().unwrap() = on;
        Ok(())
    }
}

fn muting(world: &World, builder: StreamVideoBuilder) -> StreamVideoBuilder {
    builder.options(world.options().mute_audio_when_in_background(true))
}

async fn john(world: &World) -> StreamVideo {
    let token = world.coordinator.token("john");
    let builder = muting(world, world.builder("john")).user_token(token);
    let client = builder.build().unwrap();
    client.connect().await.unwrap();
    client
}

fn is_paused(client: &StreamVideo) -> bool {
    matches!(*client.state().borrow(), ConnectionState::Paused)
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_outlives_its_client_keeps_nothing_alive_and_may_be_dropped() {
    for background in [false, true] {
        let world = World::new();
        let client = john(&world).await;
        let guard = client.call("default", "a").activate(Microphone::on());
        if background {
            client.set_lifecycle(Background).await;
        }
        drop(client);
        nothing_is_left(&world).await;
        assert_eq!(guard.cid().as_str(), "default:a");
        drop(guard);
        nothing_is_left(&world).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_guard_of_a_client_that_is_shut_down_is_harmless() {
    let world = World::new();
    let client = john(&world).await;
    let call = client.call("default", "a");
    let guard = call.activate(Microphone::on());
    client.set_lifecycle(Background).await;
    client.shutdown().await.unwrap();
    drop(guard);
    let late = call.activate(Microphone::on());
    drop(late);
    assert!(client.active_calls().is_empty());
    drop(call);
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_active_twice_stays_so_until_both_guards_are_gone() {
    let world = World::new();
    let client = john(&world).await;
    let call = client.call("default", "a");
    let (one, two) = (
        call.activate(Microphone::on()),
        call.activate(Microphone::on()),
    );
    drop(one);
    assert_eq!(client.active_calls(), [call.cid().clone()]);
    client.set_lifecycle(Background).await;
    sleep(SECOND).await;
    assert!(client.state().borrow().is_connected());
    drop(two);
    sleep(2 * SECOND).await;
    assert!(client.active_calls().is_empty());
    assert!(is_paused(&client));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_becomes_active_in_the_background_gets_the_connection_back() {
    let world = World::new();
    let client = john(&world).await;
    client.set_lifecycle(Background).await;
    assert!(is_paused(&client));
    let guard = client.call("default", "a").activate(Microphone::on());
    until_connected(&client).await;
    drop(guard);
    until(&client, |state| matches!(state, ConnectionState::Paused)).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_in_the_background_survives_a_loss() {
    let world = World::new();
    let client = john(&world).await;
    let _guard = client.call("default", "a").activate(Microphone::on());
    client.set_lifecycle(Background).await;
    world.coordinator.drop_connections("john");
    until(&client, |state| !state.is_connected()).await;
    until_connected(&client).await;
    client.set_lifecycle(Foreground).await;
    sleep(60 * SECOND).await;
    assert_eq!(world.coordinator.connections().len(), 1);
    assert_eq!(world.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_muted_comes_back_once_whatever_comes_twice() {
    let world = World::new();
    let client = john(&world).await;
    let microphone = Microphone::on();
    let _guard = client.call("default", "a").activate(microphone.clone());
    for lifecycle in [Background, Background] {
        client.set_lifecycle(lifecycle).await;
        assert!(!microphone.is_on());
    }
    client.set_lifecycle(Foreground).await;
    assert!(microphone.is_on());
    // The user mutes by hand; nothing is there to restore.
    *microphone.0.lock().unwrap() = false;
    for lifecycle in [Foreground, Background, Foreground, Foreground] {
        client.set_lifecycle(lifecycle).await;
        assert!(!microphone.is_on());
    }
}

#[tokio::test(start_paused = true)]
async fn a_viewer_without_a_name_is_muted_and_restored_too() {
    let world = World::new();
    let builder = StreamVideo::builder(KEY, User::anonymous());
    let client = muting(&world, builder).build().unwrap();
    let microphone = Microphone::on();
    let guard = client.call("livestream", "a").activate(microphone.clone());
    client.set_lifecycle(Background).await;
    assert!(!microphone.is_on());
    client.set_lifecycle(Foreground).await;
    assert!(microphone.is_on());
    drop(guard);
    assert_eq!(world.dials(), 0);
    drop(client);
    nothing_is_left(&world).await;
}
