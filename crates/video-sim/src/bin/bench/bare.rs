//! The floor: a socket of hyper and fastwebsockets with nothing around it.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fastwebsockets::{Frame, Payload, Role, WebSocket};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::client::Account;

pub(crate) type Socket = WebSocket<TokioIo<Upgraded>>;

/// TLS that trusts this certificate.
pub(crate) fn tls(pem: &str) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate?)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A socket that was let in: the first frame has been read.
pub(crate) async fn connect(
    server: SocketAddr,
    tls: Option<&TlsConnector>,
    account: &Account,
) -> anyhow::Result<Socket> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut socket = match tls {
        None => upgrade(stream, server).await?,
        Some(tls) => {
            let name = ServerName::IpAddress(server.ip().into());
            upgrade(tls.connect(name, stream).await?, server).await?
        }
    };
    let greeting = Frame::text(Payload::Owned(account.greeting()));
    socket.write_frame(greeting).await?;
    let first = socket.read_frame().await?;
    let accepted = br#""connection.ok""#;
    let payload: &[u8] = &first.payload;
    ensure!(
        payload.windows(accepted.len()).any(|part| part == accepted),
        "the socket was not let in"
    );
    Ok(socket)
}

async fn upgrade<I>(io: I, server: SocketAddr) -> anyhow::Result<Socket>
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let path = format!(
        "/video/connect?api_key={}&stream-auth-type=jwt",
        crate::server::KEY
    );
    let request = http::Request::get(path)
        .header("host", server.to_string())
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", STANDARD.encode([7; 16]))
        .body(Empty::<Bytes>::new())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await?;
    let exchange = async move {
        let response = sender.send_request(request).await?;
        ensure!(response.status() == 101, "no upgrade");
        hyper::upgrade::on(response).await.context("no upgrade")
    };
    let mut exchange = pin!(exchange);
    let connection = pin!(connection.with_upgrades());
    let upgraded = tokio::select! {
        biased;
        upgraded = &mut exchange => upgraded,
        _ = connection => exchange.await,
    };
    Ok(WebSocket::after_handshake(
        TokioIo::new(upgraded?),
        Role::Client,
    ))
}
