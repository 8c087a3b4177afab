//! What the documents promise to the machine: examples that run, guards that exist.

use crate::finding::Finding;
use crate::source::Source;

/// The document that states the invariants.
pub(crate) const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// The documents that vouch for their words with tests.
pub(crate) const VOUCHING: [&str; 2] = ["docs/SECURITY.md", "docs/SEED.md"];

/// Guards that are not tests.
const TOOLS: [&str; 3] = ["xtask tidy", "xtask features", "clippy"];

/// The endings that tell what a changelog fragment is about.
pub(crate) const KINDS: [&str; 5] = ["added", "changed", "fixed", "removed", "security"];

/// Finds examples that no tool compiles.
pub(crate) fn ignored_examples(path: &str, text: &str) -> Vec<Finding> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| {
            let line = line.trim_start();
            let line = line
                .strip_prefix("///")
                .or_else(|| line.strip_prefix("//!"))
                .unwrap_or(line)
                .trim_start();
            line.strip_prefix("```")
                .is_some_and(|tags| tags.split(',').any(|tag| tag.trim().starts_with("ignore")))
        })
        .map(|(index, _)| {
            Finding::new(
                path,
                index + 1,
                "an ignored example: make it run, or mark it `no_run` or `text`",
            )
        })
        .collect()
}

/// Finds invariants without a guard, and guards that do not exist.
pub(crate) fn guards(architecture: &str, sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report = |line, text: String| findings.push(Finding::new(ARCHITECTURE, line, text));
    let invariants = invariants(architecture);
    if invariants.is_empty() {
        report(
            1,
            "states no invariant: begin each with `*Invariant:*`".to_owned(),
        );
    }
    for (line, text) in invariants {
        let guards: Vec<&str> = text
            .split_once("Guard:")
            .map(|(_, guards)| guards.split('`').skip(1).step_by(2).collect())
            .unwrap_or_default();
        if guards.is_empty() {
            report(
                line,
                "the invariant names no guard: add ``Guard: `…` ``".to_owned(),
            );
        }
        for guard in guards {
            let tool = guard.strip_prefix("cargo ").unwrap_or(guard);
            let test = guard.rsplit("::").next().unwrap_or(guard);
            if !TOOLS.contains(&tool) && !sources.iter().any(|source| defines(source, test)) {
                report(
                    line,
                    format!("the guard `{guard}` is neither a tool nor a test"),
                );
            }
        }
    }
    findings
}

/// The paragraphs that state invariants, with their lines.
fn invariants(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        if line.contains("*Invariant") {
            found.push((index + 1, line.to_owned()));
            inside = true;
        } else if line.trim().is_empty() || line.starts_with('#') {
            inside = false;
        } else if inside && let Some((_, paragraph)) = found.last_mut() {
            paragraph.push(' ');
            paragraph.push_str(line.trim());
        }
    }
    found
}

/// Whether a source defines the function `name`.
fn defines(source: &Source, name: &str) -> bool {
    let definition = format!("fn {name}");
    source.lines().any(|(_, line)| {
        let rest = line.split_once(&definition).map(|(_, rest)| rest);
        rest.is_some_and(|rest| rest.starts_with(['(', '<']))
    })
}

/// Finds names of tests, in a document that vouches for its words with them, that no test has.
///
/// A name of four words or more is taken for one: that is longer than names of other things are,
/// and the few that are as long are functions too.
pub(crate) fn vouchers(path: &str, text: &str, sources: &[Source]) -> Vec<Finding> {
    let lines = text.lines().enumerate();
    let names = lines.flat_map(|(index, line)| {
        let quoted = line.split('`').skip(1).step_by(2);
        quoted.map(move |name| (index + 1, name))
    });
    names
        .filter(|(_, name)| is_name_of_a_test(name))
        .filter(|(_, name)| !sources.iter().any(|source| defines(source, name)))
        .map(|(line, name)| Finding::new(path, line, format!("there is no test `{name}`")))
        .collect()
}

fn is_name_of_a_test(name: &str) -> bool {
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
    name.chars().all(plain) && name.matches('_').count() >= 3
}

/// Finds a changelog fragment that would not be folded.
pub(crate) fn fragment(name: &str) -> Option<Finding> {
    let is_good = name == "README.md" || fragment_kind(name).is_some();
    (!is_good).then(|| {
        Finding::new(
            format!("docs/changelog.d/{name}"),
            1,
            format!("name it <topic>.<{}>.md", KINDS.join("|")),
        )
    })
}

/// The kind in `<topic>.<kind>.md`.
pub(crate) fn fragment_kind(name: &str) -> Option<&str> {
    let (topic, kind) = name.strip_suffix(".md")?.rsplit_once('.')?;
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
    let is_good = KINDS.contains(&kind) && !topic.is_empty() && topic.chars().all(is_plain);
    is_good.then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::{fragment, guards, ignored_examples, vouchers};
    use crate::finding::tests::render;
    use crate::source::Source;

    #[test]
    fn ignored_examples_are_found() {
        for breach in ["/// ```ignore", "//! ```rust,ignore", "```ignore-windows"] {
            assert_eq!(ignored_examples("a.rs", breach).len(), 1, "{breach}");
        }
        assert_eq!(
            ignored_examples("a.rs", "/// ```no_run\n/// ignore\n```text"),
            []
        );
    }

    #[test]
    fn a_test_that_a_document_vouches_with_and_is_not_there_is_found() {
        let source = Source::new("crates/a/src/b.rs", "fn a_late_close_is_ignored() {}");
        let text = "| `a_late_close_is_ignored` | `get_or_create` |\n| `a_late_close_is_kept` |";
        let found = render(&vouchers("docs/SEED.md", text, &[source]));
        assert_eq!(
            found,
            "docs/SEED.md:2: there is no test `a_late_close_is_kept`"
        );
    }

    fn check(text: &str) -> String {
        let source = Source::new("crates/a/src/b.rs", "fn a_late_close_is_ignored() {}");
        render(&guards(text, &[source]))
    }

    #[test]
    fn an_invariant_without_a_guard_is_found() {
        assert!(
            check("*Invariant:* one.\n\nGuard: `clippy`.").contains(":1: the invariant names no")
        );
        assert!(check("No such line.").contains("states no invariant"));
    }

    #[test]
    fn a_guard_that_does_not_exist_is_found() {
        let found = check("- *Invariant I9:* one.\n  Guard: `a_test_that_is_gone`.");
        assert!(
            found.contains("`a_test_that_is_gone` is neither"),
            "{found}"
        );
    }

    #[test]
    fn guards_are_tools_and_tests() {
        let text = "\
*Invariant:* one. Guard: `cargo xtask tidy`, `clippy`.
*Invariant:* two. Guard: `b::a_late_close_is_ignored`.
";
        assert_eq!(check(text), "");
    }

    #[test]
    fn an_ill_named_fragment_is_found() {
        for name in [
            "notes.md",
            "a.better.md",
            ".added.md",
            "a.added.txt",
            "a b.fixed.md",
        ] {
            assert!(fragment(name).is_some(), "{name}");
        }
        for name in ["README.md", "token-refresh.fixed.md"] {
            assert!(fragment(name).is_none(), "{name}");
        }
    }
}
