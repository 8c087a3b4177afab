//! `metrics`: how much we depend on, how long the files are, how long a build takes.

use std::time::Instant;
use std::{fs, io};

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};

use crate::sizes::Sizes;
use crate::tree::Tree;
use crate::workspace::Workspace;

/// How many packages may be below a crate.
const LIMITS: [(&str, usize); 2] = [("video-core", 30), ("video-client", 100)];

/// How many seconds a clean release build of `video-client` should take on two idle cores.
const BUILD_TARGET: f64 = 60.0;

/// Prints the figures; fails if a crate depends on too much.
pub(crate) fn run(sh: &Shell, workspace: &Workspace, build: bool) -> anyhow::Result<()> {
    let mut over = Vec::new();
    for (package, limit) in LIMITS {
        let count = Tree::of(sh, package)?.dependencies();
        println!("{package}: {count} crates below it (target {limit})");
        if count > limit {
            over.push(package);
        }
    }
    println!("{}", Sizes::of(&workspace.sources()?).summary());
    if build {
        time_build(sh, workspace)?;
    }
    if !over.is_empty() {
        bail!("too many crates below {}", over.join(" and "));
    }
    Ok(())
}

/// Times a clean release build. Slowness warns only: it may be the machine's.
#[expect(
    clippy::disallowed_methods,
    reason = "measures the wall time of a build"
)]
pub(crate) fn time_build(sh: &Shell, workspace: &Workspace) -> anyhow::Result<f64> {
    let dir = workspace.target_dir().join("xtask/cold");
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).context("cannot clear the directory of the cold build");
        }
        _ => {}
    }
    cmd!(sh, "cargo fetch --quiet --locked").run()?;
    let start = Instant::now();
    cmd!(
        sh,
        "cargo build --quiet --release --locked -p video-client --target-dir {dir}"
    )
    .run()?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "clean release build of video-client: {seconds:.1} s (target {BUILD_TARGET} s), \
         load average after it {}",
        load()
    );
    if seconds > BUILD_TARGET {
        println!("warning: the build is slower than its target; was the machine idle?");
    }
    Ok(seconds)
}

/// The load average of the machine over the last minute.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned()
}
