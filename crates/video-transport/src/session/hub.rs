//! Fans events out to whoever listens.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, broadcast};
use tokio::task::yield_now;
use video_core::{Event, InvalidEvent};

use super::events::Events;
use super::state::ConnectionState;

/// What a listener hears.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum EventItem {
    /// The service sent an event.
    Event(Event),
    /// The connection changed. Between a state that is not connected and the next that is, events
    /// are missed.
    Connection(ConnectionState),
    /// This listener was too slow: the oldest items were dropped for it.
    Lagged {
        /// How many.
        missed: u64,
    },
    /// The service sent a frame that is no event. It was skipped; the connection goes on.
    Skipped(SkippedFrame),
}

/// A frame that is no event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SkippedFrame {
    /// What is wrong with it.
    pub error: InvalidEvent,
    /// How many frames this session has skipped, this one included.
    pub total: u64,
}

/// The fan-out of a session. Its buffer is made for the first listener.
#[derive(Debug)]
pub(super) struct Hub {
    capacity: usize,
    pace: Arc<Pace>,
    inner: Mutex<Inner>,
}

/// The room is taken as a whole, for the first listener.
const MAX_CAPACITY: usize = 1 << 16;

/// How many turns of the runtime a listener has in which to get on.
const TURNS: u32 = 4;

#[derive(Debug)]
enum Inner {
    /// Nobody has listened yet.
    Quiet,
    Open(Fan),
    Closed,
}

#[derive(Debug)]
struct Fan {
    items: broadcast::Sender<EventItem>,
    /// How many items may pass before somebody can be far behind. To ask is dearer than to send.
    unchecked: usize,
    /// How many items were left to the last of the listeners when the socket began to wait.
    left: usize,
}

/// How listeners tell that they catch up.
#[derive(Debug)]
pub(super) struct Pace {
    /// How many items may be left to somebody who has caught up.
    few: usize,
    /// Whether any listener that catches up is to tell.
    awaited: AtomicBool,
    /// Whether nobody has caught up or got on since the last wait.
    in_vain: AtomicBool,
    told: Notify,
}

impl Pace {
    /// A listener took an item, and has these before it.
    pub(super) fn heard(&self, rest: impl FnOnce() -> usize) {
        if self.awaited.load(Ordering::Relaxed) && rest() <= self.few {
            self.in_vain.store(false, Ordering::Relaxed);
            self.end_wait();
        }
    }

    /// A listener came or went: whoever is left may not have to be waited for.
    pub(super) fn end_wait(&self) {
        self.awaited.store(false, Ordering::Relaxed);
        self.told.notify_one();
    }
}

impl Hub {
    /// A hub in which each listener may fall `capacity` items behind.
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, MAX_CAPACITY);
        Self {
            capacity,
            pace: Arc::new(Pace {
                few: capacity / 4,
                awaited: AtomicBool::new(false),
                in_vain: AtomicBool::new(false),
                told: Notify::new(),
            }),
            inner: Mutex::new(Inner::Quiet),
        }
    }

    pub(super) fn subscribe(&self) -> Events {
        let mut inner = self.lock();
        if matches!(*inner, Inner::Quiet) {
            *inner = Inner::Open(Fan {
                items: broadcast::Sender::new(self.capacity),
                unchecked: 0,
                left: 0,
            });
        }
        // Whoever comes has nothing left to hear.
        self.pace.end_wait();
        match &*inner {
            Inner::Open(fan) => Events::new(fan.items.subscribe(), Arc::clone(&self.pace)),
            Inner::Quiet | Inner::Closed => Events::ended(),
        }
    }

    /// Gives an item to all listeners. Tells whether to wait for them: one is far behind, and the
    /// last wait was not in vain.
    pub(super) fn publish(&self, item: EventItem) -> bool {
        let Inner::Open(fan) = &mut *self.lock() else {
            return false;
        };
        let unchecked = fan.unchecked.checked_sub(1);
        if unchecked.is_none() {
            // Before the item is sent: whoever takes it is to tell.
            self.pace.awaited.store(true, Ordering::Relaxed);
        }
        // No listener is no failure.
        drop(fan.items.send(item));
        if let Some(rest) = unchecked {
            fan.unchecked = rest;
            return false;
        }
        let half = self.capacity / 2;
        fan.left = fan.items.len();
        if fan.left > half {
            fan.unchecked = self.capacity / 16;
            return !self.pace.in_vain.load(Ordering::Relaxed);
        }
        fan.unchecked = half - fan.left;
        self.pace.awaited.store(false, Ordering::Relaxed);
        self.pace.in_vain.store(false, Ordering::Relaxed);
        false
    }

    /// Ends the wait. There is no other before somebody has caught up, unless the last of the
    /// listeners got on in this one.
    pub(super) fn give_up(&self) {
        if let Inner::Open(fan) = &*self.lock() {
            let in_vain = fan.items.len() >= fan.left;
            self.pace.in_vain.store(in_vain, Ordering::Relaxed);
        }
    }

    /// Waits until a listener has caught up, and then for the others as long as they run and get on:
    /// nobody is held up by a listener that does not read. Cancel safe.
    pub(super) async fn caught_up(&self) {
        while self.pace.awaited.load(Ordering::Relaxed) {
            self.pace.told.notified().await;
        }
        let (mut left, mut turns) = (self.left(), 0);
        while left > self.pace.few && turns < TURNS {
            yield_now().await;
            let before = std::mem::replace(&mut left, self.left());
            turns = if left < before { 0 } else { turns + 1 };
        }
    }

    /// How many items are left to the last of the listeners.
    fn left(&self) -> usize {
        match &*self.lock() {
            Inner::Open(fan) => fan.items.len(),
            Inner::Quiet | Inner::Closed => 0,
        }
    }

    /// Ends all streams.
    pub(super) fn close(&self) {
        *self.lock() = Inner::Closed;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn event(n: usize) -> EventItem {
        let text = format!(r#"{{"type":"custom","n":{n}}}"#);
        EventItem::Event(Event::parse(text.into()).unwrap())
    }

    fn number(item: Option<EventItem>) -> String {
        match item {
            Some(EventItem::Event(event)) => event.raw().to_owned(),
            other => format!("{other:?}"),
        }
    }

    /// Promise: CK082
    #[tokio::test]
    async fn a_listener_that_lags_is_told_how_much_it_missed_and_others_miss_nothing() {
        let hub = Hub::new(4);
        let mut slow = hub.subscribe();
        let mut quick = hub.subscribe();
        for n in 0..6 {
            hub.publish(event(n));
            assert!(number(quick.next().await).contains(&format!("\"n\":{n}")));
        }
        assert!(matches!(
            slow.next().await,
            Some(EventItem::Lagged { missed: 2 })
        ));
        assert!(number(slow.next().await).contains("\"n\":2"));
    }

    #[tokio::test]
    async fn a_listener_hears_what_comes_after_it_and_nothing_before() {
        let hub = Hub::new(4);
        hub.publish(event(0));
        let mut first = hub.subscribe();
        hub.publish(event(1));
        let mut second = hub.subscribe();
        hub.publish(event(2));
        assert!(number(first.next().await).contains("\"n\":1"));
        assert!(number(second.next().await).contains("\"n\":2"));
    }

    /// Publishes as many events as the hub has room for. Tells at which to wait.
    fn fill(hub: &Hub) -> Vec<usize> {
        (0..4).filter(|n| hub.publish(event(*n))).collect()
    }

    fn is_waiting(hub: &Hub) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let mut caught_up = pin!(hub.caught_up());
        (0..=TURNS).all(|_| caught_up.as_mut().poll(&mut context).is_pending())
    }

    #[tokio::test]
    async fn the_hub_waits_for_a_listener_that_is_half_behind_until_it_has_caught_up() {
        let hub = Hub::new(4);
        let mut listener = hub.subscribe();
        assert_eq!(fill(&hub), [2, 3]);
        for left in (0..4).rev() {
            listener.next().await;
            assert_eq!(is_waiting(&hub), left > 1, "{left} left");
        }
    }

    #[tokio::test]
    async fn half_behind_is_not_far_behind() {
        let hub = Hub::new(4);
        let mut listener = hub.subscribe();
        hub.publish(event(0));
        listener.next().await;
        assert!(!hub.publish(event(1)));
        assert!(!hub.publish(event(2)));
        assert!(hub.publish(event(3)));
    }

    #[tokio::test]
    async fn once_one_has_caught_up_the_others_are_waited_for_as_long_as_they_get_on() {
        let hub = Hub::new(64);
        let (mut quick, mut slow) = (hub.subscribe(), hub.subscribe());
        for n in 0..40 {
            hub.publish(event(n));
        }
        for _ in 0..40 {
            quick.next().await;
        }
        let mut context = Context::from_waker(Waker::noop());
        {
            let mut caught_up = pin!(hub.caught_up());
            let mut waits = || caught_up.as_mut().poll(&mut context).is_pending();
            for _ in 0..2 * TURNS {
                assert!(waits());
                slow.next().await;
            }
            for turn in 0..TURNS {
                assert!(waits(), "turn {turn} without an item taken");
            }
            assert!(!waits());
        }
        let mut caught_up = pin!(hub.caught_up());
        let mut waits = || caught_up.as_mut().poll(&mut context).is_pending();
        while hub.left() > 17 {
            assert!(waits());
            slow.next().await;
        }
        assert!(waits());
        slow.next().await;
        assert!(!waits(), "a quarter is left");
    }

    #[tokio::test]
    async fn a_listener_that_does_not_get_on_is_not_waited_for_again_before_it_has_caught_up() {
        let hub = Hub::new(8);
        let mut listener = hub.subscribe();
        let fill = || (0..8).any(|n| hub.publish(event(n)));
        assert!(fill());
        listener.next().await;
        hub.give_up();
        assert!(fill(), "it got on");
        hub.give_up();
        assert!(!fill(), "it did not");
        drop(hub.subscribe());
        assert!(!fill(), "another one came and went");
        while !is_waiting(&hub) {
            hub.publish(event(0));
        }
        // The loss, and all that is left.
        for _ in 0..9 {
            listener.next().await;
        }
        assert!(fill());
    }

    #[tokio::test]
    async fn nobody_waits_for_a_listener_that_has_gone() {
        let hub = Hub::new(4);
        let listener = hub.subscribe();
        fill(&hub);
        assert!(is_waiting(&hub));
        drop(listener);
        assert!(!is_waiting(&hub));
    }

    /// Promise: W18
    #[tokio::test]
    async fn nobody_waits_for_a_listener_that_never_reads_while_another_does() {
        let hub = Hub::new(4);
        let _never = hub.subscribe();
        let mut quick = hub.subscribe();
        for n in 0..20 {
            hub.publish(event(n));
            quick.next().await;
            assert!(!is_waiting(&hub));
        }
        fill(&hub);
        assert!(is_waiting(&hub));
        let _new = hub.subscribe();
        assert!(!is_waiting(&hub), "who comes has nothing left to hear");
    }

    #[tokio::test]
    async fn closing_ends_streams_after_what_was_published() {
        let hub = Hub::new(4);
        let mut listener = hub.subscribe();
        hub.publish(event(0));
        hub.close();
        hub.publish(event(1));
        assert!(number(listener.next().await).contains("\"n\":0"));
        assert!(listener.next().await.is_none());
        assert!(hub.subscribe().next().await.is_none());
    }
}
