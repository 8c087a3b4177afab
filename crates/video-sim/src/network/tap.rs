//! Listens on one connection: what the client says there, and what it is told.

use std::time::Duration;

use super::frames::FrameReader;
use crate::excuse::{is_final, is_of_the_token};
use crate::witness::{ClientWire, LoadTrouble, Message, Wire};

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It becomes a WebSocket.
    Socket,
    /// It carries requests.
    Rest,
}

/// The ear on one connection. Both directions are heard at the client's end, so that only what it
/// wrote and what it has read counts.
#[derive(Debug)]
pub(super) struct Tap {
    client: usize,
    link: u64,
    line: Line,
}

#[derive(Debug)]
enum Line {
    Socket(Box<SocketLine>),
    Rest(RestLine),
}

#[derive(Debug, Default)]
struct SocketLine {
    request: Head,
    response: Head,
    /// What follows the head of a response that is no upgrade.
    refusal: Vec<u8>,
    up: FrameReader,
    down: FrameReader,
    token: Option<String>,
    accepted: bool,
}

#[derive(Debug)]
struct RestLine {
    request: Head,
    response: Head,
    /// The id that was alive when the connection was dialled, until the first request.
    alive_at_dial: Option<String>,
    asked: Option<Asked>,
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Asked {
    token: Option<String>,
    creates_guest: bool,
    /// The answer tells the length of a body that it does not have.
    is_head: bool,
}

impl Tap {
    pub(super) fn new(client: usize, number: u64, purpose: Purpose, alive: Option<String>) -> Self {
        let line = match purpose {
            Purpose::Socket => Line::Socket(Box::default()),
            Purpose::Rest => Line::Rest(RestLine {
                request: Head::default(),
                response: Head::default(),
                alive_at_dial: alive,
                asked: None,
            }),
        };
        Self {
            client,
            link: number,
            line,
        }
    }

    /// The client wrote these bytes.
    pub(super) fn sent(&mut self, bytes: &[u8], wire: &Wire) {
        let mut witness = wire.lock();
        let client = witness.client(self.client);
        match &mut self.line {
            Line::Socket(line) => line.sent(bytes, client),
            Line::Rest(line) => line.sent(bytes, client),
        }
    }

    /// The client read these bytes.
    pub(super) fn received(&mut self, bytes: &[u8], now: Duration, wire: &Wire) {
        let mut witness = wire.lock();
        let client = witness.client(self.client);
        match &mut self.line {
            Line::Socket(line) => line.received(bytes, (self.link, now), client),
            Line::Rest(line) => line.received(bytes, now, client),
        }
    }

    /// The client let go of its end.
    pub(super) fn left(&self, wire: &Wire) {
        if matches!(self.line, Line::Socket(_)) {
            wire.lock().client(self.client).sockets.left(self.link);
        }
    }
}

impl SocketLine {
    fn sent(&mut self, bytes: &[u8], client: &mut ClientWire) {
        let Some(frames) = self.request.past(bytes) else {
            return;
        };
        for message in self.up.messages(&frames) {
            let message = String::from_utf8_lossy(&message).into_owned();
            match (&self.token, text_after(&message, "{\"token\":\"")) {
                (None, Some(token)) => {
                    client.tokens.shown(token);
                    self.token = Some(token.to_owned());
                }
                (None, None) => {
                    client.accuse(&format!("said `{message}` before it showed a token"));
                }
                (Some(_), Some(_)) => client.accuse("showed a token twice on one socket"),
                (Some(_), None) if !self.accepted => {
                    client.accuse(&format!("said `{message}` before it was accepted"));
                }
                (Some(_), None) => {}
            }
        }
    }

    fn received(&mut self, bytes: &[u8], when: (u64, Duration), client: &mut ClientWire) {
        let Some(frames) = self.response.past(bytes) else {
            return;
        };
        if !self.response.is_upgrade() {
            return self.refused(&frames, when.1, client);
        }
        for message in self.down.messages(&frames) {
            let Some((message, json)) = event(&message) else {
                client.arrived(when, None, Message::Garbage(message.len()));
                continue;
            };
            let id = json["connection_id"].as_str();
            match json["type"].as_str() {
                Some("connection.ok") => {
                    self.accepted = true;
                    // Behind a ping that can not be answered it is lost with the socket, unheard.
                    let is_heard = !self.down.has_pinged();
                    client.accepted(when, id, is_heard);
                }
                Some("connection.error") => {
                    let code = json["error"]["code"].as_i64();
                    if is_of_the_token(code) {
                        client.tokens.refused(self.token.as_deref());
                        client.troubles.token_refused(when.0, when.1);
                    } else if is_final(code) {
                        client.troubles.refused_for_good(when.1);
                    }
                }
                _ => {}
            }
            if self.accepted {
                client.arrived(when, id, Message::Event(message));
            }
        }
    }
}

impl SocketLine {
    /// The service does not agree to a WebSocket, and these bytes of its words came.
    fn refused(&mut self, bytes: &[u8], now: Duration, client: &mut ClientWire) {
        self.refusal.extend_from_slice(bytes);
        let json = serde_json::from_slice::<serde_json::Value>(&self.refusal).unwrap_or_default();
        if is_final(json["code"].as_i64()) {
            client.troubles.refused_for_good(now);
        }
    }
}

impl RestLine {
    fn sent(&mut self, bytes: &[u8], client: &mut ClientWire) {
        // There is no second request before the answer to the first.
        self.request.buffer.extend_from_slice(bytes);
        while let Some((head, _)) = self.request.message(true) {
            let id = text_after(&head, "connection_id=");
            let id = id.map(|id| id.split(['&', ' ']).next().unwrap_or(id));
            let at_dial = self.alive_at_dial.take();
            if let Some(id) = id {
                client.request_names(id, at_dial.as_deref(), head.lines().next().unwrap_or(""));
            }
            self.asked = Some(Asked {
                token: header(&head, "authorization").map(str::to_owned),
                creates_guest: head.starts_with("POST /video/guest?"),
                is_head: head.starts_with("HEAD "),
            });
        }
    }

    fn received(&mut self, bytes: &[u8], now: Duration, client: &mut ClientWire) {
        self.response.buffer.extend_from_slice(bytes);
        while let Some(asked) = &self.asked {
            let Some((head, body)) = self.response.message(!asked.is_head) else {
                return;
            };
            let status = head.split(' ').nth(1).unwrap_or_default();
            let json = serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default();
            let code = json["code"].as_i64();
            if is_of_the_token(code) || (status == "401" && code.is_none()) {
                client.tokens.refused(asked.token.as_deref());
            }
            match (asked.creates_guest, status.starts_with('2')) {
                (true, true) => client.guest_received(),
                (true, false) if is_lasting(status, code) => {
                    let trouble = LoadTrouble::GuestRefused;
                    client.troubles.load_failed(trouble, now);
                }
                _ => {}
            }
            self.asked = None;
        }
    }
}

/// What a message says, if it is an event: an object with a type, or with an error.
fn event(message: &[u8]) -> Option<(String, serde_json::Value)> {
    let text = String::from_utf8(message.to_vec()).ok()?;
    let json = serde_json::from_str::<serde_json::Value>(&text).ok()?;
    let is_event = match json.get("type") {
        Some(kind) => kind.is_string(),
        None => json.get("error").is_some(),
    };
    is_event.then_some((text, json))
}

/// Whether the same request is refused again, however long one waits.
fn is_lasting(status: &str, code: Option<i64>) -> bool {
    match code {
        // Something went wrong within, took too long, or there is too much.
        Some(-1 | 9 | 23 | 71) => false,
        _ if is_final(code) || is_of_the_token(code) => true,
        _ => status.starts_with('4') && !matches!(status, "408" | "429"),
    }
}

/// The beginning of a message of HTTP.
#[derive(Debug, Default)]
struct Head {
    buffer: Vec<u8>,
    over: bool,
}

impl Head {
    /// What comes after the head, once that is complete.
    fn past(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.over {
            return Some(bytes.to_vec());
        }
        self.buffer.extend_from_slice(bytes);
        let end = end_of_head(&self.buffer)?;
        self.over = true;
        Some(self.buffer.split_off(end))
    }

    /// Whether it is the head of a response that agrees to another protocol.
    fn is_upgrade(&self) -> bool {
        self.buffer.split(|byte| *byte == b' ').nth(1) == Some(b"101")
    }

    /// The next whole message: its head, in which the header names are in lower case, and its body.
    fn message(&mut self, has_body: bool) -> Option<(String, Vec<u8>)> {
        let end = end_of_head(&self.buffer)?;
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        let length = header(&head, "content-length").filter(|_| has_body);
        let length = length.and_then(|text| text.parse().ok());
        let total = end + length.unwrap_or(0);
        if self.buffer.len() < total {
            return None;
        }
        let body = self.buffer.drain(..total).skip(end).collect();
        Some((head, body))
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// The text between a marker and the next quotation mark, or the end.
fn text_after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(marker)?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests;
