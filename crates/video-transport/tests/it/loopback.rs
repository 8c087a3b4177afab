//! Real ports of this machine. These tests run in real time and wait for nothing.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Uri};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use video_core::{ApiKey, Endpoint};
use video_testkit::{Coordinator, Fault};
use video_transport::{
    ConnectErrorKind, ConnectOptions, ConnectionState, Credentials, DialErrorKind, Dialer, Entropy,
    EventChannel, EventConnector, HyperTransport, RpcChannel, RpcErrorKind, RpcRequest,
    RpcTransport, Session, SocketLimits, TcpDialer, WebSocketConnector,
};

use crate::support;

const PORT: &str = "127.0.0.1:0";

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
    let server = coordinator.listen(PORT.parse().unwrap()).await.unwrap();
    let endpoint = Endpoint::new(&server.url(), &server.ws_url()).unwrap();
    visit(&coordinator, &endpoint, &tcp()).await;
    coordinator.assert_healthy();
}

#[tokio::test]
async fn a_port_that_nobody_serves_refuses() {
    let listener = TcpListener::bind(PORT).await.unwrap();
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
    let server = coordinator.listen(PORT.parse().unwrap()).await.unwrap();
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

/// Answers one request with a redirection.
async fn redirect(listener: &TcpListener, to: &str) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let answer = format!(
        "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// Promise: T20
#[tokio::test]
async fn a_redirection_is_not_followed() {
    let listener = TcpListener::bind(PORT).await.unwrap();
    let here = listener.local_addr().unwrap();
    let other = std::net::TcpListener::bind(PORT).unwrap();
    other.set_nonblocking(true).unwrap();
    let there = other.local_addr().unwrap();

    let endpoint = Endpoint::new(&format!("http://{here}"), &format!("ws://{here}/")).unwrap();
    let session = support::session(support::config(&endpoint), connector(tcp()), "a.b.c");
    let channel = channel(endpoint.rest(), tcp(), "a.b.c", &session);
    let request = RpcRequest::new(Method::GET, &["call", "default", "standup"]);
    let to = format!("http://{there}/");
    let (result, ()) = tokio::join!(channel.call(request), redirect(&listener, &to));
    let error = result.unwrap_err();
    assert_eq!(error.kind(), RpcErrorKind::Api);
    assert_eq!(error.api().unwrap().status, 302);

    let (to, connector) = (format!("ws://{there}/"), connector(tcp()));
    let open = connector.open(endpoint.socket().clone());
    let (result, ()) = tokio::join!(open, redirect(&listener, &to));
    let refused = ConnectErrorKind::Handshake { status: Some(302) };
    assert_eq!(result.unwrap_err().kind(), &refused);

    let nobody = other.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}
