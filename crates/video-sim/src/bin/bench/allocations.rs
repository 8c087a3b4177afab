//! How many allocations a delivered event costs. A program of its own counts them, so that the
//! counting slows nothing else.

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::figures::float;
use crate::row::Row;
use crate::sample::Sample;
use crate::server::Server;
use crate::usage;

const COUNT: usize = 100_000;
const GOAL: f64 = 3.0;

pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    let server = Server::flood(Sample::Custom, COUNT)?;
    let program = std::env::current_exe()?.with_file_name("allocations");
    let output = Command::new(&program)
        .args([server.address.to_string(), COUNT.to_string()])
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    let mut next = || numbers.next().context("too few numbers");
    let (ours, bare, cpu) = (next()??, next()??, next()??);
    let (ours, bare) = (ours / float(COUNT), bare / float(COUNT));
    Ok(vec![Row {
        what: "allocations for a delivered typed event".to_owned(),
        measured: format!("{ours:.2}"),
        floor: format!("{bare:.2} (bare loop)"),
        ratio: format!("+{:.2}", ours - bare),
        goal: "≤ +3",
        met: ours - bare <= GOAL,
        cpu,
        load: usage::load(),
    }])
}
