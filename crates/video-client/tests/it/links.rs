//! How many round trips a connection takes, exactly, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use video_client::test_util::{DialerFn, dialer_fn};
use video_client::{StreamVideo, StreamVideoOptions, TlsRoots, User};
use video_testkit::{Coordinator, DelayDialer};
use video_transport::{BoxIo, DialError, Dialer, Target, TlsDialer};

use crate::support::{KEY, SECRET};

const RTT: Duration = Duration::from_millis(100);

/// A client's TLS over a link with a round-trip time.
#[derive(Debug)]
struct Link(TlsDialer<DialerFn>);

#[async_trait::async_trait]
impl Dialer for Link {
    async fn dial(&self, target: &Target) -> Result<BoxIo, DialError> {
        self.0.dial(target).await
    }
}

async fn connect_takes(loader: Duration) -> Duration {
    let coordinator = Coordinator::builder(KEY, SECRET).build();
    let tls = coordinator.tls("video.example.test");
    let roots = TlsRoots::Pem(tls.root_pem());
    let far = Arc::new(DelayDialer::new(coordinator.clone(), RTT).tls(tls));
    let plain = dialer_fn(move |_target| {
        let far = Arc::clone(&far);
        async move { far.dial(true).await }
    });
    let options = StreamVideoOptions::default()
        .coordinator_rpc_url("https://video.example.test")
        .coordinator_ws_url("wss://video.example.test/video/connect")
        .auto_connect(false)
        .dialer(Link(TlsDialer::new(plain, roots)));
    let client = StreamVideo::builder(KEY, User::regular("john"))
        .token_loader(move |user_id| {
            let token = coordinator.token(&user_id);
            async move {
                tokio::time::sleep(loader).await;
                token
            }
        })
        .options(options)
        .build()
        .unwrap();
    let start = tokio::time::Instant::now();
    client.connect().await.unwrap();
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_connection_over_tls_takes_four_round_trips() {
    assert_eq!(connect_takes(Duration::ZERO).await, 4 * RTT);
}

#[tokio::test(start_paused = true)]
async fn a_token_loader_costs_only_what_the_socket_does_not_hide() {
    assert_eq!(connect_takes(RTT * 3 / 2).await, 4 * RTT);
    assert_eq!(connect_takes(10 * RTT).await, 11 * RTT);
}
