//! Sockets that get stuck, and connectors that panic, in virtual time.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use http::Uri;
use tokio::sync::mpsc;
use tokio::time::Instant;
use video_core::Endpoint;
use video_transport::test_util::ScriptedConnector;
use video_transport::{
    ConnectError, ConnectErrorKind, ConnectOptions, ConnectionState, EventChannel, EventConnector,
    EventSocket, Frame, Network, Session, SocketError,
};

use crate::support;

const GREETING: &str = r#"{"type":"connection.ok","connection_id":"c1"}"#;

#[expect(clippy::disallowed_methods, reason = "virtual time")]
fn now() -> Instant {
    Instant::now()
}

/// Greets and is silent from then on, though bytes may come. Takes all but a close.
#[derive(Debug, Clone)]
struct Stuck {
    authenticated: bool,
    greeted: bool,
    received: Arc<AtomicU64>,
    sent: mpsc::Sender<Frame>,
}

#[async_trait]
impl EventSocket for Stuck {
    fn poll_recv(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame, SocketError>>> {
        if !self.authenticated || std::mem::replace(&mut self.greeted, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::Text(GREETING.into()))))
    }

    async fn send(&mut self, frame: Frame) -> Result<(), SocketError> {
        self.authenticated = true;
        let closes = matches!(frame, Frame::Close(_));
        self.sent.send(frame).await.unwrap();
        if closes {
            pending::<()>().await;
        }
        Ok(())
    }

    fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl EventConnector for Stuck {
    async fn open(&self, _uri: Uri) -> Result<Box<dyn EventSocket>, ConnectError> {
        Ok(Box::new(self.clone()))
    }
}

/// A session over it that is connected, what it sends, and how many bytes it has received.
async fn connected() -> (Session, mpsc::Receiver<Frame>, Arc<AtomicU64>) {
    let (sent, mut heard) = mpsc::channel(8);
    let received = Arc::default();
    let socket = Stuck {
        authenticated: false,
        greeted: false,
        received: Arc::clone(&received),
        sent,
    };
    let config = support::config(&Endpoint::default());
    let session = support::session(config, socket, "a.b.c");
    session.connect(ConnectOptions::new()).await.unwrap();
    heard.recv().await.unwrap();
    (session, heard, received)
}

#[tokio::test(start_paused = true)]
async fn half_a_message_that_came_before_a_doubt_is_no_answer_to_it() {
    let (session, mut heard, received) = connected().await;
    received.store(100, Ordering::Relaxed);
    let start = now();
    session.set_network(Network::Online);
    let asked = heard.recv().await;
    assert!(matches!(asked, Some(Frame::Text(_))), "{asked:?}");
    support::state(&session, |state| !state.is_connected()).await;
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn half_a_message_that_comes_after_a_doubt_proves_life() {
    let (session, mut heard, received) = connected().await;
    session.set_network(Network::Online);
    heard.recv().await.unwrap();
    received.store(100, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(session.state().borrow().is_connected());
}

#[tokio::test(start_paused = true)]
async fn a_close_that_can_not_be_written_ends_within_its_timeout() {
    let (session, mut heard, _) = connected().await;
    let start = now();
    session.disconnect().await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    assert!(matches!(heard.recv().await, Some(Frame::Close(_))));
}

/// Panics at first.
#[derive(Debug)]
struct Fragile(AtomicBool, ScriptedConnector);

#[async_trait]
impl EventConnector for Fragile {
    async fn open(&self, uri: Uri) -> Result<Box<dyn EventSocket>, ConnectError> {
        assert!(self.0.swap(true, Ordering::Relaxed), "not yet");
        self.1.open(uri).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_panics_is_a_failure_like_any_other() {
    let connector = ScriptedConnector::new();
    let mut script = connector.expect_open();
    let config = support::config(&Endpoint::default());
    let fragile = Fragile(AtomicBool::new(false), connector);
    let session = support::session(config, fragile, "a.b.c");
    session.connect_in_background(ConnectOptions::new());
    let failed = support::state(&session, |state| state.error().is_some()).await;
    assert_eq!(failed.error().unwrap().kind(), &ConnectErrorKind::Broken);
    script.hear().await.unwrap();
    script.say(GREETING).await;
    support::state(&session, ConnectionState::is_connected).await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_said_to_be_offline_before_the_first_connect_does_not_dial() {
    let config = support::config(&Endpoint::default());
    let fragile = Fragile(AtomicBool::new(false), ScriptedConnector::new());
    let session = support::session(config, fragile, "a.b.c");
    session.set_network(Network::Offline);
    session.connect_in_background(ConnectOptions::new());
    let state = support::state(&session, |state| !matches!(state, ConnectionState::Idle)).await;
    assert!(
        matches!(state, ConnectionState::Offline { cause: None }),
        "{state:?}"
    );
}
