//! Clients that lose their connections together do not come back together.

use std::time::Duration;

use tokio::time::Instant;
use video_core::{Endpoint, ReconnectPolicy};
use video_transport::test_util::ScriptedConnector;
use video_transport::{
    ConnectOptions, ConnectionState, Entropy, EventChannel, EventItem, Events, Session,
};

use crate::support;

const GREETING: &str = r#"{"type":"connection.ok","connection_id":"c1"}"#;

#[expect(clippy::disallowed_methods, reason = "virtual time")]
fn now() -> Instant {
    Instant::now()
}

/// A session that has just lost its only socket, and what it tells.
async fn lost(entropy: Entropy) -> (Session, Events) {
    let connector = ScriptedConnector::new();
    let mut script = connector.expect_open();
    let mut config = support::config(&Endpoint::default());
    config.entropy = entropy;
    let session = support::session(config, connector, "a.b.c");
    session.connect_in_background(ConnectOptions::new());
    script.hear().await.unwrap();
    script.say(GREETING).await;
    support::state(&session, ConnectionState::is_connected).await;
    let events = session.events();
    (session, events)
}

/// The pauses before the next attempts, all of which are refused.
async fn pauses((_session, mut events): (Session, Events), count: usize) -> Vec<Duration> {
    let mut pauses = Vec::new();
    while pauses.len() < count {
        if let Some(EventItem::Connection(ConnectionState::Reconnecting { next_at, .. })) =
            events.next().await
        {
            pauses.push(next_at - now().into_std());
        }
    }
    pauses
}

/// The pauses of two clients that lose their sockets at the same moment.
async fn pauses_of_both(first: Entropy, second: Entropy) -> (Vec<Duration>, Vec<Duration>) {
    let (first, second) = (lost(first).await, lost(second).await);
    tokio::join!(pauses(first, 24), pauses(second, 24))
}

/// Promise: W21
#[tokio::test(start_paused = true)]
async fn clients_that_lose_their_sockets_together_do_not_come_back_in_step() {
    let policy = ReconnectPolicy::default();
    let (first, second) = pauses_of_both(Entropy::seeded(1), Entropy::seeded(2)).await;
    for (nth, (first, second)) in (0..).zip(first.iter().zip(&second)) {
        assert_ne!(first, second, "attempt {nth}");
        let widest = match nth {
            0 => policy.first_window,
            // A dial that is refused asks for distance.
            nth => (policy.slow_window * (1 << nth.min(3))).min(policy.max_window),
        };
        assert!(*first < widest && *second < widest, "attempt {nth}");
    }
    // At the cap, too, the whole window is used.
    for pauses in [first, second] {
        let at_cap = &pauses[3..];
        let (least, most) = (at_cap.iter().min().unwrap(), at_cap.iter().max().unwrap());
        assert!(*least < policy.max_window / 3, "{at_cap:?}");
        assert!(*most > policy.max_window * 2 / 3, "{at_cap:?}");
    }
    // The same seed gives the same pauses, so that it is chance that tells them apart.
    let (first, again) = pauses_of_both(Entropy::seeded(1), Entropy::seeded(1)).await;
    assert_eq!(first, again);
}

/// Promise: W21
#[tokio::test(start_paused = true)]
async fn clients_that_draw_from_the_system_do_not_come_back_in_step() {
    let (first, second) = pauses_of_both(Entropy::from_os(), Entropy::from_os()).await;
    for (first, second) in first.iter().zip(&second) {
        assert_ne!(first, second);
    }
}
