//! Peers in other languages, each a process that is told the cases and reports what it saw.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Map, Value};
use tokio::task::JoinSet;

use crate::case::{Case, Kind};
use crate::peer::{Peer, Reports};
use crate::raw::path;

/// Where `cargo xtask foreign` has put the packages.
const PACKAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/foreign");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign");

/// Starts a peer with the cases that concern it.
pub(crate) fn start(kind: Kind, cases: &[Case]) -> Peer {
    let (packages, scripts) = (Path::new(PACKAGES), Path::new(SCRIPTS));
    let mut command = match kind {
        Kind::Ws => {
            let mut node = Command::new("node");
            node.arg(scripts.join("ws.mjs"));
            node.arg(packages.join("node_modules/ws/wrapper.mjs"));
            node
        }
        Kind::Websockets => {
            let mut python = Command::new(packages.join("venv/bin/python"));
            python.arg(scripts.join("websockets_server.py"));
            python
        }
        Kind::Raw => panic!("the raw peer is no process"),
    };
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`cargo xtask foreign` installs what is needed");

    let plan: Map<String, Value> = cases
        .iter()
        .map(|case| {
            let steps = case.steps.iter().map(crate::case::Step::to_json).collect();
            (path(case.name), Value::Array(steps))
        })
        .collect();
    let mut stdin = process.stdin.take().unwrap();
    writeln!(stdin, "{}", Value::Object(plan)).unwrap();
    // The peer ends when this is closed.
    process.stdin = Some(stdin);

    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let port = lines.next().expect("the peer has not started").unwrap();
    let reports = Reports::default();
    let reporting = reports.clone();
    // Ends with the process.
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let report: Value = serde_json::from_str(&line).expect(&line);
            let code = report["code"].as_u64().map(|code| code.try_into().unwrap());
            reporting.ended(report["case"].as_str().unwrap(), code);
        }
    });
    Peer {
        address: ([127, 0, 0, 1], port.parse().unwrap()).into(),
        reports,
        _tasks: JoinSet::new(),
        process: Some(process),
    }
}
