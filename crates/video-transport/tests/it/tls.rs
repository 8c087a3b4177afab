//! TLS over real ports of this machine.

use std::sync::Arc;

use video_core::Endpoint;
use video_testkit::Coordinator;
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
    let server = tls.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let named = |url: String| url.replace("127.0.0.1", NAME);
    let endpoint = Endpoint::new(&named(server.url()), &named(server.ws_url())).unwrap();
    loopback::visit(&coordinator, &endpoint, &dialer(tls.root_pem())).await;
    coordinator.assert_healthy();
}

#[tokio::test]
async fn a_server_that_is_not_trusted_or_not_the_one_asked_for_is_not_spoken_to() {
    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let tls = coordinator.tls(NAME);
    let server = tls.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
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
