//! A peer that writes any bytes, right or wrong.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::case::{AROUND, Case, SMALL, Step, event_of};
use crate::peer::{Peer, Reports};

/// The first byte of a whole text.
pub(crate) const TEXT: u8 = 0x81;
/// The first byte of the last fragment.
pub(crate) const CONTINUATION: u8 = 0x80;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// A frame as a server sends it.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        size @ ..126 => frame.push(u8::try_from(size).unwrap()),
        size @ 126..65536 => {
            frame.push(126);
            frame.extend(u16::try_from(size).unwrap().to_be_bytes());
        }
        size => {
            frame.push(127);
            frame.extend(u64::try_from(size).unwrap().to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// A frame of up to 125 bytes as only a client may send it.
pub(crate) fn masked(first: u8, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    let size = u8::try_from(payload.len()).unwrap();
    let mut frame = vec![first, 0x80 | size];
    frame.extend(key);
    let bytes = payload.iter().zip(key.iter().cycle());
    frame.extend(bytes.map(|(byte, key)| byte ^ key));
    frame
}

/// Starts a peer that knows these cases. `each_time` says whether a case is played on every
/// connection, or on the first alone.
pub(crate) async fn start(cases: &[Case], each_time: EachTime) -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let reports = Reports::default();
    let reporting = reports.clone();
    let cases: HashMap<String, Case> = cases
        .iter()
        .map(|case| (path(case.name), case.clone()))
        .collect();
    let cases = Arc::new(Mutex::new(cases));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (cases, reports) = (Arc::clone(&cases), reporting.clone());
            connections.spawn(async move {
                // What the client breaks off ends here too.
                drop(serve(stream, &cases, each_time, &reports).await);
            });
        }
    });
    Peer {
        address,
        reports,
        _tasks: tasks,
        process: None,
    }
}

/// On which connections a case is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EachTime {
    Yes,
    FirstOnly,
}

/// The path that stands for a case.
pub(crate) fn path(case: &str) -> String {
    case.replace([' ', ','], "-").replace('^', "-to-")
}

async fn serve(
    stream: TcpStream,
    cases: &Mutex<HashMap<String, Case>>,
    each_time: EachTime,
    reports: &Reports,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let head = head(&mut stream).await?;
    let case = head.split(['/', '?']).nth(1).unwrap_or_default();
    let played = {
        let mut cases = cases.lock().unwrap();
        match each_time {
            EachTime::Yes => cases.get(case).cloned(),
            EachTime::FirstOnly => cases.remove(case),
        }
    };
    let code = play(&mut stream, &head, played.as_ref()).await;
    reports.ended(case, code.unwrap_or(None));
    Ok(())
}

/// The right answer to the upgrade.
const RIGHT: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\
                     connection: Upgrade\r\nsec-websocket-accept: {key}\r\n\r\n";

type Stream = BufReader<TcpStream>;

/// Plays a connection to its end and tells with which code the client closed it.
async fn play(stream: &mut Stream, head: &str, case: Option<&Case>) -> io::Result<Option<u16>> {
    let steps = case.map(|case| &case.steps[..]).unwrap_or_default();
    let (mut answer, mut early, mut limit) = (RIGHT, Vec::new(), usize::MAX);
    for step in steps {
        match step {
            Step::Answer(other) => answer = other,
            Step::Early(bytes) => early.clone_from(bytes),
            Step::Limit(bytes) => limit = *bytes,
            _ => {}
        }
    }
    let mut bytes = answer.replace("{key}", &accept_key(head)).into_bytes();
    bytes.extend(&early);
    stream.write_all(&bytes).await?;

    let mut hello = read(stream).await?;
    if early.first() == Some(&PING) {
        // The answer may come before the token or after it.
        let other = read(stream).await?;
        let (pong, token) = match hello.first {
            PONG => (hello, other),
            _ => (other, hello),
        };
        assert_eq!(pong.pong(), early.get(2..), "{pong:?}");
        hello = token;
    }
    if hello.payload.len() > limit {
        stream.write_all(&close(1009, "")).await?;
        return last_word(stream).await;
    }
    let welcome = br#"{"type":"connection.ok","connection_id":"raw","me":{"id":"jane"}}"#;
    stream.write_all(&frame(TEXT, welcome)).await?;
    for step in steps {
        if matches!(step, Step::Leave) {
            stream.shutdown().await?;
            return last_word(stream).await;
        }
        act(stream, step).await?;
    }
    if !case.is_some_and(Case::fails) {
        stream
            .write_all(&frame(TEXT, br#"{"type":"done"}"#))
            .await?;
    }
    last_word(stream).await
}

async fn act(stream: &mut Stream, step: &Step) -> io::Result<()> {
    match step {
        Step::Say => stream.write_all(&frame(TEXT, SMALL.as_bytes())).await,
        Step::SayBinary => stream.write_all(&frame(BINARY, SMALL.as_bytes())).await,
        Step::SayLarge(size) => {
            let event = event_of(*size);
            stream.write_all(&frame(TEXT, event.as_bytes())).await
        }
        Step::SayInFragments(size, parts) => {
            let event = event_of(*size);
            let mut first = 0x01;
            for part in event.as_bytes().chunks(size.div_ceil(*parts)) {
                stream.write_all(&frame(first, part)).await?;
                first = 0x00;
            }
            stream.write_all(&frame(CONTINUATION, b"")).await
        }
        Step::SayAroundPings => {
            let [head, tail] = AROUND.map(str::as_bytes);
            let (half, rest) = tail.split_at(1);
            stream.write_all(&frame(0x01, head)).await?;
            ping(stream, b"first").await?;
            stream.write_all(&frame(0x00, half)).await?;
            stream.write_all(&frame(0x00, b"")).await?;
            ping(stream, b"").await?;
            stream.write_all(&frame(CONTINUATION, rest)).await
        }
        Step::Ping(size) => ping(stream, &vec![b'p'; *size]).await,
        Step::Pong => stream.write_all(&frame(PONG, b"unasked")).await,
        Step::Close(code, reason) => stream.write_all(&close(*code, reason)).await,
        Step::CloseEmpty => stream.write_all(&frame(CLOSE, b"")).await,
        Step::Bytes(bytes) => stream.write_all(bytes).await,
        Step::Leave | Step::Limit(_) | Step::Answer(_) | Step::Early(_) => Ok(()),
    }
}

async fn ping(stream: &mut Stream, payload: &[u8]) -> io::Result<()> {
    stream.write_all(&frame(PING, payload)).await?;
    let answer = read(stream).await?;
    match answer.pong() == Some(payload) {
        true => Ok(()),
        false => Err(io::Error::other(format!("no pong: {answer:?}"))),
    }
}

fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// Reads on to the close frame.
async fn last_word(stream: &mut Stream) -> io::Result<Option<u16>> {
    loop {
        let frame = read(stream).await?;
        if frame.first == CLOSE {
            return Ok(Some(match frame.payload[..] {
                [high, low, ..] => u16::from_be_bytes([high, low]),
                // What says that there was no code.
                _ => 1005,
            }));
        }
    }
}

/// A frame of the client, unmasked.
#[derive(Debug)]
struct Received {
    first: u8,
    payload: Vec<u8>,
}

impl Received {
    fn pong(&self) -> Option<&[u8]> {
        (self.first == PONG).then_some(&self.payload)
    }
}

async fn read(stream: &mut Stream) -> io::Result<Received> {
    let first = stream.read_u8().await?;
    let second = stream.read_u8().await?;
    assert!(second & 0x80 != 0, "a client masks");
    let size = match second & 0x7f {
        126 => usize::from(stream.read_u16().await?),
        size @ ..126 => usize::from(size),
        _ => panic!("a client says little"),
    };
    let mut key = [0; 4];
    stream.read_exact(&mut key).await?;
    let mut payload = vec![0; size];
    stream.read_exact(&mut payload).await?;
    for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
    Ok(Received { first, payload })
}

async fn head(stream: &mut Stream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(head).unwrap())
}

fn accept_key(head: &str) -> String {
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("sec-websocket-key: "))
        .unwrap();
    let digest = sha1_smol::Sha1::from(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    STANDARD.encode(digest.digest().bytes())
}
