//! Counts the allocations of a client and of a bare loop that read the same events: the benchmark
//! `allocations` runs it with the address of a server and the number of its events.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks through its standard streams"
)]

#[path = "../bench/bare.rs"]
#[expect(dead_code, reason = "`bench` uses the rest")]
mod bare;
#[path = "../bench/client.rs"]
mod client;
#[path = "../bench/runtime.rs"]
#[expect(dead_code, reason = "`bench` uses the rest")]
mod runtime;
#[path = "../bench/sample.rs"]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "`bench` and the tests use the rest")
)]
mod sample;
#[path = "../bench/stream.rs"]
mod stream;
#[path = "../bench/usage.rs"]
#[expect(dead_code, reason = "`bench` uses the rest")]
mod usage;
mod server {
    //! Stands for the server's module, which lives in another process here.
    pub(crate) const KEY: &str = "bench-key";
    pub(crate) const SECRET: &str = "bench-secret";
}

use std::alloc::System;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use crate::client::Account;
use crate::sample::Sample;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("allocations: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the allocations of the client, those of the bare loop, and processor seconds.
fn run() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let server: SocketAddr = args.next().context("no address")?.parse()?;
    let count: usize = args.next().context("no count")?.parse()?;
    let (ours, bare, cpu) = runtime::two_workers(async move {
        let account = Account::new("john");
        let sample = Sample::Custom;
        let before = allocations();
        let missed = stream::with_client(server, &account, sample, count, 1).await?;
        ensure!(missed == 0, "{missed} events were missed");
        let between = allocations();
        stream::with_bare_loop(server, &account, sample, count).await?;
        let after = allocations();
        let cpu = usage::cpu_seconds();
        Ok((between - before, after - between, cpu))
    })?;
    println!("{ours} {bare} {cpu}");
    Ok(())
}

/// Those so far, of all threads. One that grows counts again.
fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}
