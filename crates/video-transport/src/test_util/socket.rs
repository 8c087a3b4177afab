//! A socket that a test plays the peer of.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use http::Uri;
use tokio::sync::mpsc;

use crate::error::{ConnectError, ConnectErrorKind};
use crate::net::DialErrorKind;
use crate::socket::{EventConnector, EventSocket, Frame, SocketError};

/// The client's end of a scripted socket.
#[derive(Debug)]
pub struct ScriptedSocket {
    incoming: mpsc::Receiver<Result<Frame, SocketError>>,
    outgoing: mpsc::Sender<Frame>,
}

/// The peer's end of a scripted socket: what the test holds.
#[derive(Debug)]
#[non_exhaustive]
pub struct SocketScript {
    /// What the client will receive. Dropping it ends the socket.
    pub to_client: mpsc::Sender<Result<Frame, SocketError>>,
    /// What the client has sent. Ends when the client drops the socket.
    pub from_client: mpsc::Receiver<Frame>,
}

const CAPACITY: usize = 64;

impl ScriptedSocket {
    /// Both ends of a socket.
    #[must_use]
    pub fn pair() -> (Self, SocketScript) {
        let (to_client, incoming) = mpsc::channel(CAPACITY);
        let (outgoing, from_client) = mpsc::channel(CAPACITY);
        (
            Self { incoming, outgoing },
            SocketScript {
                to_client,
                from_client,
            },
        )
    }
}

#[async_trait]
impl EventSocket for ScriptedSocket {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, SocketError>>> {
        self.incoming.poll_recv(cx)
    }

    async fn send(&mut self, frame: Frame) -> Result<(), SocketError> {
        let gone = |_| SocketError::Broken("the peer is gone".into());
        self.outgoing.send(frame).await.map_err(gone)
    }

    /// Its messages are always whole.
    fn received(&self) -> u64 {
        0
    }
}

impl SocketScript {
    /// Sends a text to the client. Does nothing if the client has gone.
    pub async fn say(&self, text: impl Into<Bytes>) {
        drop(self.to_client.send(Ok(Frame::Text(text.into()))).await);
    }

    /// The next text that the client sends, or `None` if it drops the socket.
    pub async fn hear(&mut self) -> Option<String> {
        loop {
            if let Frame::Text(data) = self.from_client.recv().await? {
                return Some(String::from_utf8_lossy(&data).into_owned());
            }
        }
    }
}

/// A connector that hands out prepared sockets, and refuses when it has none left.
#[derive(Debug, Default)]
pub struct ScriptedConnector(Mutex<VecDeque<ScriptedSocket>>);

impl ScriptedConnector {
    /// A connector without sockets.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Prepares one more socket and gives its peer's end.
    pub fn expect_open(&self) -> SocketScript {
        let (socket, script) = ScriptedSocket::pair();
        self.sockets().push_back(socket);
        script
    }

    fn sockets(&self) -> std::sync::MutexGuard<'_, VecDeque<ScriptedSocket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventConnector for ScriptedConnector {
    async fn open(&self, _uri: Uri) -> Result<Box<dyn EventSocket>, ConnectError> {
        match self.sockets().pop_front() {
            Some(socket) => Ok(Box::new(socket)),
            None => Err(ConnectError::new(ConnectErrorKind::Dial(
                DialErrorKind::Refused,
            ))),
        }
    }
}
