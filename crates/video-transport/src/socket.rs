//! Seam: a socket that carries messages.

mod assembler;
mod handshake;
#[cfg(feature = "__internals")]
pub(crate) mod internals;
mod read_ahead;
mod websocket;

use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use http::Uri;

use crate::error::ConnectError;

pub use websocket::{SocketLimits, WebSocketConnector};

/// Opens message sockets.
#[cfg_attr(any(test, feature = "test-util"), mockall::automock)]
#[async_trait]
pub trait EventConnector: fmt::Debug + Send + Sync {
    /// Opens a socket at `uri`, up to the moment when messages can be exchanged.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if the host can not be reached or does not agree to the protocol.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a socket half open is closed.
    async fn open(&self, uri: Uri) -> Result<Box<dyn EventSocket>, ConnectError>;
}

/// An open message socket. Dropping it cuts the connection.
#[async_trait]
pub trait EventSocket: fmt::Debug + Send {
    /// Polls for the next message. `None` once the socket has failed or both sides have closed.
    ///
    /// An error is [`SocketError`] if the connection broke or the peer violated the protocol. No
    /// message follows.
    ///
    /// Whoever stops polling loses no message: what has been read of one is kept for the next poll.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, SocketError>>>;

    /// The next message: [`poll_recv`](Self::poll_recv), awaited.
    ///
    /// # Errors
    ///
    /// Those of [`poll_recv`](Self::poll_recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a cancelled call loses no message.
    async fn recv(&mut self) -> Option<Result<Frame, SocketError>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// [`SocketError`] if the connection broke.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: after a cancelled call the socket must be dropped.
    async fn send(&mut self, frame: Frame) -> Result<(), SocketError>;

    /// How many bytes have come so far, those of a message that is not whole yet too. What counts
    /// is that it grows: a peer in the middle of a long message is not silent.
    fn received(&self) -> u64;
}

/// A whole message or a control frame. `Debug` shows how long it is, not what it says: the first of
/// a socket holds a token.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// Text, checked to be UTF-8 when received.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// A question whether the peer lives.
    Ping(Bytes),
    /// Its answer.
    Pong(Bytes),
    /// The end, with the peer's reason if it gave one.
    Close(Option<CloseFrame>),
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, data) = match self {
            Self::Text(data) => ("Text", data),
            Self::Binary(data) => ("Binary", data),
            Self::Ping(data) => ("Ping", data),
            Self::Pong(data) => ("Pong", data),
            Self::Close(frame) => return f.debug_tuple("Close").field(frame).finish(),
        };
        f.debug_tuple(name).field(&data.len()).finish()
    }
}

/// Why a socket is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseFrame {
    /// The code of RFC 6455, or one of an application.
    pub code: u16,
    /// Words for people.
    pub reason: String,
}

impl CloseFrame {
    /// A close frame. A reason that does not fit into a control frame is cut.
    #[must_use]
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        let end = (0..=MAX_REASON)
            .rev()
            .find(|at| reason.is_char_boundary(*at));
        reason.truncate(end.unwrap_or(0).min(reason.len()));
        Self { code, reason }
    }
}

/// A control frame holds 125 bytes, two of them the code.
const MAX_REASON: usize = 123;

/// Why a socket no longer works.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The peer sent what the protocol forbids.
    #[error("the peer violated the protocol: {0}")]
    Protocol(&'static str),
    /// The peer sent text that is not UTF-8.
    #[error("the peer sent text that is not UTF-8")]
    NotUtf8,
    /// A message is larger than the limit.
    #[error("a message is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A message could not be written in time.
    #[error("a message could not be written in time")]
    WriteTimeout,
}

impl SocketError {
    /// The close code that tells the peer.
    #[must_use]
    pub fn close_code(&self) -> u16 {
        match self {
            Self::Protocol(_) => 1002,
            Self::NotUtf8 => 1007,
            Self::TooLarge { .. } => 1009,
            Self::Broken(_) | Self::WriteTimeout => 1006,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static_assertions::assert_obj_safe!(EventConnector, EventSocket);

    /// Promise: R30
    #[test]
    fn a_close_reason_fits_into_a_control_frame_and_keeps_whole_characters() {
        let exact = "a".repeat(MAX_REASON);
        assert_eq!(CloseFrame::new(1000, exact.clone()).reason, exact);
        assert_eq!(
            CloseFrame::new(1000, "ü".repeat(100)).reason.len(),
            MAX_REASON - 1
        );
        assert_eq!(CloseFrame::new(1000, "short").reason, "short");
    }

    #[test]
    fn a_frame_shows_its_length_and_not_what_it_says() {
        let frames = [Frame::Text("secret".into()), Frame::Close(None)];
        assert_eq!(format!("{frames:?}"), "[Text(6), Close(None)]");
    }
}
