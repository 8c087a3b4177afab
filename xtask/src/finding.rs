//! One thing that a check found wrong, and where.

use std::fmt;

/// What is wrong at a place, with the remedy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    text: String,
}

impl Finding {
    /// Reports `text` about line `line`, counted from one, of `path`.
    pub(crate) fn new(path: impl Into<String>, line: usize, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line,
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.text)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Finding;

    /// Renders findings, one a line, for assertions.
    pub(crate) fn render(findings: &[Finding]) -> String {
        findings
            .iter()
            .map(Finding::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_finding_names_path_line_and_remedy() {
        let finding = Finding::new("a/b.rs", 7, "is too long: split it");
        assert_eq!(finding.to_string(), "a/b.rs:7: is too long: split it");
    }
}
