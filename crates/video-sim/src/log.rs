//! The journal of a run: every line with its time, or nothing if nobody reads it.

use std::fmt::{Display, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A cheap handle to a text that grows, if it is wanted.
#[derive(Debug, Default, Clone)]
pub(crate) struct Log {
    text: Option<Arc<Mutex<String>>>,
}

impl Log {
    /// A log that keeps what it is told, or forgets it at once.
    pub(crate) fn new(is_kept: bool) -> Self {
        Self {
            text: is_kept.then(Arc::default),
        }
    }

    /// Whether somebody is going to read it.
    pub(crate) fn is_kept(&self) -> bool {
        self.text.is_some()
    }

    pub(crate) fn line(&mut self, at: Duration, words: impl Display) {
        if let Some(text) = &self.text {
            let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
            let millis = at.as_millis();
            // Writing to a text does not fail.
            writeln!(text, "{millis:>9} {words}").unwrap_or_default();
        }
    }

    /// What was written so far.
    pub(crate) fn text(&self) -> String {
        let Some(text) = &self.text else {
            return String::new();
        };
        text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_time_and_a_log_that_nobody_reads_has_none() {
        let mut logs = [true, false].map(Log::new);
        for log in &mut logs {
            log.line(Duration::from_secs(2), "connect");
        }
        let [kept, forgotten] = logs.map(|log| log.text());
        assert_eq!(kept, "     2000 connect\n");
        assert_eq!(forgotten, "");
    }
}
