//! `test`: runs the tests of the whole workspace.

use xshell::{Shell, cmd};

/// Runs the tests, or those that match a filter.
pub(crate) fn run(sh: &Shell, filter: &[String]) -> anyhow::Result<()> {
    if has_nextest(sh) {
        cmd!(
            sh,
            "cargo nextest run --workspace --all-features --locked {filter...}"
        )
        .run()?;
    } else {
        cmd!(
            sh,
            "cargo test --workspace --all-features --locked --tests -- {filter...}"
        )
        .run()?;
    }
    if filter.is_empty() {
        cmd!(sh, "cargo test --workspace --all-features --locked --doc").run()?;
    }
    Ok(())
}

/// Whether nextest is installed.
pub(crate) fn has_nextest(sh: &Shell) -> bool {
    is_installed(sh, "cargo", &["nextest"])
}

/// Whether a tool answers when it is asked for its version.
pub(crate) fn is_installed(sh: &Shell, program: &str, subcommand: &[&str]) -> bool {
    cmd!(sh, "{program} {subcommand...} --version")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .is_ok()
}
