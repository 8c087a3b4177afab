//! Every event that reached the socket is delivered once and in order, and every message that is
//! none is told of in its place, or the listener is told that it may have missed some.

use std::time::Duration;

use video_client::{ConnectionState, EventItem};

use crate::witness::{Arrival, ClientWire, Message};

/// What one listener has heard, against what arrived on the wire.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The first arrival that is still to be heard.
    next: usize,
    /// The first arrival that may be heard, though it need not: what arrived at the moment in which
    /// the listener came may have been on its way to it.
    earliest: usize,
    /// How many items the listener was told it missed, since the last message.
    missed: u64,
    /// The link of the last message.
    link: Option<u64>,
    /// Whether the listener was told that this link is lost. Its last event may come after that: the
    /// one that tells why.
    broken: bool,
    /// The last state that the listener heard of, at first the one that it came in. It may have
    /// missed the last one.
    state: Option<String>,
    /// How many messages were skipped at the least, by what was heard last.
    total: u64,
    /// Whether that is their number.
    is_exact: bool,
    /// How many items the listener was told it missed since it heard of that.
    missed_since: u64,
    /// What arrived from here on is not counted in it.
    uncounted: usize,
}

impl Delivery {
    /// Begins with what arrives from `now` on, for the first listener of a client that is in this
    /// state.
    pub(crate) fn from(now: Duration, wire: &ClientWire, state: &ConnectionState) -> Self {
        let before = wire
            .arrivals()
            .rev()
            .skip_while(|arrival| arrival.at >= now);
        let earliest = before.count();
        Self {
            next: wire.arrivals().count(),
            earliest,
            missed: 0,
            link: wire.arrivals().last().map(|arrival| arrival.link),
            broken: false,
            state: Some(words(state)),
            total: 0,
            is_exact: true,
            missed_since: 0,
            uncounted: earliest,
        }
    }

    /// Begins after another listener has heard what it has heard.
    pub(crate) fn after(self, other: &Self) -> Self {
        Self {
            total: other.total,
            is_exact: false,
            ..self
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
                self.missed_since += missed;
                // One of the missed items may have told of a loss.
                self.broken = true;
                self.state = None;
            }
            EventItem::Skipped(frame) => {
                self.skipped(frame.error.frame_len(), frame.total, wire)?;
            }
            other => return Err(format!("an item that nobody knows: {other:?}")),
        }
        Ok(())
    }

    fn event(&mut self, text: &str, wire: &ClientWire) -> Result<(), String> {
        let is_it = |message: &Message| matches!(message, Message::Event(it) if it == text);
        let mut rest = wire.arrivals().enumerate().skip(self.earliest);
        let Some((at, found)) = rest.find(|(_, arrival)| is_it(&arrival.message)) else {
            return Err(format!("heard twice, late or out of nowhere: {text}"));
        };
        let of_link = self.pass(at, found, wire)?;
        // Of two equal ones the listener may have missed the first.
        let next = wire.arrivals().nth(at + 1);
        let has_twin = next.is_some_and(|twin| is_it(&twin.message));
        self.go_on_after(at, found.link, has_twin.then_some(of_link));
        Ok(())
    }

    /// A message of this length was skipped, and so many were with it.
    fn skipped(&mut self, length: usize, total: u64, wire: &ClientWire) -> Result<(), String> {
        let before = self.total;
        let Some(between) = total.checked_sub(before + 1) else {
            return Err(format!(
                "told that {total} were skipped, and {before} before"
            ));
        };
        if self.is_exact && between > self.missed_since {
            return Err(format!(
                "{between} that were skipped before the one that is {total} were not told of"
            ));
        }
        let garbage = || {
            let all = wire.arrivals().enumerate();
            all.filter(|(_, arrival)| arrival.message.is_garbage())
        };
        let passed = if self.is_exact { between } else { 0 };
        let mut rest = garbage()
            .filter(|(at, _)| *at >= self.uncounted)
            .skip(usize::try_from(passed).unwrap_or(usize::MAX))
            .filter(|(at, _)| *at >= self.earliest);
        let is_it = |arrival: &Arrival| arrival.message == Message::Garbage(length);
        let Some((at, found)) = rest.find(|(_, arrival)| is_it(arrival)) else {
            return Err(format!(
                "told of a skipped message of {length} bytes twice, late or out of nowhere"
            ));
        };
        let most = garbage().take_while(|(other, _)| *other <= at).count();
        if total > most as u64 {
            return Err(format!("told that {total} were skipped of {most}"));
        }
        let of_link = self.pass(at, found, wire)?;
        // One of those after it that are as long may be meant.
        let left = usize::try_from(self.missed).unwrap_or(usize::MAX);
        let mut others = wire.arrivals().skip(at + 1).take(left);
        let has_twin = others.any(is_it);
        self.go_on_after(at, found.link, has_twin.then_some(of_link));
        (self.total, self.is_exact, self.missed_since) = (total, true, 0);
        self.uncounted = self.next;
        Ok(())
    }

    /// Looks at what arrived before that which was heard now, and was not heard. Gives how much of it
    /// came on the same link and counts as missed.
    fn pass(&self, at: usize, found: &Arrival, wire: &ClientWire) -> Result<u64, String> {
        let passed = || wire.arrivals().take(at).skip(self.next);
        let of_link = || passed().filter(|arrival| arrival.link == found.link);
        let of_others = passed().count() - of_link().count();
        // A socket that is being closed tells of what is no event, and of events no more.
        let counts = |arrival: &&Arrival| {
            !(self.broken && found.message.is_garbage()) || arrival.message.is_garbage()
        };
        let (of_link, missed) = (of_link().filter(counts).count() as u64, self.missed);
        let what = &found.message;
        if of_link > missed {
            return Err(format!(
                "{of_link} messages before {what} were lost, {missed} told"
            ));
        }
        if of_others > 0 && !self.broken {
            return Err(format!(
                "{of_others} messages before {what} were lost with no word"
            ));
        }
        Ok(of_link)
    }

    /// What arrived at this place was heard. What was missed is behind it, except if it may have been
    /// another: then so much of it is accounted for.
    fn go_on_after(&mut self, at: usize, link: u64, missed_of_twin: Option<u64>) {
        self.next = at + 1;
        self.earliest = self.next;
        let has_lagged = self.missed > 0;
        self.missed = missed_of_twin.map_or(0, |accounted| self.missed - accounted);
        // The word of the loss of this very link may have been among what was missed.
        self.broken &= has_lagged || self.link == Some(link);
        self.link = Some(link);
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
        let alive = match actual.connection_id() {
            None => None,
            Some(id) => Some(link_of(id.as_ref(), wire)?),
        };
        let unheard = wire.arrivals().skip(self.next);
        // Time only passes when nobody has anything to do.
        let is_due = |arrival: &&Arrival| {
            let is_open = arrival.message.is_garbage() && wire.sockets.hold(arrival.link);
            arrival.at < now && (is_open || alive == Some(arrival.link))
        };
        let mut due = unheard
            .filter(is_due)
            .skip(usize::try_from(self.missed).unwrap_or(usize::MAX));
        match due.next() {
            Some(arrival) => Err(format!("never delivered: {}", arrival.message)),
            None => Ok(()),
        }
    }
}

/// The link on which this connection was accepted last.
fn link_of(id: &str, wire: &ClientWire) -> Result<u64, String> {
    let names = |arrival: &&Arrival| arrival.connection_id.as_deref() == Some(id);
    let accepted = wire.arrivals().rev().find(names);
    let accepted = accepted.map(|arrival| arrival.link);
    accepted.ok_or_else(|| format!("is connected as {id}, which nothing that arrived names"))
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
mod tests;
