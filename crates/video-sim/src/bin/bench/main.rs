//! Benchmarks: each prints rows of a table, with a floor that was measured in the same run.
//!
//! `bench` runs all, `bench NAME…` some of them. What is measured runs in this process, the server
//! in another: this program again, as `bench serve …`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks through its standard streams"
)]

mod allocations;
mod arrival;
mod bare;
mod client;
mod figures;
mod flood;
mod hold;
mod memory;
mod request;
mod round_trips;
mod row;
mod runtime;
mod sample;
mod server;
mod stopwatch;
mod storm;
mod stream;
mod throughput;
mod usage;

use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::row::Row;

/// A benchmark: its name, and what gives its rows.
type Bench = (&'static str, fn() -> anyhow::Result<Vec<Row>>);

const BENCHES: [Bench; 10] = [
    ("round-trips", round_trips::run),
    ("arrival", arrival::run),
    ("events", throughput::one_listener),
    ("events-8", throughput::eight_listeners),
    ("ring", throughput::undecoded),
    ("allocations", allocations::run),
    ("memory", memory::run),
    ("refused", storm::refused),
    ("lost-server", storm::lost_server),
    ("request", request::run),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> anyhow::Result<()> {
    match args.split_first() {
        Some((first, rest)) if first == "serve" => return server::serve(rest),
        Some((first, rest)) if first == "hold" => return hold::run(rest),
        _ => {}
    }
    let known = |name: &String| BENCHES.iter().any(|(bench, _)| bench == name);
    if let Some(unknown) = args.iter().find(|name| !known(name)) {
        let names: Vec<_> = BENCHES.iter().map(|(name, _)| *name).collect();
        bail!("no benchmark `{unknown}`; there are: {}", names.join(", "));
    }
    for (name, bench) in BENCHES {
        if args.is_empty() || args.iter().any(|wanted| wanted == name) {
            eprintln!("{name} …");
            for row in bench().with_context(|| format!("benchmark `{name}`"))? {
                println!("{row}");
            }
        }
    }
    Ok(())
}
