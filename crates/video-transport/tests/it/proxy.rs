//! A proxy on a port of this machine, which leads to hosts that only it knows.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use video_core::{Classify, Endpoint, FailureClass};
use video_testkit::Coordinator;
use video_transport::{
    ConnectErrorKind, DialErrorKind, Dialer, EventConnector, HttpErrorKind, HttpTransport,
    HyperTransport, Proxy, ProxyDialer, TcpDialer,
};

use crate::loopback;
use crate::support;

/// No resolver knows it.
const HOST: &str = "coordinator.invalid";
const USER: &str = "maya:s%40cret";
const ANSWER: &str = "Proxy-Authorization: Basic bWF5YTpzQGNyZXQ=";

/// Leads every tunnel to one address, and notes what it is asked and what goes through it.
struct TestProxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    sent: Arc<Mutex<Vec<u8>>>,
    _tasks: JoinSet<()>,
}

impl TestProxy {
    async fn to(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heads, sent) = (Arc::default(), Arc::default());
        let notes = (Arc::clone(&heads), Arc::clone(&sent));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut tunnels = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (heads, sent) = notes.clone();
                tunnels.spawn(tunnel(stream, upstream, heads, sent));
            }
        });
        Self {
            address,
            heads,
            sent,
            _tasks: tasks,
        }
    }

    fn dialer(&self, user: &str) -> ProxyDialer<TcpDialer> {
        let proxy = Proxy::url(&format!("http://{user}@{}", self.address)).unwrap();
        ProxyDialer::new(TcpDialer::default(), proxy)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    fn carried(&self, text: &str) -> bool {
        let sent = self.sent.lock().unwrap();
        sent.windows(text.len()).any(|part| part == text.as_bytes())
    }
}

async fn tunnel(
    mut near: TcpStream,
    upstream: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    sent: Arc<Mutex<Vec<u8>>>,
) {
    let head = loopback::head(&mut near).await;
    let is_known = head.lines().any(|line| line == ANSWER);
    heads.lock().unwrap().push(head);
    if !is_known {
        let refusal = "HTTP/1.1 407 Who are you?\r\nproxy-authenticate: Basic\r\n\r\n";
        near.write_all(refusal.as_bytes()).await.unwrap();
        return;
    }
    let far = TcpStream::connect(upstream).await.unwrap();
    near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await
        .unwrap();
    let (mut near_read, mut near_write) = near.into_split();
    let (mut far_read, mut far_write) = far.into_split();
    let out = async {
        let mut buffer = vec![0; 4096];
        while let Ok(count @ 1..) = near_read.read(&mut buffer).await {
            sent.lock().unwrap().extend_from_slice(&buffer[..count]);
            if far_write.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    };
    // Whoever hangs up first ends both ways.
    tokio::select! {
        () = out => {}
        _ = copy(&mut far_read, &mut near_write) => {}
    }
}

/// The endpoint of a server, by a name that only the proxy knows.
fn endpoint(url: &str, ws_url: &str) -> Endpoint {
    let named = |url: &str| url.replace("127.0.0.1", HOST);
    Endpoint::with_plain_text(&named(url), &named(ws_url), &[HOST]).unwrap()
}

#[tokio::test]
async fn a_session_and_its_requests_work_through_a_proxy() {
    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let server = coordinator.listen(loopback::port()).await.unwrap();
    let proxy = TestProxy::to(server.local_addr()).await;
    let endpoint = endpoint(&server.url(), &server.ws_url());
    let dialer: Arc<dyn Dialer> = Arc::new(proxy.dialer(USER));
    loopback::visit(&coordinator, &endpoint, &dialer).await;
    coordinator.assert_healthy();

    let port = server.local_addr().port();
    let expected =
        format!("CONNECT {HOST}:{port} HTTP/1.1\r\nHost: {HOST}:{port}\r\n{ANSWER}\r\n\r\n");
    assert_eq!(proxy.heads(), [expected.clone(), expected]);
    assert!(
        proxy.carried(support::KEY),
        "without TLS the proxy could read"
    );
    assert!(
        !proxy.carried("bWF5"),
        "the host is not shown the proxy's password"
    );
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn through_a_proxy_tls_goes_from_end_to_end() {
    use video_transport::{TlsDialer, TlsRoots};

    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let tls = coordinator.tls(HOST);
    let server = tls.listen(loopback::port()).await.unwrap();
    let proxy = TestProxy::to(server.local_addr()).await;
    let endpoint = endpoint(&server.url(), &server.ws_url());
    let roots = TlsRoots::Pem(tls.root_pem());
    let dialer: Arc<dyn Dialer> = Arc::new(TlsDialer::new(proxy.dialer(USER), roots));
    loopback::visit(&coordinator, &endpoint, &dialer).await;
    coordinator.assert_healthy();

    assert_eq!(proxy.heads().len(), 2);
    assert!(proxy.carried(HOST), "TLS names the host in the clear");
    assert!(!proxy.carried(support::KEY), "and hides what is said to it");
}

#[tokio::test]
async fn a_host_that_no_proxy_lists_is_dialled_without_it() {
    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let server = coordinator.listen(loopback::port()).await.unwrap();
    let proxy = TestProxy::to(server.local_addr()).await;
    let address = server.local_addr();
    // Stands for a resolver that knows the host.
    let resolver = video_transport::test_util::dialer_fn(move |target| async move {
        assert_eq!(target.host, HOST);
        TcpStream::connect(address).await
    });
    let vars = |name: &str| match name {
        "http_proxy" => Some(format!("http://{USER}@{}", proxy.address)),
        "no_proxy" => Some(".invalid".to_owned()),
        _ => None,
    };
    let dialer = ProxyDialer::new(resolver, Proxy::from_vars(vars).unwrap());
    let dialer: Arc<dyn Dialer> = Arc::new(dialer);
    let endpoint = endpoint(&server.url(), &server.ws_url());
    loopback::visit(&coordinator, &endpoint, &dialer).await;
    assert!(proxy.heads().is_empty());
}

#[tokio::test]
async fn a_password_that_the_proxy_refuses_is_said_once_and_never_shown() {
    let upstream = TcpListener::bind(loopback::port()).await.unwrap();
    let proxy = TestProxy::to(upstream.local_addr().unwrap()).await;
    let dialer: Arc<dyn Dialer> = Arc::new(proxy.dialer("maya:wr%4fng"));
    let refused = DialErrorKind::ProxyRefused { status: 407 };

    let connector = loopback::connector(Arc::clone(&dialer));
    let uri = format!("ws://{HOST}/").parse().unwrap();
    let error = connector.open(uri).await.unwrap_err();
    assert_eq!(error.kind(), &ConnectErrorKind::Dial(refused));
    assert_eq!(error.class(), FailureClass::Permanent);
    let by_socket = format!("{error:?} {dialer:?}");

    let http = HyperTransport::new(dialer, std::time::Duration::from_secs(5), 1024);
    let request = http::Request::get(format!("http://{HOST}/")).body("".into());
    let error = http.exchange(request.unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Dial);
    assert_eq!(error.class(), FailureClass::Permanent);
    let shown = format!("{by_socket} {error:?}");

    assert!(shown.contains("407") && shown.contains("Proxy"), "{shown}");
    for secret in ["maya", "wrOng", "bWF5"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(proxy.heads().len(), 2);
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_not_taken_for_the_service() {
    let listener = TcpListener::bind(loopback::port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let proxy = Proxy::url(&address.to_string()).unwrap();
    let dialer = Arc::new(ProxyDialer::new(TcpDialer::default(), proxy));
    let uri = format!("ws://{HOST}/").parse().unwrap();
    let error = loopback::connector(dialer).open(uri).await.unwrap_err();
    let unreachable = ConnectErrorKind::Dial(DialErrorKind::ProxyUnreachable);
    assert_eq!(error.kind(), &unreachable);
}
