//! `fuzz`: feeds arbitrary inputs to the targets in `fuzz`, which is no part of the workspace.

use std::fs;

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use crate::test::is_installed;
use crate::workspace::Workspace;

/// Where the targets are, with their own manifest.
const DIR: &str = "fuzz";

/// How long each target runs unless told otherwise, in seconds.
const SECONDS: u64 = 60;

/// Runs each target, or the one that is asked for. The first input that breaks a target ends it.
///
/// What a run finds goes below `fuzz/target`; the seeds in `fuzz/corpus` are only read.
pub(crate) fn run(
    sh: &Shell,
    workspace: &Workspace,
    only: Option<&str>,
    seconds: Option<u64>,
) -> anyhow::Result<()> {
    ensure!(
        is_installed(sh, "cargo", &["fuzz"]),
        "cargo-fuzz is not installed; `cargo install --locked cargo-fuzz`"
    );
    let _dir = sh.push_dir(DIR);
    // The instrumentation has no stable switch.
    let _bootstrap = sh.push_env("RUSTC_BOOTSTRAP", "1");
    let list = cmd!(sh, "cargo fuzz list").quiet().read()?;
    let targets = chosen(&list, only);
    ensure!(
        !targets.is_empty(),
        "there is no such target; there are: {}",
        list.split_whitespace().collect::<Vec<_>>().join(", ")
    );
    let limit = format!("-max_total_time={}", seconds.unwrap_or(SECONDS));
    for target in targets {
        println!("== fuzz {target}");
        let (found, seeds) = (
            format!("target/corpus/{target}"),
            format!("corpus/{target}"),
        );
        fs::create_dir_all(workspace.root().join(DIR).join(&found))?;
        cmd!(
            sh,
            "cargo fuzz run {target} {found} {seeds} -- {limit} -timeout=10 -print_final_stats=1"
        )
        .run()
        .with_context(|| format!("the target `{target}` found something"))?;
    }
    Ok(())
}

/// The targets of a list that are to run.
fn chosen<'a>(list: &'a str, only: Option<&str>) -> Vec<&'a str> {
    list.split_whitespace()
        .filter(|name| only.is_none_or(|only| only == *name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn one_target_or_all_are_chosen() {
        let list = "assembler\nevent\n";
        assert_eq!(chosen(list, None), ["assembler", "event"]);
        assert_eq!(chosen(list, Some("event")), ["event"]);
        assert!(chosen(list, Some("even")).is_empty());
    }
}
