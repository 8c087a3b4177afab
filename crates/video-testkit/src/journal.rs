//! The journal: what happened at the coordinator, in order and without secrets.

mod entry;
mod probe;
mod redact;
mod request;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::VirtualWallClock;

pub use entry::{ClosedBy, Entry};
pub use probe::Probe;
pub(crate) use redact::Redactor;
pub use request::RestCall;

/// One line of the journal: an entry and when it was written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// The time since the coordinator was built.
    pub at: Duration,
    /// What happened.
    pub entry: Entry,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10.3}s {}", self.at.as_secs_f64(), self.entry)
    }
}

/// A place in the journal, for looking only at what came after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

/// A cheap handle to the coordinator's journal.
///
/// Tokens and the API secret never get in: tokens appear as the beginning of a hash. The journal
/// keeps the latest entries, 100 000 unless the builder says otherwise, and counts those that it
/// had to drop.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    clock: VirtualWallClock,
    capacity: usize,
    log: Mutex<Log>,
    written: Notify,
}

#[derive(Default)]
struct Log {
    records: VecDeque<Record>,
    /// How many entries left at the front, by overflow or by `clear`.
    gone: u64,
    overflowed: u64,
}

impl Journal {
    pub(crate) fn new(clock: VirtualWallClock, capacity: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                capacity: capacity.max(1),
                log: Mutex::default(),
                written: Notify::new(),
            }),
        }
    }

    pub(crate) fn write(&self, entry: Entry) {
        tracing::debug!(%entry, "coordinator");
        let at = self.inner.clock.elapsed();
        let mut log = self.log();
        if log.records.len() == self.inner.capacity {
            log.records.pop_front();
            log.gone += 1;
            log.overflowed += 1;
        }
        log.records.push_back(Record { at, entry });
        drop(log);
        self.inner.written.notify_waiters();
    }

    /// All records, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<Record> {
        self.log().records.iter().cloned().collect()
    }

    /// The records written after the mark was taken.
    #[must_use]
    pub fn since(&self, mark: Mark) -> Vec<Record> {
        let log = self.log();
        let skip = usize::try_from(mark.0.saturating_sub(log.gone)).unwrap_or(usize::MAX);
        log.records.iter().skip(skip).cloned().collect()
    }

    /// The place after the latest record.
    #[must_use]
    pub fn mark(&self) -> Mark {
        let log = self.log();
        Mark(log.gone + log.records.len() as u64)
    }

    /// How many entries satisfy the condition.
    #[must_use]
    pub fn count(&self, mut condition: impl FnMut(&Entry) -> bool) -> usize {
        let log = self.log();
        log.records.iter().filter(|r| condition(&r.entry)).count()
    }

    /// Waits until an entry satisfies the condition, and gives the first one that does.
    ///
    /// Entries that were written before the call count too. It waits for ever if none comes, so
    /// put a timeout around it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is taken out of the journal.
    pub async fn wait_for(&self, condition: impl FnMut(&Entry) -> bool) -> Record {
        self.wait_for_after(Mark(0), condition).await
    }

    /// As [`wait_for`](Self::wait_for), but looks only at what was written after the mark.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is taken out of the journal.
    pub async fn wait_for_after(
        &self,
        mark: Mark,
        mut condition: impl FnMut(&Entry) -> bool,
    ) -> Record {
        loop {
            let written = self.inner.written.notified();
            tokio::pin!(written);
            written.as_mut().enable();
            let found = self.since(mark).into_iter().find(|r| condition(&r.entry));
            if let Some(record) = found {
                return record;
            }
            written.await;
        }
    }

    /// Forgets everything written so far.
    pub fn clear(&self) {
        let mut log = self.log();
        log.gone += log.records.len() as u64;
        log.records.clear();
    }

    /// How many entries were lost because the journal was full.
    #[must_use]
    pub fn overflowed(&self) -> u64 {
        self.log().overflowed
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries()).finish()
    }
}

/// One line for each record.
impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for record in self.entries() {
            writeln!(f, "{record}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const CAPACITY: usize = 10;

    fn journal() -> Journal {
        Journal::new(
            VirtualWallClock::starting_at(SystemTime::UNIX_EPOCH),
            CAPACITY,
        )
    }

    fn refused(code: i64) -> Entry {
        Entry::Refused { code }
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_is_woken_by_the_entry_that_it_waits_for() {
        let journal = journal();
        let writer = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            journal.write(refused(1));
            journal.write(refused(40));
        };
        let (found, ()) = tokio::join!(journal.wait_for(|e| *e == refused(40)), writer);
        assert_eq!(found.at, Duration::from_secs(2));
        assert_eq!(found.to_string(), "     2.000s refused code=40");
    }

    #[tokio::test]
    async fn a_mark_survives_clear_and_overflow() {
        let journal = journal();
        journal.write(refused(1));
        let mark = journal.mark();
        journal.clear();
        journal.write(refused(2));
        assert_eq!(journal.since(mark).len(), 1);
        for _ in 0..CAPACITY {
            journal.write(refused(3));
        }
        assert_eq!(journal.overflowed(), 1);
        assert_eq!(journal.since(mark).len(), CAPACITY);
        assert_eq!(journal.count(|e| *e == refused(2)), 0);
    }
}
