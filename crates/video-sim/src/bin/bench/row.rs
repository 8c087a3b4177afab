//! One line of the table.

use std::fmt;

/// What one benchmark found.
#[derive(Debug)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    pub(crate) measured: String,
    /// What was measured beside it, in the same run.
    pub(crate) floor: String,
    /// Ours over the floor.
    pub(crate) ratio: String,
    pub(crate) goal: &'static str,
    pub(crate) met: bool,
    /// The processor seconds of this process while it measured.
    pub(crate) cpu: f64,
    /// The load average of the machine when it had.
    pub(crate) load: String,
}

/// As a row of a table in Markdown.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            measured,
            floor,
            ratio,
            goal,
            met,
            cpu,
            load,
        } = self;
        let verdict = if *met { "met" } else { "**missed**" };
        write!(
            f,
            "| {what} | {measured} | {floor} | {ratio} | {goal} | {verdict} | {cpu:.1} | {load} |"
        )
    }
}
