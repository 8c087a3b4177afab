//! Answers that take their time.

use std::time::Duration;

use crate::journal::Entry;
use crate::shared::Shared;

/// Waits. If the client gives up meanwhile, the journal gets this entry: a request without answer.
pub(super) async fn late(shared: &Shared, span: Duration, unanswered: Entry) {
    let mut given_up = GivenUp {
        shared,
        entry: Some(unanswered),
    };
    tokio::time::sleep(span).await;
    given_up.entry = None;
}

/// Writes its entry unless that is taken out in time.
struct GivenUp<'a> {
    shared: &'a Shared,
    entry: Option<Entry>,
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.shared.journal.write(entry);
        }
    }
}
