//! What `cargo tree` says about the packages below a package.

use std::collections::BTreeSet;

use xshell::{Shell, cmd};

/// The packages that a package needs to build and run, itself included.
#[derive(Debug)]
pub(crate) struct Tree {
    packages: BTreeSet<(String, String)>,
}

impl Tree {
    /// Asks cargo for the tree of `package` with its default features.
    pub(crate) fn of(sh: &Shell, package: &str) -> anyhow::Result<Self> {
        let output = cmd!(
            sh,
            "cargo tree -p {package} -e normal --prefix none --locked"
        )
        .quiet()
        .read()?;
        Ok(Self::parse(&output))
    }

    /// Asks cargo for the tree of `package` with all its features.
    pub(crate) fn with_all_features(sh: &Shell, package: &str) -> anyhow::Result<Self> {
        let output = cmd!(
            sh,
            "cargo tree -p {package} --all-features -e normal --prefix none --locked"
        )
        .quiet()
        .read()?;
        Ok(Self::parse(&output))
    }

    /// Reads the output of `cargo tree --prefix none`.
    pub(crate) fn parse(output: &str) -> Self {
        let packages = output
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let name = words.next()?;
                let version = words.next()?.strip_prefix('v')?;
                Some((name.to_owned(), version.to_owned()))
            })
            .collect();
        Self { packages }
    }

    /// Counts the packages, each version on its own, the root not included.
    pub(crate) fn dependencies(&self) -> usize {
        self.packages.len().saturating_sub(1)
    }

    /// Lists the names in the tree.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;

    const OUTPUT: &str = "\
video-core v0.1.0 (/somewhere/crates/video-core)
bytes v1.12.2
syn v2.0.1
syn v3.0.0
thiserror-impl v2.0.21 (proc-macro)
bytes v1.12.2 (*)

";

    #[test]
    fn repeated_packages_count_once_and_versions_apart() {
        assert_eq!(Tree::parse(OUTPUT).dependencies(), 4);
    }

    #[test]
    fn names_include_the_root() {
        let tree = Tree::parse(OUTPUT);
        let names: Vec<_> = tree.names().collect();
        assert_eq!(
            names,
            ["bytes", "syn", "syn", "thiserror-impl", "video-core"]
        );
    }
}
