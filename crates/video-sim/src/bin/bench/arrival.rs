//! How long a cold connection takes on loopback.

use std::net::SocketAddr;

use crate::bare;
use crate::client::Account;
use crate::figures::percentile;
use crate::row::Row;
use crate::runtime;
use crate::server::Server;
use crate::stopwatch::Stopwatch;
use crate::usage;

const TIMES: usize = 1_000;
const WARM_UP: usize = 100;
const GOAL: f64 = 1.3;

pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    let server = Server::plain()?;
    let measured = runtime::two_workers(measure(server.address, Account::new("john")))?;
    let Measured {
        mut ours,
        mut bare,
        cpu,
    } = measured;
    let rows = [(0.5, "p50"), (0.99, "p99")].map(|(share, name)| {
        let (ours, bare) = (percentile(&mut ours, share), percentile(&mut bare, share));
        Row {
            what: format!("cold connect on loopback, plain, {name} of {TIMES}"),
            measured: format!("{ours:.0} µs"),
            floor: format!("{bare:.0} µs: hyper, fastwebsockets, first frame"),
            ratio: format!("{:.2}", ours / bare),
            goal: "≤ 1.3 ×",
            met: ours <= GOAL * bare,
            cpu,
            load: usage::load(),
        }
    });
    Ok(rows.into())
}

/// Microseconds.
#[derive(Debug, Default)]
struct Measured {
    ours: Vec<f64>,
    bare: Vec<f64>,
    cpu: f64,
}

/// One of ours, one bare, and so on. Ours is measured from the building of the client on.
async fn measure(server: SocketAddr, account: Account) -> anyhow::Result<Measured> {
    let mut measured = Measured::default();
    let all = Stopwatch::start();
    for n in 0..WARM_UP + TIMES {
        let start = Stopwatch::start_wall();
        let client = account.client(server, "")?;
        client.connect().await?;
        let ours = start.wall();
        client.shutdown().await?;

        let start = Stopwatch::start_wall();
        let socket = bare::connect(server, None, &account).await?;
        let bare = start.wall();
        drop(socket);

        if n >= WARM_UP {
            measured.ours.push(ours.as_secs_f64() * 1e6);
            measured.bare.push(bare.as_secs_f64() * 1e6);
        }
    }
    measured.cpu = all.took().cpu;
    Ok(measured)
}
