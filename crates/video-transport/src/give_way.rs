//! Fairness between tasks.

use std::future::poll_fn;
use std::task::Poll;

/// Leaves the thread to others, and is ready for another one at once. The runtime's own
/// `yield_now` and budget wait until this thread has nothing else to do: listeners would not be
/// given their events on one thread while the next are read on another.
pub(crate) async fn give_way() {
    let mut given = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
