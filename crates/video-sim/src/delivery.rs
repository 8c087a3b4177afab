//! Every event that reached the socket is delivered once and in order, or the listener is told
//! that it may have missed some.

use std::time::Duration;

use video_client::{ConnectionState, EventItem};

use crate::witness::{Arrival, ClientWire};

/// What one listener has heard, against what arrived on the wire.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The first arrival that is still to be heard.
    next: usize,
    /// The first arrival that may be heard, though it need not: what arrived at the moment in which
    /// the listener came may have been on its way to it.
    earliest: usize,
    /// How many items the listener was told it missed, since the last event.
    missed: u64,
    /// The link of the last event.
    link: Option<u64>,
    /// Whether the listener was told that this link is lost. Its last event may come after that: the
    /// one that tells why.
    broken: bool,
    /// The last state that the listener heard of.
    state: Option<String>,
}

impl Delivery {
    /// Begins with what arrives from `now` on.
    pub(crate) fn from(now: Duration, wire: &ClientWire) -> Self {
        let before = wire
            .arrivals()
            .rev()
            .skip_while(|arrival| arrival.at >= now);
        Self {
            next: wire.arrivals().count(),
            earliest: before.count(),
            missed: 0,
            link: wire.arrivals().last().map(|arrival| arrival.link),
            broken: false,
            state: None,
        }
    }

    /// Takes the next item that the listener got.
    pub(crate) fn heard(&mut self, item: &EventItem, wire: &ClientWire) -> Result<(), String> {
        match item {
            EventItem::Event(event) => self.event(event.raw(), wire)?,
            EventItem::Connection(state) => {
                self.broken |= !state.is_connected();
                self.state = Some(words(state));
            }
            EventItem::Lagged { missed } => {
                self.missed += missed;
                // One of the missed items may have told of a loss.
                self.broken = true;
                self.state = None;
            }
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, text: &str, wire: &ClientWire) -> Result<(), String> {
        let mut skipped = wire.arrivals().enumerate().skip(self.earliest);
        let Some((at, found)) = skipped.find(|(_, arrival)| arrival.text == text) else {
            return Err(format!("heard twice, late or out of nowhere: {text}"));
        };
        let passed = || wire.arrivals().take(at).skip(self.next);
        let of_link = passed()
            .filter(|arrival| arrival.link == found.link)
            .count();
        let of_others = passed().count() - of_link;
        if of_link as u64 > self.missed {
            let missed = self.missed;
            return Err(format!(
                "{of_link} events before {text} were lost, {missed} told"
            ));
        }
        if of_others > 0 && !self.broken {
            return Err(format!(
                "{of_others} events before {text} were lost with no word"
            ));
        }
        self.next = at + 1;
        self.earliest = self.next;
        let has_lagged = self.missed > 0;
        // Of two equal ones the listener may have missed the first.
        let has_twin = wire
            .arrivals()
            .nth(at + 1)
            .is_some_and(|twin| twin.text == text);
        self.missed = match has_twin {
            true => self.missed - of_link as u64,
            false => 0,
        };
        // The word of the loss of this very link may have been among what was missed.
        self.broken &= has_lagged || self.link == Some(found.link);
        self.link = Some(found.link);
        Ok(())
    }

    /// Nothing is left to be heard: what arrived before `now` on the connection that is alive was
    /// delivered, and the last state that was told is the state.
    pub(crate) fn settled(
        &self,
        now: Duration,
        actual: &ConnectionState,
        wire: &ClientWire,
    ) -> Result<(), String> {
        let state = words(actual);
        if let Some(told) = self.state.as_ref().filter(|told| **told != state) {
            return Err(format!(
                "the listener was told `{told}`, but it is `{state}`"
            ));
        }
        let Some(id) = actual.connection_id() else {
            return Ok(());
        };
        let accepted = |arrival: &&Arrival| arrival.connection_id.as_deref() == Some(id.as_ref());
        let Some(named) = wire.arrivals().rev().find(accepted) else {
            return Err(format!(
                "is connected as {id}, which nothing that arrived names"
            ));
        };
        let unheard = wire.arrivals().skip(self.next);
        // Time only passes when nobody has anything to do.
        let is_due = |arrival: &&Arrival| arrival.link == named.link && arrival.at < now;
        let mut due = unheard
            .filter(is_due)
            .skip(usize::try_from(self.missed).unwrap_or(usize::MAX));
        match due.next() {
            Some(arrival) => Err(format!("never delivered: {}", arrival.text)),
            None => Ok(()),
        }
    }
}

/// A state, as a journal shows it.
pub(crate) fn words(state: &ConnectionState) -> String {
    match state {
        ConnectionState::Idle => "idle".to_owned(),
        ConnectionState::Connecting { attempt } => format!("connecting, attempt {attempt}"),
        ConnectionState::Connected { connection_id } => format!("connected as {connection_id}"),
        ConnectionState::Reconnecting { attempt, cause, .. } => {
            format!("reconnecting, attempt {attempt}: {cause}")
        }
        ConnectionState::Offline { cause: None } => "offline".to_owned(),
        ConnectionState::Offline { cause: Some(cause) } => format!("offline, after: {cause}"),
        ConnectionState::Paused => "paused".to_owned(),
        ConnectionState::Disconnected { reason } => match state.error() {
            Some(error) => format!("disconnected: {error}"),
            None => format!("disconnected: {reason:?}"),
        },
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use video_client::{ConnectionId, Event};

    use super::*;

    const LATER: Duration = Duration::from_millis(1);

    fn event(n: usize) -> String {
        format!(r#"{{"n":{n},"type":"custom"}}"#)
    }

    fn item(n: usize) -> EventItem {
        EventItem::Event(Event::parse(event(n).into()).unwrap())
    }

    /// Two links, with events 0 to 3 on the first and 4 to 6 on the second.
    fn wire() -> (ClientWire, Delivery) {
        let mut wire = ClientWire::default();
        let delivery = Delivery::from(LATER, &wire);
        for n in 0..7 {
            let (link, id) = if n < 4 { (1, "a") } else { (2, "b") };
            wire.arrived(
                (link, Duration::ZERO),
                (n == 0 || n == 4).then_some(id),
                event(n),
            );
        }
        (wire, delivery)
    }

    fn hear(items: &[EventItem]) -> Result<(), String> {
        let (wire, mut delivery) = wire();
        items
            .iter()
            .try_for_each(|item| delivery.heard(item, &wire))
    }

    fn state(id: &str) -> ConnectionState {
        let connection_id = ConnectionId::new(id);
        ConnectionState::Connected { connection_id }
    }

    #[test]
    fn what_arrived_is_heard_once_and_in_order() {
        assert_eq!(hear(&[0, 1, 2, 3].map(item)), Ok(()));
        assert!(hear(&[item(0), item(0)]).is_err(), "twice");
        assert!(hear(&[item(1), item(0)]).is_err(), "out of order");
        assert!(hear(&[item(9)]).is_err(), "out of nowhere");
    }

    #[test]
    fn a_gap_needs_a_word() {
        let lag = |missed| EventItem::Lagged { missed };
        assert!(hear(&[item(0), item(2)]).is_err());
        assert_eq!(hear(&[item(0), lag(1), item(2)]), Ok(()));
        assert!(hear(&[item(0), lag(1), item(3)]).is_err());
        let lost = EventItem::Connection(ConnectionState::Paused);
        assert!(hear(&[item(0), item(4)]).is_err());
        assert_eq!(hear(&[item(0), lost.clone(), item(4)]), Ok(()));
        assert!(
            hear(&[item(0), lost, item(5)]).is_err(),
            "4 came on the same link"
        );
    }

    #[test]
    fn a_lag_may_hide_the_word_that_the_link_of_the_next_event_is_lost() {
        let (mut wire, mut delivery) = wire();
        wire.arrived((3, Duration::ZERO), None, event(7));
        let lag = EventItem::Lagged { missed: 4 };
        let connected = EventItem::Connection(state("c"));
        // Event 4 tells why the second link is lost; 5 and 6 came too late for that.
        for item in [&item(0), &lag, &item(4), &connected, &item(7)] {
            assert_eq!(delivery.heard(item, &wire), Ok(()));
        }
        assert!(hear(&[item(0), EventItem::Connection(state("b")), item(4)]).is_err());
    }

    #[test]
    fn who_comes_while_something_arrives_may_hear_it_or_not() {
        let mut wire = ClientWire::default();
        for (at, n) in [(Duration::ZERO, 0), (LATER, 1), (LATER, 2)] {
            wire.arrived((1, at), None, event(n));
        }
        let [mut one, mut other, mut third] = [0; 3].map(|_| Delivery::from(LATER, &wire));
        wire.arrived((1, LATER), None, event(3));
        assert_eq!(one.heard(&item(3), &wire), Ok(()));
        assert_eq!(other.heard(&item(1), &wire), Ok(()));
        assert!(other.heard(&item(3), &wire).is_err(), "2 came after 1");
        assert!(third.heard(&item(0), &wire).is_err(), "that was before");
    }

    #[test]
    fn of_two_equal_events_either_may_be_missed() {
        let mut wire = ClientWire::default();
        let mut delivery = Delivery::from(LATER, &wire);
        for n in [0, 1, 1, 2, 3] {
            wire.arrived((1, Duration::ZERO), None, event(n));
        }
        let lag = EventItem::Lagged { missed: 1 };
        for item in [&item(0), &lag, &item(1), &item(2)] {
            assert_eq!(delivery.heard(item, &wire), Ok(()));
        }
    }

    #[test]
    fn the_end_of_what_arrived_counts_on_the_connection_that_is_alive() {
        let (wire, mut delivery) = wire();
        let lost = EventItem::Connection(ConnectionState::Paused);
        for item in [&item(0), &lost, &item(4), &item(5)] {
            delivery.heard(item, &wire).unwrap();
        }
        assert!(
            delivery.settled(LATER, &state("b"), &wire).is_err(),
            "told: paused"
        );
        delivery
            .heard(&EventItem::Connection(state("b")), &wire)
            .unwrap();
        assert!(
            delivery.settled(LATER, &state("b"), &wire).is_err(),
            "6 is missing"
        );
        delivery.heard(&item(6), &wire).unwrap();
        assert_eq!(delivery.settled(LATER, &state("b"), &wire), Ok(()));
    }

    #[test]
    fn a_connection_that_nothing_names_is_noticed() {
        let (wire, delivery) = wire();
        assert!(delivery.settled(LATER, &state("c"), &wire).is_err());
    }
}
