//! When the worker starts and ends, and what it does on its own.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::sleep;
use video_auth::RefreshPolicy;
use video_auth::test_util::ScriptedLoader;
use video_core::{TokenErrorKind, TokenSource, WallClock};

use super::{SECOND, builder, john};

#[tokio::test(start_paused = true)]
async fn dropping_the_manager_ends_its_task() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let loader = ScriptedLoader::new().then(SECOND, Ok(&john(1)));
    let manager = builder().loader(loader).build().unwrap();
    assert_eq!(tasks(), 0);
    manager.token().await.unwrap();
    assert_eq!(tasks(), 1);
    drop(manager);
    tokio::task::yield_now().await;
    assert_eq!(tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_given_token_is_in_use_without_a_task_until_it_is_rejected() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let loader = ScriptedLoader::new().then(SECOND, Ok(&john(2)));
    let manager = builder().static_token(john(1)).loader(loader).build();
    let manager = manager.unwrap();
    let token = manager.token().await.unwrap();
    assert_eq!((token.expose(), tasks()), (john(1).as_str(), 0));
    let newer = manager.refresh(&token).await.unwrap();
    assert_eq!((newer.expose(), tasks()), (john(2).as_str(), 1));
}

#[tokio::test(start_paused = true)]
async fn after_its_shutdown_a_manager_runs_nothing_and_loads_no_more() {
    let loader = ScriptedLoader::new().then(SECOND, Ok(&john(2)));
    let manager = builder().static_token(john(1)).loader(loader).build();
    let manager = manager.unwrap();
    let token = manager.token().await.unwrap();
    manager.shutdown().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    assert_eq!(manager.token().await.unwrap(), token);
    let error = manager.refresh(&token).await.unwrap_err();
    assert_eq!(error.kind(), &TokenErrorKind::Stopped);

    let loader = ScriptedLoader::new().then(SECOND, Ok(&john(1)));
    let unused = builder().loader(loader).build().unwrap();
    unused.shutdown().await;
    let error = unused.token().await.unwrap_err();
    assert_eq!(error.kind(), &TokenErrorKind::Stopped);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_manager_ends_its_load() {
    let loader = ScriptedLoader::new().then(Duration::MAX, Err("never"));
    let manager = builder().loader(loader).build().unwrap();
    assert!(tokio::time::timeout(SECOND, manager.token()).await.is_err());
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 2);
    drop(manager);
    tokio::task::yield_now().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_current_token_is_the_one_last_handed_out() {
    let new = john(2);
    let loader = ScriptedLoader::new()
        .then(SECOND, Ok(&john(1)))
        .then(SECOND, Ok(&new));
    let manager = builder().loader(loader).build().unwrap();
    assert_eq!(manager.current(), None);
    let token = manager.token().await.unwrap();
    assert_eq!(manager.current().as_ref(), Some(&token));
    let token = manager.refresh(&token).await.unwrap();
    assert_eq!(manager.current().as_ref(), Some(&token));
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime")
}

#[test]
fn a_manager_ends_with_the_runtime_that_it_began_in() {
    let loader = ScriptedLoader::new().then(Duration::ZERO, Ok(&john(1)));
    let manager = builder().loader(loader).build().unwrap();
    let token = runtime().block_on(manager.token()).unwrap();
    let error = runtime().block_on(manager.refresh(&token)).unwrap_err();
    assert_eq!(error.kind(), &TokenErrorKind::Stopped);
}

#[test]
fn without_a_runtime_there_is_an_error_and_later_a_token() {
    let loader = ScriptedLoader::new().then(Duration::ZERO, Ok(&john(1)));
    let manager = builder().loader(loader).build().unwrap();
    let mut asking = manager.token();
    match asking
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(Err(error)) => assert_eq!(error.kind(), &TokenErrorKind::Stopped),
        other => panic!("{other:?}"),
    }
    drop(asking);
    assert!(runtime().block_on(manager.token()).is_ok());
}

/// A wall clock that stands still until it is set.
#[derive(Debug)]
struct StandingClock(Mutex<SystemTime>);

impl StandingClock {
    fn at(seconds: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(time(seconds))))
    }

    fn set(&self, seconds: u64) {
        *self.0.lock().expect("not poisoned") = time(seconds);
    }
}

impl WallClock for StandingClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().expect("not poisoned")
    }
}

fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_token_is_replaced_in_time_even_if_the_wall_clock_jumps() {
    let clock = StandingClock::at(0);
    let new = john(20_000);
    let loader = ScriptedLoader::new()
        .then(SECOND, Err("backend down"))
        .then(SECOND, Ok(&new));
    let manager = builder()
        .static_token(john(10_000))
        .loader(loader.clone())
        .refresh_policy(RefreshPolicy::before_expiry(60 * SECOND))
        .wall_clock(Arc::<StandingClock>::clone(&clock))
        .build()
        .unwrap();
    let old = manager.token().await.unwrap();
    // However long it takes: the wall clock says when.
    sleep(20_000 * SECOND).await;
    assert_eq!(loader.calls(), 0);
    // As after a night with the lid closed.
    clock.set(9_940);
    sleep(62 * SECOND).await;
    assert_eq!(loader.calls(), 1);
    assert_eq!(manager.token().await.unwrap(), old);
    clock.set(9_970);
    sleep(62 * SECOND).await;
    assert_eq!(loader.calls(), 2);
    assert_eq!(manager.current().unwrap().expose(), new);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_expired_by_our_clock_is_handed_out_all_the_same() {
    let loader = ScriptedLoader::new();
    let manager = builder()
        .static_token(john(1))
        .loader(loader.clone())
        .wall_clock(StandingClock::at(1_000_000))
        .build()
        .unwrap();
    assert!(manager.token().await.is_ok());
    assert_eq!(loader.calls(), 0);
}
