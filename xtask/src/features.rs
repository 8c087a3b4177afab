//! `features`: every crate builds with each of its features alone, and the layers stand alone.

use anyhow::ensure;
use xshell::{Cmd, Shell, cmd};

use crate::manifest::Manifest;
use crate::standalone;
use crate::workspace::{Member, Workspace};

/// Checks each feature, then the programs that use one layer alone.
///
/// Only libraries and binaries are built: tests would switch on `test-util` everywhere.
pub(crate) fn run(sh: &Shell, workspace: &Workspace) -> anyhow::Result<()> {
    for member in workspace
        .members()?
        .iter()
        .filter(|member| member.is_crate())
    {
        let target = if workspace.exists(&format!("{}/src/lib.rs", member.dir)) {
            "--lib"
        } else {
            "--bins"
        };
        let package = member.name();
        for flags in selections(member) {
            strict(cmd!(
                sh,
                "cargo check --quiet --locked -p {package} {target} {flags...}"
            ))?;
        }
    }
    standalone::run(sh, workspace)
}

/// Runs a check that may not even warn: code that a feature leaves unused is a mistake.
fn strict(check: Cmd<'_>) -> anyhow::Result<()> {
    eprintln!("$ {check}");
    let output = check.quiet().ignore_status().output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    eprint!("{said}");
    let warned = said.lines().any(|line| line.starts_with("warning:"));
    ensure!(
        output.status.success() && !warned,
        "the check found something"
    );
    Ok(())
}

/// The flags that select no feature, the default ones, and each one alone.
fn selections(member: &Member) -> Vec<Vec<String>> {
    let manifest = Manifest::parse(&member.manifest);
    let features = manifest.features();
    let none = || vec!["--no-default-features".to_owned()];
    let mut selections = vec![none()];
    for feature in features {
        if feature == "default" {
            selections.push(Vec::new());
        } else {
            let mut flags = none();
            flags.extend(["--features".to_owned(), feature.to_owned()]);
            selections.push(flags);
        }
    }
    selections
}

#[cfg(test)]
mod tests {
    use super::selections;
    use crate::workspace::Member;

    fn flags(manifest: &str) -> Vec<String> {
        let member = Member {
            dir: "crates/a".to_owned(),
            manifest: manifest.to_owned(),
        };
        selections(&member)
            .iter()
            .map(|flags| flags.join(" "))
            .collect()
    }

    #[test]
    fn none_the_default_and_each_feature_are_selected() {
        assert_eq!(
            flags("[features]\ndefault = [\"tls\"]\ntls = []\n"),
            [
                "--no-default-features",
                "",
                "--no-default-features --features tls"
            ]
        );
    }

    #[test]
    fn a_crate_without_features_is_checked_once() {
        assert_eq!(flags("[package]\n"), ["--no-default-features"]);
    }
}
