//! The writing half of a socket. Everything written is flushed.

use fastwebsockets::{Frame, OpCode, Payload, WebSocketError, WebSocketWrite};
use tokio::io::AsyncWrite;

/// The payload of the pings between two fragments.
const PING: &[u8] = b"between fragments";

pub(super) struct Writer<W> {
    frames: WebSocketWrite<W>,
    /// The length of fragments, if messages are to be split.
    pub(super) split: Option<usize>,
    /// Whether each event is written twice.
    pub(super) duplicate: bool,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(super) fn new(frames: WebSocketWrite<W>) -> Self {
        Self {
            frames,
            split: None,
            duplicate: false,
        }
    }

    pub(super) async fn event(&mut self, text: &[u8]) -> Result<(), WebSocketError> {
        let times = if self.duplicate { 2 } else { 1 };
        for _ in 0..times {
            self.text(text).await?;
        }
        Ok(())
    }

    /// A message, once.
    pub(super) async fn text(&mut self, text: &[u8]) -> Result<(), WebSocketError> {
        let length = self.split.unwrap_or(usize::MAX);
        let mut fragments = text.chunks(length).peekable();
        let mut opcode = OpCode::Text;
        while let Some(fragment) = fragments.next() {
            let last = fragments.peek().is_none();
            self.frame(last, opcode, fragment).await?;
            opcode = OpCode::Continuation;
            if !last {
                self.frame(true, OpCode::Ping, PING).await?;
            }
        }
        self.frames.flush().await
    }

    pub(super) async fn pong(&mut self, payload: &[u8]) -> Result<(), WebSocketError> {
        self.frame(true, OpCode::Pong, payload).await?;
        self.frames.flush().await
    }

    pub(super) async fn close(&mut self, code: u16, reason: &str) -> Result<(), WebSocketError> {
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend_from_slice(reason.as_bytes());
        self.frame(true, OpCode::Close, &payload).await?;
        self.frames.flush().await
    }

    /// The answer to the client's close frame.
    pub(super) async fn echo_close(&mut self, code: Option<u16>) -> Result<(), WebSocketError> {
        let Some(code) = code else {
            self.frame(true, OpCode::Close, &[]).await?;
            return self.frames.flush().await;
        };
        self.close(code, "").await
    }

    async fn frame(
        &mut self,
        fin: bool,
        opcode: OpCode,
        payload: &[u8],
    ) -> Result<(), WebSocketError> {
        let frame = Frame::new(fin, opcode, None, Payload::Borrowed(payload));
        self.frames.write_frame(frame).await
    }
}
