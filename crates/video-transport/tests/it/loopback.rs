//! Real ports of this machine. These tests run in real time and wait for nothing.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Uri};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use video_core::{ApiKey, Endpoint};
use video_testkit::{Coordinator, Fault};
use video_transport::{
    ConnectErrorKind, ConnectOptions, ConnectionState, Credentials, DialErrorKind, Dialer, Entropy,
    EventChannel, EventConnector, HttpTransport, HyperTransport, RpcChannel, RpcErrorKind,
    RpcRequest, RpcTransport, Session, SocketLimits, TcpDialer, WebSocketConnector,
};

use crate::support;

/// A port of this machine that is free.
pub(crate) fn port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

pub(crate) fn connector(dialer: Arc<dyn Dialer>) -> WebSocketConnector {
    WebSocketConnector::new(dialer, SocketLimits::default(), Entropy::seeded(2))
}

fn tcp() -> Arc<dyn Dialer> {
    Arc::new(TcpDialer::default())
}

pub(crate) fn channel(
    base: &Uri,
    dialer: Arc<dyn Dialer>,
    token: &str,
    session: &Session,
) -> RpcChannel {
    let http = HyperTransport::new(dialer, Duration::from_secs(5), 1024 * 1024);
    let key = ApiKey::new(support::KEY).unwrap();
    let tokens = Arc::new(support::tokens(token));
    RpcChannel::new(
        base.clone(),
        key,
        Arc::new(http),
        Credentials::user(tokens, session.gate()),
    )
}

/// Connects, watches a call, hears an event of it and goes.
pub(crate) async fn visit(
    coordinator: &Coordinator,
    endpoint: &Endpoint,
    dialer: &Arc<dyn Dialer>,
) {
    let token = coordinator.token("jane");
    let connector = connector(Arc::clone(dialer));
    let session = support::session(support::config(endpoint), connector, &token);
    session.connect(ConnectOptions::new()).await.unwrap();
    let mut events = session.events();

    let channel = channel(endpoint.rest(), Arc::clone(dialer), &token, &session);
    let request = RpcRequest::new(Method::POST, &["call", "default", "standup"]).body("{}");
    let response = channel.call(request.watch(true)).await.unwrap();
    let id = coordinator.connections()[0].connection_id.clone();
    assert_eq!(response.watched_on.as_ref(), Some(&id));

    let event = json!({"type": "custom", "call_cid": "default:standup", "n": 7});
    assert_eq!(coordinator.push_to_call("default:standup", event), 1);
    let heard = support::event(&mut events, "custom").await;
    assert!(heard.contains(r#""n":7"#), "{heard}");

    session.disconnect().await;
    assert!(matches!(
        *session.state().borrow(),
        ConnectionState::Disconnected { .. }
    ));
    session.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_session_and_its_requests_work_over_tcp() {
    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let server = coordinator.listen(port()).await.unwrap();
    let endpoint = Endpoint::new(&server.url(), &server.ws_url()).unwrap();
    visit(&coordinator, &endpoint, &tcp()).await;
    coordinator.assert_healthy();
}

/// A free port of this machine, by IPv6. A machine without that can not run these tests, and says
/// so.
pub(crate) fn ipv6_port() -> SocketAddr {
    let port = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    std::net::TcpListener::bind(port).expect("this machine has no `::1`, which these tests need");
    port
}

#[tokio::test]
async fn a_session_and_its_requests_work_with_an_ipv6_address() {
    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let server = coordinator.listen(ipv6_port()).await.unwrap();
    assert!(server.url().starts_with("http://[::1]:"), "{server:?}");
    let endpoint = Endpoint::new(&server.url(), &server.ws_url()).unwrap();
    visit(&coordinator, &endpoint, &tcp()).await;
    coordinator.assert_healthy();
}

#[tokio::test]
async fn the_host_of_a_request_to_an_ipv6_address_keeps_its_brackets() {
    let listener = TcpListener::bind(ipv6_port()).await.unwrap();
    let here = listener.local_addr().unwrap();
    let host = format!("host: {here}\r\n");
    assert!(host.starts_with("host: [::1]:"), "{host}");
    let asked = async || head(&mut listener.accept().await.unwrap().0).await;

    let http = HyperTransport::new(tcp(), Duration::from_secs(5), 1024);
    let request = http::Request::get(format!("http://{here}/")).body("".into());
    let (result, asked_by_http) = tokio::join!(http.exchange(request.unwrap()), asked());
    assert!(result.is_err(), "nobody answers");
    assert!(asked_by_http.contains(&host), "{asked_by_http}");

    let connector = connector(tcp());
    let open = connector.open(format!("ws://{here}/").parse().unwrap());
    let (result, asked_by_socket) = tokio::join!(open, asked());
    assert!(result.is_err(), "nobody answers");
    assert!(asked_by_socket.contains(&host), "{asked_by_socket}");
}

#[tokio::test]
async fn a_port_that_nobody_serves_refuses() {
    let listener = TcpListener::bind(port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let uri = format!("ws://{address}/").parse().unwrap();
    let error = connector(tcp()).open(uri).await.unwrap_err();
    let refused = ConnectErrorKind::Dial(DialErrorKind::Refused);
    assert_eq!(error.kind(), &refused);
}

#[tokio::test]
async fn an_answer_that_is_not_derived_from_our_key_is_no_handshake() {
    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let server = coordinator.listen(port()).await.unwrap();
    let uri: Uri = format!("{}?api_key={}", server.ws_url(), support::KEY)
        .parse()
        .unwrap();
    coordinator.faults().upgrade(Fault::WrongAcceptKey);
    let error = connector(tcp()).open(uri.clone()).await.unwrap_err();
    assert!(
        matches!(error.kind(), ConnectErrorKind::Handshake { .. }),
        "{error:?}"
    );
    assert!(connector(tcp()).open(uri).await.is_ok());
}

/// The head of a request, up to its empty line.
pub(crate) async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Answers one request with a redirection.
async fn redirect(listener: &TcpListener, status: u16, to: &str) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let asked = head(&mut stream).await;
    assert!(asked.contains(support::KEY), "the credentials came here");
    let answer = format!(
        "HTTP/1.1 {status} Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// Promise: T20
#[tokio::test]
async fn a_redirection_is_not_followed() {
    let listener = TcpListener::bind(port()).await.unwrap();
    let here = listener.local_addr().unwrap();
    let other = std::net::TcpListener::bind(port()).unwrap();
    other.set_nonblocking(true).unwrap();
    let there = other.local_addr().unwrap();

    let endpoint = Endpoint::new(&format!("http://{here}"), &format!("ws://{here}/")).unwrap();
    let session = support::session(support::config(&endpoint), connector(tcp()), "a.b.c");
    let channel = channel(endpoint.rest(), tcp(), "a.b.c", &session);
    let socket: Uri = format!("ws://{here}/?api_key={}", support::KEY)
        .parse()
        .unwrap();
    for status in [301, 302, 303, 307, 308] {
        let to = format!("http://{there}/");
        let request = RpcRequest::new(Method::POST, &["call", "default", "standup"]).body("{}");
        let (result, ()) = tokio::join!(channel.call(request), redirect(&listener, status, &to));
        let error = result.unwrap_err();
        assert_eq!(error.kind(), RpcErrorKind::Api);
        assert_eq!(error.api().unwrap().status, status);
        assert_eq!(error.attempts(), 1);

        let (to, connector) = (format!("ws://{there}/"), connector(tcp()));
        let open = connector.open(socket.clone());
        let (result, ()) = tokio::join!(open, redirect(&listener, status, &to));
        let refused = ConnectErrorKind::Handshake {
            status: Some(status),
        };
        assert_eq!(result.unwrap_err().kind(), &refused);
    }

    let nobody = other.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}
