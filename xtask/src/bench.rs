//! `bench`: runs the benchmarks and writes their table into docs/PERFORMANCE.md.

use std::{fs, thread};

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use crate::metrics;
use crate::tree::Tree;
use crate::workspace::Workspace;

const PAGE: &str = "docs/PERFORMANCE.md";
const BEGIN: &str = "<!-- written by `cargo xtask bench` -->\n";
const END: &str = "<!-- end -->\n";
const HEAD: &str = "\
| what | measured | floor | ratio | goal | verdict | CPU s | load |
|---|---|---|---|---|---|---|---|
";

/// The one benchmark that is not a program of `video-sim`.
const BUILD: &str = "build";

/// How many seconds a clean build may take, and how many bytes the stripped quickstart may have.
const BUILD_GOAL: f64 = 60.0;
const SIZE_GOAL: u64 = 6_000_000;
const CRATES_GOAL: usize = 100;

/// Runs the benchmarks of these names. All of them, if there are no names, and writes the page.
pub(crate) fn run(sh: &Shell, workspace: &Workspace, names: &[String]) -> anyhow::Result<()> {
    let all = names.is_empty();
    let rows: Vec<&String> = names.iter().filter(|name| *name != BUILD).collect();
    let mut table = String::new();
    if all || !rows.is_empty() {
        cmd!(
            sh,
            "cargo build --release --locked -p video-sim --bin bench --bin allocations"
        )
        .run()?;
        let program = workspace.target_dir().join("release/bench");
        table += &cmd!(sh, "{program} {rows...}").read()?;
        table.push('\n');
    }
    if all || names.iter().any(|name| name == BUILD) {
        table += &build(sh, workspace)?;
    }
    println!("{HEAD}{table}");
    if all {
        let path = workspace.root().join(PAGE);
        let page = fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
        let page = with_table(&page, &format!("{}\n{HEAD}{table}", machine(sh)?))?;
        fs::write(&path, page).with_context(|| format!("cannot write {PAGE}"))?;
    }
    Ok(())
}

/// When and on what it was measured.
fn machine(sh: &Shell) -> anyhow::Result<String> {
    let date = cmd!(sh, "date -u +%F").read()?;
    let rustc = cmd!(sh, "rustc --version").read()?;
    let cores = thread::available_parallelism()?;
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown", |line| line.trim_start_matches([' ', '\t', ':']));
    Ok(format!("{date}, {cores} cores ({model}), {rustc}.\n"))
}

/// The page with another table between its marks.
fn with_table(page: &str, table: &str) -> anyhow::Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("no place for the table")?;
    let (_, after) = rest.split_once(END).context("no end of the table")?;
    Ok(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

/// The rows about building.
fn build(sh: &Shell, workspace: &Workspace) -> anyhow::Result<String> {
    let seconds = metrics::time_build(sh, workspace)?;
    let crates = Tree::of(sh, "video-client")?.dependencies();
    let load = metrics::load();
    let verdict = |met: bool| if met { "met" } else { "**missed**" };
    let size = |profile: &str| quickstart(sh, workspace, profile);
    let (release, small) = (size("release")?, size("small")?);
    let mega = |bytes: u64| format!("{}.{:02} MB", bytes / 1_000_000, bytes % 1_000_000 / 10_000);
    Ok(format!(
        "| clean release build of `video-client` | {seconds:.0} s | – | – | ≤ 60 s idle | {} | – | {load} |\n\
         | crates below `video-client` | {crates} | – | – | ≤ 100 | {} | – | – |\n\
         | stripped quickstart, with the coordinator that it starts, profile `release` | {} | – | – | ≤ 6 MB | {} | – | – |\n\
         | the same, profile `small`: thin LTO, one codegen unit | {} | – | – | ≤ 6 MB | {} | – | – |\n",
        verdict(seconds <= BUILD_GOAL),
        verdict(crates <= CRATES_GOAL),
        mega(release),
        verdict(release <= SIZE_GOAL),
        mega(small),
        verdict(small <= SIZE_GOAL),
    ))
}

/// How many bytes the stripped quickstart has.
fn quickstart(sh: &Shell, workspace: &Workspace, profile: &str) -> anyhow::Result<u64> {
    let dir = workspace.target_dir().join("xtask/cold");
    cmd!(
        sh,
        "cargo rustc --quiet --profile {profile} --locked -p video-client --example quickstart --target-dir {dir} -- -C strip=symbols"
    )
    .run()?;
    let program = dir.join(profile).join("examples/quickstart");
    let bytes = fs::metadata(&program)
        .with_context(|| format!("no {}", program.display()))?
        .len();
    ensure!(bytes > 0, "an empty quickstart");
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, PAGE, with_table};
    use crate::workspace::Workspace;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = format!("a\n{BEGIN}\nold\n{END}b\n");
        let written = with_table(&page, "new").unwrap();
        assert_eq!(written, format!("a\n{BEGIN}\nnew\n{END}b\n"));
        assert!(with_table("a\n", "new").is_err());
    }

    #[test]
    fn the_page_has_a_place_for_the_table() {
        let path = Workspace::find().root().join(PAGE);
        let page = std::fs::read_to_string(path).unwrap();
        assert!(with_table(&page, "new").is_ok());
    }
}
