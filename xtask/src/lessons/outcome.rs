//! How the tests ended, read from what the runners print.

use std::collections::BTreeMap;

use super::claim::Test;

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It passed.
    Passed,
    /// It failed, or was stopped.
    Failed,
    /// It did not run.
    Ignored,
}

/// How each test ended.
pub(crate) type Outcomes = BTreeMap<Test, Outcome>;

/// Reads the `JUnit` report of nextest.
pub(crate) fn from_junit(xml: &str) -> Outcomes {
    xml.split("<testcase ")
        .skip(1)
        .filter_map(|case| {
            let (tag, _) = case.split_once('>')?;
            let suite = attribute(tag, "classname")?;
            let suite = match suite.split_once("::bin/") {
                Some((package, _)) => format!("{package}::bin"),
                None => suite,
            };
            let test = Test {
                suite,
                name: attribute(tag, "name")?,
            };
            let failed = case.contains("<failure") || case.contains("<error");
            let outcome = match (failed, case.contains("<skipped")) {
                (true, _) => Outcome::Failed,
                (false, true) => Outcome::Ignored,
                (false, false) => Outcome::Passed,
            };
            Some((test, outcome))
        })
        .collect()
}

/// Reads what the test program of `suite` printed under `cargo test`.
pub(crate) fn from_libtest(suite: &str, output: &str) -> Outcomes {
    output
        .lines()
        .filter_map(|line| {
            let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
            let name = name.split_once(" - ").map_or(name, |(name, _)| name);
            let outcome = match result.split([',', ' ']).next()? {
                "ok" => Outcome::Passed,
                "ignored" => Outcome::Ignored,
                _ => Outcome::Failed,
            };
            let test = Test {
                suite: suite.to_owned(),
                name: name.to_owned(),
            };
            Some((test, outcome))
        })
        .collect()
}

/// The value of an attribute; names of tests need no unescaping.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let opening = format!("{name}=\"");
    let at = tag
        .match_indices(&opening)
        .find(|(at, _)| *at == 0 || tag[..*at].ends_with(' '))?
        .0;
    let value = &tag[at + opening.len()..];
    value.split('"').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Outcomes, from_junit, from_libtest};

    const JUNIT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="3" failures="1" errors="0">
    <testsuite name="a" tests="2" disabled="0" errors="0" failures="1">
        <testcase name="b::tests::one" classname="a" timestamp="x" time="0.004">
        </testcase>
        <testcase name="b::tests::two" classname="a" timestamp="x" time="0.004">
            <failure type="test failure">said &lt;testcase name="x"</failure>
        </testcase>
    </testsuite>
    <testsuite name="c::bin/d" tests="1">
        <testcase name="tests::three" classname="c::bin/d" time="0.004"/>
    </testsuite>
</testsuites>
"#;

    fn render(outcomes: &Outcomes) -> Vec<String> {
        outcomes
            .iter()
            .map(|(test, outcome)| format!("{} {} {outcome:?}", test.suite, test.name))
            .collect()
    }

    #[test]
    fn a_junit_report_is_read() {
        assert_eq!(
            render(&from_junit(JUNIT)),
            [
                "a b::tests::one Passed",
                "a b::tests::two Failed",
                "c::bin tests::three Passed"
            ]
        );
    }

    #[test]
    fn the_output_of_libtest_is_read() {
        let output = "\
running 4 tests
test one ... ok
test two ... FAILED
test three ... ignored, slow
test four - should panic ... ok

test result: FAILED. 2 passed; 1 failed; 1 ignored
";
        let outcomes = from_libtest("a::b", output);
        assert_eq!(
            render(&outcomes),
            [
                "a::b four Passed",
                "a::b one Passed",
                "a::b three Ignored",
                "a::b two Failed"
            ]
        );
        assert!(
            outcomes
                .values()
                .any(|outcome| *outcome == Outcome::Ignored)
        );
    }
}
