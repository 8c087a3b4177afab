//! Foreground and background: who closes the connection, who is muted, and who comes back.

use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use video_client::{
    ActiveCallMedia, Call, ConnectionState, Lifecycle, MediaError, MediaSource, StreamVideo,
    StreamVideoOptions,
};
use video_testkit::Fault;

use crate::support::{SECOND, World, next_event, until_connected};

/// A camera and a microphone that keep a diary.
#[derive(Clone, Default)]
struct Studio(Arc<Mutex<Media>>);

#[derive(Default)]
struct Media {
    on: Vec<MediaSource>,
    stuck: bool,
    silent: bool,
    turned: Vec<(MediaSource, bool)>,
}

impl Studio {
    fn with(on: &[MediaSource]) -> Self {
        let media = Media {
            on: on.to_vec(),
            ..Media::default()
        };
        Self(Arc::new(Mutex::new(media)))
    }

    fn turned(&self) -> Vec<(MediaSource, bool)> {
        std::mem::take(&mut self.0.lock().unwrap().turned)
    }
}

#[async_trait::async_trait]
impl ActiveCallMedia for Studio {
    async fn is_on(&self, source: MediaSource) -> bool {
        if self.0.lock().unwrap().silent {
            return std::future::pending().await;
        }
        self.0.lock().unwrap().on.contains(&source)
    }

    async fn turn(&self, source: MediaSource, on: bool) -> Result<(), MediaError> {
        let mut media = self.0.lock().unwrap();
        if media.stuck {
            return Err("the cap is on".into());
        }
        media.turned.push((source, on));
        media.on.retain(|known| *known != source);
        if on {
            media.on.push(source);
        }
        Ok(())
    }
}

use Lifecycle::{Background, Foreground};
use MediaSource::{Camera, Microphone};

async fn connected(world: &World, options: StreamVideoOptions) -> StreamVideo {
    let token = world.coordinator.token("john");
    let builder = world.builder("john").options(options).user_token(token);
    let client = builder.build().unwrap();
    client.connect().await.unwrap();
    client
}

fn is_paused(client: &StreamVideo) -> bool {
    matches!(*client.state().borrow(), ConnectionState::Paused)
}

/// Promise: CK089, BD22
#[tokio::test(start_paused = true)]
async fn the_background_closes_a_connection_that_no_call_needs_and_the_state_says_so() {
    let world = World::new();
    let client = connected(&world, world.options()).await;
    client.set_lifecycle(Background).await;
    assert!(is_paused(&client));
    assert!(world.coordinator.connections().is_empty());
    sleep(300 * SECOND).await;
    assert!(is_paused(&client));
    assert_eq!(world.sockets(), 1);
    client.set_lifecycle(Foreground).await;
    until_connected(&client).await;
    assert_eq!(world.coordinator.connections().len(), 1);

    let options = world
        .options()
        .keep_connections_alive_when_in_background(true);
    let kept = connected(&world, options).await;
    kept.set_lifecycle(Background).await;
    assert!(kept.state().borrow().is_connected());
}

/// Promise: CK091, BD01
#[tokio::test(start_paused = true)]
async fn after_the_foreground_calls_are_watched_again_and_a_loss_heals_as_ever() {
    let world = World::new();
    let client = connected(&world, world.options()).await;
    let call = client.call("default", "standup");
    call.get_or_create().await.unwrap();
    let mut events = call.events();
    for _ in 0..2 {
        client.set_lifecycle(Background).await;
        client.set_lifecycle(Foreground).await;
        until_connected(&client).await;
    }
    world.coordinator.drop_connections("john");
    sleep(SECOND).await;
    until_connected(&client).await;
    sleep(SECOND).await;
    assert_eq!(world.coordinator.watchers("default:standup").len(), 1);
    call.send_custom_event(&serde_json::json!({"n": 1}))
        .await
        .unwrap();
    next_event(&mut events, "custom").await;
    assert_eq!(world.logins(), 4);
}

/// Promise: CK090
#[tokio::test(start_paused = true)]
async fn what_was_on_is_muted_in_the_background_and_no_more_is_restored() {
    let world = World::new();
    let options = world
        .options()
        .mute_video_when_in_background(true)
        .mute_audio_when_in_background(true);
    let client = connected(&world, options).await;
    let both = Studio::with(&[Camera, Microphone]);
    let audio = Studio::with(&[Microphone]);
    let first = client.call("default", "a").activate(both.clone());
    let _second = client.call("default", "b").activate(audio.clone());
    assert_eq!(client.active_calls(), ["default:a", "default:b"]);

    client.set_lifecycle(Background).await;
    assert!(client.state().borrow().is_connected(), "a call is active");
    assert_eq!(both.turned(), [(Camera, false), (Microphone, false)]);
    assert_eq!(audio.turned(), [(Microphone, false)]);
    client.set_lifecycle(Background).await;
    assert!(both.turned().is_empty());

    drop(first);
    client.set_lifecycle(Foreground).await;
    assert!(both.turned().is_empty(), "that call is over");
    assert_eq!(audio.turned(), [(Microphone, true)]);
}

#[tokio::test(start_paused = true)]
async fn each_option_mutes_its_own_source_and_by_default_none_is_muted() {
    let world = World::new();
    let options = || world.options();
    for (options, muted) in [
        (options(), vec![]),
        (options().mute_video_when_in_background(true), vec![Camera]),
        (
            options().mute_audio_when_in_background(true),
            vec![Microphone],
        ),
    ] {
        let client = connected(&world, options).await;
        let studio = Studio::with(&[Camera, Microphone]);
        let _call = client.call("default", "a").activate(studio.clone());
        client.set_lifecycle(Background).await;
        let off: Vec<_> = muted.iter().map(|source| (*source, false)).collect();
        assert_eq!(studio.turned(), off);
    }
}

#[tokio::test(start_paused = true)]
async fn media_that_fail_or_hang_are_not_restored_and_hold_nothing_up() {
    let world = World::new();
    let options = world.options().mute_video_when_in_background(true);
    let client = connected(&world, options).await;
    let stuck = Studio::with(&[Camera]);
    stuck.0.lock().unwrap().stuck = true;
    let silent = Studio::with(&[Camera]);
    silent.0.lock().unwrap().silent = true;
    let calls =
        [&stuck, &silent].map(|studio| client.call("default", "a").activate(studio.clone()));
    let background = client.set_lifecycle(Background);
    timeout(6 * SECOND, background).await.unwrap();
    stuck.0.lock().unwrap().stuck = false;
    client.set_lifecycle(Foreground).await;
    assert!(stuck.turned().is_empty());
    drop(calls);
}

#[tokio::test(start_paused = true)]
async fn the_last_active_call_that_ends_in_the_background_closes_the_connection() {
    let world = World::new();
    let client = connected(&world, world.options()).await;
    let call = client.call("default", "a").activate(Studio::default());
    client.set_lifecycle(Background).await;
    assert!(client.state().borrow().is_connected());
    drop(call);
    sleep(2 * SECOND).await;
    assert!(is_paused(&client));
    let _call = client.call("default", "b").activate(Studio::default());
    until_connected(&client).await;
}

/// Promise: CK092, BD12
#[tokio::test(start_paused = true)]
async fn fast_changes_end_with_one_socket() {
    let world = World::new();
    world
        .coordinator
        .faults()
        .greeting(Fault::Delay(SECOND / 10))
        .forever();
    let client = connected(&world, world.options()).await;
    for round in 0..50 {
        for lifecycle in [Background, Foreground] {
            let change = client.set_lifecycle(lifecycle);
            // Some changes are waited for, some are left after a moment.
            drop(timeout(SECOND / 100 * (round % 7), change).await);
        }
    }
    sleep(10 * SECOND).await;
    assert!(client.state().borrow().is_connected());
    assert_eq!(world.coordinator.connections().len(), 1);
    assert_eq!(world.coordinator.open_links(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_foreground_does_not_connect_who_was_told_to_disconnect() {
    let world = World::new();
    let client = connected(&world, world.options()).await;
    client.set_lifecycle(Background).await;
    client.disconnect().await;
    client.set_lifecycle(Foreground).await;
    sleep(60 * SECOND).await;
    assert!(world.coordinator.connections().is_empty());
    assert_eq!(world.sockets(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_watches_the_lifecycle_after_the_client() {
    let world = World::new();
    let client = connected(&world, world.options()).await;
    let call = client.call("default", "a").activate(Studio::default());
    client.set_lifecycle(Background).await;
    client.shutdown().await.unwrap();
    client.set_lifecycle(Foreground).await;
    drop(client);
    drop(call);
    drop(world);
    sleep(10 * SECOND).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_the_application_outlasts_a_look_at_the_background() {
    let world = World::new();
    let client = connected(&world, world.options()).await;
    client.pause().await;
    client.set_lifecycle(Background).await;
    client.set_lifecycle(Foreground).await;
    sleep(10 * SECOND).await;
    assert!(is_paused(&client));
    client.set_lifecycle(Background).await;
    client.resume().await;
    sleep(10 * SECOND).await;
    assert!(is_paused(&client), "still in the background");
    client.set_lifecycle(Foreground).await;
    until_connected(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_connect_in_the_background_holds_until_the_lifecycle_is_told_again() {
    let world = World::new();
    let token = world.coordinator.token("john");
    let client = world.builder("john").user_token(token).build().unwrap();
    client.set_lifecycle(Background).await;
    client.connect().await.unwrap();
    sleep(10 * SECOND).await;
    assert!(client.state().borrow().is_connected());
    client.set_lifecycle(Background).await;
    assert!(is_paused(&client));
}

#[tokio::test(start_paused = true)]
async fn media_that_panic_do_not_end_the_lifecycle() {
    struct Broken;

    #[async_trait::async_trait]
    impl ActiveCallMedia for Broken {
        async fn is_on(&self, _: MediaSource) -> bool {
            panic!("the engine is broken")
        }

        async fn turn(&self, _: MediaSource, _: bool) -> Result<(), MediaError> {
            Ok(())
        }
    }

    let world = World::new();
    let options = world.options().mute_video_when_in_background(true);
    let client = connected(&world, options).await;
    let call = client.call("default", "a").activate(Broken);
    client.set_lifecycle(Background).await;
    drop(call);
    sleep(SECOND).await;
    assert!(is_paused(&client));
    client.set_lifecycle(Foreground).await;
    until_connected(&client).await;
}

#[tokio::test(start_paused = true)]
async fn media_that_hold_the_call_keep_nothing_alive_once_it_is_over() {
    struct Engine(Call);

    #[async_trait::async_trait]
    impl ActiveCallMedia for Engine {
        async fn is_on(&self, _: MediaSource) -> bool {
            self.0.cid() == "default:a"
        }

        async fn turn(&self, _: MediaSource, _: bool) -> Result<(), MediaError> {
            Ok(())
        }
    }

    let world = World::new();
    let options = world.options().mute_video_when_in_background(true);
    let client = connected(&world, options).await;
    let call = client.call("default", "a");
    let active = call.activate(Engine(call.clone()));
    client.set_lifecycle(Background).await;
    drop((active, call, client, world));
    sleep(10 * SECOND).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}
