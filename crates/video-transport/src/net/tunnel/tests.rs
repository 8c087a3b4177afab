//! Proxies in memory, which say one thing.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use tokio::io::DuplexStream;
use tokio::time::timeout;
use video_core::{Classify, FailureClass};

use super::*;
use crate::http::{HttpErrorKind, HttpTransport, HyperTransport};
use crate::test_util::{DialerFn, dialer_fn};

const PROXY: &str = "http://maya:s%40cret@p.test:3128";

/// Hands out one stream, whose other end is the proxy, and notes who is dialled.
struct Network {
    dialled: Arc<Mutex<Vec<String>>>,
    far: DuplexStream,
}

impl Network {
    fn new() -> (DialerFn, Self) {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let dialled = Arc::new(Mutex::new(Vec::new()));
        let (near, notes) = (Mutex::new(Some(near)), Arc::clone(&dialled));
        let dialer = dialer_fn(move |target| {
            notes.lock().unwrap().push(target.to_string());
            let near = near.lock().unwrap().take().expect("one dial");
            async move { Ok(near) }
        });
        (dialer, Self { dialled, far })
    }

    /// What the proxy is asked, up to the empty line.
    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.far.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    async fn answer(&mut self, answer: &str) {
        self.far.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn target(uri: &'static str) -> Target {
    let target = Target::of(&Uri::from_static(uri)).unwrap();
    Target {
        encrypted: target.secure,
        secure: false,
        ..target
    }
}

/// What comes of dialling through a proxy that answers so, and hangs up if it is told to.
async fn answered(answer: &str, hangs_up: bool) -> Result<BoxIo, DialError> {
    let (dialer, mut network) = Network::new();
    let dialer = ProxyDialer::new(dialer, Proxy::url(PROXY).unwrap());
    let target = target("https://h.test");
    let proxy = async {
        network.head().await;
        network.answer(answer).await;
        (!hangs_up).then_some(network)
    };
    let (dialled, _network) = tokio::join!(dialer.dial(&target), proxy);
    dialled
}

/// The error with all its causes, as both of its faces show it.
fn shown(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| (*error).source());
    let faces: Vec<_> = chain.map(|error| format!("{error:?} {error}")).collect();
    faces.join(" ")
}

#[tokio::test]
async fn the_proxy_is_asked_for_the_host_and_told_its_user_and_nothing_else() {
    let hosts = [
        ("https://h.test", "h.test:443"),
        ("http://h.test", "h.test:80"),
        ("https://[2001:db8::1]", "[2001:db8::1]:443"),
    ];
    for (uri, authority) in hosts {
        let (dialer, mut network) = Network::new();
        let dialer = ProxyDialer::new(dialer, Proxy::url(PROXY).unwrap());
        let target = target(uri);
        let proxy = async {
            let head = network.head().await;
            network
                .answer("HTTP/1.1 200 Connection established\r\n\r\n")
                .await;
            head
        };
        let (io, head) = tokio::join!(dialer.dial(&target), proxy);
        let expected = format!(
            "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\
             Proxy-Authorization: Basic bWF5YTpzQGNyZXQ=\r\n\r\n"
        );
        assert_eq!(head, expected);
        assert_eq!(*network.dialled.lock().unwrap(), ["p.test:3128"]);

        let mut io = io.unwrap();
        io.write_all(b"ping").await.unwrap();
        io.flush().await.unwrap();
        let mut bytes = [0; 4];
        network.far.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ping");
    }
}

#[tokio::test]
async fn what_a_host_says_first_is_not_lost() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n\r\n",
        "HTTP/1.1 200\n\n",
        "HTTP/1.1 299 Odd\r\nContent-Length: 3\r\nConnection: close\r\n\r\n",
    ] {
        let io = answered(&format!("{head}hello"), false).await;
        let mut bytes = [0; 5];
        io.unwrap().read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"hello", "{head}");
    }
}

#[tokio::test]
async fn a_refusal_has_its_status_and_a_redirect_is_one() {
    for status in [302, 403, 407, 502] {
        let answer = format!(
            "HTTP/1.1 {status} No\r\nLocation: http://other.test/\r\n\
             Proxy-Authenticate: Basic\r\nContent-Length: 100000\r\n\r\nsome"
        );
        let error = answered(&answer, false).await.unwrap_err();
        assert_eq!(error.kind(), DialErrorKind::ProxyRefused { status });
        assert!(error.to_string().contains(&status.to_string()), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_or_not_whole_or_too_long_is_an_error_of_the_proxy() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(MAX_HEAD));
    let headers = format!(
        "HTTP/1.1 200 OK\r\n{}\r\n",
        "x: y\r\n".repeat(MAX_HEADERS + 1)
    );
    for (answer, hangs_up, kind) in [
        (
            "SSH-2.0-OpenSSH_9.9\r\n\r\n",
            false,
            DialErrorKind::ProxyAnswer,
        ),
        ("HTTP/1.1 200 OK\r\n", true, DialErrorKind::ProxyAnswer),
        ("", true, DialErrorKind::ProxyAnswer),
        (&long, false, DialErrorKind::ProxyAnswerTooLong),
        (&headers, false, DialErrorKind::ProxyAnswerTooLong),
    ] {
        let error = answered(answer, hangs_up).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_eq!(error.class(), FailureClass::NotSent);
    }
}

#[tokio::test]
async fn a_proxy_that_can_not_be_reached_is_not_taken_for_the_host() {
    let refuse = |_| async { Err::<DuplexStream, _>(io::ErrorKind::ConnectionRefused.into()) };
    let dialer = ProxyDialer::new(dialer_fn(refuse), Proxy::url(PROXY).unwrap());
    let error = dialer.dial(&target("https://h.test")).await.unwrap_err();
    assert_eq!(error.kind(), DialErrorKind::ProxyUnreachable);
    let cause = error.source().unwrap().downcast_ref::<DialError>();
    assert_eq!(cause.unwrap().kind(), DialErrorKind::Refused);
}

#[tokio::test]
async fn a_host_off_the_proxy_s_way_is_dialled_as_it_is() {
    let vars = |name: &str| match name {
        "ALL_PROXY" => Some(PROXY.to_owned()),
        "NO_PROXY" => Some("corp.test".to_owned()),
        _ => None,
    };
    for uri in ["https://a.corp.test", "https://localhost"] {
        let (dialer, network) = Network::new();
        let dialer = ProxyDialer::new(dialer, Proxy::from_vars(vars).unwrap());
        dialer.dial(&target(uri)).await.unwrap();
        let expected = target(uri).to_string();
        assert_eq!(*network.dialled.lock().unwrap(), [expected]);
    }
}

#[tokio::test]
async fn nothing_goes_unencrypted_that_should_not() {
    let (dialer, network) = Network::new();
    let dialer = ProxyDialer::new(dialer, Proxy::url(PROXY).unwrap());
    let secure = Target::of(&Uri::from_static("https://h.test")).unwrap();
    let error = dialer.dial(&secure).await.unwrap_err();
    assert_eq!(error.kind(), DialErrorKind::NoTls);
    assert!(network.dialled.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_is_silent_falls_under_the_limit_for_dialling() {
    let (dialer, mut network) = Network::new();
    let dialer = ProxyDialer::new(dialer, Proxy::url(PROXY).unwrap());
    let limit = Duration::from_secs(5);
    let transport = HyperTransport::new(Arc::new(dialer), limit, 1024);
    let request = http::Request::get("http://h.test/").body(Bytes::new());
    let exchange = timeout(limit * 2, transport.exchange(request.unwrap()));
    let proxy = async {
        network.head().await;
        let mut rest = Vec::new();
        network.far.read_to_end(&mut rest).await.unwrap();
        rest
    };
    let (result, rest) = tokio::join!(exchange, proxy);
    let error = result.expect("the limit for dialling").unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Dial);
    assert!(shown(&error).contains("in time"), "{}", shown(&error));
    assert!(rest.is_empty(), "and the stream is closed");
}

#[tokio::test]
async fn no_error_of_a_proxy_shows_its_user_or_password() {
    let long = "x".repeat(MAX_HEAD + 1);
    for answer in ["HTTP/1.1 407 No\r\n\r\n", "Basic bWF5YTpzQGNyZXQ=", &long] {
        let error = answered(answer, true).await.unwrap_err();
        let (dialer, _network) = Network::new();
        let dialer = ProxyDialer::new(dialer, Proxy::url(PROXY).unwrap());
        let shown = format!("{} {dialer:?}", shown(&error));
        assert!(
            shown.contains("p.test:3128") && shown.contains("Proxy"),
            "{shown}"
        );
        for secret in ["maya", "cret", "bWF5"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
