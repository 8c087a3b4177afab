//! `foreign`: the client against `WebSocket` servers that others wrote.

use std::fs;

use xshell::{Shell, cmd};

use crate::test::has_nextest;
use crate::workspace::Workspace;

/// What the tests need, in the versions that their table was written for.
const WS: &str = "ws@8.23.0";
const WEBSOCKETS: &str = "websockets==17.4";

/// Where it is put. The tests look there.
const PACKAGES: &str = "target/foreign";

/// Installs the servers, unless they are there, and runs the tests that need them.
pub(crate) fn run(sh: &Shell, workspace: &Workspace) -> anyhow::Result<()> {
    let stamp = workspace.root().join(PACKAGES).join("installed");
    let wanted = format!("{WS} {WEBSOCKETS}\n");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        println!("{PACKAGES} has {}", wanted.trim_end());
    } else {
        install(sh)?;
        fs::write(&stamp, wanted)?;
    }
    let tests = [
        "-p",
        "video-transport",
        "--all-features",
        "--locked",
        "--test",
        "foreign",
    ];
    if has_nextest(sh) {
        cmd!(
            sh,
            "cargo nextest run {tests...} --run-ignored all --no-fail-fast --success-output final"
        )
        .run()?;
    } else {
        cmd!(
            sh,
            "cargo test {tests...} -- --include-ignored --show-output"
        )
        .run()?;
    }
    Ok(())
}

fn install(sh: &Shell) -> anyhow::Result<()> {
    sh.create_dir(PACKAGES)?;
    cmd!(
        sh,
        "npm install --ignore-scripts --no-audit --no-fund --prefix {PACKAGES} {WS}"
    )
    .run()?;
    let venv = format!("{PACKAGES}/venv");
    cmd!(sh, "python3 -m venv --clear {venv}").run()?;
    let pip = format!("{venv}/bin/pip");
    cmd!(
        sh,
        "{pip} install --quiet --disable-pip-version-check --no-deps {WEBSOCKETS}"
    )
    .run()?;
    Ok(())
}
