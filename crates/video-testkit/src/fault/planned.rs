//! Saying how often a fault happens.

use super::Faults;

/// A fault that is planned once; say how often it happens instead.
#[derive(Debug)]
pub struct PlannedFault {
    faults: Faults,
    id: u64,
}

impl PlannedFault {
    pub(super) fn new(faults: Faults, id: u64) -> Self {
        Self { faults, id }
    }

    /// The fault happens this many times; zero cancels it.
    pub fn times(self, count: usize) {
        self.faults.rules().repeat(self.id, Some(count));
    }

    /// The fault happens whenever no counted one does, until [`Faults::clear`].
    pub fn forever(self) {
        self.faults.rules().repeat(self.id, None);
    }
}
