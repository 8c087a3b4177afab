//! The verdict on each promise.

use super::claim::{Claim, Claims};
use super::outcome::{Outcome, Outcomes};
use super::promise::{Ledger, Promise};
use crate::finding::Finding;

/// The verdicts, and what must be mended.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    rows: Vec<Row<'a>>,
    closed: &'a [String],
    /// Promises of closed stages that are not kept, and claims that are void.
    pub(crate) findings: Vec<Finding>,
}

/// The verdict on one promise.
#[derive(Debug)]
struct Row<'a> {
    promise: &'a Promise,
    tests: Vec<String>,
    verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// All tests that claim it passed.
    Pass,
    /// A test that claims it failed.
    Fail,
    /// A test that claims it is switched off.
    Ignored,
    /// It should be kept and no test shows it, or the test was not found.
    Missing,
    /// Its stage is not closed, and no test claims it yet.
    Open,
    /// It has no meaning here.
    NotApplicable,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Ignored => "ignored",
            Self::Missing => "missing",
            Self::Open => "open",
            Self::NotApplicable => "n/a",
        }
    }
}

impl<'a> Report<'a> {
    /// Judges the promises, or those of one stage.
    pub(crate) fn new(
        ledger: &'a Ledger,
        claims: &Claims,
        outcomes: &Outcomes,
        stage: Option<&str>,
    ) -> Self {
        let mut findings = unknown(ledger, claims);
        let mut rows = Vec::new();
        for promise in &ledger.promises {
            if stage.is_some_and(|stage| stage != promise.stage) {
                continue;
            }
            let claims: Vec<&Claim> = claims
                .claims
                .iter()
                .filter(|claim| claim.ids.contains(&promise.id))
                .collect();
            let verdict = judge(promise, ledger.is_closed(&promise.stage), &claims, outcomes);
            findings.extend(problem(ledger, promise, verdict, &claims, outcomes));
            findings.extend(misplaced(promise, &claims));
            let tests = claims
                .iter()
                .map(|claim| format!("{} {}", claim.test.suite, claim.test.name))
                .collect();
            rows.push(Row {
                promise,
                tests,
                verdict,
            });
        }
        Self {
            rows,
            closed: &ledger.closed,
            findings,
        }
    }

    /// Counts the verdicts by stage.
    pub(crate) fn summary(&self) -> String {
        let mut stages: Vec<&str> = self
            .rows
            .iter()
            .map(|row| row.promise.stage.as_str())
            .collect();
        stages.sort_unstable();
        stages.dedup();
        stages
            .into_iter()
            .map(|stage| self.summary_of(stage))
            .collect()
    }

    fn summary_of(&self, stage: &str) -> String {
        let rows = || self.rows.iter().filter(|row| row.promise.stage == stage);
        let count = |verdict| rows().filter(|row| row.verdict == verdict).count();
        let closed = self.closed.iter().any(|closed| closed == stage);
        let moot = count(Verdict::NotApplicable);
        format!(
            "lessons: stage {stage} ({}): {} of {} promises kept, {moot} n/a\n",
            if closed { "closed" } else { "open" },
            count(Verdict::Pass),
            rows().count() - moot,
        )
    }

    /// Renders the verdicts as a JSON array.
    pub(crate) fn json(&self) -> String {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let tests: Vec<String> = row.tests.iter().map(|test| quote(test)).collect();
                format!(
                    "  {{\"id\": {}, \"stage\": {}, \"level\": {}, \"tests\": [{}], \"result\": {}}}",
                    quote(&row.promise.id),
                    quote(&row.promise.stage),
                    quote(&row.promise.level),
                    tests.join(", "),
                    quote(row.verdict.name()),
                )
            })
            .collect();
        format!("[\n{}\n]\n", rows.join(",\n"))
    }
}

/// Finds claims of promises that nobody made.
fn unknown(ledger: &Ledger, claims: &Claims) -> Vec<Finding> {
    let mut findings = Vec::new();
    for claim in &claims.claims {
        for id in &claim.ids {
            if !ledger.promises.iter().any(|promise| promise.id == *id) {
                let text = format!("`{id}` is not in {}", ledger.path);
                findings.push(Finding::new(&claim.path, claim.line, text));
            }
        }
    }
    findings
}

fn judge(promise: &Promise, closed: bool, claims: &[&Claim], outcomes: &Outcomes) -> Verdict {
    if promise.is_not_applicable() {
        return Verdict::NotApplicable;
    }
    let mut verdicts = claims.iter().map(|claim| match outcomes.get(&claim.test) {
        Some(Outcome::Failed) => Verdict::Fail,
        Some(Outcome::Ignored) => Verdict::Ignored,
        _ if claim.ignored => Verdict::Ignored,
        Some(Outcome::Passed) => Verdict::Pass,
        None => Verdict::Missing,
    });
    match verdicts.find(|verdict| *verdict != Verdict::Pass) {
        Some(verdict) => verdict,
        None if !claims.is_empty() => Verdict::Pass,
        None if closed => Verdict::Missing,
        None => Verdict::Open,
    }
}

/// What must be mended about a promise.
fn problem(
    ledger: &Ledger,
    promise: &Promise,
    verdict: Verdict,
    claims: &[&Claim],
    outcomes: &Outcomes,
) -> Option<Finding> {
    let id = &promise.id;
    let text = match verdict {
        Verdict::Pass | Verdict::Open => return None,
        Verdict::NotApplicable if claims.is_empty() => return None,
        Verdict::NotApplicable => format!("{id} is n/a, and yet claimed: drop one of the two"),
        Verdict::Missing if claims.is_empty() => {
            format!(
                "{id} is promised by the closed stage {} and no test claims it",
                promise.stage
            )
        }
        Verdict::Missing => format!("{id}: no such test ran: is it a test, and compiled?"),
        Verdict::Ignored => format!("{id}: the test is ignored: mend it or drop the claim"),
        Verdict::Fail => format!("{id}: the test failed"),
    };
    let culprit = claims.iter().find(|claim| match verdict {
        Verdict::Fail => outcomes.get(&claim.test) == Some(&Outcome::Failed),
        Verdict::Missing => !outcomes.contains_key(&claim.test),
        Verdict::Ignored => claim.ignored || outcomes.get(&claim.test) == Some(&Outcome::Ignored),
        _ => true,
    });
    Some(match culprit {
        Some(claim) => Finding::new(&claim.path, claim.line, text),
        None => Finding::new(&ledger.path, promise.line, text),
    })
}

/// What is wrong with the level of a promise: none of its tests shows it on that.
fn misplaced(promise: &Promise, claims: &[&Claim]) -> Option<Finding> {
    let level = &promise.level;
    let claim = claims.first()?;
    if promise.is_not_applicable() || claims.iter().any(|claim| claim.level.is(level)) {
        return None;
    }
    let (id, shown) = (&promise.id, claim.level.name());
    let text = format!("{id} is promised on the level `{level}`, and shown on `{shown}` alone");
    Some(Finding::new(&claim.path, claim.line, text))
}

/// A JSON string.
fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if char.is_control() => quoted.push(' '),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{Claims, Ledger, Outcome, Outcomes, Report};
    use crate::finding::tests::render;
    use crate::source::Source;

    const LEDGER: &str = "\
# closed: A
W01\tone\tA\tmachine
W02\ttwo\tB\tstack
W03\tthree\tA\tn/a: \"moot\"
";

    fn judge(source: &str, outcome: Option<Outcome>) -> (String, String) {
        let ledger = Ledger::parse("p.tsv", LEDGER);
        let claims = Claims::read(&[Source::new("crates/a/src/lib.rs", source)]);
        let mut outcomes = Outcomes::new();
        for claim in &claims.claims {
            if let Some(outcome) = outcome {
                outcomes.insert(claim.test.clone(), outcome);
            }
        }
        let report = Report::new(&ledger, &claims, &outcomes, None);
        (render(&report.findings), report.json())
    }

    const CLAIM: &str = "/// Promise: W01\nfn one() {}\n";

    #[test]
    fn a_claimed_promise_whose_test_passes_is_kept() {
        let (findings, json) = judge(CLAIM, Some(Outcome::Passed));
        assert_eq!(findings, "");
        assert_eq!(
            json,
            "[\n  {\"id\": \"W01\", \"stage\": \"A\", \"level\": \"machine\", \
             \"tests\": [\"a one\"], \"result\": \"pass\"},\n  \
             {\"id\": \"W02\", \"stage\": \"B\", \"level\": \"stack\", \
             \"tests\": [], \"result\": \"open\"},\n  \
             {\"id\": \"W03\", \"stage\": \"A\", \"level\": \"n/a: \\\"moot\\\"\", \
             \"tests\": [], \"result\": \"n/a\"}\n]\n"
        );
    }

    #[test]
    fn a_red_an_ignored_and_a_lost_test_are_found() {
        let found = |outcome| judge(CLAIM, outcome).0;
        assert_eq!(
            found(Some(Outcome::Failed)),
            "crates/a/src/lib.rs:1: W01: the test failed"
        );
        assert!(found(Some(Outcome::Ignored)).contains("is ignored"));
        assert!(found(None).contains("no such test ran"));
    }

    #[test]
    fn a_promise_of_a_closed_stage_that_nobody_claims_is_found() {
        let (findings, _) = judge("", None);
        assert_eq!(
            findings,
            "p.tsv:2: W01 is promised by the closed stage A and no test claims it"
        );
    }

    #[test]
    fn a_red_test_of_an_open_stage_is_found() {
        let text = format!("{CLAIM}/// Promise: W02\nfn two() {{}}\n");
        let (findings, _) = judge(&text, Some(Outcome::Failed));
        assert!(findings.contains("W02: the test failed"), "{findings}");
    }

    #[test]
    fn a_promise_that_is_shown_on_another_level_alone_is_found() {
        let found = |places: &[(&str, &str)]| {
            let ledger = Ledger::parse("p.tsv", LEDGER);
            let sources = places.iter().map(|(path, text)| Source::new(*path, *text));
            let claims = Claims::read(&sources.collect::<Vec<_>>());
            let passed = |claim: &super::Claim| (claim.test.clone(), Outcome::Passed);
            let outcomes: Outcomes = claims.claims.iter().map(passed).collect();
            render(&Report::new(&ledger, &claims, &outcomes, None).findings)
        };
        let outside = "crates/a/tests/it/b.rs";
        let driven = "/// Promise: W01, W02\nasync fn two() {}\n";
        let inside = ("crates/a/src/lib.rs", CLAIM);
        assert_eq!(
            found(&[(outside, driven)]),
            "crates/a/tests/it/b.rs:1: W01 is promised on the level `machine`, and shown on \
             `stack` alone"
        );
        assert_eq!(found(&[inside, (outside, driven)]), "");
        assert_eq!(found(&[(outside, &driven.replace("async ", ""))]), "");
        assert_eq!(
            found(&[("crates/a/src/lib.rs", driven)]),
            "crates/a/src/lib.rs:1: W02 is promised on the level `stack`, and shown on `machine` \
             alone"
        );
    }

    #[test]
    fn void_claims_are_found() {
        let text = format!("{CLAIM}/// Promise: W99, W03\nfn two() {{}}\n");
        let (findings, _) = judge(&text, Some(Outcome::Passed));
        assert!(findings.contains("`W99` is not in p.tsv"), "{findings}");
        assert!(
            findings.contains("W03 is n/a, and yet claimed"),
            "{findings}"
        );
    }

    #[test]
    fn the_summary_counts_by_stage() {
        let ledger = Ledger::parse("p.tsv", LEDGER);
        let report = Report::new(&ledger, &Claims::default(), &Outcomes::new(), Some("A"));
        assert_eq!(
            report.summary(),
            "lessons: stage A (closed): 0 of 1 promises kept, 1 n/a\n"
        );
    }
}
