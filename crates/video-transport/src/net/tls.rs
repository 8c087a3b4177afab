//! Streams over TLS.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use async_trait::async_trait;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::{BoxIo, DialError, DialErrorKind, Dialer, Target};

/// Which certificates are trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsRoots {
    /// Those of the operating system. Slim containers often have none, and every encrypted dial
    /// is [`DialErrorKind::NoRoots`] then.
    ///
    /// On Linux `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the places that are looked into, so one
    /// that leads nowhere leaves none.
    #[default]
    Platform,
    /// Those of Mozilla, compiled in.
    WebPki,
    /// Those of this PEM text alone.
    Pem(String),
}

/// Encrypts the streams of another dialer where the target asks for it.
///
/// The configuration is made at the first encrypted dial and shared by all, sessions that can be
/// resumed included. A machine without root certificates is no obstacle to plain streams.
#[derive(Debug)]
pub struct TlsDialer<D> {
    inner: D,
    roots: TlsRoots,
    connector: OnceLock<Connector>,
}

#[derive(Clone)]
struct Connector(TlsConnector);

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

impl<D: Dialer> TlsDialer<D> {
    /// Encrypts the streams of `inner`, trusting `roots`.
    #[must_use]
    pub fn new(inner: D, roots: TlsRoots) -> Self {
        Self {
            inner,
            roots,
            connector: OnceLock::new(),
        }
    }

    fn connector(&self) -> Result<TlsConnector, DialError> {
        if let Some(Connector(connector)) = self.connector.get() {
            return Ok(connector.clone());
        }
        let made = Connector(TlsConnector::from(shared(&self.roots)?));
        Ok(self.connector.get_or_init(|| made).0.clone())
    }
}

#[async_trait]
impl<D: Dialer> Dialer for TlsDialer<D> {
    async fn dial(&self, target: &Target) -> Result<BoxIo, DialError> {
        if !target.secure {
            return self.inner.dial(target).await;
        }
        let connector = self.connector()?;
        let name = ServerName::try_from(target.host.clone())
            .map_err(|error| DialError::with_source(DialErrorKind::Target, error))?;
        let plain = Target {
            secure: false,
            encrypted: true,
            ..target.clone()
        };
        let stream = self.inner.dial(&plain).await?;
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| DialError::with_source(DialErrorKind::Tls, error))?;
        Ok(BoxIo::new(stream))
    }
}

/// The configurations in use. All clients of a process that trust the same share one.
static SHARED: Mutex<Vec<(TlsRoots, Weak<ClientConfig>)>> = Mutex::new(Vec::new());

fn shared(roots: &TlsRoots) -> Result<Arc<ClientConfig>, DialError> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.retain(|(_, config)| config.strong_count() > 0);
    let known = shared.iter().find(|(known, _)| known == roots);
    if let Some(config) = known.and_then(|(_, config)| config.upgrade()) {
        return Ok(config);
    }
    let made = Arc::new(config(roots)?);
    shared.push((roots.clone(), Arc::downgrade(&made)));
    Ok(made)
}

fn config(roots: &TlsRoots) -> Result<ClientConfig, DialError> {
    let tls = |error: rustls::Error| DialError::with_source(DialErrorKind::Tls, error);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(tls)?;
    let mut config = match roots {
        TlsRoots::Platform => {
            let verifier = rustls_platform_verifier::Verifier::new(provider)
                .map_err(|error| DialError::with_source(DialErrorKind::NoRoots, error))?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth()
        }
        TlsRoots::WebPki => {
            let store = RootCertStore {
                roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            };
            builder.with_root_certificates(store).with_no_client_auth()
        }
        TlsRoots::Pem(pem) => {
            let mut store = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate
                    .map_err(|error| DialError::with_source(DialErrorKind::NoRoots, error))?;
                store.add(certificate).map_err(tls)?;
            }
            if store.is_empty() {
                let reason = "the PEM text has no certificate";
                return Err(DialError::with_source(DialErrorKind::NoRoots, reason));
            }
            builder.with_root_certificates(store).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_without_a_certificate_is_an_error_that_names_the_remedy() {
        let error = config(&TlsRoots::Pem("nothing".to_owned())).unwrap_err();
        assert_eq!(error.kind(), DialErrorKind::NoRoots);
        assert!(error.to_string().contains("TlsRoots::WebPki"), "{error}");
    }

    #[test]
    fn the_compiled_in_roots_always_work() {
        assert!(config(&TlsRoots::WebPki).is_ok());
    }
}
