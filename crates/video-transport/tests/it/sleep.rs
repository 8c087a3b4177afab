//! The clocks that tell of sleep.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};
use video_core::{Endpoint, WallClock};
use video_transport::test_util::ScriptedConnector;
use video_transport::{ConnectOptions, EventChannel};

use crate::support;

const SECOND: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "virtual time")]
fn now() -> Instant {
    Instant::now()
}

/// A wall clock that the test sets.
#[derive(Debug, Clone)]
struct Wall(Arc<Mutex<SystemTime>>);

impl WallClock for Wall {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

/// Promise: W13
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
