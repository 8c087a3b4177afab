//! How much memory an idle connected client takes, against a bare socket.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::figures::{float, slope};
use crate::hold::Held;
use crate::row::Row;
use crate::server::Server;
use crate::usage;

/// How many are held, one after the other, in one process.
const COUNTS: [usize; 5] = [1_000, 2_000, 4_000, 7_000, 10_000];

/// Files that a process needs beside its connections.
const SPARE_FILES: usize = 100;

pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let plain = Server::plain()?;
    rows.push(compare(&plain, Held::Client, "plain", "≤ 2 ×", 2.0)?);
    drop(plain);
    let tls = Server::tls()?;
    rows.push(compare(&tls, Held::Client, "TLS", "≤ 1.5 ×", 1.5)?);
    let name = "TLS, one dialer for all";
    rows.push(compare(&tls, Held::SharedDialer, name, "≤ 1.5 ×", 1.5)?);
    Ok(rows)
}

fn compare(
    server: &Server,
    held: Held,
    name: &str,
    goal: &'static str,
    most: f64,
) -> anyhow::Result<Row> {
    let limit = usage::open_files()?;
    let counts: Vec<usize> = COUNTS
        .into_iter()
        .filter(|count| count + SPARE_FILES <= limit)
        .collect();
    let up_to = counts.last().context("too few files may be open")?;
    let (bare, bare_cpu) = hold(server, Held::Bare, &counts)?;
    let (ours, cpu) = hold(server, held, &counts)?;
    Ok(Row {
        what: format!(
            "memory of an idle connected client, {name}, up to {up_to} in one process \
             ({limit} files may be open)"
        ),
        measured: format!("{ours:.1} KiB"),
        floor: format!("{bare:.1} KiB (bare socket and its task)"),
        ratio: format!("{:.2}", ours / bare),
        goal,
        met: ours <= most * bare,
        cpu: cpu + bare_cpu,
        load: usage::load(),
    })
}

/// The memory that each of them takes, in KiB, and the processor seconds of it all.
fn hold(server: &Server, held: Held, counts: &[usize]) -> anyhow::Result<(f64, f64)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["hold", held.name(), &server.address.to_string()])
        .args(counts.iter().map(ToString::to_string))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().context("the process has an input")?;
    input.write_all(server.pem.as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{} could not be held", held.name());
    let text = String::from_utf8(output.stdout)?;
    let mut points = Vec::new();
    let mut cpu = 0.0;
    for line in text.lines() {
        let (key, value) = line.split_once(' ').context("two words")?;
        match key {
            "cpu" => cpu = value.parse()?,
            count => points.push((float(count.parse()?), value.parse()?)),
        }
    }
    Ok((slope(&points), cpu))
}
