//! `mutants`: changes the machines and the policies, one small change at a time, and asks the tests.

use anyhow::ensure;
use xshell::{Shell, cmd};

use crate::test::{has_nextest, is_installed};

/// The files of one package, and the tests that have to notice a change in them.
struct Row {
    package: &'static str,
    tests: &'static [&'static str],
    files: &'static [&'static str],
}

/// What decides, and does nothing else.
const TABLE: &[Row] = &[
    Row {
        package: "video-transport",
        tests: &["--lib"],
        files: &[
            "crates/video-transport/src/session/machine.rs",
            "crates/video-transport/src/session/machine/failure.rs",
            "crates/video-transport/src/session/machine/io.rs",
            "crates/video-transport/src/session/machine/phase.rs",
            "crates/video-transport/src/session/machine/wish.rs",
            "crates/video-transport/src/session/heartbeat.rs",
            "crates/video-transport/src/session/sleep_watch.rs",
            "crates/video-transport/src/session/online.rs",
            "crates/video-transport/src/session/gate.rs",
            "crates/video-transport/src/session/hub.rs",
            "crates/video-transport/src/rpc/attempt.rs",
            "crates/video-transport/src/rpc/retry_after.rs",
            "crates/video-transport/src/socket/assembler.rs",
            "crates/video-transport/src/socket/read_ahead.rs",
        ],
    },
    Row {
        package: "video-auth",
        tests: &["--lib"],
        files: &["crates/video-auth/src/refresh.rs"],
    },
    Row {
        package: "video-core",
        tests: &["--lib"],
        files: &[
            "crates/video-core/src/policy/budget.rs",
            "crates/video-core/src/policy/heartbeat.rs",
            "crates/video-core/src/policy/reconnect.rs",
            "crates/video-core/src/policy/retry.rs",
        ],
    },
    Row {
        package: "video-client",
        tests: &["--lib", "--test", "it"],
        files: &[
            "crates/video-client/src/rewatch.rs",
            "crates/video-client/src/rewatch/plan.rs",
        ],
    },
];

/// A mutant that runs for longer than this, in seconds, hangs.
const TIMEOUT: &str = "60";

/// Runs the whole table, or the files that are asked for: by their path, or by its end.
///
/// A copy of the tree is changed, never the tree. What a run found stands below `target/mutants`.
pub(crate) fn run(sh: &Shell, only: &[String]) -> anyhow::Result<()> {
    ensure!(
        is_installed(sh, "cargo", &["mutants"]),
        "cargo-mutants is not installed; `cargo install --locked cargo-mutants`"
    );
    let rows = chosen(TABLE, only);
    ensure!(
        !rows.is_empty(),
        "there is no such file; there are: {}",
        TABLE
            .iter()
            .map(|row| row.files.join(", "))
            .collect::<Vec<_>>()
            .join(", ")
    );
    let tool = match has_nextest(sh) {
        true => "nextest",
        false => "cargo",
    };
    // The build of a mutant differs from the one before it in one line.
    let _incremental = sh.push_env("CARGO_INCREMENTAL", "1");
    // What broke with one mutant would be tried first with the next, and chance would look like a test.
    let _forgetful = sh.push_env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true");
    let mut survived = Vec::new();
    for (row, files) in rows {
        let (package, tests) = (row.package, row.tests);
        println!("== mutants of {package}: {}", files.join(", "));
        let files = files.iter().flat_map(|file| ["--file", file]);
        let output = format!("target/mutants/{package}");
        sh.create_dir(&output)?;
        let run = cmd!(
            sh,
            "cargo mutants --package {package} {files...} --test-tool {tool} --timeout {TIMEOUT}
                --output {output} -- {tests...}"
        )
        .run();
        if run.is_err() {
            survived.push(output);
        }
    }
    ensure!(
        survived.is_empty(),
        "not every mutant is noticed, see {}",
        survived.join(", ")
    );
    Ok(())
}

/// The rows that have files to run, with these.
fn chosen<'a>(table: &'a [Row], only: &[String]) -> Vec<(&'a Row, Vec<&'static str>)> {
    let is_asked_for = |file: &str| {
        only.is_empty()
            || only.iter().any(|end| {
                file.strip_suffix(end.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
            })
    };
    table
        .iter()
        .map(|row| {
            let files = row.files.iter().copied().filter(|file| is_asked_for(file));
            (row, files.collect::<Vec<_>>())
        })
        .filter(|(_, files)| !files.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{TABLE, chosen};
    use crate::workspace::Workspace;

    fn files(only: &[&str]) -> Vec<&'static str> {
        let only: Vec<String> = only.iter().map(|&file| file.to_owned()).collect();
        let rows = chosen(TABLE, &only);
        rows.into_iter().flat_map(|(_, files)| files).collect()
    }

    #[test]
    fn a_file_is_chosen_by_its_path_or_by_the_end_of_it() {
        let refresh = "crates/video-auth/src/refresh.rs";
        assert_eq!(files(&[refresh]), [refresh]);
        assert_eq!(files(&["refresh.rs"]), [refresh]);
        assert_eq!(
            files(&["policy/budget.rs", "plan.rs"]),
            [
                "crates/video-core/src/policy/budget.rs",
                "crates/video-client/src/rewatch/plan.rs"
            ]
        );
        assert!(files(&["fresh.rs"]).is_empty());
    }

    #[test]
    fn all_files_are_chosen_unless_some_are_asked_for_and_each_is_there() {
        let all = files(&[]);
        let count: usize = TABLE.iter().map(|row| row.files.len()).sum();
        assert_eq!(all.len(), count);
        for file in all {
            assert!(Workspace::find().root().join(file).is_file(), "{file}");
        }
    }
}
