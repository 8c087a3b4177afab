//! The handshake and the assembler, for who feeds them bytes of their own.

use bytes::Bytes;
use http::Uri;
use hyper_util::rt::TokioIo;

use super::assembler::{Fragment, FragmentKind, MessageAssembler};
use super::{Frame, SocketError};
use crate::error::ConnectError;
use crate::net::BoxIo;

/// Joins fragments into messages.
#[derive(Debug)]
pub struct Assembler(MessageAssembler);

impl Assembler {
    /// Messages of up to `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(MessageAssembler::new(limit))
    }

    /// Takes a fragment, gives a message if it completes one.
    ///
    /// # Errors
    ///
    /// [`SocketError`] if the protocol forbids the fragment, or the message is too large.
    pub fn push(
        &mut self,
        fin: bool,
        opcode: u8,
        payload: Bytes,
    ) -> Result<Option<Frame>, SocketError> {
        let kind = match opcode {
            0 => FragmentKind::Continuation,
            1 => FragmentKind::Text,
            2 => FragmentKind::Binary,
            8 => FragmentKind::Close,
            9 => FragmentKind::Ping,
            10 => FragmentKind::Pong,
            _ => return Err(SocketError::Protocol("an unknown kind of frame")),
        };
        // The reader has checked what is whole, and refuses what is not UTF-8 before this.
        let is_whole_text = fin && kind == FragmentKind::Text;
        let is_utf8 = is_whole_text && std::str::from_utf8(&payload).is_ok();
        self.0.push(Fragment {
            fin,
            kind,
            payload,
            is_utf8,
        })
    }
}

/// Agrees with the peer at the other end of `io` on the `WebSocket` protocol.
///
/// # Errors
///
/// [`ConnectError`] if the peer does not agree.
///
/// # Cancel safety
///
/// Cancel safe: the stream is dropped.
pub async fn upgrade(io: BoxIo, uri: &Uri, nonce: [u8; 16]) -> Result<BoxIo, ConnectError> {
    let upgraded = super::handshake::upgrade(io, uri, nonce).await?;
    Ok(BoxIo::new(TokioIo::new(upgraded)))
}
