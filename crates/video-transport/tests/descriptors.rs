//! Sessions and requests give back the file descriptors that they take. This runs in real time.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "test helpers")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use video_core::{ApiKey, Endpoint, MockTokenSource, User, UserId, UserToken};
use video_testkit::Coordinator;
use video_transport::{
    ConnectOptions, Credentials, Dialer, Entropy, EventChannel, HyperTransport, RpcChannel,
    RpcRequest, RpcTransport, Session, SessionConfig, SocketLimits, TcpDialer, WebSocketConnector,
};

const KEY: &str = "test-key";

/// How many files, sockets and pipes this process has open.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The same, once the peers have noticed that nobody is there any more.
async fn descriptors_at_rest(wanted: usize) -> usize {
    for _ in 0..500 {
        if descriptors() <= wanted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    descriptors()
}

/// Connects, makes a request that watches and one that does not, and goes.
async fn visit(coordinator: &Coordinator, endpoint: &Endpoint, dialer: &Arc<dyn Dialer>) {
    let raw = coordinator.token("jane");
    let token = UserToken::new(raw.into(), UserId::new("jane").unwrap(), None, None);
    let mut tokens = MockTokenSource::new();
    tokens.expect_token().returning(move || Ok(token.clone()));
    let tokens = Arc::new(tokens);

    let key = ApiKey::new(KEY).unwrap();
    let config = SessionConfig::new(endpoint, key.clone(), Arc::new(User::regular("jane")));
    let limits = SocketLimits::default();
    let connector = WebSocketConnector::new(Arc::clone(dialer), limits, Entropy::seeded(1));
    let session = Session::new(
        config,
        Arc::new(connector),
        Arc::<MockTokenSource>::clone(&tokens),
    );
    let session = session.unwrap();
    session.connect(ConnectOptions::new()).await.unwrap();

    let http = HyperTransport::new(Arc::clone(dialer), Duration::from_secs(5), 1024 * 1024);
    let credentials = Credentials::user(tokens, session.gate());
    let channel = RpcChannel::new(endpoint.rest().clone(), key, Arc::new(http), credentials);
    for watch in [true, false] {
        let request = RpcRequest::new(Method::POST, &["call", "default", "standup"]).body("{}");
        channel.call(request.watch(watch)).await.unwrap();
    }
    session.shutdown().await.unwrap();
}

#[tokio::test]
async fn fifty_visits_leave_no_more_descriptors_open_than_three() {
    let coordinator = Coordinator::builder(KEY, "secret").build();
    let port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut ways = Vec::new();
    let server = coordinator.listen(port).await.unwrap();
    let endpoint = Endpoint::new(&server.url(), &server.ws_url()).unwrap();
    let dialer: Arc<dyn Dialer> = Arc::new(TcpDialer::default());
    ways.push((server, endpoint, dialer));
    #[cfg(feature = "tls")]
    {
        let tls = coordinator.tls("127.0.0.1");
        let server = tls.listen(port).await.unwrap();
        let endpoint = Endpoint::new(&server.url(), &server.ws_url()).unwrap();
        let roots = video_transport::TlsRoots::Pem(tls.root_pem());
        let dialer = video_transport::TlsDialer::new(TcpDialer::default(), roots);
        ways.push((server, endpoint, Arc::new(dialer)));
    }
    let idle = descriptors();
    let mut at_first = 0;
    for round in 1..=50 {
        for (_, endpoint, dialer) in &ways {
            visit(&coordinator, endpoint, dialer).await;
        }
        if round == 3 {
            at_first = descriptors_at_rest(idle).await;
        }
    }
    let at_last = descriptors_at_rest(at_first).await;
    assert!(at_last <= at_first, "{at_last} after {at_first}");
    coordinator.assert_healthy();
}
