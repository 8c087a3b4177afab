//! Fans events out to whoever listens.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, broadcast};
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
pub(super) struct Hub {
    capacity: usize,
    pace: Arc<Pace>,
    inner: Mutex<Inner>,
}

enum Inner {
    /// Nobody has listened yet.
    Quiet,
    Open(Fan),
    Closed,
}

struct Fan {
    items: broadcast::Sender<EventItem>,
    /// How many items may pass before somebody can be far behind. To ask is dearer than to send.
    unchecked: usize,
    /// Whether a listener that is far behind is worth a wait.
    patient: bool,
}

/// How listeners tell that they catch up.
#[derive(Debug)]
pub(super) struct Pace {
    /// How many items may be left to somebody who has caught up.
    few: usize,
    awaited: AtomicBool,
    heard: Notify,
}

impl Pace {
    /// A listener took an item, and has these before it.
    pub(super) fn heard(&self, rest: impl FnOnce() -> usize) {
        if self.awaited.load(Ordering::Relaxed) && rest() <= self.few {
            self.heard.notify_one();
        }
    }
}

impl Hub {
    /// A hub in which each listener may fall `capacity` items behind.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            pace: Arc::new(Pace {
                few: capacity / 4,
                awaited: AtomicBool::new(false),
                heard: Notify::new(),
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
                patient: true,
            });
        }
        match &*inner {
            Inner::Open(fan) => Events::new(fan.items.subscribe(), Arc::clone(&self.pace)),
            Inner::Quiet | Inner::Closed => Events::ended(),
        }
    }

    /// Gives an item to all listeners. Tells whether one of them is far behind and worth a wait.
    pub(super) fn publish(&self, item: EventItem) -> bool {
        let Inner::Open(fan) = &mut *self.lock() else {
            return false;
        };
        // No listener is no failure.
        drop(fan.items.send(item));
        if let Some(rest) = fan.unchecked.checked_sub(1) {
            fan.unchecked = rest;
            return false;
        }
        let (half, waiting) = (self.capacity / 2, fan.items.len());
        let behind = waiting > half;
        fan.patient |= !behind;
        fan.unchecked = match behind {
            true => self.capacity / 16,
            false => half - waiting,
        };
        behind && fan.patient
    }

    /// Waits until no listener is far behind. Cancel safe.
    pub(super) async fn caught_up(&self) {
        self.pace.awaited.store(true, Ordering::Relaxed);
        while self.is_behind() {
            self.pace.heard.notified().await;
        }
        self.pace.awaited.store(false, Ordering::Relaxed);
    }

    /// Ends the wait: whoever is still far behind is not waited for again before it has caught up.
    pub(super) fn give_up(&self) {
        self.pace.awaited.store(false, Ordering::Relaxed);
        if let Inner::Open(fan) = &mut *self.lock() {
            fan.patient = false;
        }
    }

    fn is_behind(&self) -> bool {
        match &*self.lock() {
            Inner::Open(fan) => fan.items.len() > self.pace.few,
            Inner::Quiet | Inner::Closed => false,
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

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn the_hub_says_when_a_listener_has_fallen_half_behind() {
        let hub = Hub::new(4);
        let _listener = hub.subscribe();
        let behind: Vec<bool> = (0..4).map(|n| hub.publish(event(n))).collect();
        assert_eq!(behind, [false, false, true, true]);
        assert!(hub.is_behind());
    }

    #[tokio::test]
    async fn whoever_catches_up_ends_the_wait() {
        let hub = Hub::new(4);
        let mut listener = hub.subscribe();
        for n in 0..3 {
            hub.publish(event(n));
        }
        let reads = async {
            for _ in 0..2 {
                listener.next().await;
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = hub.caught_up() => {}
            () = async { reads.await; std::future::pending().await } => {}
        }
        assert!(!hub.publish(event(3)));
    }

    #[tokio::test]
    async fn whoever_was_given_up_is_waited_for_again_once_it_has_caught_up() {
        let hub = Hub::new(4);
        let mut listener = hub.subscribe();
        let wait = || {
            let asked: Vec<bool> = (0..4).map(|n| hub.publish(event(n))).collect();
            asked.contains(&true)
        };
        assert!(wait());
        hub.give_up();
        assert!(!wait());
        // A lag, and what is left.
        for _ in 0..5 {
            listener.next().await;
        }
        hub.publish(event(0));
        assert!(wait());
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
