//! A service that always has one more event, in virtual time.

use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use http::Uri;
use tokio::sync::mpsc;
use tokio::time::advance;
use video_core::Endpoint;
use video_transport::{
    ConnectError, ConnectOptions, EventChannel, EventConnector, EventItem, EventSocket, Frame,
    Session, SocketError,
};

use crate::support;

/// Greets, and has an event at each poll from then on.
#[derive(Debug)]
struct Endless {
    authenticated: bool,
    greeted: bool,
    sent: mpsc::Sender<Frame>,
}

#[async_trait]
impl EventSocket for Endless {
    fn poll_recv(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame, SocketError>>> {
        if !self.authenticated {
            return Poll::Pending;
        }
        let text = match std::mem::replace(&mut self.greeted, true) {
            false => r#"{"type":"connection.ok","connection_id":"c1"}"#,
            true => r#"{"type":"custom"}"#,
        };
        Poll::Ready(Some(Ok(Frame::Text(text.into()))))
    }

    async fn send(&mut self, frame: Frame) -> Result<(), SocketError> {
        self.authenticated = true;
        self.sent.send(frame).await.unwrap();
        Ok(())
    }

    fn received(&self) -> u64 {
        0
    }
}

#[derive(Debug)]
struct OpensOnce(Mutex<Option<Endless>>);

#[async_trait]
impl EventConnector for OpensOnce {
    async fn open(&self, _uri: Uri) -> Result<Box<dyn EventSocket>, ConnectError> {
        Ok(Box::new(self.0.lock().unwrap().take().unwrap()))
    }
}

async fn connected() -> (Session, mpsc::Receiver<Frame>) {
    let (sent, mut heard) = mpsc::channel(8);
    let socket = Endless {
        authenticated: false,
        greeted: false,
        sent,
    };
    let connector = OpensOnce(Mutex::new(Some(socket)));
    let config = support::config(&Endpoint::default());
    let session = support::session(config, connector, "a.b.c");
    session.connect(ConnectOptions::new()).await.unwrap();
    heard.recv().await.unwrap();
    (session, heard)
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_always_has_more_does_not_hold_up_the_pings() {
    let (_session, mut heard) = connected().await;
    for _ in 0..3 {
        advance(Duration::from_secs(25)).await;
        let ping = heard.recv().await;
        assert!(matches!(ping, Some(Frame::Text(text)) if text.starts_with(b"[{")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_always_has_more_does_not_hold_up_a_disconnect() {
    let (session, mut heard) = connected().await;
    tokio::join!(session.disconnect(), async {
        assert!(matches!(heard.recv().await, Some(Frame::Close(Some(_)))));
        // It does not answer the close either.
        advance(Duration::from_secs(1)).await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_listener_of_a_socket_that_always_has_more_misses_nothing() {
    let (session, _heard) = connected().await;
    let mut events = session.events();
    for _ in 0..10_000 {
        let item = events.next().await;
        assert!(matches!(item, Some(EventItem::Event(_))), "{item:?}");
    }
}
