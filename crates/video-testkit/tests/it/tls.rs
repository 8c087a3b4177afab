//! TLS in front of the coordinator.

use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore, version};
use video_testkit::{DelayDialer, TlsCoordinator};

use crate::client::{KEY, coordinator, greeting, now};

const NAME: &str = "video.example.test";
const RTT: Duration = Duration::from_millis(100);

async fn handshake<I>(tls: &TlsCoordinator, io: I) -> std::io::Result<TlsStream<I>>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(tls.root_pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(NAME).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, io).await
}

#[tokio::test(start_paused = true)]
async fn a_secure_socket_is_authenticated_after_exactly_four_round_trips() {
    let coordinator = coordinator();
    let tls = coordinator.tls(NAME);
    let dialer = DelayDialer::new(coordinator.clone(), RTT).tls(tls.clone());

    let start = now();
    let io = dialer.dial(true).await.unwrap();
    assert_eq!(start.elapsed(), RTT);
    let mut io = handshake(&tls, io).await.unwrap();
    assert_eq!(start.elapsed(), RTT * 2);
    assert_eq!(
        io.get_ref().1.protocol_version(),
        Some(ProtocolVersion::TLSv1_3)
    );

    let request = format!(
        "GET /video/connect?api_key={KEY} HTTP/1.1\r\nhost: {NAME}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    io.write_all(request.as_bytes()).await.unwrap();
    io.flush().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    assert_eq!(start.elapsed(), RTT * 3);

    let greeting = greeting(Some(&coordinator.token("john")), "john").to_string();
    let length = u16::try_from(greeting.len()).unwrap().to_be_bytes();
    let head = [0x81, 0xfe, length[0], length[1], 0, 0, 0, 0];
    io.write_all(&head).await.unwrap();
    io.write_all(greeting.as_bytes()).await.unwrap();
    io.flush().await.unwrap();
    let mut head = [0; 4];
    io.read_exact(&mut head).await.unwrap();
    let mut text = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
    io.read_exact(&mut text).await.unwrap();
    let ok: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(ok["type"], "connection.ok");
    assert_eq!(start.elapsed(), RTT * 4);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_trusts_somebody_else_is_not_served() {
    let coordinator = coordinator();
    let tls = coordinator.tls(NAME);
    let (client, server) = tokio::io::duplex(4096);
    tls.serve_io_tls(server);
    assert!(handshake(&coordinator.tls(NAME), client).await.is_err());
    assert!(format!("{tls:?}").contains("test-key"));
}

#[tokio::test]
async fn a_port_can_be_served_with_tls() {
    let tls = coordinator().tls(NAME);
    let server = tls.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"));
    assert!(server.ws_url().starts_with("wss://127.0.0.1:"));
    let io = TcpStream::connect(server.local_addr()).await.unwrap();
    let mut io = handshake(&tls, io).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    io.write_all(request).await.unwrap();
    let mut answer = [0; 12];
    io.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}
