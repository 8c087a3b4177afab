//! What a request costs on a connection that is open already.

use std::net::SocketAddr;

use anyhow::ensure;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use video_client::Call;
use video_client::model::CallDetails;

use crate::client::Account;
use crate::figures::{float, median, spread};
use crate::row::Row;
use crate::runtime;
use crate::server::{KEY, Server};
use crate::stopwatch::Stopwatch;
use crate::usage;

const ROUNDS: usize = 21;
const A_ROUND: usize = 500;
const GOAL: f64 = 1.3;

pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    let server = Server::plain()?;
    let pairs = runtime::two_workers(measure(server.address, Account::new("john")))?;
    let micros = |cpu: f64| cpu * 1e6 / float(A_ROUND);
    let ratios: Vec<f64> = pairs.iter().map(|(ours, bare)| ours / bare).collect();
    let ours = median(&pairs.iter().map(|pair| micros(pair.0)).collect::<Vec<_>>());
    let bare = median(&pairs.iter().map(|pair| micros(pair.1)).collect::<Vec<_>>());
    let ratio = median(&ratios);
    Ok(vec![Row {
        what: "request on a warm connection, plain".to_owned(),
        measured: format!("{ours:.1} µs CPU"),
        floor: format!("{bare:.1} µs CPU (hyper, the same answer decoded)"),
        ratio: format!("{ratio:.2} ({})", spread(&ratios)),
        goal: "≤ 1.3 ×",
        met: ratio <= GOAL,
        cpu: pairs.iter().map(|(ours, bare)| ours + bare).sum(),
        load: usage::load(),
    }])
}

/// The processor seconds of rounds, ours and bare in turn.
async fn measure(server: SocketAddr, account: Account) -> anyhow::Result<Vec<(f64, f64)>> {
    let client = account.client(server, "")?;
    let call = client.call("default", "bench");
    call.get_or_create().watch(false).await?;
    let mut bare = Bare::open(server, account).await?;
    let mut pairs = Vec::new();
    for round in 0..=ROUNDS {
        let start = Stopwatch::start();
        ours(&call).await?;
        let ours = start.took().cpu;
        let start = Stopwatch::start();
        for _ in 0..A_ROUND {
            bare.get().await?;
        }
        let bare = start.took().cpu;
        // The first round warms up.
        if round > 0 {
            pairs.push((ours, bare));
        }
    }
    client.shutdown().await?;
    Ok(pairs)
}

async fn ours(call: &Call) -> anyhow::Result<()> {
    for _ in 0..A_ROUND {
        let details = call.get().watch(false).await?;
        ensure!(details.call.id == "bench", "another call");
    }
    Ok(())
}

/// A connection of hyper's, and the task that serves it.
struct Bare {
    sender: SendRequest<Full<Bytes>>,
    server: SocketAddr,
    account: Account,
    _task: JoinSet<()>,
}

impl Bare {
    async fn open(server: SocketAddr, account: Account) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut task = JoinSet::new();
        task.spawn(async move {
            // Whoever sends a request hears of the error.
            drop(connection.await);
        });
        Ok(Self {
            sender,
            server,
            account,
            _task: task,
        })
    }

    async fn get(&mut self) -> anyhow::Result<()> {
        let request = http::Request::get(format!("/video/call/default/bench?api_key={KEY}"))
            .header("host", self.server.to_string())
            .header("authorization", self.account.token.as_str())
            .header("stream-auth-type", "jwt")
            .header("x-stream-client", "bench")
            .header(
                "x-client-request-id",
                "5b0c7c1e-7a55-4f4e-9f0a-3b1d2c9e8f10",
            )
            .body(Full::new(Bytes::new()))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        ensure!(response.status() == 200, "{}", response.status());
        let body = response.into_body().collect().await?.to_bytes();
        let details: CallDetails = serde_json::from_slice(&body)?;
        ensure!(details.call.id == "bench", "another call");
        Ok(())
    }
}
