//! A session over scripted sockets, in virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};
use video_core::{Endpoint, TokenError, TokenErrorKind, TokenSource, UserToken};
use video_transport::test_util::{ScriptedConnector, SocketScript};
use video_transport::{
    CloseFrame, ConnectErrorKind, ConnectOptions, ConnectionState, EventChannel, EventItem, Events,
    Frame, Session, SkippedFrame,
};

use crate::support;

const GREETING: &str = r#"{"type":"connection.ok","connection_id":"c1"}"#;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where these tests read the virtual clock"
)]
fn now() -> Instant {
    Instant::now()
}

/// A session that has not been told anything, and its service.
fn idle() -> (Session, SocketScript) {
    let connector = ScriptedConnector::new();
    let script = connector.expect_open();
    let config = support::config(&Endpoint::default());
    (support::session(config, connector, "a.b.c"), script)
}

/// A session that is connected, its service, and the first frame.
async fn connected() -> (Session, SocketScript, Value) {
    let (session, mut script) = idle();
    let (token, first) = tokio::join!(session.connect(ConnectOptions::new()), async {
        let first = script.hear().await.unwrap();
        script.say(GREETING).await;
        first
    });
    token.unwrap();
    (session, script, serde_json::from_str(&first).unwrap())
}

/// Promise: BD16, CK066
#[tokio::test(start_paused = true)]
async fn the_first_frame_is_the_token_with_products_and_user() {
    let (_session, _script, first) = connected().await;
    assert_eq!(
        first,
        json!({
            "token": "a.b.c",
            "products": ["video"],
            "user_details": {"id": "jane", "name": "Jane"},
        })
    );
}

/// Panics at first.
#[derive(Debug, Default)]
struct Fragile(AtomicBool);

#[async_trait]
impl TokenSource for Fragile {
    async fn token(&self) -> Result<UserToken, TokenError> {
        assert!(self.0.swap(true, Ordering::Relaxed), "not yet");
        support::tokens("a.b.c").token().await
    }

    async fn refresh(&self, _rejected: &UserToken) -> Result<UserToken, TokenError> {
        self.token().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_of_tokens_that_panics_is_a_failure_like_any_other() {
    let connector = Arc::new(ScriptedConnector::new());
    let (_first, mut second) = (connector.expect_open(), connector.expect_open());
    let config = support::config(&Endpoint::default());
    let session = Session::new(config, connector, Arc::new(Fragile::default())).unwrap();
    session.connect_in_background(ConnectOptions::new());
    let failed = support::state(&session, |state| state.error().is_some()).await;
    let panicked = ConnectErrorKind::Token(TokenErrorKind::LoaderPanicked);
    assert_eq!(failed.error().unwrap().kind(), &panicked);
    second.hear().await.unwrap();
    second.say(GREETING).await;
    support::state(&session, ConnectionState::is_connected).await;
}

/// Promise: W18
#[tokio::test(start_paused = true)]
async fn a_subscriber_that_never_reads_delays_neither_pings_nor_others() {
    let (session, mut script, _) = connected().await;
    let _blocked = session.events();
    let mut quick = session.events();
    let start = now();
    for n in 0..2000 {
        script.say(format!(r#"{{"type":"custom","n":{n}}}"#)).await;
        let read = support::event(&mut quick, "custom").await;
        assert!(read.contains(&format!(r#""n":{n}}}"#)), "{read}");
    }
    assert_eq!(now(), start);
    for nth in 1..=3 {
        let ping = script.hear().await.unwrap();
        assert_eq!(ping, r#"[{"type":"health.check","client_id":"c1"}]"#);
        assert_eq!(now() - start, Duration::from_secs(25 * nth));
        script.say(r#"{"type":"health.check"}"#).await;
    }
}

/// Promise: W19
#[tokio::test(start_paused = true)]
async fn each_subscriber_reads_the_events_in_the_order_of_the_wire() {
    const EVENTS: u64 = 5000;
    let (session, script, _) = connected().await;
    let read_all = |mut events: Events| async move {
        for n in 0..EVENTS {
            let event = support::event(&mut events, "custom").await;
            let event: Value = serde_json::from_str(&event).unwrap();
            // A gap would show here too.
            assert_eq!(event["n"], n);
        }
    };
    let write_all = async {
        for n in 0..EVENTS {
            script.say(format!(r#"{{"type":"custom","n":{n}}}"#)).await;
        }
    };
    tokio::join!(
        read_all(session.events()),
        read_all(session.events()),
        write_all
    );
}

/// Promise: W16, RM07
#[tokio::test(start_paused = true)]
async fn a_frame_that_is_no_event_is_skipped_counted_and_reported() {
    let (session, script, _) = connected().await;
    let mut events = session.events();
    for (count, garbage) in (1..).zip(["<html>", "[1]", "\u{0}"]) {
        script.say(garbage).await;
        match events.next().await {
            Some(EventItem::Skipped(SkippedFrame { total, .. })) => assert_eq!(total, count),
            other => panic!("{other:?}"),
        }
    }
    script.say(r#"{"type":"custom"}"#).await;
    support::event(&mut events, "custom").await;
    let id = session.state().borrow().connection_id().cloned();
    assert_eq!(id.unwrap(), "c1");
}

/// Promise: W14
#[tokio::test(start_paused = true)]
async fn garbage_binary_frames_and_pongs_keep_a_connection_whose_pings_nobody_answers() {
    let (session, mut script, _) = connected().await;
    let signs = [
        Frame::Text("<html>".into()),
        Frame::Binary("\u{0}".into()),
        Frame::Pong("".into()),
    ];
    for sign in signs.into_iter().cycle().take(12) {
        sleep(Duration::from_secs(30)).await;
        script.to_client.send(Ok(sign)).await.unwrap();
    }
    sleep(Duration::from_secs(34)).await;
    let id = session.state().borrow().connection_id().cloned();
    assert_eq!(id.unwrap(), "c1");
    // It was asked every 25 s, for nothing.
    let mut pings = 0;
    while let Ok(frame) = script.from_client.try_recv() {
        let Frame::Text(text) = frame else {
            panic!("{frame:?}");
        };
        assert_eq!(text, r#"[{"type":"health.check","client_id":"c1"}]"#);
        pings += 1;
    }
    assert_eq!(pings, (12 * 30 + 34) / 25);
    // And then there is silence for too long.
    let start = now();
    support::state(&session, |state| !state.is_connected()).await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

/// Promise: U09
#[tokio::test(start_paused = true)]
async fn no_task_outlives_a_session_that_is_shut_down() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let (session, script, _) = connected().await;
    assert!(tasks() > before);
    drop(script);
    session.shutdown().await.unwrap();
    assert_eq!(tasks(), before);
    // Nor one that was told so in the middle of an attempt.
    let (session, _script) = idle();
    session.connect_in_background(ConnectOptions::new());
    yield_now().await;
    assert!(tasks() > before);
    session.shutdown().await.unwrap();
    assert_eq!(tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_session_closes_its_socket_within_a_second() {
    let (session, mut script, _) = connected().await;
    drop(session);
    let start = now();
    let close = script.from_client.recv().await;
    assert!(matches!(close, Some(Frame::Close(Some(close))) if close.code == 1000));
    // The service does not answer, and is left all the same.
    assert!(script.hear().await.is_none());
    assert!(now() - start <= Duration::from_secs(1));
}

/// Promise: CK071
#[tokio::test(start_paused = true)]
async fn an_unexpected_close_is_told_with_code_and_reason_and_reconnected() {
    let connector = Arc::new(ScriptedConnector::new());
    let (mut first, mut second) = (connector.expect_open(), connector.expect_open());
    let config = support::config(&Endpoint::default());
    let tokens = Arc::new(support::tokens("a.b.c"));
    let session = Session::new(config, connector, tokens).unwrap();
    session.connect_in_background(ConnectOptions::new());
    first.hear().await.unwrap();
    first.say(GREETING).await;
    support::state(&session, ConnectionState::is_connected).await;
    let mut events = session.events();
    let close = CloseFrame::new(4000, "moving house");
    let closed = first.to_client.send(Ok(Frame::Close(Some(close)))).await;
    closed.unwrap();
    let cause = match events.next().await {
        Some(EventItem::Connection(ConnectionState::Reconnecting { cause, .. })) => cause,
        other => panic!("{other:?}"),
    };
    assert!(cause.to_string().contains("code 4000"), "{cause}");
    let reason = std::error::Error::source(&cause).unwrap().to_string();
    assert_eq!(reason, "moving house");
    second.hear().await.unwrap();
    second.say(GREETING.replace("c1", "c2")).await;
    let state = support::state(&session, ConnectionState::is_connected).await;
    assert_eq!(state.connection_id().unwrap(), &"c2");
}
