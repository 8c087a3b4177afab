//! The client of the process. In a binary of its own, and one test at a time, since there is but
//! one slot.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, MutexGuard};
use video_client::test_util::dialer_fn;
use video_client::{
    BuildError, ConnectionState, ErrorKind, PushError, PushNotificationManager, StreamVideo,
    StreamVideoBuilder, StreamVideoOptions, User,
};
use video_testkit::Coordinator;

/// Lets one test at a time use the slot, which is empty then.
async fn alone() -> MutexGuard<'static, ()> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    let turn = TURN.get_or_init(Mutex::default).lock().await;
    StreamVideo::reset(true).await;
    turn
}

struct NoPushes;

#[async_trait::async_trait]
impl PushNotificationManager for NoPushes {
    async fn register_device(&self) -> Result<(), PushError> {
        Ok(())
    }

    async fn unregister_device(&self) -> Result<(), PushError> {
        Ok(())
    }
}

fn coordinator() -> Coordinator {
    Coordinator::builder("key", "secret").build()
}

fn builder(coordinator: &Coordinator, user: &str) -> StreamVideoBuilder {
    let token = coordinator.token(user);
    let coordinator = coordinator.clone();
    let dialer = dialer_fn(move |_| {
        let io = coordinator.connect();
        async move { Ok(io) }
    });
    let options = StreamVideoOptions::default()
        .coordinator_rpc_url("http://localhost")
        .coordinator_ws_url("ws://localhost/video/connect")
        .dialer(dialer);
    StreamVideo::builder("key", User::regular(user))
        .user_token(token)
        .options(options)
}

async fn until(client: &StreamVideo, wanted: impl Fn(&ConnectionState) -> bool) {
    client
        .state()
        .wait_for(|state| wanted(state))
        .await
        .unwrap();
}

/// Promise: CK006
#[tokio::test(start_paused = true)]
async fn before_one_is_installed_there_is_none_and_asking_is_an_error() {
    let _turn = alone().await;
    assert!(!StreamVideo::is_initialized());
    let error = StreamVideo::instance().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotInstalled);
    assert!(error.to_string().contains("install()"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_installed_client_is_the_instance() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let client = builder(&coordinator, "john").install().unwrap();
    assert!(StreamVideo::is_initialized());
    let instance = StreamVideo::instance().unwrap();
    assert_eq!(instance.current_user().id(), "john");
    instance
        .connect()
        .include_user_details(false)
        .await
        .unwrap();
    assert!(client.state().borrow().is_connected());
}

/// Promise: CK007, BD25
#[tokio::test(start_paused = true)]
async fn a_second_install_is_refused_before_it_did_anything() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let first = builder(&coordinator, "john").install().unwrap();
    until(&first, ConnectionState::is_connected).await;
    coordinator.journal().clear();
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    let provided = Arc::new(AtomicBool::new(false));
    let second = builder(&coordinator, "jane").push_notification_manager_provider({
        let provided = Arc::clone(&provided);
        move |_| {
            provided.store(true, Ordering::Relaxed);
            NoPushes
        }
    });
    let error = second.install().unwrap_err();
    assert!(matches!(error, BuildError::AlreadyInstalled), "{error:?}");
    assert!(!provided.load(Ordering::Relaxed));
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(tasks(), before);
    assert!(coordinator.journal().entries().is_empty());
    assert_eq!(StreamVideo::instance().unwrap().current_user().id(), "john");
}

/// Promise: CK008, U19
#[tokio::test(start_paused = true)]
async fn a_second_install_may_replace_the_first_which_is_disconnected() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let first = builder(&coordinator, "john").install().unwrap();
    until(&first, ConnectionState::is_connected).await;
    let nobody = || StreamVideo::builder("key", User::anonymous());
    let error = nobody().install().unwrap_err();
    assert!(matches!(error, BuildError::AlreadyInstalled), "{error:?}");
    let second = builder(&coordinator, "jane");
    let second = second.fail_if_singleton_exists(false).install().unwrap();
    until(&second, ConnectionState::is_connected).await;
    until(&first, |state| {
        matches!(state, ConnectionState::Disconnected { .. })
    })
    .await;
    assert_eq!(StreamVideo::instance().unwrap().current_user().id(), "jane");
    let connections = coordinator.connections();
    assert_eq!(connections.len(), 1);
    assert_eq!(connections[0].user_id, "jane");
}

/// Promise: CK009
#[tokio::test(start_paused = true)]
async fn building_a_client_never_touches_the_installed_one() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let built = builder(&coordinator, "john").build().unwrap();
    assert!(!StreamVideo::is_initialized());
    let installed = builder(&coordinator, "jane").install().unwrap();
    until(&installed, ConnectionState::is_connected).await;
    let another = builder(&coordinator, "jim").build().unwrap();
    until(&built, ConnectionState::is_connected).await;
    until(&another, ConnectionState::is_connected).await;
    assert!(installed.state().borrow().is_connected());
    assert_eq!(StreamVideo::instance().unwrap().current_user().id(), "jane");
}

/// Promise: CK010
#[tokio::test(start_paused = true)]
async fn reset_forgets_the_client_and_disconnects_it_if_told_so() {
    let _turn = alone().await;
    let coordinator = coordinator();
    for disconnect in [false, true] {
        let client = builder(&coordinator, "john").install().unwrap();
        until(&client, ConnectionState::is_connected).await;
        StreamVideo::reset(disconnect).await;
        assert!(!StreamVideo::is_initialized());
        assert_eq!(client.state().borrow().is_connected(), !disconnect);
    }
    StreamVideo::reset(true).await;
}

#[tokio::test(start_paused = true)]
async fn an_install_that_fails_leaves_the_installed_client_as_it_was() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let first = builder(&coordinator, "john").install().unwrap();
    let second = StreamVideo::builder("key", User::regular("jane"));
    let error = second.fail_if_singleton_exists(false).install();
    assert!(matches!(error.unwrap_err(), BuildError::NoToken));
    until(&first, ConnectionState::is_connected).await;
    assert_eq!(StreamVideo::instance().unwrap().current_user().id(), "john");
    StreamVideo::reset(true).await;
    builder(&coordinator, "jane").install().unwrap();
}
