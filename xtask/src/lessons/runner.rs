//! Runs the claimed tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};

use super::claim::{Claims, Test};
use super::outcome::{Outcomes, from_junit, from_libtest};
use crate::test::has_nextest;
use crate::workspace::Workspace;

/// Where nextest writes its report, by the profile `lessons` of `.config/nextest.toml`.
const JUNIT: &str = "target/nextest/lessons/junit.xml";

/// Runs the claimed tests, with nextest if it is installed.
pub(crate) fn run(sh: &Shell, workspace: &Workspace, claims: &Claims) -> anyhow::Result<Outcomes> {
    let tests: BTreeSet<&Test> = claims.claims.iter().map(|claim| &claim.test).collect();
    if tests.is_empty() {
        Ok(Outcomes::new())
    } else if has_nextest(sh) {
        with_nextest(sh, workspace, &tests)
    } else {
        with_cargo(sh, &tests)
    }
}

fn with_nextest(
    sh: &Shell,
    workspace: &Workspace,
    tests: &BTreeSet<&Test>,
) -> anyhow::Result<Outcomes> {
    let report = workspace.root().join(JUNIT);
    if report.exists() {
        fs::remove_file(&report).context("cannot remove the report of an earlier run")?;
    }
    let filter = filter(tests);
    cmd!(
        sh,
        "cargo nextest run --profile lessons --workspace --all-features --locked -E {filter}"
    )
    .quiet()
    .ignore_status()
    .run()?;
    let xml = fs::read_to_string(&report).context("nextest left no report: did it build?")?;
    Ok(from_junit(&xml))
}

/// A filter that selects the tests.
fn filter(tests: &BTreeSet<&Test>) -> String {
    let mut by_package: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for test in tests {
        let names = by_package.entry(test.package()).or_default();
        names.push(format!("test(={})", test.name));
    }
    by_package
        .into_iter()
        .map(|(package, names)| format!("(package(={package}) & ({}))", names.join(" | ")))
        .collect::<Vec<_>>()
        .join(" | ")
}

fn with_cargo(sh: &Shell, tests: &BTreeSet<&Test>) -> anyhow::Result<Outcomes> {
    let mut by_suite: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for test in tests {
        by_suite.entry(&test.suite).or_default().push(&test.name);
    }
    let mut outcomes = Outcomes::new();
    for (suite, names) in by_suite {
        let (package, target) = suite.split_once("::").unwrap_or((suite, ""));
        let target: &[&str] = match target {
            "" => &["--lib"],
            "bin" => &["--bins"],
            target => &["--test", target],
        };
        let output = cmd!(
            sh,
            "cargo test -p {package} --all-features --locked {target...} -- --exact {names...}"
        )
        .quiet()
        .ignore_status()
        .output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !said.contains("test result:") {
            let errors = String::from_utf8_lossy(&output.stderr);
            bail!("the tests of {suite} did not run:\n{errors}");
        }
        outcomes.append(&mut from_libtest(suite, &said));
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Test, filter};

    #[test]
    fn the_filter_groups_tests_by_package() {
        let test = |suite: &str, name: &str| Test {
            suite: suite.to_owned(),
            name: name.to_owned(),
        };
        let tests = [test("a", "b::c"), test("a::it", "d"), test("e", "f")];
        assert_eq!(
            filter(&tests.iter().collect::<BTreeSet<_>>()),
            "(package(=a) & (test(=b::c) | test(=d))) | (package(=e) & (test(=f)))"
        );
    }
}
