//! A coordinator behind TLS, with certificates that are made at start.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

use crate::coordinator::{Coordinator, Listening};

/// A [`Coordinator`] that speaks TLS to its clients.
#[derive(Clone)]
pub struct TlsCoordinator {
    coordinator: Coordinator,
    acceptor: TlsAcceptor,
    root_pem: Arc<str>,
}

impl Coordinator {
    /// Puts TLS in front of the coordinator, for a server of this name.
    ///
    /// # Panics
    ///
    /// If the name can not stand in a certificate.
    #[must_use]
    pub fn tls(&self, server_name: &str) -> TlsCoordinator {
        #[expect(
            clippy::expect_used,
            reason = "the name comes from the author of a test"
        )]
        let (config, root_pem) = setup(server_name).expect("a certificate for the server's name");
        TlsCoordinator {
            coordinator: self.clone(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            root_pem: root_pem.into(),
        }
    }
}

impl TlsCoordinator {
    /// The certificate that a client has to trust, as PEM.
    #[must_use]
    pub fn root_pem(&self) -> String {
        self.root_pem.as_ref().to_owned()
    }

    /// Serves one connection, beginning with the TLS handshake, on a task of the coordinator's.
    ///
    /// Needs a tokio runtime.
    pub fn serve_io_tls<I>(&self, io: I)
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let acceptor = self.acceptor.clone();
        self.coordinator
            .serve_accepted(async move { acceptor.accept(io).await });
    }

    /// Serves a TCP port, as [`Coordinator::listen`] does, with TLS.
    ///
    /// # Errors
    ///
    /// What the system says if the address can not be listened at.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is served until it returns.
    pub async fn listen(&self, address: SocketAddr) -> io::Result<Listening> {
        let acceptor = self.acceptor.clone();
        let accept = move |stream| {
            let acceptor = acceptor.clone();
            async move { acceptor.accept(stream).await }
        };
        self.coordinator.listen_with(address, true, accept).await
    }
}

impl fmt::Debug for TlsCoordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsCoordinator")
            .field("coordinator", &self.coordinator)
            .finish_non_exhaustive()
    }
}

fn setup(server_name: &str) -> io::Result<(ServerConfig, String)> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let authority = CertifiedIssuer::self_signed(authority, key).map_err(io::Error::other)?;

    let key = KeyPair::generate().map_err(io::Error::other)?;
    let server = CertificateParams::new([server_name.to_owned()])
        .and_then(|params| params.signed_by(&key, &authority))
        .map_err(io::Error::other)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone()], key)
        .map_err(io::Error::other)?;
    Ok((config, authority.pem()))
}
