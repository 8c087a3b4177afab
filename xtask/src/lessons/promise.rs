//! The ledger: what is promised, and which stage closes it.

use crate::finding::Finding;

/// The stages of the project, in order.
const STAGES: [&str; 5] = ["A", "B", "C", "D", "E"];

/// How a promise can be shown.
const LEVELS: [&str; 4] = ["machine", "stack", "loopback", "type"];

/// All promises, as the file lists them.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The promises in the order of the file.
    pub(crate) promises: Vec<Promise>,
    /// The stages whose promises must be kept.
    pub(crate) closed: Vec<String>,
    /// What is wrong with the file.
    pub(crate) findings: Vec<Finding>,
    /// Where the file is.
    pub(crate) path: String,
}

/// One row.
#[derive(Debug)]
pub(crate) struct Promise {
    /// The row's line in the file.
    pub(crate) line: usize,
    /// The id that tests claim.
    pub(crate) id: String,
    /// The stage that closes it.
    pub(crate) stage: String,
    /// How it is shown, or `n/a: reason`.
    pub(crate) level: String,
}

impl Promise {
    /// Whether the promise has no meaning here, with a reason in the file.
    pub(crate) fn is_not_applicable(&self) -> bool {
        self.level.starts_with("n/a")
    }
}

impl Ledger {
    /// Reads the file; what cannot be read is reported and left out.
    pub(crate) fn parse(path: &str, text: &str) -> Self {
        let mut ledger = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        for (index, row) in text.lines().enumerate() {
            let line = index + 1;
            if let Some(comment) = row.strip_prefix('#') {
                if let Some(stages) = comment.trim().strip_prefix("closed:") {
                    ledger.closed = stages.split_whitespace().map(str::to_owned).collect();
                }
            } else if !row.trim().is_empty() && !row.starts_with("id\t") {
                match ledger.row(line, row) {
                    Ok(promise) => ledger.promises.push(promise),
                    Err(problem) => ledger.findings.push(Finding::new(path, line, problem)),
                }
            }
        }
        let closed = ledger.closed.clone();
        for stage in closed.iter().filter(|stage| !is_stage(stage)) {
            let problem = format!("there is no stage `{stage}` to close");
            ledger.findings.push(Finding::new(path, 1, problem));
        }
        ledger
    }

    /// Whether the promises of a stage must be kept.
    pub(crate) fn is_closed(&self, stage: &str) -> bool {
        self.closed.iter().any(|closed| closed == stage)
    }

    fn row(&self, line: usize, row: &str) -> Result<Promise, String> {
        let [id, text, stage, level] = row.split('\t').collect::<Vec<_>>()[..] else {
            return Err("a row has four columns: id, promise, stage, level".to_owned());
        };
        if id.is_empty() || text.is_empty() {
            return Err("a row has an id and says what is promised".to_owned());
        }
        if self.promises.iter().any(|promise| promise.id == id) {
            return Err(format!("{id} is listed twice"));
        }
        if !is_stage(stage) {
            return Err(format!("{id}: `{stage}` is not a stage"));
        }
        let has_reason = level
            .strip_prefix("n/a:")
            .is_some_and(|reason| !reason.trim().is_empty());
        if !has_reason && !LEVELS.contains(&level) {
            let levels = LEVELS.join(", ");
            return Err(format!(
                "{id}: the level is one of {levels}, or `n/a: reason`"
            ));
        }
        Ok(Promise {
            line,
            id: id.to_owned(),
            stage: stage.to_owned(),
            level: level.to_owned(),
        })
    }
}

fn is_stage(stage: &str) -> bool {
    STAGES.contains(&stage)
}

#[cfg(test)]
mod tests {
    use super::Ledger;
    use crate::finding::tests::render;

    #[test]
    fn rows_and_closed_stages_are_read() {
        let ledger = Ledger::parse(
            "p.tsv",
            "# closed: A B\n# more words\nid\tpromise\tstage\tlevel\n\
             W01\tIt holds.\tA\tmachine\nW02\tIt is moot.\tB\tn/a: no such thing\n",
        );
        assert_eq!(render(&ledger.findings), "");
        assert_eq!(ledger.closed, ["A", "B"]);
        assert_eq!(ledger.promises.len(), 2);
        assert!(!ledger.promises[0].is_not_applicable());
        assert!(ledger.promises[1].is_not_applicable());
        assert!(ledger.is_closed("A") && !ledger.is_closed("C"));
    }

    #[test]
    fn bad_rows_are_found() {
        let breaches = [
            ("W01\tIt holds.\tA", "four columns"),
            ("W01\t\tA\ttype", "says what is promised"),
            ("W01\tIt holds.\tZ\ttype", "not a stage"),
            ("W01\tIt holds.\tA\tsometimes", "level is one of"),
            ("W01\tIt holds.\tA\tn/a:", "n/a: reason"),
            ("W01\ta\tA\ttype\nW01\tb\tA\ttype", "listed twice"),
            ("# closed: Q", "no stage `Q`"),
        ];
        for (text, expected) in breaches {
            let found = render(&Ledger::parse("p.tsv", text).findings);
            assert!(found.contains(expected), "{text}: {found}");
        }
    }

    #[test]
    fn the_ledger_lists_every_id() {
        let ledger = Ledger::parse(
            "docs/promises.tsv",
            include_str!("../../../docs/promises.tsv"),
        );
        assert_eq!(render(&ledger.findings), "");
        let series = [
            ("W", 36),
            ("T", 24),
            ("U", 21),
            ("C", 18),
            ("J", 14),
            ("R", 38),
        ];
        let more = [("BD", 62), ("RM", 16)];
        let mut expected: Vec<String> = vec!["R04b".to_owned(), "R33b".to_owned()];
        for (prefix, last) in series.into_iter().chain(more) {
            expected.extend((1..=last).map(|number| format!("{prefix}{number:02}")));
        }
        expected.extend((1..=105).map(|number| format!("CK{number:03}")));
        expected.sort();
        let mut listed: Vec<_> = ledger
            .promises
            .iter()
            .map(|promise| promise.id.clone())
            .collect();
        listed.sort();
        assert_eq!(listed, expected);
    }
}
