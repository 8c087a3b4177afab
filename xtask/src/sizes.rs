//! How long the files are.

use crate::source::Source;

/// What the sizes should be at most.
pub(crate) const TARGET: Sizes = Sizes {
    files: 0,
    median: 180,
    p90: 400,
    max: 800,
};

/// The distribution of file lengths, in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// How many files there are.
    pub(crate) files: usize,
    /// Half of the files are not longer than this.
    pub(crate) median: usize,
    /// Nine in ten files are not longer than this.
    pub(crate) p90: usize,
    /// No file is longer than this.
    pub(crate) max: usize,
}

impl Sizes {
    /// Measures the sources and tests of the workspace.
    pub(crate) fn of(sources: &[Source]) -> Self {
        Self::from_lengths(
            sources
                .iter()
                .filter(|source| is_measured(source))
                .map(length)
                .collect(),
        )
    }

    fn from_lengths(mut lengths: Vec<usize>) -> Self {
        lengths.sort_unstable();
        let rank = |percent: usize| {
            let index = (lengths.len() * percent).div_ceil(100).saturating_sub(1);
            lengths.get(index).copied().unwrap_or(0)
        };
        Self {
            files: lengths.len(),
            median: rank(50),
            p90: rank(90),
            max: rank(100),
        }
    }

    /// Renders the figures beside their targets.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} files: median {} lines (target {}), p90 {} ({}), max {} ({})",
            self.files, self.median, TARGET.median, self.p90, TARGET.p90, self.max, TARGET.max
        )
    }
}

/// Whether a file counts: sources and tests do, examples do not.
pub(crate) fn is_measured(source: &Source) -> bool {
    ["src/", "tests/"]
        .iter()
        .any(|dir| source.inner_path().starts_with(dir))
}

/// The length of a file in lines.
pub(crate) fn length(source: &Source) -> usize {
    source.text.lines().count()
}

#[cfg(test)]
mod tests {
    use super::Sizes;

    #[test]
    fn percentiles_are_lengths_of_files() {
        let sizes = Sizes::from_lengths((1..=10).rev().collect());
        assert_eq!(
            sizes,
            Sizes {
                files: 10,
                median: 5,
                p90: 9,
                max: 10
            }
        );
    }

    #[test]
    fn nothing_has_no_length() {
        assert_eq!(Sizes::from_lengths(Vec::new()).max, 0);
    }
}
