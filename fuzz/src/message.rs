//! What RFC 6455 makes of frames: a second implementation, which cares for nothing but the rules.

use std::ops::ControlFlow;

use bytes::Bytes;
use video_transport::{CloseFrame, Frame};

/// Frames on their way to becoming messages.
pub struct Model {
    limit: usize,
    /// The opcode of the message under way, and its bytes so far.
    open: Option<(u8, Vec<u8>)>,
}

/// Why nothing more may come.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Breach {
    Protocol,
    TooLarge,
    NotUtf8,
    /// A frame that only a client may send.
    Masked,
}

impl Model {
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, open: None }
    }

    /// What a frame completes, if it does.
    ///
    /// # Errors
    ///
    /// A breach, after which the model is of no use.
    pub fn push(&mut self, fin: bool, opcode: u8, payload: &[u8]) -> Result<Option<Frame>, Breach> {
        if opcode >= 8 {
            if !fin || payload.len() > 125 {
                return Err(Breach::Protocol);
            }
            let data = Bytes::copy_from_slice(payload);
            return match opcode {
                8 => close(payload).map(Some),
                9 => Ok(Some(Frame::Ping(data))),
                _ => Ok(Some(Frame::Pong(data))),
            };
        }
        let (kind, mut data) = match (opcode, self.open.take()) {
            (0, Some(open)) => open,
            (1 | 2, None) => (opcode, Vec::new()),
            _ => return Err(Breach::Protocol),
        };
        data.extend_from_slice(payload);
        if data.len() > self.limit {
            return Err(Breach::TooLarge);
        }
        if kind == 1 {
            match std::str::from_utf8(&data) {
                Err(error) if fin || error.error_len().is_some() => return Err(Breach::NotUtf8),
                _ => {}
            }
        }
        if !fin {
            self.open = Some((kind, data));
            return Ok(None);
        }
        Ok(Some(match kind {
            1 => Frame::Text(data.into()),
            _ => Frame::Binary(data.into()),
        }))
    }
}

fn close(payload: &[u8]) -> Result<Frame, Breach> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return match payload.is_empty() {
            true => Ok(Frame::Close(None)),
            false => Err(Breach::Protocol),
        };
    };
    let code = u16::from_be_bytes(*code);
    // Section 7.4: 1004 to 1006 and 1015 are never sent, others below 3000 are not assigned.
    let may_be_sent = match code {
        1004..=1006 | 1015 => false,
        1000..=1014 | 3000..=4999 => true,
        _ => false,
    };
    if !may_be_sent {
        return Err(Breach::Protocol);
    }
    let reason = std::str::from_utf8(reason).map_err(|_| Breach::NotUtf8)?;
    Ok(Frame::Close(Some(CloseFrame::new(code, reason))))
}

/// One frame of a server, cut out of the bytes of a connection.
pub struct Cut<'a> {
    pub fin: bool,
    pub opcode: u8,
    pub payload: &'a [u8],
}

/// Cuts the next frame off. Breaks with `Some` if the rules are breached, and with `None` if the bytes
/// end first.
pub fn cut<'a>(bytes: &mut &'a [u8], limit: usize) -> ControlFlow<Option<Breach>, Cut<'a>> {
    let Some(([first, second], rest)) = bytes.split_first_chunk::<2>() else {
        return ControlFlow::Break(None);
    };
    let (fin, opcode) = (first & 0x80 != 0, first & 0x0f);
    if first & 0x70 != 0 || !matches!(opcode, 0..=2 | 8..=10) {
        return ControlFlow::Break(Some(Breach::Protocol));
    }
    if second & 0x80 != 0 {
        return ControlFlow::Break(Some(Breach::Masked));
    }
    let (len, rest) = match second {
        126 => match rest.split_first_chunk::<2>() {
            Some((len, rest)) => (u64::from(u16::from_be_bytes(*len)), rest),
            None => return ControlFlow::Break(None),
        },
        127 => match rest.split_first_chunk::<8>() {
            Some((len, rest)) => (u64::from_be_bytes(*len), rest),
            None => return ControlFlow::Break(None),
        },
        short => (u64::from(*short), rest),
    };
    if opcode >= 8 && (!fin || len > 125) {
        return ControlFlow::Break(Some(Breach::Protocol));
    }
    let Ok(len) = usize::try_from(len) else {
        return ControlFlow::Break(Some(Breach::TooLarge));
    };
    if len > limit {
        return ControlFlow::Break(Some(Breach::TooLarge));
    }
    let Some((payload, rest)) = rest.split_at_checked(len) else {
        return ControlFlow::Break(None);
    };
    *bytes = rest;
    ControlFlow::Continue(Cut {
        fin,
        opcode,
        payload,
    })
}
