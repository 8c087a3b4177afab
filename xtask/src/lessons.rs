//! `lessons`: which promises of docs/promises.tsv are kept, told by the tests that claim them.

mod claim;
mod outcome;
mod promise;
mod report;
mod runner;

use anyhow::bail;
use xshell::Shell;

use crate::workspace::Workspace;
use claim::Claims;
use promise::Ledger;
use report::Report;

/// Where the promises are listed.
const LEDGER: &str = "docs/promises.tsv";

/// Runs the claimed tests and judges the promises, or those of one stage.
pub(crate) fn run(
    sh: &Shell,
    workspace: &Workspace,
    stage: Option<&str>,
    json: bool,
) -> anyhow::Result<()> {
    let ledger = Ledger::parse(LEDGER, &workspace.read(LEDGER)?);
    let claims = Claims::read(&workspace.sources()?);
    let outcomes = runner::run(sh, workspace, &claims)?;
    let report = Report::new(&ledger, &claims, &outcomes, stage);
    if json {
        print!("{}", report.json());
    } else {
        print!("{}", report.summary());
    }
    let mut problems = report.findings;
    problems.extend(ledger.findings.iter().chain(&claims.findings).cloned());
    problems.sort();
    for problem in &problems {
        eprintln!("{problem}");
    }
    match problems.len() {
        0 => Ok(()),
        count => bail!("lessons: {count} problems"),
    }
}
