//! Fragments: the assembler makes of them what the rules say, no more and no less.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use video_fuzz::message::{Breach, Model};
use video_transport::__internals::Assembler;
use video_transport::{Frame, SocketError};

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    /// Any frames in any order.
    Frames(u8, Vec<(bool, Opcode, &'a [u8])>),
    /// A text, cut anywhere, with pings between the parts.
    Text(&'a str, Vec<u8>),
}

#[derive(Debug, Arbitrary, Clone, Copy)]
enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

fuzz_target!(|input: Input<'_>| match input {
    Input::Frames(limit, frames) => compare(limit.into(), &frames),
    Input::Text(text, cuts) => join(text, &cuts),
});

fn compare(limit: usize, frames: &[(bool, Opcode, &[u8])]) {
    let (mut assembler, mut model) = (Assembler::new(limit), Model::new(limit));
    for (fin, opcode, payload) in frames {
        let opcode = [0, 1, 2, 8, 9, 10][*opcode as usize];
        let got = assembler.push(*fin, opcode, Bytes::copy_from_slice(payload));
        let expected = model.push(*fin, opcode, payload);
        match (got, expected) {
            (Ok(got), Ok(expected)) => {
                if let Some(Frame::Text(data) | Frame::Binary(data)) = &got {
                    assert!(data.len() <= limit);
                }
                assert_eq!(got, expected);
            }
            (Err(SocketError::TooLarge { limit: told }), Err(Breach::TooLarge)) => {
                assert_eq!(told, limit);
                return;
            }
            (Err(SocketError::Protocol(_)), Err(Breach::Protocol))
            | (Err(SocketError::NotUtf8), Err(Breach::NotUtf8)) => return,
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }
}

fn join(text: &str, cuts: &[u8]) {
    // A limit that is met exactly.
    let mut assembler = Assembler::new(text.len());
    let mut opcode = 1;
    let mut rest = text.as_bytes();
    for cut in cuts {
        let (part, after) = rest.split_at(usize::from(*cut).min(rest.len()));
        let got = assembler.push(false, opcode, Bytes::copy_from_slice(part));
        assert_eq!(got.expect("a part of a text"), None);
        let ping = assembler.push(true, 9, Bytes::new()).expect("a ping");
        assert_eq!(ping, Some(Frame::Ping(Bytes::new())));
        (opcode, rest) = (0, after);
    }
    let whole = assembler.push(true, opcode, Bytes::copy_from_slice(rest));
    let whole = whole.expect("the end of a text");
    assert_eq!(
        whole,
        Some(Frame::Text(Bytes::copy_from_slice(text.as_bytes())))
    );
}
