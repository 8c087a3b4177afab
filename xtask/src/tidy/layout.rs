//! How files are cut, named and opened.

use crate::finding::Finding;
use crate::manifest::Manifest;
use crate::sizes::{Sizes, TARGET, is_measured, length};
use crate::source::Source;
use crate::workspace::Member;

const README_AS_DOC: &str = "#![doc = include_str!(\"../README.md\")]";

/// Finds packages that do not take the lints of the workspace.
pub(crate) fn manifest(member: &Member) -> Option<Finding> {
    (!Manifest::parse(&member.manifest).inherits_lints()).then(|| {
        Finding::new(
            format!("{}/Cargo.toml", member.dir),
            1,
            "the package has lints of its own: add `[lints]` with `workspace = true`",
        )
    })
}

/// Finds packages that would be published without the texts of the licences.
pub(crate) fn licences(member: &Member, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    ["LICENSE-MIT", "LICENSE-APACHE"]
        .into_iter()
        .map(|name| format!("{}/{name}", member.dir))
        .filter(|path| member.is_crate() && !exists(path))
        .map(|path| Finding::new(path, 1, "is missing: copy it from another crate"))
        .collect()
}

/// Finds what is wrong with one file.
pub(crate) fn source(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report = |line, text: &str| findings.push(Finding::new(&source.path, line, text));
    let lines = length(source);
    if is_measured(source) && lines > TARGET.max {
        report(
            TARGET.max + 1,
            &format!("{lines} lines, at most {}: split the file", TARGET.max),
        );
    }
    if source.path.ends_with("/mod.rs") {
        report(
            1,
            "`mod.rs`: name the file after its module, beside the directory",
        );
    }
    if source.path.starts_with("crates/")
        && source.inner_path() == "src/lib.rs"
        && !source.text.lines().any(|line| line == README_AS_DOC)
    {
        report(
            1,
            &format!("the README is not the crate's documentation: add `{README_AS_DOC}`"),
        );
    }
    let opens_with_purpose = source.text.starts_with("//!");
    if source.inner_path().starts_with("tests/") && !opens_with_purpose {
        report(
            1,
            "the file does not say what it tests: begin it with a `//!` line",
        );
    }
    for (line, text) in source.lines() {
        let dense: String = text.split_whitespace().collect();
        if dense.contains("#[allow(") || dense.contains("#![allow(") {
            report(line, "`allow`: use `#[expect(…, reason = \"…\")]`");
        }
    }
    findings
}

/// Finds that the files have become too long on the whole.
pub(crate) fn sizes(sources: &[Source]) -> Option<Finding> {
    let sizes = Sizes::of(sources);
    let over = sizes.median > TARGET.median || sizes.p90 > TARGET.p90;
    over.then(|| {
        let text = format!(
            "the files are too long, split the longest: {}",
            sizes.summary()
        );
        Finding::new("crates", 1, text)
    })
}

#[cfg(test)]
mod tests {
    use super::{licences, manifest, sizes, source};
    use crate::finding::tests::render;
    use crate::source::Source;
    use crate::workspace::Member;

    fn member(manifest: &str) -> Member {
        Member {
            dir: "crates/a".to_owned(),
            manifest: manifest.to_owned(),
        }
    }

    fn check(path: &str, text: &str) -> String {
        render(&source(&Source::new(path, text)))
    }

    #[test]
    fn a_package_with_its_own_lints_is_found() {
        assert!(manifest(&member("[package]\nname = \"a\"\n")).is_some());
        assert!(manifest(&member("[lints]\nworkspace = true\n")).is_none());
    }

    #[test]
    fn a_missing_licence_is_found() {
        let found = licences(&member(""), |path| path.ends_with("-MIT"));
        assert_eq!(
            render(&found),
            "crates/a/LICENSE-APACHE:1: is missing: copy it from another crate"
        );
        assert_eq!(licences(&member(""), |_| true), []);
    }

    #[test]
    fn a_long_file_is_found() {
        let found = check("crates/a/src/b.rs", &"//\n".repeat(801));
        assert!(found.contains("801 lines"), "{found}");
        assert_eq!(check("crates/a/src/b.rs", &"//\n".repeat(800)), "");
    }

    #[test]
    fn a_mod_file_is_found() {
        assert!(check("crates/a/src/b/mod.rs", "").contains("mod.rs"));
        assert_eq!(check("crates/a/src/b/model.rs", ""), "");
    }

    #[test]
    fn a_library_without_its_readme_is_found() {
        assert!(check("crates/a/src/lib.rs", "//! A.\n").contains("README"));
        assert_eq!(
            check(
                "crates/a/src/lib.rs",
                "#![doc = include_str!(\"../README.md\")]\n"
            ),
            ""
        );
    }

    #[test]
    fn a_test_file_without_a_purpose_is_found() {
        assert!(check("crates/a/tests/b.rs", "use a::B;\n").contains("//!"));
        assert_eq!(check("crates/a/tests/b.rs", "//! B.\n"), "");
    }

    #[test]
    fn allowed_lints_are_found() {
        assert!(check("crates/a/src/b.rs", "#[allow(dead_code)]\nfn f() {}").contains("allow"));
        assert!(check("xtask/src/b.rs", "#![allow(dead_code)]").contains("allow"));
        assert_eq!(check("crates/a/src/b.rs", "// #[allow(dead_code)]"), "");
    }

    #[test]
    fn files_that_are_long_on_the_whole_are_found() {
        let of = |lines: usize| [Source::new("crates/a/src/b.rs", "//\n".repeat(lines))];
        assert!(sizes(&of(181)).is_some());
        assert_eq!(sizes(&of(180)), None);
    }
}
