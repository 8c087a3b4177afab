//! The table: what comes of it when a peer does this or that.

use video_transport::ConnectErrorKind;

use crate::case::{Case, Kind, Outcome, Step, Told};
use crate::raw::{CONTINUATION, TEXT, frame, masked};

const RAW: &[Kind] = &[Kind::Raw];
const OTHERS: &[Kind] = &[Kind::Ws, Kind::Websockets];
const ALL: &[Kind] = &[Kind::Raw, Kind::Ws, Kind::Websockets];

/// The largest message that a client takes unless told otherwise.
const LIMIT: usize = 16 * 1024 * 1024;

pub(crate) fn table() -> Vec<Case> {
    [
        messages(),
        limits(),
        closes(),
        forbidden_closes(),
        forbidden_frames(),
        masked_frames(),
        handshakes(),
    ]
    .concat()
}

use Outcome::{Arrives, Skipped};
use Step::{
    Answer, Bytes, Close, CloseEmpty, Early, Leave, Limit, Ping, Pong, Say, SayAroundPings,
    SayBinary, SayInFragments, SayLarge,
};

fn row(
    name: &'static str,
    peers: &'static [Kind],
    steps: impl Into<Vec<Step>>,
    outcome: Outcome,
) -> Case {
    Case {
        name,
        peers,
        steps: steps.into(),
        outcome,
    }
}

fn messages() -> Vec<Case> {
    vec![
        row("text", ALL, [Say], Arrives),
        row("text in a binary frame", ALL, [SayBinary], Arrives),
        row("three at once", ALL, [Say, Say, Say], Arrives),
        row("fragments", ALL, [SayInFragments(1000, 7)], Arrives),
        row(
            "fragments, pings and a character that is cut",
            ALL,
            [SayAroundPings],
            Arrives,
        ),
        row("ping without content", ALL, [Ping(0), Say], Arrives),
        row("ping of 125 bytes", ALL, [Ping(125), Say], Arrives),
        row("pong that nobody asked for", ALL, [Pong, Say], Arrives),
        row(
            "length in more bytes than it takes",
            RAW,
            [
                Bytes([&[0x81, 126, 0, 23][..], SMALL.as_bytes()].concat()),
                Bytes([&[0x81, 127, 0, 0, 0, 0, 0, 0, 0, 23][..], SMALL.as_bytes()].concat()),
            ],
            Arrives,
        ),
        row("no event", RAW, [Bytes(frame(TEXT, b"<html>"))], Skipped),
        row("empty text", RAW, [Bytes(frame(TEXT, b""))], Skipped),
        row("stream that ends", ALL, [Leave], broken()),
        row(
            "stream that ends inside a frame",
            RAW,
            [Bytes(vec![0x81, 23, b'{']), Leave],
            broken(),
        ),
    ]
}

const SMALL: &str = crate::case::SMALL;

fn limits() -> Vec<Case> {
    vec![
        row("largest message", ALL, [SayLarge(LIMIT)], Arrives),
        row(
            "largest message, in fragments",
            ALL,
            [SayInFragments(LIMIT, 5)],
            Arrives,
        ),
        row("too large", ALL, [SayLarge(LIMIT + 1)], too_large()),
        row(
            "too large, in fragments",
            ALL,
            [SayInFragments(LIMIT + 1, 5)],
            too_large(),
        ),
        row(
            "length of 2^63",
            RAW,
            [Bytes(vec![0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0])],
            Outcome::Fails {
                kind: ConnectErrorKind::Protocol,
                why: TOO_LARGE,
                told: Told::Code(1009),
            },
        ),
        // The client's first frame is larger.
        row("peer that takes little", RAW, [Limit(16)], closed(1009, "")),
        // These do not listen to the answer.
        row(
            "package that takes little",
            OTHERS,
            [Limit(16)],
            Outcome::Fails {
                kind: ConnectErrorKind::Closed { code: Some(1009) },
                why: "",
                told: Told::Nothing,
            },
        ),
    ]
}

fn closes() -> Vec<Case> {
    let codes = [
        ("close 1000", 1000),
        ("close 1001", 1001),
        ("close 1002", 1002),
        ("close 1003", 1003),
        ("close 1007", 1007),
        ("close 1008", 1008),
        ("close 1009", 1009),
        ("close 1010", 1010),
        ("close 1011", 1011),
        ("close 1012", 1012),
        ("close 1013", 1013),
        ("close 1014", 1014),
        ("close 3000", 3000),
        ("close 4999", 4999),
    ];
    let close = |(name, code)| row(name, ALL, [Close(code, "moving")], closed(code, "moving"));
    let mut rows: Vec<_> = codes.into_iter().map(close).collect();
    let empty = Outcome::Fails {
        kind: ConnectErrorKind::Closed { code: None },
        why: "",
        told: Told::Code(1005),
    };
    rows.push(row("close without a code", ALL, [CloseEmpty], empty));
    let reason = "The longest reason that fits into a control frame is one of 123 bytes,\
                   which is more than one would say, and this one is it";
    rows.push(row(
        "close with 123 bytes of reason",
        ALL,
        [Close(4001, reason)],
        closed(4001, reason),
    ));
    rows.push(row(
        "close, then a message",
        RAW,
        [Close(4000, ""), Say],
        Outcome::Fails {
            kind: ConnectErrorKind::Closed { code: Some(4000) },
            why: "",
            told: Told::Perhaps(4000),
        },
    ));
    rows
}

fn forbidden_closes() -> Vec<Case> {
    let codes = [
        ("close 0", 0),
        ("close 999", 999),
        ("close 1004", 1004),
        ("close 1005", 1005),
        ("close 1006", 1006),
        ("close 1015", 1015),
        ("close 1016", 1016),
        ("close 2999", 2999),
        ("close 5000", 5000),
        ("close 65535", u16::MAX),
    ];
    let close = |(name, code)| {
        let why = "a close code that must not be sent";
        row(name, RAW, [Close(code, "")], violation(why))
    };
    let mut rows: Vec<_> = codes.into_iter().map(close).collect();
    rows.extend([
        row(
            "close with half a code",
            RAW,
            [Bytes(frame(0x88, &[3]))],
            violation("a close code of one byte"),
        ),
        row(
            "close with a reason that is not UTF-8",
            RAW,
            [Bytes(frame(0x88, &[3, 232, 0xff]))],
            not_utf8(),
        ),
    ]);
    rows
}

const UNKNOWN: &str = "an unknown kind of frame";
const LONG_CONTROL: &str = "a control frame of more than 125 bytes";
const TOO_LARGE: &str = "a message is larger than 16777216 bytes";
const RESERVED: &str = "a reserved bit is set";

fn forbidden_frames() -> Vec<Case> {
    let bytes = |name, bytes: Vec<u8>, why| row(name, RAW, [Bytes(bytes)], violation(why));
    let text = |name, bytes: Vec<u8>| row(name, RAW, [Bytes(bytes)], not_utf8());
    let split = |first: &[u8], last: &[u8]| {
        let first = frame(0x01, first);
        [first, frame(CONTINUATION, last)].concat()
    };
    vec![
        text("text that is not UTF-8", frame(TEXT, &[0xff])),
        text("surrogates in UTF-8", frame(TEXT, b"\xed\xa0\x80")),
        text("fragment that is not UTF-8", frame(0x01, &[0xff])),
        text("half a character", split(b"\xc3", b"")),
        // Compressed, as by an extension that was not agreed on.
        bytes("reserved bit 1", frame(TEXT | 0x40, b"{}"), RESERVED),
        bytes("reserved bit 2", frame(TEXT | 0x20, b"{}"), RESERVED),
        bytes("reserved bit 3", frame(TEXT | 0x10, b"{}"), RESERVED),
        bytes("kind 3", frame(0x83, b""), UNKNOWN),
        bytes("kind 7", frame(0x87, b""), UNKNOWN),
        bytes("kind 11", frame(0x8b, b""), UNKNOWN),
        bytes("kind 15", frame(0x8f, b""), UNKNOWN),
        bytes("ping of 126 bytes", frame(0x89, &[0; 126]), LONG_CONTROL),
        bytes("pong of 126 bytes", frame(0x8a, &[0; 126]), LONG_CONTROL),
        bytes("close of 126 bytes", frame(0x88, &[0; 126]), LONG_CONTROL),
        bytes(
            "ping in fragments",
            frame(0x09, b""),
            "a control frame in fragments",
        ),
        bytes(
            "continuation of nothing",
            frame(CONTINUATION, b"{}"),
            "a continuation of nothing",
        ),
        bytes(
            "message inside a message",
            [frame(0x01, b"{"), frame(TEXT, b"{}")].concat(),
            "a message begins inside another",
        ),
    ]
}

/// RFC 6455 forbids a server to mask.
fn masked_frames() -> Vec<Case> {
    vec![
        // Its text is looked at before its mask.
        row(
            "masked text",
            RAW,
            [Bytes(masked(TEXT, SMALL.as_bytes(), [0x91, 2, 3, 4]))],
            not_utf8(),
        ),
        // UTF-8 with its mask and without it.
        row(
            "masked text that is a text either way",
            RAW,
            [Bytes(masked(TEXT, SMALL.as_bytes(), [1, 2, 3, 4]))],
            violation("a masked frame"),
        ),
        row(
            "masked end of a text",
            RAW,
            [Bytes(
                [
                    frame(0x01, &SMALL.as_bytes()[..9]),
                    masked(CONTINUATION, &SMALL.as_bytes()[9..], [1, 2, 3, 4]),
                ]
                .concat(),
            )],
            violation("a masked frame"),
        ),
        row(
            "masked close",
            RAW,
            [Bytes(masked(0x88, &[3, 232], [1, 2, 3, 4]))],
            violation("a masked frame"),
        ),
        row(
            "masked bytes",
            RAW,
            [Bytes(masked(0x82, SMALL.as_bytes(), [1, 2, 3, 4]))],
            violation("a masked frame"),
        ),
        row(
            "masked with a key of zeroes",
            RAW,
            [Bytes(masked(TEXT, SMALL.as_bytes(), [0; 4]))],
            violation("a masked frame"),
        ),
        row(
            "masked ping",
            RAW,
            [Bytes(masked(0x89, b"ping", [1, 2, 3, 4]))],
            violation("a masked frame"),
        ),
    ]
}

fn handshakes() -> Vec<Case> {
    let ping = frame(0x89, b"early");
    let event = frame(TEXT, SMALL.as_bytes());
    vec![
        row(
            "ping in one piece with the answer",
            RAW,
            [Early(ping)],
            Arrives,
        ),
        // Nothing is believed before the token was shown.
        row(
            "event in one piece with the answer",
            RAW,
            [Early(event)],
            Arrives,
        ),
        row(
            "answer in other letters",
            RAW,
            [Answer(
                "HTTP/1.1 101 Ok\r\nUPGRADE: WebSocket\r\nconnection: keep-alive, upgrade\r\n\
                 sec-websocket-ACCEPT: {key}\r\n\r\n",
            )],
            Arrives,
        ),
        row(
            "wrong accept key",
            RAW,
            [Answer(
                "HTTP/1.1 101 Ok\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                 sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            )],
            no_handshake("the accept key is wrong"),
        ),
        row(
            "no accept key",
            RAW,
            [Answer(
                "HTTP/1.1 101 Ok\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
            )],
            no_handshake("the accept key is wrong"),
        ),
        row(
            "upgrade to something else",
            RAW,
            [Answer(
                "HTTP/1.1 101 Ok\r\nupgrade: h2c\r\nconnection: upgrade\r\n\
                 sec-websocket-accept: {key}\r\n\r\n",
            )],
            no_handshake("does not upgrade to `websocket`"),
        ),
        row(
            "compression that was not offered",
            RAW,
            [Answer(
                "HTTP/1.1 101 Ok\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                 sec-websocket-accept: {key}\r\nsec-websocket-extensions: permessage-deflate\r\n\r\n",
            )],
            no_handshake("an extension that was not offered"),
        ),
        row(
            "sub-protocol that was not offered",
            RAW,
            [Answer(
                "HTTP/1.1 101 Ok\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                 sec-websocket-accept: {key}\r\nsec-websocket-protocol: chat\r\n\r\n",
            )],
            no_handshake("a sub-protocol that was not offered"),
        ),
        row(
            "no HTTP",
            RAW,
            [Answer("SSH-2.0-OpenSSH_9.9\r\n\r\n")],
            no_handshake("invalid HTTP version"),
        ),
    ]
}

fn violation(why: &'static str) -> Outcome {
    Outcome::Fails {
        kind: ConnectErrorKind::Protocol,
        why,
        told: Told::Code(1002),
    }
}

fn not_utf8() -> Outcome {
    Outcome::Fails {
        kind: ConnectErrorKind::Protocol,
        why: "text that is not UTF-8",
        told: Told::Code(1007),
    }
}

fn too_large() -> Outcome {
    Outcome::Fails {
        kind: ConnectErrorKind::Protocol,
        why: TOO_LARGE,
        told: Told::Perhaps(1009),
    }
}

/// The peer closed, and got its code back.
fn closed(code: u16, why: &'static str) -> Outcome {
    Outcome::Fails {
        kind: ConnectErrorKind::Closed { code: Some(code) },
        why,
        told: Told::Code(code),
    }
}

fn broken() -> Outcome {
    Outcome::Fails {
        kind: ConnectErrorKind::Broken,
        why: "the connection broke",
        told: Told::Nothing,
    }
}

fn no_handshake(why: &'static str) -> Outcome {
    Outcome::Fails {
        kind: ConnectErrorKind::Handshake { status: None },
        why,
        told: Told::Nothing,
    }
}
