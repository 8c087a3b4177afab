//! How many events a second arrive, against a bare loop that does the same to them.

use std::net::SocketAddr;

use crate::client::Account;
use crate::figures::{float, median, spread};
use crate::row::Row;
use crate::runtime;
use crate::sample::Sample;
use crate::server::Server;
use crate::stopwatch::{Stopwatch, Took};
use crate::stream::{with_bare_loop, with_client};
use crate::usage;

/// How often each of the two is measured, in turn. The median counts.
const ROUNDS: usize = 9;

/// What is compared.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Second,
    CpuSecond,
}

#[derive(Debug, Clone, Copy)]
struct Setting {
    sample: Sample,
    count: usize,
    listeners: usize,
    unit: Unit,
}

pub(crate) fn one_listener() -> anyhow::Result<Vec<Row>> {
    let setting = Setting {
        sample: Sample::Custom,
        count: 200_000,
        listeners: 1,
        unit: Unit::Second,
    };
    let what = "377-byte `custom`, typed, one listener, two workers";
    run(setting, what, "≥ 0.8 ×", 0.8)
}

pub(crate) fn eight_listeners() -> anyhow::Result<Vec<Row>> {
    let setting = Setting {
        sample: Sample::Custom,
        count: 200_000,
        listeners: 8,
        unit: Unit::CpuSecond,
    };
    let what = "the same with 8 listeners, by processor time";
    run(setting, what, "≥ 0.55 ×", 0.55)
}

pub(crate) fn undecoded() -> anyhow::Result<Vec<Row>> {
    let setting = Setting {
        sample: Sample::Ring,
        count: 60_000,
        listeners: 1,
        unit: Unit::Second,
    };
    let what = "5 kB `call.ring` that nobody decodes (floor: reads the type)";
    run(setting, what, "≥ 0.8 ×", 0.8)
}

fn run(setting: Setting, what: &str, goal: &'static str, least: f64) -> anyhow::Result<Vec<Row>> {
    let server = Server::flood(setting.sample, setting.count)?;
    let pairs = runtime::two_workers(measure(server.address, setting))?;
    let rate = |took: &Took| match setting.unit {
        Unit::Second => float(setting.count) / took.wall,
        Unit::CpuSecond => float(setting.count) / took.cpu,
    };
    let median_of = |of: &dyn Fn(&Pair) -> f64| median(&pairs.iter().map(of).collect::<Vec<_>>());
    let ratios: Vec<f64> = pairs
        .iter()
        .map(|pair| rate(&pair.ours) / rate(&pair.bare))
        .collect();
    let ratio = median(&ratios);
    let missed: u64 = pairs.iter().map(|pair| pair.missed).sum();
    let unit = match setting.unit {
        Unit::Second => "s",
        Unit::CpuSecond => "CPU s",
    };
    let ours = median_of(&|pair| rate(&pair.ours)) / 1e3;
    let bare = median_of(&|pair| rate(&pair.bare)) / 1e3;
    let micros = 1e6 / float(setting.count);
    let cpu = median_of(&|pair| pair.ours.cpu * micros);
    let cpu_bare = median_of(&|pair| pair.bare.cpu * micros);
    Ok(vec![Row {
        what: what.to_owned(),
        measured: format!("{ours:.0} k/{unit}, {cpu:.2} µs CPU each, {missed} lagged"),
        floor: format!("{bare:.0} k/{unit}, {cpu_bare:.2} µs CPU each"),
        ratio: format!("{ratio:.2} ({})", spread(&ratios)),
        goal,
        met: ratio >= least && missed == 0,
        cpu: pairs.iter().map(|pair| pair.ours.cpu + pair.bare.cpu).sum(),
        load: usage::load(),
    }])
}

#[derive(Debug)]
struct Pair {
    ours: Took,
    bare: Took,
    missed: u64,
}

async fn measure(server: SocketAddr, setting: Setting) -> anyhow::Result<Vec<Pair>> {
    let Setting {
        sample,
        count,
        listeners,
        unit: _,
    } = setting;
    let account = Account::new("john");
    let mut pairs = Vec::new();
    for round in 0..=ROUNDS {
        let start = Stopwatch::start();
        with_bare_loop(server, &account, sample, count).await?;
        let bare = start.took();
        let start = Stopwatch::start();
        let missed = with_client(server, &account, sample, count, listeners).await?;
        let ours = start.took();
        // The first round warms up.
        if round > 0 {
            pairs.push(Pair { ours, bare, missed });
        }
    }
    Ok(pairs)
}
