//! The helper that hides blips, and the clocks that tell of sleep.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use video_core::{ConnectionId, Endpoint, WallClock};
use video_transport::test_util::ScriptedConnector;
use video_transport::{
    ConnectError, ConnectErrorKind, ConnectOptions, ConnectionState, EventChannel, Network, Online,
};

use crate::support;

const SECOND: Duration = Duration::from_secs(1);

fn connected() -> ConnectionState {
    ConnectionState::Connected {
        connection_id: ConnectionId::new("c1"),
    }
}

fn lost() -> ConnectionState {
    ConnectionState::Reconnecting {
        attempt: 1,
        cause: ConnectError::new(ConnectErrorKind::Broken),
        next_at: now().into_std(),
    }
}

#[expect(clippy::disallowed_methods, reason = "virtual time")]
fn now() -> Instant {
    Instant::now()
}

/// Promise: W32
#[tokio::test(start_paused = true)]
async fn an_outage_is_told_once_after_five_seconds_and_its_end_at_once() {
    let (state, states) = watch::channel(connected());
    let (_network, networks) = watch::channel(Network::Online);
    let mut online = Online::new(states, networks);
    assert!(online.is_online());
    let start = now();
    state.send_replace(lost());
    assert!(timeout(2 * SECOND, online.changed()).await.is_err());
    // Another failure of the same outage does not begin it anew.
    state.send_replace(ConnectionState::Connecting { attempt: 1 });
    assert_eq!(online.changed().await, Some(false));
    assert_eq!(start.elapsed(), 5 * SECOND);
    state.send_replace(lost());
    assert!(timeout(60 * SECOND, online.changed()).await.is_err());
    state.send_replace(connected());
    let start = now();
    assert_eq!(online.changed().await, Some(true));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_blip_is_not_told_and_the_next_has_all_of_its_time() {
    let (state, states) = watch::channel(connected());
    let (_network, networks) = watch::channel(Network::Online);
    let mut online = Online::new(states, networks);
    for _ in 0..3 {
        state.send_replace(lost());
        assert!(timeout(4 * SECOND, online.changed()).await.is_err());
        state.send_replace(connected());
        assert!(timeout(SECOND, online.changed()).await.is_err());
    }
    assert!(online.is_online());
}

#[tokio::test(start_paused = true)]
async fn what_the_host_says_and_what_is_wished_for_is_told_at_once() {
    let (state, states) = watch::channel(connected());
    let (network, networks) = watch::channel(Network::Online);
    let mut online = Online::new(states, networks);
    let start = now();
    network.send_replace(Network::Offline);
    assert_eq!(online.changed().await, Some(false));
    network.send_replace(Network::Online);
    assert_eq!(online.changed().await, Some(true));
    state.send_replace(ConnectionState::Paused);
    assert_eq!(online.changed().await, Some(false));
    assert_eq!(start.elapsed(), Duration::ZERO);
    drop(state);
    assert_eq!(online.changed().await, None);
}

/// A wall clock that the test sets.
#[derive(Debug, Clone)]
struct Wall(Arc<Mutex<SystemTime>>);

impl WallClock for Wall {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_jump_of_the_wall_clock_only_asks_the_service_whether_it_lives() {
    let wall = Wall(Arc::new(Mutex::new(UNIX_EPOCH + 1_000_000 * SECOND)));
    let connector = ScriptedConnector::new();
    let mut script = connector.expect_open();
    let mut config = support::config(&Endpoint::default());
    config.wall_clock = Arc::new(wall.clone());
    let session = support::session(config, connector, "a.b.c");
    let (connected, ()) = tokio::join!(session.connect(ConnectOptions::new()), async {
        script.hear().await.unwrap();
        let greeting = r#"{"type":"connection.ok","connection_id":"c1"}"#;
        script.say(greeting).await;
    });
    connected.unwrap();

    // Back by an hour: nothing is heard of it.
    *wall.0.lock().unwrap() -= 3600 * SECOND;
    assert!(timeout(20 * SECOND, script.hear()).await.is_err());
    // Forward by an hour: a question, soon.
    *wall.0.lock().unwrap() += 3600 * SECOND;
    let asked = timeout(10 * SECOND, script.hear()).await;
    let asked: Value = serde_json::from_str(&asked.unwrap().unwrap()).unwrap();
    assert_eq!(asked[0]["type"], "health.check");
    script.say(r#"{"type":"health.check"}"#).await;
    sleep(5 * SECOND).await;
    assert!(session.state().borrow().is_connected());

    // Once more, and the service is gone.
    *wall.0.lock().unwrap() += 3600 * SECOND;
    let asked = timeout(10 * SECOND, script.hear()).await;
    assert!(asked.unwrap().is_some());
    let start = now();
    let mut state = session.state();
    state.wait_for(|state| !state.is_connected()).await.unwrap();
    assert_eq!(start.elapsed(), 2 * SECOND);
}
