//! Answers to `CONNECT`: a tunnel begins with the byte after the answer, and only after a success.
//!
//! The first byte is how much arrives at a time, the rest is what the proxy says.
#![no_main]

use std::cell::LazyCell;

use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;
use video_fuzz::head::Head;
use video_fuzz::peer::{DialOnce, Peer, rest, runtime};
use video_transport::{DialErrorKind, Dialer, Proxy, ProxyDialer, Target};

thread_local! {
    static RUNTIME: LazyCell<Runtime> = LazyCell::new(runtime);
}

const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

fuzz_target!(|data: &[u8]| {
    let Some((step, says)) = data.split_first() else {
        return;
    };
    RUNTIME.with(|runtime| runtime.block_on(run(*step, says)));
});

async fn run(step: u8, says: &[u8]) {
    let peer = Peer::new(says, step);
    let heard = peer.heard();
    let proxy = Proxy::url("http://user:pw@p.test:3128").expect("a proxy");
    let dialer = ProxyDialer::new(DialOnce::new(peer), proxy);
    let target = Target::of(&"http://h.test:81".parse().expect("a URI")).expect("a target");
    let result = dialer.dial(&target).await;
    let heard = heard.lock().expect("nobody panicked").clone();
    assert!(heard.starts_with(b"CONNECT h.test:81 HTTP/1.1\r\n"));
    assert!(heard.ends_with(b"\r\n\r\n"));

    let head = Head::read(says, MAX_HEADERS).filter(|head| head.len <= MAX_HEAD);
    match (result, head) {
        (Ok(mut io), Some(head)) => {
            assert!((200..300).contains(&head.status));
            assert_eq!(rest(&mut io).await, says[head.len..], "lost or invented");
        }
        (Ok(_), None) => panic!("a tunnel without an answer"),
        (Err(error), head) => match (error.kind(), head) {
            (DialErrorKind::ProxyRefused { status }, Some(head)) => {
                assert_eq!(status, head.status);
                assert!(!(200..300).contains(&status));
            }
            (DialErrorKind::ProxyAnswer | DialErrorKind::ProxyAnswerTooLong, None) => {}
            (kind, head) => panic!("{kind:?} for {:?}", head.map(|head| head.status)),
        },
    }
}
