//! Wishes to be connected that the state does not show yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the wishes to be connected that have been told and not taken up.
#[derive(Debug, Clone, Default)]
pub(super) struct Wishes(Arc<AtomicUsize>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Wish(Wishes);

impl Wishes {
    /// One more, to be held until the state shows what became of it.
    pub(super) fn begin(&self) -> Wish {
        self.0.fetch_add(1, Ordering::SeqCst);
        Wish(self.clone())
    }

    pub(super) fn are_pending(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
