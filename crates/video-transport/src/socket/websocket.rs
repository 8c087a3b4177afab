//! The WebSocket over the `fastwebsockets` crate.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use fastwebsockets::{OpCode, Payload, Role, WebSocketError, WebSocketRead, WebSocketWrite};
use http::Uri;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::time::timeout;
use tokio_util::sync::ReusableBoxFuture;

use super::assembler::{Fragment, FragmentKind, MessageAssembler};
use super::handshake::upgrade;
use super::read_ahead::ReadAhead;
use super::{EventConnector, EventSocket, Frame, SocketError};
use crate::entropy::Entropy;
use crate::error::{ConnectError, ConnectErrorKind};
use crate::net::{Dialer, Target};

/// Bounds of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketLimits {
    /// The largest message that is received, in bytes. 16 MiB.
    pub max_message: usize,
    /// How long writing a message may take. 5 s.
    pub write: Duration,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            max_message: 16 * 1024 * 1024,
            write: Duration::from_secs(5),
        }
    }
}

/// Opens `WebSocket` connections over the streams of a dialer.
#[derive(Debug)]
pub struct WebSocketConnector {
    dialer: Arc<dyn Dialer>,
    limits: SocketLimits,
    entropy: Entropy,
}

impl WebSocketConnector {
    /// A connector over `dialer`.
    #[must_use]
    pub fn new(dialer: Arc<dyn Dialer>, limits: SocketLimits, entropy: Entropy) -> Self {
        Self {
            dialer,
            limits,
            entropy,
        }
    }
}

#[async_trait]
impl EventConnector for WebSocketConnector {
    async fn open(&self, uri: Uri) -> Result<Box<dyn EventSocket>, ConnectError> {
        let target = Target::of(&uri).map_err(dial_failed)?;
        let io = self.dialer.dial(&target).await.map_err(dial_failed)?;
        let upgraded = upgrade(io, &uri, self.entropy.bytes()).await?;
        Ok(Box::new(WebSocket::new(upgraded, self.limits)))
    }
}

fn dial_failed(error: crate::net::DialError) -> ConnectError {
    ConnectError::new(ConnectErrorKind::Dial(error.kind())).caused_by(error)
}

type Stream = TokioIo<Upgraded>;

/// An open `WebSocket`.
///
/// Reading a message can not be given up without losing its place in the stream, so the read that
/// is under way is kept here, and goes on at the next poll.
struct WebSocket {
    write: WebSocketWrite<WriteHalf<Stream>>,
    /// `None` after the last message.
    reading: Option<ReusableBoxFuture<'static, (Reader, Result<Frame, SocketError>)>>,
    write_timeout: Duration,
    received: Arc<AtomicU64>,
}

impl WebSocket {
    fn new(upgraded: Upgraded, limits: SocketLimits) -> Self {
        let (read, write) = tokio::io::split(TokioIo::new(upgraded));
        let received = Arc::default();
        let read = ReadAhead::new(read, Arc::clone(&received));
        let (mut frames, write) = fastwebsockets::after_handshake_split(read, write, Role::Client);
        frames.set_auto_close(false);
        frames.set_auto_pong(false);
        let limit = limits.max_message;
        // Bounds a frame, exclusively; the assembler bounds a message, inclusively.
        frames.set_max_message_size(limit.saturating_add(1));
        let reader = Reader {
            frames,
            assembler: MessageAssembler::new(limit),
            limit,
        };
        Self {
            write,
            reading: Some(ReusableBoxFuture::new(reader.message())),
            write_timeout: limits.write,
            received,
        }
    }

    async fn write(&mut self, frame: Frame) -> Result<(), WebSocketError> {
        let frame = match frame {
            Frame::Text(data) => fastwebsockets::Frame::text(payload(data)),
            Frame::Binary(data) => fastwebsockets::Frame::binary(payload(data)),
            Frame::Pong(data) => fastwebsockets::Frame::pong(payload(data)),
            Frame::Ping(data) => {
                fastwebsockets::Frame::new(true, OpCode::Ping, None, payload(data))
            }
            Frame::Close(None) => fastwebsockets::Frame::close_raw(Payload::Owned(Vec::new())),
            Frame::Close(Some(close)) => {
                fastwebsockets::Frame::close(close.code, close.reason.as_bytes())
            }
        };
        self.write.write_frame(frame).await?;
        self.write.flush().await
    }
}

/// Owned bytes, because they are masked in place.
fn payload(data: Bytes) -> Payload<'static> {
    Payload::Bytes(BytesMut::from(data))
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSocket")
    }
}

#[async_trait]
impl EventSocket for WebSocket {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, SocketError>>> {
        let Some(reading) = &mut self.reading else {
            return Poll::Ready(None);
        };
        let (reader, message) = ready!(reading.poll(cx));
        if matches!(message, Err(_) | Ok(Frame::Close(_))) {
            self.reading = None;
        } else {
            reading.set(reader.message());
        }
        Poll::Ready(Some(message))
    }

    async fn send(&mut self, frame: Frame) -> Result<(), SocketError> {
        match timeout(self.write_timeout, self.write(frame)).await {
            Ok(written) => written.map_err(|error| SocketError::Broken(Box::new(error))),
            Err(_) => Err(SocketError::WriteTimeout),
        }
    }

    fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

/// The reading half.
struct Reader {
    frames: WebSocketRead<ReadAhead<ReadHalf<Stream>>>,
    assembler: MessageAssembler,
    limit: usize,
}

impl Reader {
    /// Reads a message, and gives it with what reads the next one.
    async fn message(mut self) -> (Self, Result<Frame, SocketError>) {
        let message = loop {
            let fragment = match self.fragment().await {
                Ok(fragment) => fragment,
                Err(error) => break Err(error),
            };
            if let Some(message) = self.assembler.push(fragment).transpose() {
                break message;
            }
        };
        (self, message)
    }

    async fn fragment(&mut self) -> Result<Fragment, SocketError> {
        // Never called: answering control frames is left to the session.
        let mut answer = |_| async { Ok::<(), std::convert::Infallible>(()) };
        let mut frame = self
            .frames
            .read_frame(&mut answer)
            .await
            .map_err(|error| read_failed(error, self.limit))?;
        if is_masked(&mut frame) {
            return Err(SocketError::Protocol("a masked frame"));
        }
        let kind = match frame.opcode {
            OpCode::Continuation => FragmentKind::Continuation,
            OpCode::Text => FragmentKind::Text,
            OpCode::Binary => FragmentKind::Binary,
            OpCode::Close => FragmentKind::Close,
            OpCode::Ping => FragmentKind::Ping,
            OpCode::Pong => FragmentKind::Pong,
        };
        let payload = match frame.payload {
            Payload::Bytes(data) => data.freeze(),
            other => Bytes::from(Vec::from(other)),
        };
        Ok(Fragment {
            fin: frame.fin,
            kind,
            payload,
            // The crate has checked what is whole.
            is_utf8: frame.fin && kind == FragmentKind::Text,
        })
    }
}

/// Whether a frame came masked, which only a client may do. The crate leaves such a payload as it
/// is, and tells of the mask in the head alone that it would write.
fn is_masked(frame: &mut fastwebsockets::Frame<'_>) -> bool {
    let mut head = [0; 16];
    frame.fmt_head(&mut head);
    head[1] & 0x80 != 0
}

fn read_failed(error: WebSocketError, limit: usize) -> SocketError {
    match error {
        WebSocketError::FrameTooLarge => SocketError::TooLarge { limit },
        WebSocketError::InvalidUTF8 => SocketError::NotUtf8,
        WebSocketError::ReservedBitsNotZero => SocketError::Protocol("a reserved bit is set"),
        WebSocketError::InvalidValue => SocketError::Protocol("an unknown kind of frame"),
        WebSocketError::ControlFrameFragmented => {
            SocketError::Protocol("a control frame in fragments")
        }
        WebSocketError::PingFrameTooLarge => {
            SocketError::Protocol("a control frame of more than 125 bytes")
        }
        error => SocketError::Broken(Box::new(error)),
    }
}
