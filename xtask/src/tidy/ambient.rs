//! I5: time, randomness and tasks enter in few named files.

use crate::finding::Finding;
use crate::source::Source;

/// The files that may read a clock, draw randomness or spawn, and what for.
pub(crate) const LEGAL: &[(&str, &str)] = &[
    (
        "crates/video-auth/src/worker.rs",
        "starts the token worker and owns its task",
    ),
    (
        "crates/video-client/src/latency.rs",
        "measures how far away the edges are",
    ),
    (
        "crates/video-client/src/location.rs",
        "starts the search for the location and owns its task",
    ),
    (
        "crates/video-client/src/lifecycle.rs",
        "starts the lifecycle keeper and owns its task",
    ),
    (
        "crates/video-client/src/push.rs",
        "starts the keeper of the push device and owns its task",
    ),
    (
        "crates/video-client/src/rewatch.rs",
        "starts the re-watcher and owns its task",
    ),
    (
        "crates/video-core/src/time.rs",
        "the one reader of the wall clock",
    ),
    (
        "crates/video-sim/src/run.rs",
        "measures how long a seed takes, and finds one that hangs",
    ),
    (
        "crates/video-testkit/src/clock.rs",
        "the clock of the emulated service",
    ),
    (
        "crates/video-transport/src/entropy.rs",
        "the one source of randomness",
    ),
    (
        "crates/video-transport/src/rpc/channel.rs",
        "drives the call machine",
    ),
    (
        "crates/video-transport/src/session/driver.rs",
        "drives the session machine",
    ),
    (
        "crates/video-transport/src/session/handle.rs",
        "starts the session's driver and owns its task",
    ),
    (
        "crates/video-transport/src/session/online.rs",
        "counts how long a loss lasts",
    ),
    (
        "crates/video-sim/src/bin/bench/stopwatch.rs",
        "measures how long things take",
    ),
];

/// What betrays such a place: the lint's expectation, or the call itself.
const SIGNS: [&str; 8] = [
    "clippy::disallowed_methods",
    "Instant::now(",
    "SystemTime::now(",
    "tokio::spawn(",
    "task::spawn(",
    "fastrand::f64(",
    "fastrand::u64(",
    "fastrand::Rng::new(",
];

/// Finds effects outside of the legal files, and legal files without effects.
pub(crate) fn effects(sources: &[Source], legal: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut used = Vec::new();
    for source in sources.iter().filter(|source| source.is_crate_source()) {
        for (line, text) in source.production() {
            let Some(sign) = SIGNS.iter().find(|sign| text.contains(**sign)) else {
                continue;
            };
            if legal.iter().any(|(path, _)| *path == source.path) {
                used.push(source.path.as_str());
            } else {
                findings.push(Finding::new(
                    &source.path,
                    line,
                    format!(
                        "I5: `{}` outside of the files that may read clocks, draw randomness or \
                         spawn: take it as an argument, or name the file and the reason in \
                         xtask/src/tidy/ambient.rs",
                        sign.trim_end_matches('(')
                    ),
                ));
            }
        }
    }
    for (path, _) in legal.iter().filter(|(path, _)| !used.contains(path)) {
        findings.push(Finding::new(
            "xtask/src/tidy/ambient.rs",
            1,
            format!("I5: {path} needs no place in the list any more: remove it"),
        ));
    }
    findings
}

/// Finds a `select!` that draws lots among its branches, so that no run of it can be repeated.
pub(crate) fn lots(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_crate_source()) {
        let lines = source.production();
        let lines: Vec<_> = lines.filter(|(_, text)| !text.trim().is_empty()).collect();
        for (index, (line, text)) in lines.iter().enumerate() {
            let next = lines.get(index + 1).map_or("", |(_, next)| next.trim());
            if text.contains("select! {") && !text.contains("biased;") && next != "biased;" {
                let words = "I5: `select!` without `biased;` draws lots among its branches";
                findings.push(Finding::new(&source.path, *line, words));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{LEGAL, effects, lots};
    use crate::finding::tests::render;
    use crate::source::Source;

    fn check(text: &str, legal: &[(&str, &str)]) -> String {
        render(&effects(&[Source::new("crates/a/src/b.rs", text)], legal))
    }

    #[test]
    fn an_effect_in_an_unlisted_file_is_found() {
        let breaches = [
            "fn f() { Instant::now(); }",
            "fn f() { std::time::SystemTime::now(); }",
            "fn f() { tokio::spawn(g()); }",
            "fn f() { task::spawn(g()); }",
            "fn f() { fastrand::f64(); }",
            "#[expect(clippy::disallowed_methods, reason = \"x\")]",
        ];
        for breach in breaches {
            assert!(
                check(breach, &[]).starts_with("crates/a/src/b.rs:1: I5"),
                "{breach}"
            );
        }
    }

    #[test]
    fn listed_files_tests_and_prose_are_fine() {
        let legal = [("crates/a/src/b.rs", "it drives")];
        assert_eq!(check("fn f() { Instant::now(); }", &legal), "");
        assert_eq!(
            check("// Instant::now()\nconst A: &str = \"tokio::spawn(\";", &[]),
            ""
        );
        assert_eq!(
            check(
                "#[cfg(test)]\nmod tests {\n    fn f() { Instant::now(); }\n}",
                &[]
            ),
            ""
        );
    }

    #[test]
    fn a_listed_file_without_effects_is_found() {
        let found = check("fn f() {}", &[("crates/a/src/b.rs", "it drove")]);
        assert!(
            found.contains("crates/a/src/b.rs needs no place"),
            "{found}"
        );
    }

    #[test]
    fn a_select_that_draws_lots_is_found() {
        let check = |text: &str| render(&lots(&[Source::new("crates/a/src/b.rs", text)]));
        let fair = "async fn f() {\n    tokio::select! {\n        () = g() => {}\n    }\n}";
        assert!(check(fair).starts_with("crates/a/src/b.rs:2: I5"));
        let biased = fair.replace(
            "select! {",
            "select! {\n        // In this order.\n        biased;",
        );
        assert_eq!(check(&biased), "");
    }

    #[test]
    fn each_legal_file_has_a_reason() {
        assert!(LEGAL.iter().all(|(_, reason)| !reason.is_empty()));
    }
}
