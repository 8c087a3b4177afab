//! A listener's stream of events, and what it lets through.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::unconstrained;
use tokio_util::sync::ReusableBoxFuture;
use video_core::{CallCid, Event};

use super::hub::{EventItem, Pace};
use crate::give_way::give_way;

/// A stream of events, from the moment it was made.
///
/// A listener that falls behind loses the oldest items and is told how many. Before that, the socket
/// waits for it, 20 ms at a time as long as it gets on; nothing else waits for it, no ping, no
/// command and no listener that has caught up.
///
/// # Examples
///
/// ```no_run
/// # async fn example(events: video_transport::Events) -> Result<(), video_transport::WaitError> {
/// let mut rings = events.of_type("call.ring");
/// let ring = rings.wait_for(|event| event.raw().contains("ada")).await?;
/// println!("{:?} rings", ring.call_cid());
/// # Ok(())
/// # }
/// ```
pub struct Events {
    ear: Option<Ear>,
    kinds: Option<Vec<String>>,
    call: Option<CallCid>,
    /// How many items were taken since it last gave way to others.
    streak: u32,
}

/// How many items are taken before others have the thread.
const STREAK: u32 = 128;

struct Ear {
    items: broadcast::Receiver<EventItem>,
    pace: Arc<Pace>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.pace.end_wait();
    }
}

/// Why an event that was waited for does not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The client was shut down, or can hear nothing.
    #[error("there are no more events")]
    Ended,
    /// The listener was too slow, and the event may be among those that it missed. Waiting again
    /// is possible.
    #[error("{missed} events were missed, perhaps the one that was waited for")]
    Lagged {
        /// How many.
        missed: u64,
    },
}

impl Events {
    pub(super) fn new(items: broadcast::Receiver<EventItem>, pace: Arc<Pace>) -> Self {
        Self {
            ear: Some(Ear { items, pace }),
            kinds: None,
            call: None,
            streak: 0,
        }
    }

    /// A stream that has ended.
    #[must_use]
    pub fn ended() -> Self {
        Self {
            ear: None,
            kinds: None,
            call: None,
            streak: 0,
        }
    }

    /// Narrows the stream to events of this type. Items that are no events stay.
    #[must_use]
    pub fn of_type(self, kind: impl Into<String>) -> Self {
        self.of_types([kind])
    }

    /// Narrows the stream to events of these types. Items that are no events stay: they tell
    /// where events may be missing.
    #[must_use]
    pub fn of_types(mut self, kinds: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut kinds: Vec<String> = kinds.into_iter().map(Into::into).collect();
        if let Some(known) = &self.kinds {
            kinds.retain(|kind| known.contains(kind));
        }
        self.kinds = Some(kinds);
        self
    }

    /// Narrows the stream to events of this call. Items that are no events stay: they tell where
    /// events may be missing.
    #[must_use]
    pub fn of_call(mut self, cid: &CallCid) -> Self {
        match &self.call {
            // Of two calls there is no event.
            Some(call) if call != cid => self.kinds = Some(Vec::new()),
            _ => self.call = Some(cid.clone()),
        }
        self
    }

    /// The next item. `None` once the client is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a cancelled call loses no item.
    pub async fn next(&mut self) -> Option<EventItem> {
        loop {
            if self.streak == STREAK {
                self.streak = 0;
                give_way().await;
            }
            let Ear { items, pace } = self.ear.as_mut()?;
            let item = match unconstrained(items.recv()).await {
                Ok(item) => item,
                Err(RecvError::Lagged(missed)) => EventItem::Lagged { missed },
                Err(RecvError::Closed) => return None,
            };
            self.streak += 1;
            pace.heard(|| items.len());
            match &item {
                EventItem::Event(event) if !self.lets_through(event) => {}
                _ => return Some(item),
            }
        }
    }

    /// Waits for the first event that fulfils a condition, and passes over everything before it.
    ///
    /// # Errors
    ///
    /// [`WaitError`] if there are no more events, or some were missed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was passed over is gone, and no more.
    pub async fn wait_for(
        &mut self,
        mut wanted: impl FnMut(&Event) -> bool,
    ) -> Result<Event, WaitError> {
        loop {
            match self.next().await.ok_or(WaitError::Ended)? {
                EventItem::Event(event) if wanted(&event) => return Ok(event),
                EventItem::Lagged { missed } => return Err(WaitError::Lagged { missed }),
                _ => {}
            }
        }
    }

    /// The same as a [`Stream`].
    #[must_use]
    pub fn into_stream(self) -> EventStream {
        EventStream(ReusableBoxFuture::new(step(self)))
    }

    fn lets_through(&self, event: &Event) -> bool {
        let kind = |kinds: &Vec<String>| kinds.iter().any(|kind| kind == event.kind());
        self.kinds.as_ref().is_none_or(kind)
            && (self.call.is_none() || self.call.as_ref() == event.call_cid())
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("ended", &self.ear.is_none())
            .field("kinds", &self.kinds)
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

/// [`Events`] as a [`Stream`], for the combinators of the `futures` crate.
pub struct EventStream(ReusableBoxFuture<'static, (Option<EventItem>, Events)>);

async fn step(mut events: Events) -> (Option<EventItem>, Events) {
    let item = events.next().await;
    (item, events)
}

impl Stream for EventStream {
    type Item = EventItem;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<EventItem>> {
        let this = self.get_mut();
        let (item, events) = ready!(this.0.poll(context));
        this.0.set(step(events));
        Poll::Ready(item)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::ConnectionState;
    use crate::session::hub::Hub;

    fn event(kind: &str, cid: &str) -> EventItem {
        let text = format!(r#"{{"type":"{kind}","call_cid":"{cid}"}}"#);
        EventItem::Event(Event::parse(text.into()).unwrap())
    }

    fn words(item: Option<EventItem>) -> String {
        match item {
            Some(EventItem::Event(event)) => {
                format!("{} {}", event.kind(), event.call_cid().unwrap())
            }
            Some(EventItem::Connection(_)) => "connection".to_owned(),
            Some(EventItem::Lagged { missed }) => format!("lagged {missed}"),
            other => format!("{other:?}"),
        }
    }

    fn publish_all(hub: &Hub) {
        for (kind, cid) in [("a", "t:1"), ("b", "t:1"), ("a", "t:2"), ("b", "t:2")] {
            hub.publish(event(kind, cid));
        }
        hub.publish(EventItem::Connection(ConnectionState::Paused));
        hub.close();
    }

    async fn heard(mut events: Events) -> Vec<String> {
        let mut heard = Vec::new();
        while let item @ Some(_) = events.next().await {
            heard.push(words(item));
        }
        heard
    }

    /// Promise: CK104, BD54
    #[tokio::test]
    async fn a_narrowed_stream_has_the_events_of_its_types_and_its_call_and_the_connection() {
        let hub = Hub::new(8);
        let cid = CallCid::new("t:1");
        let of_call = hub.subscribe().of_call(&cid);
        let of_types = hub.subscribe().of_types(["a", "c"]);
        let of_both = hub.subscribe().of_call(&cid).of_type("b");
        let of_none = hub.subscribe().of_type("a").of_type("b");
        let of_two_calls = hub.subscribe().of_call(&cid).of_call(&CallCid::new("t:2"));
        publish_all(&hub);
        assert_eq!(heard(of_call).await, ["a t:1", "b t:1", "connection"]);
        assert_eq!(heard(of_types).await, ["a t:1", "a t:2", "connection"]);
        assert_eq!(heard(of_both).await, ["b t:1", "connection"]);
        assert_eq!(heard(of_none).await, ["connection"]);
        assert_eq!(heard(of_two_calls).await, ["connection"]);
    }

    #[tokio::test]
    async fn a_narrowed_stream_says_when_it_lagged() {
        let hub = Hub::new(2);
        let mut events = hub.subscribe().of_type("b");
        for _ in 0..3 {
            hub.publish(event("a", "t:1"));
        }
        assert_eq!(words(events.next().await), "lagged 1");
    }

    #[tokio::test]
    async fn waiting_gives_the_first_event_that_fits_and_leaves_those_after_it() {
        let hub = Hub::new(8);
        let mut events = hub.subscribe();
        publish_all(&hub);
        let found = events.wait_for(|event| event.kind() == "b").await.unwrap();
        assert_eq!(found.call_cid().unwrap(), "t:1");
        assert_eq!(words(events.next().await), "a t:2");
        let none = events.wait_for(|event| event.kind() == "c").await;
        assert_eq!(none.unwrap_err(), WaitError::Ended);
    }

    #[tokio::test]
    async fn who_missed_events_does_not_wait_for_one_of_them() {
        let hub = Hub::new(2);
        let mut events = hub.subscribe();
        for _ in 0..2 {
            hub.publish(event("a", "t:1"));
            hub.publish(event("b", "t:1"));
        }
        let error = events.wait_for(|_| true).await.unwrap_err();
        assert_eq!(error, WaitError::Lagged { missed: 2 });
        assert!(events.wait_for(|_| true).await.is_ok());
    }

    #[tokio::test]
    async fn a_stream_gives_the_same_items_and_ends_with_them() {
        let hub = Hub::new(8);
        let mut stream = hub.subscribe().of_type("a").into_stream();
        publish_all(&hub);
        let mut next =
            async || words(std::future::poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await);
        assert_eq!(next().await, "a t:1");
        assert_eq!(next().await, "a t:2");
        assert_eq!(next().await, "connection");
        assert_eq!(next().await, "None");
        assert_eq!(next().await, "None");
    }

    #[tokio::test]
    async fn an_ended_stream_gives_nothing() {
        assert!(heard(Events::ended()).await.is_empty());
        let error = Events::ended().wait_for(|_| true).await.unwrap_err();
        assert_eq!(error, WaitError::Ended);
    }
}
