//! What a server writes after the handshake: messages come out as the rules say, then it is over.
//!
//! The first byte is how much arrives at a time, the second the limit, the rest is written.
#![no_main]

use std::cell::LazyCell;
use std::ops::ControlFlow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;
use video_fuzz::message::{Breach, Model, cut};
use video_fuzz::peer::{DialOnce, Peer, runtime};
use video_transport::{
    Entropy, EventConnector, Frame, SocketError, SocketLimits, WebSocketConnector,
};

thread_local! {
    static RUNTIME: LazyCell<Runtime> = LazyCell::new(runtime);
}

fuzz_target!(|data: &[u8]| {
    let Some(([step, limit], writes)) = data.split_first_chunk::<2>() else {
        return;
    };
    RUNTIME.with(|runtime| runtime.block_on(run(*step, usize::from(*limit) * 8, writes)));
});

async fn run(step: u8, limit: usize, writes: &[u8]) {
    let peer = Peer::new(writes, step).after(accept);
    let mut limits = SocketLimits::default();
    limits.max_message = limit;
    let dialer = Arc::new(DialOnce::new(peer));
    let connector = WebSocketConnector::new(dialer, limits, Entropy::seeded(0));
    let uri = "ws://h.test/".parse().expect("a URI");
    let mut socket = connector.open(uri).await.expect("the handshake is right");

    let (expected, end) = expected(writes, limit);
    for frame in expected {
        let got = socket.recv().await.expect("a message").expect("no failure");
        assert_eq!(got, frame);
        if matches!(got, Frame::Close(_)) {
            assert!(socket.recv().await.is_none(), "something after the close");
            return;
        }
    }
    let got = socket.recv().await.expect("how it ended");
    match (&got, end) {
        (Err(SocketError::Broken(_)), None) => {}
        // Which breach is seen first does not matter, nor whether the stream ends before.
        (Err(_), Some(_)) => {}
        _ => panic!("{got:?} instead of {end:?}"),
    }
    assert!(socket.recv().await.is_none(), "something after the end");
}

/// The messages up to a close, and what ends them; nothing but the end of the stream, if `None`.
fn expected(mut writes: &[u8], limit: usize) -> (Vec<Frame>, Option<Breach>) {
    let (mut model, mut frames) = (Model::new(limit), Vec::new());
    loop {
        let frame = match cut(&mut writes, limit) {
            ControlFlow::Continue(frame) => frame,
            ControlFlow::Break(end) => return (frames, end),
        };
        match model.push(frame.fin, frame.opcode, frame.payload) {
            Ok(frame) => frames.extend(frame),
            Err(breach) => return (frames, Some(breach)),
        }
        if matches!(frames.last(), Some(Frame::Close(_))) {
            return (frames, None);
        }
    }
}

/// The answer to a handshake.
fn accept(request: &[u8]) -> Vec<u8> {
    const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let request = std::str::from_utf8(request).expect("a request is text");
    let (_, after) = request.split_once("sec-websocket-key: ").expect("a key");
    let key = after.lines().next().unwrap_or_default();
    let digest = sha1_smol::Sha1::from(format!("{key}{GUID}")).digest();
    let accept = STANDARD.encode(digest.bytes());
    let head = "HTTP/1.1 101 x\r\nupgrade: websocket\r\nconnection: upgrade\r\n";
    format!("{head}sec-websocket-accept: {accept}\r\n\r\n").into_bytes()
}
