//! How many round trips a cold connection takes, in virtual time, over TLS.

use std::sync::Arc;
use std::time::Duration;

use video_client::test_util::{DialerFn, dialer_fn};
use video_client::{StreamVideo, StreamVideoOptions, TlsRoots, User};
use video_testkit::{Coordinator, DelayDialer};
use video_transport::{BoxIo, DialError, Dialer, Target, TlsDialer};

use crate::row::Row;
use crate::runtime;
use crate::server::{KEY, SECRET};
use crate::stopwatch::Stopwatch;
use crate::usage;

const RTT: Duration = Duration::from_millis(100);

/// Who connects.
#[derive(Debug, Clone, Copy)]
enum Who {
    /// A user whose token takes this long to load.
    Regular(Duration),
    Guest,
}

/// TLS of a client's over a link with a round-trip time.
#[derive(Debug)]
struct Link(TlsDialer<DialerFn>);

#[async_trait::async_trait]
impl Dialer for Link {
    async fn dial(&self, target: &Target) -> Result<BoxIo, DialError> {
        self.0.dial(target).await
    }
}

pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    [
        ("token at hand", Who::Regular(Duration::ZERO), 4 * RTT),
        ("loader 150 ms", Who::Regular(RTT * 3 / 2), 4 * RTT),
        ("loader 1 s", Who::Regular(10 * RTT), 11 * RTT),
        ("guest", Who::Guest, 4 * RTT),
    ]
    .into_iter()
    .map(|(name, who, floor)| {
        let cpu = usage::cpu_seconds();
        let took = runtime::paused(connect(who))?;
        Ok(Row {
            what: format!("cold connect, virtual time, TLS, RTT 100 ms: {name}"),
            measured: format!("{took:?}"),
            floor: format!("{floor:?} (arithmetic)"),
            ratio: format!("{:.2}", took.as_secs_f64() / floor.as_secs_f64()),
            goal: "exactly",
            met: took == floor,
            cpu: usage::cpu_seconds() - cpu,
            load: usage::load(),
        })
    })
    .collect()
}

async fn connect(who: Who) -> anyhow::Result<Duration> {
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
        .location("AMS")
        .dialer(Link(TlsDialer::new(plain, roots)));
    let builder = match who {
        Who::Guest => StreamVideo::builder(KEY, User::guest("visitor")),
        Who::Regular(pause) => {
            StreamVideo::builder(KEY, User::regular("john")).token_loader(move |user_id| {
                let token = coordinator.token(&user_id);
                async move {
                    tokio::time::sleep(pause).await;
                    token
                }
            })
        }
    };
    let client = builder.options(options).build()?;
    let start = Stopwatch::start();
    client.connect().await?;
    let took = start.wall();
    client.shutdown().await?;
    Ok(took)
}
