//! What a peer does in a case, and what shall come of it.

use serde_json::{Value, json};
use video_transport::ConnectErrorKind;

/// One thing that a peer does, after the greeting unless it says otherwise.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Sends an event as one text frame.
    Say,
    /// Sends an event as one binary frame.
    SayBinary,
    /// Sends an event of exactly this many bytes.
    SayLarge(usize),
    /// Sends an event of exactly this many bytes in so many fragments.
    SayInFragments(usize, usize),
    /// Sends an event in fragments that cut a character, with pings and nothing between them.
    SayAroundPings,
    /// Sends a ping of so many bytes and waits for the same to come back.
    Ping(usize),
    /// Sends a pong that nobody asked for.
    Pong,
    /// Sends a close frame, with a code and a reason.
    Close(u16, &'static str),
    /// Sends a close frame that is empty.
    CloseEmpty,
    /// Ends the stream without a word.
    Leave,
    /// Before all else: takes no message of more bytes than this.
    Limit(usize),
    /// Sends these bytes. Only the raw peer can.
    Bytes(Vec<u8>),
    /// Before all else: answers the upgrade with this, in which `{key}` is the right accept key.
    /// Only the raw peer can.
    Answer(&'static str),
    /// Sends these bytes in one piece with the answer to the upgrade. Only the raw peer can.
    Early(Vec<u8>),
}

impl Step {
    /// In the language of the foreign peers.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Say => json!(["say"]),
            Self::SayBinary => json!(["binary"]),
            Self::SayLarge(size) => json!(["large", size]),
            Self::SayInFragments(size, parts) => json!(["fragments", size, parts]),
            Self::SayAroundPings => json!(["around"]),
            Self::Ping(size) => json!(["ping", size]),
            Self::Pong => json!(["pong"]),
            Self::Close(code, reason) => json!(["close", code, reason]),
            Self::CloseEmpty => json!(["close"]),
            Self::Leave => json!(["leave"]),
            Self::Limit(size) => json!(["limit", size]),
            Self::Bytes(_) | Self::Answer(_) | Self::Early(_) => {
                panic!("{self:?} is for the raw peer alone")
            }
        }
    }

    /// The event that the client hears of it, if it is one. Bytes that are written as they stand
    /// hold no other event than the small one.
    pub(crate) fn event(&self) -> Option<String> {
        match self {
            Self::Say | Self::SayBinary | Self::Bytes(_) => Some(SMALL.to_owned()),
            Self::SayLarge(size) | Self::SayInFragments(size, _) => Some(event_of(*size)),
            Self::SayAroundPings => Some(AROUND.concat()),
            _ => None,
        }
    }
}

pub(crate) const SMALL: &str = r#"{"type":"custom","n":1}"#;

/// The middle one is empty on the wire; `ü` is cut there.
pub(crate) const AROUND: [&str; 2] = [r#"{"type":"custom","text":""#, r#"ü"}"#];

/// An event of exactly so many bytes.
pub(crate) fn event_of(size: usize) -> String {
    let (head, tail) = (r#"{"type":"custom","x":""#, r#""}"#);
    format!("{head}{}{tail}", "x".repeat(size - head.len() - tail.len()))
}

/// The other side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A socket of TCP and whatever bytes we like.
    Raw,
    /// The package `ws` of npm.
    Ws,
    /// The package `websockets` of `PyPI`.
    Websockets,
}

/// What comes of a case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// All events arrive, and the connection stays until the client closes it.
    Arrives,
    /// What was sent is reported as no event, and the connection stays.
    Skipped,
    /// The connection is given up and made again.
    Fails {
        kind: ConnectErrorKind,
        /// The words of the cause.
        why: &'static str,
        /// What the peer is told.
        told: Told,
    },
}

/// The close frame that a peer gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// None, or none that it listens to.
    Nothing,
    /// One with this code; 1005 stands for none.
    Code(u16),
    /// One with this code, unless the end of the connection overtakes it: what a client has not
    /// read when it hangs up turns the end into a reset.
    Perhaps(u16),
}

impl Told {
    pub(crate) fn fits(self, code: Option<u16>) -> bool {
        match self {
            Self::Nothing => code.is_none(),
            Self::Code(told) => code == Some(told),
            Self::Perhaps(told) => code.is_none_or(|code| code == told),
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) peers: &'static [Kind],
    pub(crate) steps: Vec<Step>,
    pub(crate) outcome: Outcome,
}

impl Case {
    pub(crate) fn fails(&self) -> bool {
        matches!(self.outcome, Outcome::Fails { .. })
    }
}
