//! Joins the fragments of a message. Sans-IO.

use bytes::{Bytes, BytesMut};

use super::{CloseFrame, Frame, SocketError};

/// One frame of the wire, unmasked.
#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) fin: bool,
    pub(super) kind: FragmentKind,
    pub(super) payload: Bytes,
    /// Whether the payload is known to be UTF-8.
    pub(super) is_utf8: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FragmentKind {
    Text,
    Binary,
    Continuation,
    Close,
    Ping,
    Pong,
}

/// Joins fragments into messages of bounded size. Text is checked as it comes.
#[derive(Debug)]
pub(super) struct MessageAssembler {
    limit: usize,
    partial: Option<Partial>,
}

#[derive(Debug)]
struct Partial {
    text: bool,
    data: BytesMut,
    /// How much of the text is known to be UTF-8.
    checked: usize,
}

impl MessageAssembler {
    /// Messages of up to `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            partial: None,
        }
    }

    /// Takes a fragment, gives a message if it completes one.
    pub(super) fn push(&mut self, fragment: Fragment) -> Result<Option<Frame>, SocketError> {
        let Fragment {
            fin,
            kind,
            payload,
            is_utf8,
        } = fragment;
        match kind {
            FragmentKind::Close | FragmentKind::Ping | FragmentKind::Pong => {
                control(fin, kind, payload).map(Some)
            }
            FragmentKind::Continuation => self.go_on(fin, &payload),
            FragmentKind::Text | FragmentKind::Binary if self.partial.is_some() => {
                Err(SocketError::Protocol("a message begins inside another"))
            }
            FragmentKind::Text | FragmentKind::Binary => {
                self.begin(fin, kind == FragmentKind::Text, payload, is_utf8)
            }
        }
    }

    fn begin(
        &mut self,
        fin: bool,
        text: bool,
        payload: Bytes,
        is_utf8: bool,
    ) -> Result<Option<Frame>, SocketError> {
        if payload.len() > self.limit {
            return Err(SocketError::TooLarge { limit: self.limit });
        }
        if !fin {
            self.partial = Some(Partial {
                text,
                data: BytesMut::new(),
                checked: 0,
            });
            return self.go_on(false, &payload);
        }
        if !text {
            return Ok(Some(Frame::Binary(payload)));
        }
        match is_utf8 || std::str::from_utf8(&payload).is_ok() {
            true => Ok(Some(Frame::Text(payload))),
            false => Err(SocketError::NotUtf8),
        }
    }

    fn go_on(&mut self, fin: bool, payload: &[u8]) -> Result<Option<Frame>, SocketError> {
        let Some(mut partial) = self.partial.take() else {
            return Err(SocketError::Protocol("a continuation of nothing"));
        };
        if partial.data.len().saturating_add(payload.len()) > self.limit {
            return Err(SocketError::TooLarge { limit: self.limit });
        }
        partial.data.extend_from_slice(payload);
        if partial.text {
            partial.check(fin)?;
        }
        if !fin {
            self.partial = Some(partial);
            return Ok(None);
        }
        let data = partial.data.freeze();
        Ok(Some(if partial.text {
            Frame::Text(data)
        } else {
            Frame::Binary(data)
        }))
    }
}

impl Partial {
    fn check(&mut self, fin: bool) -> Result<(), SocketError> {
        let unchecked = self.data.get(self.checked..).unwrap_or_default();
        match std::str::from_utf8(unchecked) {
            Ok(text) => self.checked += text.len(),
            // A character that the next fragment may complete.
            Err(error) if error.error_len().is_none() && !fin => {
                self.checked += error.valid_up_to();
            }
            Err(_) => return Err(SocketError::NotUtf8),
        }
        Ok(())
    }
}

fn control(fin: bool, kind: FragmentKind, payload: Bytes) -> Result<Frame, SocketError> {
    if !fin {
        return Err(SocketError::Protocol("a control frame in fragments"));
    }
    if payload.len() > 125 {
        return Err(SocketError::Protocol(
            "a control frame of more than 125 bytes",
        ));
    }
    match kind {
        FragmentKind::Ping => Ok(Frame::Ping(payload)),
        FragmentKind::Pong => Ok(Frame::Pong(payload)),
        _ => close(&payload),
    }
}

fn close(payload: &[u8]) -> Result<Frame, SocketError> {
    let (code, reason) = match payload {
        [] => return Ok(Frame::Close(None)),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        [_] => return Err(SocketError::Protocol("a close code of one byte")),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(SocketError::Protocol("a close code that must not be sent"));
    }
    match std::str::from_utf8(reason) {
        Ok(reason) => Ok(Frame::Close(Some(CloseFrame {
            code,
            reason: reason.to_owned(),
        }))),
        Err(_) => Err(SocketError::NotUtf8),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fragment(fin: bool, kind: FragmentKind, payload: impl AsRef<[u8]>) -> Fragment {
        Fragment {
            fin,
            kind,
            payload: Bytes::copy_from_slice(payload.as_ref()),
            is_utf8: false,
        }
    }

    fn run(limit: usize, fragments: Vec<Fragment>) -> Result<Vec<Frame>, SocketError> {
        let mut assembler = MessageAssembler::new(limit);
        let mut frames = Vec::new();
        for fragment in fragments {
            frames.extend(assembler.push(fragment)?);
        }
        Ok(frames)
    }

    use FragmentKind::{Binary, Close, Continuation, Ping, Text};

    #[test]
    fn fragments_join_around_control_frames() {
        let frames = run(
            100,
            vec![
                fragment(false, Text, "a\u{fc}".as_bytes().get(..2).unwrap()),
                fragment(true, Ping, "p"),
                fragment(false, Continuation, "\u{fc}".as_bytes().get(1..).unwrap()),
                fragment(true, Continuation, "b"),
            ],
        );
        let text = Bytes::from("aüb");
        assert_eq!(
            frames.unwrap(),
            [Frame::Ping("p".into()), Frame::Text(text)]
        );
    }

    #[test]
    fn a_message_is_bounded_as_a_whole() {
        let parts = |last: &str| {
            vec![
                fragment(false, Binary, "abc"),
                fragment(true, Continuation, last),
            ]
        };
        assert_eq!(run(5, parts("de")).unwrap().len(), 1);
        assert!(matches!(
            run(5, parts("def")),
            Err(SocketError::TooLarge { limit: 5 })
        ));
        assert_eq!(
            run(5, vec![fragment(true, Text, "abcde")]).unwrap().len(),
            1
        );
        assert!(run(5, vec![fragment(true, Text, "abcdef")]).is_err());
    }

    #[test]
    fn what_the_protocol_forbids_is_refused() {
        let forbidden = [
            vec![fragment(true, Continuation, "")],
            vec![fragment(false, Text, "a"), fragment(true, Text, "b")],
            vec![fragment(false, Ping, "")],
            vec![fragment(true, Ping, [0; 126])],
            vec![fragment(true, Text, [0xff])],
            vec![fragment(false, Text, [0xff])],
            vec![
                fragment(false, Text, [0xc3]),
                fragment(true, Continuation, ""),
            ],
            vec![fragment(true, Close, [3])],
            vec![fragment(true, Close, 1005_u16.to_be_bytes())],
            vec![fragment(true, Close, 999_u16.to_be_bytes())],
            vec![fragment(true, Close, [3, 232, 0xff])],
        ];
        for fragments in forbidden {
            let shown = format!("{fragments:?}");
            let result = run(1000, fragments);
            assert!(
                matches!(result, Err(SocketError::Protocol(_) | SocketError::NotUtf8)),
                "{shown}: {result:?}"
            );
        }
    }

    #[test]
    fn the_largest_ping_and_pong_arrive_as_what_they_are() {
        let payload = [7; 125];
        for (kind, frame) in [
            (Ping, Frame::Ping(payload.to_vec().into())),
            (FragmentKind::Pong, Frame::Pong(payload.to_vec().into())),
        ] {
            assert_eq!(
                run(9, vec![fragment(true, kind, payload)]).unwrap(),
                [frame]
            );
        }
    }

    #[test]
    fn a_close_frame_carries_code_and_reason_or_nothing() {
        let with = |payload: &[u8]| run(9, vec![fragment(true, Close, payload)]).unwrap();
        assert_eq!(with(b""), [Frame::Close(None)]);
        let bye = CloseFrame {
            code: 4001,
            reason: "bye".to_owned(),
        };
        assert_eq!(with(b"\x0f\xa1bye"), [Frame::Close(Some(bye))]);
    }

    proptest! {
        #[test]
        fn however_a_text_is_split_it_is_whole_again(
            text in ".{0,40}",
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            let mut fragments = Vec::new();
            let mut from = 0;
            for to in cuts.into_iter().chain([bytes.len()]) {
                let kind = if fragments.is_empty() { Text } else { Continuation };
                fragments.push(fragment(false, kind, &bytes[from..to]));
                from = to;
            }
            fragments.last_mut().unwrap().fin = true;
            prop_assert_eq!(run(1000, fragments).unwrap(), [Frame::Text(Bytes::from(text))]);
        }

        #[test]
        fn no_history_of_fragments_panics_or_exceeds_the_limit(
            parts in prop::collection::vec(
                (any::<bool>(), 0_usize..6, prop::collection::vec(any::<u8>(), 0..9)), 0..20),
        ) {
            let kinds = [Text, Binary, Continuation, Close, Ping, FragmentKind::Pong];
            let mut assembler = MessageAssembler::new(16);
            for (fin, kind, payload) in parts {
                match assembler.push(fragment(fin, kinds[kind], payload)) {
                    Ok(Some(Frame::Text(data))) => {
                        prop_assert!(data.len() <= 16);
                        prop_assert!(std::str::from_utf8(&data).is_ok());
                    }
                    Ok(Some(Frame::Binary(data))) => prop_assert!(data.len() <= 16),
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        }
    }
}
