//! The client of the process, when many reach for it at once. In a binary of its own, and one test
//! at a time, since there is but one slot.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use video_client::test_util::dialer_fn;
use video_client::{
    BuildError, ConnectionState, Devices, DisconnectReason, ErrorKind, PushError,
    PushNotificationManager, StreamVideo, StreamVideoBuilder, StreamVideoOptions, User,
};
use video_testkit::{Coordinator, Entry, Fault};

const SECOND: Duration = Duration::from_secs(1);

/// Lets one test at a time use the slot, which is empty then.
async fn alone() -> MutexGuard<'static, ()> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    let turn = TURN.get_or_init(Mutex::default).lock().await;
    StreamVideo::reset(false).await;
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

/// A builder of a client that connects by itself.
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
    let mut state = client.state();
    let reached = timeout(60 * SECOND, state.wait_for(|state| wanted(state)));
    reached.await.unwrap().unwrap();
}

fn is_requested(state: &ConnectionState) -> bool {
    let requested = DisconnectReason::Requested;
    matches!(state, ConnectionState::Disconnected { reason }
        if std::mem::discriminant(reason) == std::mem::discriminant(&requested))
}

async fn nothing_is_left(coordinator: &Coordinator) {
    sleep(3 * SECOND).await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    assert_eq!((tasks, coordinator.open_links()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_install_at_once_one_does_and_the_others_did_nothing() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let mut crowd = JoinSet::new();
    for n in 0..32 {
        let coordinator = coordinator.clone();
        crowd.spawn(async move { builder(&coordinator, &format!("user-{n}")).install() });
    }
    let results = crowd.join_all().await;
    let refused = |result: &Result<_, _>| matches!(result, Err(BuildError::AlreadyInstalled));
    assert_eq!(results.iter().filter(|result| refused(result)).count(), 31);
    let winner = results.into_iter().find_map(Result::ok).unwrap();
    let client = StreamVideo::instance().unwrap();
    assert_eq!(client.current_user().id(), winner.current_user().id());
    until(&client, ConnectionState::is_connected).await;
    let opened = |entry: &Entry| matches!(entry, Entry::SocketOpened { .. });
    assert_eq!(coordinator.journal().count(opened), 1);
    StreamVideo::reset(true).await;
    assert!(is_requested(&client.state().borrow()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_of_replacements_and_resets_leaves_no_connection_behind() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let mut storm = JoinSet::new();
    for n in 0..64 {
        let coordinator = coordinator.clone();
        storm.spawn(async move {
            if n % 4 == 3 {
                StreamVideo::reset(n % 8 == 3).await;
            } else {
                let builder = builder(&coordinator, "john").fail_if_singleton_exists(false);
                match builder.install() {
                    Ok(_) | Err(BuildError::AlreadyInstalled) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }
    storm.join_all().await;
    StreamVideo::reset(true).await;
    assert!(!StreamVideo::is_initialized());
    let gone = async {
        while coordinator.open_links() > 0 || Handle::current().metrics().num_alive_tasks() > 0 {
            sleep(SECOND / 100).await;
        }
    };
    timeout(10 * SECOND, gone).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_panics_leaves_the_slot_free() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let broken = |_: Devices| -> NoPushes { panic!("no pushes here") };
    let builder_of_it = builder(&coordinator, "john").push_notification_manager_provider(broken);
    let install = catch_unwind(AssertUnwindSafe(|| builder_of_it.install()));
    install.unwrap_err();
    assert!(!StreamVideo::is_initialized());
    let client = builder(&coordinator, "john").install().unwrap();
    until(&client, ConnectionState::is_connected).await;
    StreamVideo::reset(true).await;
    drop(client);
    nothing_is_left(&coordinator).await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_or_installs_while_installing_is_refused_and_does_not_block() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let other = coordinator.clone();
    let provider = move |_: Devices| {
        assert!(!StreamVideo::is_initialized());
        let error = StreamVideo::instance().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotInstalled);
        for fail in [true, false] {
            let inner = builder(&other, "ada").fail_if_singleton_exists(fail);
            assert!(matches!(inner.install(), Err(BuildError::AlreadyInstalled)));
        }
        NoPushes
    };
    let outer = builder(&coordinator, "john").push_notification_manager_provider(provider);
    let client = outer.install().unwrap();
    until(&client, ConnectionState::is_connected).await;
    assert_eq!(coordinator.connections().len(), 1);
    StreamVideo::reset(true).await;
    drop(client);
    nothing_is_left(&coordinator).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_nobody_holds_ends_when_it_is_forgotten() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let client = builder(&coordinator, "john").install().unwrap();
    until(&client, ConnectionState::is_connected).await;
    StreamVideo::reset(false).await;
    sleep(SECOND).await;
    assert_eq!(coordinator.connections().len(), 1, "a clone is held");
    drop(client);
    nothing_is_left(&coordinator).await;

    let held = builder(&coordinator, "john").install().unwrap().state();
    sleep(SECOND).await;
    assert!(held.borrow().is_connected(), "the slot holds it");
    StreamVideo::reset(false).await;
    nothing_is_left(&coordinator).await;
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_is_cancelled_disconnects_all_the_same() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let client = builder(&coordinator, "john").install().unwrap();
    until(&client, ConnectionState::is_connected).await;
    drop(timeout(Duration::ZERO, StreamVideo::reset(true)).await);
    assert!(!StreamVideo::is_initialized());
    until(&client, is_requested).await;
    sleep(2 * SECOND).await;
    assert!(coordinator.connections().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_is_replaced_while_connecting_never_connects() {
    let _turn = alone().await;
    let coordinator = coordinator();
    coordinator.faults().greeting(Fault::Delay(3 * SECOND));
    let old = builder(&coordinator, "john").install().unwrap();
    sleep(SECOND).await;
    let new = builder(&coordinator, "ada")
        .fail_if_singleton_exists(false)
        .install()
        .unwrap();
    until(&new, ConnectionState::is_connected).await;
    sleep(60 * SECOND).await;
    assert!(is_requested(&old.state().borrow()));
    assert_eq!(coordinator.connections().len(), 1);
    assert_eq!(coordinator.connections()[0].user_id, "ada");
    assert_eq!(StreamVideo::instance().unwrap().current_user().id(), "ada");
    StreamVideo::reset(true).await;
    drop((old, new));
    nothing_is_left(&coordinator).await;
}

#[tokio::test(start_paused = true)]
async fn resets_at_once_and_without_a_client_are_nothing() {
    let _turn = alone().await;
    let coordinator = coordinator();
    let client = builder(&coordinator, "john").install().unwrap();
    until(&client, ConnectionState::is_connected).await;
    let one = StreamVideo::reset(true);
    let two = StreamVideo::reset(true);
    let both = async { tokio::join!(one, two, StreamVideo::reset(false)) };
    timeout(5 * SECOND, both).await.unwrap();
    assert!(is_requested(&client.state().borrow()));
    let again = builder(&coordinator, "john").install().unwrap();
    until(&again, ConnectionState::is_connected).await;
    StreamVideo::reset(true).await;
    drop((client, again));
    nothing_is_left(&coordinator).await;
}
