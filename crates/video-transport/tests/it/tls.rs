//! TLS over real ports of this machine.

use std::io::ErrorKind;
use std::sync::Arc;

use tokio::io::DuplexStream;
use video_core::{Classify, Endpoint, FailureClass};
use video_testkit::Coordinator;
use video_transport::test_util::dialer_fn;
use video_transport::{
    ConnectErrorKind, DialErrorKind, Dialer, EventConnector, TcpDialer, TlsDialer, TlsRoots,
};

use crate::loopback;
use crate::support;

const NAME: &str = "localhost";

fn dialer(root_pem: String) -> Arc<dyn Dialer> {
    let roots = TlsRoots::Pem(root_pem);
    Arc::new(TlsDialer::new(TcpDialer::default(), roots))
}

#[tokio::test]
async fn a_session_and_its_requests_work_over_tls() {
    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let tls = coordinator.tls(NAME);
    let server = tls.listen(loopback::port()).await.unwrap();
    let named = |url: String| url.replace("127.0.0.1", NAME);
    let endpoint = Endpoint::new(&named(server.url()), &named(server.ws_url())).unwrap();
    loopback::visit(&coordinator, &endpoint, &dialer(tls.root_pem())).await;
    coordinator.assert_healthy();
}

#[tokio::test]
async fn a_server_that_is_not_trusted_or_not_the_one_asked_for_is_not_spoken_to() {
    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let tls = coordinator.tls(NAME);
    let server = tls.listen(loopback::port()).await.unwrap();
    let stranger = coordinator.tls(NAME).root_pem();
    for (host, root) in [(NAME, stranger), ("127.0.0.1", tls.root_pem())] {
        let uri = server.ws_url().replace("127.0.0.1", host);
        let connector = loopback::connector(dialer(root));
        let error = connector.open(uri.parse().unwrap()).await.unwrap_err();
        let failed = ConnectErrorKind::Dial(DialErrorKind::Tls);
        assert_eq!(error.kind(), &failed, "{error:?}");
    }
    assert!(coordinator.connections().is_empty());
}

#[tokio::test]
async fn a_certificate_for_an_ipv6_address_is_accepted() {
    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let tls = coordinator.tls("::1");
    let server = tls.listen(loopback::ipv6_port()).await.unwrap();
    let endpoint = Endpoint::new(&server.url(), &server.ws_url()).unwrap();
    loopback::visit(&coordinator, &endpoint, &dialer(tls.root_pem())).await;
    coordinator.assert_healthy();
}

/// `SSL_CERT_FILE` leads nowhere in a second process, which runs the other half of this test.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_machine_without_certificates_is_told_what_to_do() {
    const NOWHERE: &str = "/nonexistent/certificates.pem";
    if std::env::var("SSL_CERT_FILE").as_deref() != Ok(NOWHERE) {
        let name = "tls::a_machine_without_certificates_is_told_what_to_do";
        let half = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env("SSL_CERT_FILE", NOWHERE)
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&half.stdout);
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    let nobody_is_dialled =
        dialer_fn(|_| async { Err::<DuplexStream, _>(ErrorKind::Other.into()) });
    let dialer = TlsDialer::new(nobody_is_dialled, TlsRoots::Platform);
    let connector = loopback::connector(Arc::new(dialer));
    let error = connector.open("wss://h.test/".parse().unwrap()).await;
    let error = error.unwrap_err();
    let kind = ConnectErrorKind::Dial(DialErrorKind::NoRoots);
    assert_eq!(error.kind(), &kind);
    assert_eq!(error.class(), FailureClass::Permanent);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    for remedy in ["SSL_CERT_FILE", "TlsRoots::WebPki", "TlsRoots::Pem"] {
        assert!(cause.contains(remedy), "{cause}");
    }
}
