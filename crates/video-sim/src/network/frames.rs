//! Reads WebSocket frames off a wire, as somebody who only listens.

/// A frame that passed by.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    fin: bool,
    opcode: u8,
    payload: Vec<u8>,
}

/// Puts frames together from bytes that come in pieces of any size, and messages from frames.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    buffer: Vec<u8>,
    begun: Option<Vec<u8>>,
    pinged: bool,
}

const CONTINUATION: u8 = 0;
const BINARY: u8 = 2;
const PING: u8 = 9;

impl FrameReader {
    /// Takes bytes and gives the messages that are complete with them. Control frames are no
    /// messages.
    pub(super) fn messages(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.buffer.extend_from_slice(bytes);
        let mut messages = Vec::new();
        while let Some(frame) = self.next() {
            messages.extend(self.assemble(frame));
        }
        messages
    }

    /// Whether a ping has passed by.
    pub(super) fn has_pinged(&self) -> bool {
        self.pinged
    }

    fn assemble(&mut self, frame: Frame) -> Option<Vec<u8>> {
        self.pinged |= frame.opcode == PING;
        if frame.opcode > BINARY {
            return None;
        }
        let mut message = match frame.opcode {
            CONTINUATION => self.begun.take().unwrap_or_default(),
            _ => Vec::new(),
        };
        message.extend(frame.payload);
        if frame.fin {
            return Some(message);
        }
        self.begun = Some(message);
        None
    }

    fn next(&mut self) -> Option<Frame> {
        let head = self.buffer.get(..2)?;
        let (fin, opcode) = (head[0] & 0x80 != 0, head[0] & 0x0f);
        let (masked, short) = (head[1] & 0x80 != 0, usize::from(head[1] & 0x7f));
        let (length, mut at) = match short {
            126 => (number(self.buffer.get(2..4)?), 4),
            127 => (number(self.buffer.get(2..10)?), 10),
            short => (short, 2),
        };
        let mask = match masked {
            true => {
                let mask = self.buffer.get(at..at + 4)?.to_vec();
                at += 4;
                mask
            }
            false => vec![0; 4],
        };
        let payload = self.buffer.get(at..at + length)?;
        let unmasked = payload.iter().zip(mask.iter().cycle());
        let payload = unmasked.map(|(byte, mask)| byte ^ mask).collect();
        self.buffer.drain(..at + length);
        Some(Frame {
            fin,
            opcode,
            payload,
        })
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |sum, byte| (sum << 8) | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_however_the_bytes_come_in() {
        // A masked "hi", a ping, and "abc" in two fragments around another ping.
        let wire = [
            &[0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2][..],
            &[0x89, 0],
            &[0x01, 2, b'a', b'b'],
            &[0x89, 1, b'p'],
            &[0x80, 1, b'c'],
        ]
        .concat();
        for size in 1..=wire.len() {
            let mut reader = FrameReader::default();
            let mut messages = Vec::new();
            for piece in wire.chunks(size) {
                messages.extend(reader.messages(piece));
            }
            assert_eq!(messages, [b"hi".to_vec(), b"abc".to_vec()], "{size}");
            assert!(reader.has_pinged());
        }
    }

    #[test]
    fn long_payloads_have_long_lengths() {
        let payload = vec![b'x'; 300];
        let wire = [&[0x81, 126, 1, 44][..], &payload].concat();
        let mut reader = FrameReader::default();
        assert_eq!(reader.messages(&wire), [payload]);
        assert!(!reader.has_pinged());
    }
}
