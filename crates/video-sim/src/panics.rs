//! Panics that nobody hears of: a runtime swallows those of its tasks.

use std::cell::RefCell;
use std::panic::{set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// What panicked on this thread, on which one run goes on at a time.
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

static HOOK: Once = Once::new();

/// A run begins on this thread: from now on its panics are noted.
pub(crate) fn watch() {
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            let words = info.to_string().replace('\n', " ");
            // A thread that ends has no list any more, and no run.
            let noted = SEEN.try_with(|seen| seen.borrow_mut().push(words));
            noted.unwrap_or_default();
            before(info);
        }));
    });
    SEEN.with(|seen| seen.borrow_mut().clear());
}

/// The first panic of the run. One that is thrown by `resume_unwind`, as a loader does, is none.
pub(crate) fn seen() -> Option<String> {
    SEEN.with(|seen| seen.borrow().first().cloned())
}
