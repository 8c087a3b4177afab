//! `changelog`: folds the fragments into the changelog of a release.

use std::fs;

use anyhow::{Context as _, ensure};

use crate::tidy::{KINDS, fragment_kind};
use crate::workspace::Workspace;

const FRAGMENTS: &str = "docs/changelog.d";
const CHANGELOG: &str = "docs/CHANGELOG.md";
const TITLE: &str = "# Changelog\n";

/// Adds the section of `version` to the changelog and removes the fragments it was made of.
pub(crate) fn run(workspace: &Workspace, version: &str) -> anyhow::Result<()> {
    let numbers: Vec<_> = version.split('-').next().unwrap_or("").split('.').collect();
    ensure!(
        numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u32>().is_ok()),
        "`{version}` is not a version like 0.2.0"
    );
    let mut fragments = Vec::new();
    for name in workspace.list(FRAGMENTS)? {
        if let Some(kind) = fragment_kind(&name) {
            let path = format!("{FRAGMENTS}/{name}");
            fragments.push((kind.to_owned(), workspace.read(&path)?, path));
        }
    }
    ensure!(
        !fragments.is_empty(),
        "there are no fragments in {FRAGMENTS}"
    );
    let old = if workspace.exists(CHANGELOG) {
        workspace.read(CHANGELOG)?
    } else {
        TITLE.to_owned()
    };
    let notes = fragments
        .iter()
        .map(|(kind, text, _)| (kind.as_str(), text.as_str()))
        .collect::<Vec<_>>();
    fs::write(
        workspace.root().join(CHANGELOG),
        fold(&old, version, &notes),
    )?;
    for (_, _, path) in &fragments {
        fs::remove_file(workspace.root().join(path))
            .with_context(|| format!("cannot remove {path}"))?;
    }
    println!("{CHANGELOG}: {} notes for {version}", fragments.len());
    Ok(())
}

/// Puts the section of a version above those of older ones.
fn fold(old: &str, version: &str, notes: &[(&str, &str)]) -> String {
    let mut lines = vec![String::new(), format!("## {version}")];
    for kind in KINDS {
        let mut notes = notes.iter().filter(|(of, _)| *of == kind).peekable();
        if notes.peek().is_some() {
            let (first, rest) = kind.split_at(1);
            let title = format!("### {}{rest}", first.to_uppercase());
            lines.extend([String::new(), title, String::new()]);
        }
        lines.extend(notes.map(|(_, text)| {
            let text = text.trim().trim_start_matches("- ");
            format!("- {}", text.replace('\n', "\n  "))
        }));
    }
    let older = old.strip_prefix(TITLE).unwrap_or(old);
    format!("{TITLE}{}\n{older}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn notes_are_sorted_by_kind_and_the_newest_version_stands_first() {
        let notes = [
            ("fixed", "One bug\nless.\n"),
            ("added", "A thing."),
            ("fixed", "- Another bug less."),
        ];
        let expected = "\
# Changelog

## 0.2.0

### Added

- A thing.

### Fixed

- One bug
  less.
- Another bug less.

## 0.1.0
";
        assert_eq!(fold("# Changelog\n\n## 0.1.0\n", "0.2.0", &notes), expected);
    }
}
