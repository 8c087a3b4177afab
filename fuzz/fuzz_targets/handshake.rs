//! Answers to the opening handshake: only one that is right in every part opens a socket, and what
//! follows it is not lost.
//!
//! The first byte is how much arrives at a time, the rest is what the server says.
#![no_main]

use std::cell::LazyCell;

use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;
use video_fuzz::head::Head;
use video_fuzz::peer::{Peer, rest, runtime};
use video_fuzz::text::shows_a_token;
use video_transport::__internals::upgrade;
use video_transport::{BoxIo, ConnectErrorKind};

thread_local! {
    static RUNTIME: LazyCell<Runtime> = LazyCell::new(runtime);
}

/// The pair of section 1.3 of RFC 6455.
const NONCE: [u8; 16] = *b"the sample nonce";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

fuzz_target!(|data: &[u8]| {
    let Some((step, says)) = data.split_first() else {
        return;
    };
    RUNTIME.with(|runtime| runtime.block_on(run(*step, says)));
});

async fn run(step: u8, says: &[u8]) {
    let uri = "ws://h.test/video/connect?api_key=k"
        .parse()
        .expect("a URI");
    let peer = BoxIo::new(Peer::new(says, step));
    match upgrade(peer, &uri, NONCE).await {
        Ok(mut io) => {
            let after = good(says).expect("the answer is not right in every part");
            assert_eq!(rest(&mut io).await, after, "lost or invented");
        }
        Err(error) => {
            assert!(
                good(says).is_none(),
                "a right answer was refused: {error:?}"
            );
            let ConnectErrorKind::Handshake { status } = error.kind() else {
                panic!("{error:?}");
            };
            if let Some(api) = error.api() {
                assert_eq!(Some(api.status), *status);
                assert_ne!(api.status, 101);
            }
            let shown = format!("{error} {error:?}");
            assert!(!shows_a_token(&shown), "{shown}");
        }
    }
}

/// What follows a right answer.
fn good(mut says: &[u8]) -> Option<&[u8]> {
    let head = loop {
        let head = Head::read(says, 100)?;
        says = &says[head.len..];
        match head.status {
            101 | 200.. => break head,
            // Other informational answers are skipped.
            100..200 => {}
            // The crate for heads reads `013`, which is no status.
            _ => return None,
        }
    };
    let is_right = head.status == 101
        && head.lists("upgrade", "websocket")
        && head.lists("connection", "upgrade")
        && head.values("sec-websocket-accept").next() == Some(ACCEPT)
        && head.values("sec-websocket-extensions").next().is_none()
        && head.values("sec-websocket-protocol").next().is_none();
    is_right.then_some(says)
}
