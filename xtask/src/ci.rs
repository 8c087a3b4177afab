//! `ci`: everything that gates a change, step by step; `fixup`: what can be mended by itself.

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};

use crate::workspace::Workspace;
use crate::{features, lessons, metrics, sim, test, tidy};

/// One step of the gate.
type Step = fn(&Shell, &Workspace) -> anyhow::Result<()>;

/// The steps, the quick ones first.
const STEPS: [(&str, Step); 11] = [
    ("tidy", tidy::run),
    ("fmt", |sh, _| fmt(sh)),
    ("clippy", |sh, _| clippy(sh)),
    ("test", |sh, _| test::run(sh, &[])),
    ("doc", |sh, _| doc(sh)),
    ("features", features::run),
    ("lessons", |sh, workspace| {
        lessons::run(sh, workspace, None, false)
    }),
    ("sim", |sh, _| sim::gate(sh)),
    ("deny", |sh, _| deny(sh)),
    ("typos", |sh, _| typos(sh)),
    ("metrics", |sh, workspace| {
        metrics::run(sh, workspace, false)
    }),
];

/// Runs all steps, or the one that is asked for.
pub(crate) fn run(sh: &Shell, workspace: &Workspace, only: Option<&str>) -> anyhow::Result<()> {
    let steps: Vec<_> = STEPS
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| only == *name))
        .collect();
    if steps.is_empty() {
        let names = STEPS.map(|(name, _)| name).join(", ");
        bail!("there is no such step; there are: {names}");
    }
    for (name, step) in &steps {
        println!("== {name} (cargo xtask {})", command(name));
        step(sh, workspace).with_context(|| format!("the step `{name}` failed"))?;
    }
    println!("== ci: {} steps passed", steps.len());
    Ok(())
}

/// What runs a step alone.
fn command(step: &str) -> String {
    match step {
        "tidy" | "test" | "features" | "lessons" | "metrics" => step.to_owned(),
        step => format!("ci {step}"),
    }
}

/// Formats, and applies the suggestions of clippy.
pub(crate) fn fixup(sh: &Shell) -> anyhow::Result<()> {
    cmd!(
        sh,
        "cargo clippy --fix --allow-dirty --allow-staged --workspace --all-targets --all-features"
    )
    .run()?;
    cmd!(sh, "cargo fmt --all").run()?;
    Ok(())
}

fn fmt(sh: &Shell) -> anyhow::Result<()> {
    cmd!(sh, "cargo fmt --all --check").run()?;
    Ok(())
}

fn clippy(sh: &Shell) -> anyhow::Result<()> {
    cmd!(
        sh,
        "cargo clippy --workspace --all-targets --all-features --locked -- -D warnings"
    )
    .run()?;
    Ok(())
}

fn doc(sh: &Shell) -> anyhow::Result<()> {
    cmd!(
        sh,
        "cargo doc --workspace --all-features --no-deps --locked"
    )
    .env("RUSTDOCFLAGS", "-D warnings")
    .run()?;
    Ok(())
}

/// Checks licences, sources and layers a second time; `tidy` does not depend on it.
fn deny(sh: &Shell) -> anyhow::Result<()> {
    if test::is_installed(sh, "cargo", &["deny"]) {
        cmd!(
            sh,
            "cargo deny --all-features --locked check bans licenses sources"
        )
        .run()?;
    } else {
        println!("skipped: cargo-deny is not installed");
    }
    Ok(())
}

fn typos(sh: &Shell) -> anyhow::Result<()> {
    if test::is_installed(sh, "typos", &[]) {
        cmd!(sh, "typos").run()?;
    } else {
        println!("skipped: typos is not installed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{STEPS, command};

    #[test]
    fn the_gate_runs_the_command_that_the_readme_names() {
        assert_eq!(command("test"), "test");
        assert!(STEPS.iter().any(|(name, _)| *name == "test"));
    }
}
