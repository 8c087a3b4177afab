//! A server that lets each socket in and then sends it events as fast as it takes them. It does
//! next to nothing for an event, so that the client is what is measured.

use std::io;
use std::net::Ipv4Addr;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::sample::Sample;

/// How many events are written at once, at least.
const BATCH: usize = 128;

/// Serves until the process ends. Sends `count` events on each socket.
pub(crate) async fn serve(
    sample: Sample,
    count: usize,
    announce: impl FnOnce(u16),
) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?.port());
    let event = frame(sample.json().as_bytes())?;
    let mut sockets = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        while sockets.try_join_next().is_some() {}
        let event = event.clone();
        sockets.spawn(async move {
            // A client that goes away early is none of the server's business.
            drop(send(stream, &event, count).await);
        });
    }
}

async fn send(mut stream: TcpStream, event: &[u8], count: usize) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
    stream.write_all(switch(&head)?.as_bytes()).await?;
    // The first frame, whatever it says.
    let mut first = [0; 4096];
    let _ = stream.read(&mut first).await?;
    stream.write_all(&frame(ACCEPTED.as_bytes())?).await?;
    let batch = event.repeat(BATCH);
    for _ in 0..count / BATCH {
        stream.write_all(&batch).await?;
    }
    stream.write_all(&event.repeat(count % BATCH)).await?;
    // Whatever the client says now is its goodbye: without an answer it would wait for one.
    let _ = stream.read(&mut first).await?;
    Ok(())
}

const ACCEPTED: &str = r#"{"type":"connection.ok","connection_id":"c-1","created_at":"2026-03-04T10:00:00Z","me":{"id":"john","role":"user","created_at":"2026-03-04T10:00:00Z","updated_at":"2026-03-04T10:00:00Z"}}"#;

fn switch(head: &[u8]) -> anyhow::Result<String> {
    const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let head = std::str::from_utf8(head)?;
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then_some(value.trim())
    });
    let key = key.context("no key in the handshake")?;
    let hash = sha1_smol::Sha1::from(format!("{key}{GUID}")).digest();
    let accept = STANDARD.encode(hash.bytes());
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ))
}

/// A text frame of the server's.
fn frame(payload: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut frame = vec![0x81];
    match u8::try_from(payload.len()) {
        Ok(len) if len < 126 => frame.push(len),
        _ => {
            frame.push(126);
            frame.extend_from_slice(&u16::try_from(payload.len())?.to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    Ok(frame)
}
