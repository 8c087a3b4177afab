//! What is known of each client from its wire, and what it is accused of.

mod sockets;
mod tokens;
mod troubles;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use video_client::ConnectionState;

use sockets::Sockets;
use tokens::Tokens;
pub(crate) use troubles::{LoadTrouble, Troubles};

/// A cheap handle to what was heard on the wires of all clients.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<Witness>>);

impl Wire {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Witness> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was heard of all clients.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    clients: Vec<ClientWire>,
    notes: Vec<(Duration, String)>,
}

/// What was heard of one client.
#[derive(Debug, Default)]
pub(crate) struct ClientWire {
    number: usize,
    accusations: Vec<String>,
    state: Option<watch::Receiver<ConnectionState>>,
    pub(crate) sockets: Sockets,
    /// The ids that were alive when dials for requests began that are not over.
    alive_at_dials: Vec<(u64, Option<String>)>,
    /// The one of these whose dial was over last, until the next request: it may have waited for that
    /// in vain, and got a connection that somebody else needs no more.
    alive_at_last_dial: Option<String>,
    arrivals: Vec<Arrival>,
    pub(crate) tokens: Tokens,
    pub(crate) troubles: Troubles,
    guests_received: usize,
}

/// A message that the client read: an event from an accepted socket, or garbage from any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) link: u64,
    pub(crate) at: Duration,
    /// The id of the connection, if the message names it.
    pub(crate) connection_id: Option<String>,
    pub(crate) message: Message,
}

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Event(String),
    /// So many bytes that are no event.
    Garbage(usize),
}

impl Message {
    pub(crate) fn is_garbage(&self) -> bool {
        matches!(self, Self::Garbage(_))
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(text) => f.write_str(text),
            Self::Garbage(length) => write!(f, "{length} bytes that are no event"),
        }
    }
}

impl Witness {
    /// Another client, and the token that it is given, if any, and how long before its end a token
    /// is to be replaced, if at all.
    pub(crate) fn add_client(&mut self, token: Option<String>, ahead: Option<Duration>) -> usize {
        let number = self.clients.len();
        self.clients.push(ClientWire {
            number,
            tokens: Tokens::new(token, ahead),
            ..ClientWire::default()
        });
        number
    }

    /// # Panics
    ///
    /// If there is no such client.
    pub(crate) fn client(&mut self, number: usize) -> &mut ClientWire {
        &mut self.clients[number]
    }

    /// Notes what nobody is accused of, for the journal.
    pub(crate) fn note(&mut self, at: Duration, words: String) {
        self.notes.push((at, words));
    }

    /// Takes what was noted so far.
    pub(crate) fn notes(&mut self) -> Vec<(Duration, String)> {
        std::mem::take(&mut self.notes)
    }

    /// Takes what clients are accused of so far.
    pub(crate) fn accusations(&mut self) -> Vec<String> {
        let take = |client: &mut ClientWire| std::mem::take(&mut client.accusations);
        self.clients.iter_mut().flat_map(take).collect()
    }
}

impl ClientWire {
    /// From now on the state of the client is known.
    pub(crate) fn watch(&mut self, state: watch::Receiver<ConnectionState>) {
        self.state = Some(state);
    }

    pub(crate) fn accuse(&mut self, words: &str) {
        self.accusations
            .push(format!("client {} {words}", self.number));
    }

    fn accuse_of(&mut self, what: Result<(), String>) {
        if let Err(words) = what {
            self.accuse(&words);
        }
    }

    /// The id of the connection that the client believes to be alive.
    pub(crate) fn alive(&self) -> Option<String> {
        let state = self.state.as_ref()?.borrow();
        state.connection_id().map(ToString::to_string)
    }

    pub(crate) fn arrivals(&self) -> impl DoubleEndedIterator<Item = &Arrival> {
        self.arrivals.iter()
    }

    pub(crate) fn arrived(
        &mut self,
        (link, at): (u64, Duration),
        connection_id: Option<&str>,
        message: Message,
    ) {
        self.arrivals.push(Arrival {
            link,
            at,
            connection_id: connection_id.map(str::to_owned),
            message,
        });
    }

    // ----- sockets -----

    pub(crate) fn socket_dial_begins(&mut self, now: Duration) {
        let alone = self.sockets.dial_begins(now);
        self.accuse_of(alone);
        self.tokens.socket_dial_begins();
    }

    pub(crate) fn socket_came(&mut self, link: u64) {
        let alone = self.sockets.came(link);
        self.accuse_of(alone);
    }

    /// The client has read on this link that it is connected under this id. Where it only waits for
    /// the answer to a close, that is no news to it, nor where it may not have come to hear it.
    pub(crate) fn accepted(
        &mut self,
        (link, now): (u64, Duration),
        id: Option<&str>,
        is_heard: bool,
    ) {
        self.sockets.accepted(link, id);
        let state = self.state.as_ref().map(|state| state.borrow().clone());
        if is_heard && matches!(state, Some(ConnectionState::Connecting { .. })) {
            self.troubles.accepted(link, now);
        }
    }

    // ----- requests -----

    pub(crate) fn request_dial_begins(&mut self, dial: u64) -> Option<String> {
        let alive = self.alive();
        self.alive_at_dials.push((dial, alive.clone()));
        alive
    }

    pub(crate) fn request_dial_ends(&mut self, dial: u64) {
        let is_it = |(other, _): &mut (u64, _)| *other == dial;
        if let Some((_, alive)) = self.alive_at_dials.extract_if(.., is_it).next() {
            self.alive_at_last_dial = alive;
        }
    }

    /// A request names a connection. It may be the one that is alive, or was when the request began:
    /// `at_dial`, or when another dial began that the request may have waited for.
    pub(crate) fn request_names(&mut self, id: &str, at_dial: Option<&str>, what: &str) {
        let alive = self.alive();
        let last = self.alive_at_last_dial.take();
        let known = self.alive_at_dials.iter().map(|(_, id)| id);
        let is_known = known.chain([&last]).flatten().any(|it| it == id);
        if alive.as_deref() != Some(id) && at_dial != Some(id) && !is_known {
            let now = alive.as_deref().unwrap_or("none");
            let what = what.split('?').next().unwrap_or(what);
            self.accuse(&format!(
                "sent `{what}` with the dead connection {id}; alive is {now}"
            ));
        }
    }

    // ----- tokens -----

    /// The client has read that it is a guest now.
    pub(crate) fn guest_received(&mut self) {
        self.guests_received += 1;
    }

    /// How often the client has read that it is another guest.
    pub(crate) fn guests_received(&self) -> usize {
        self.guests_received
    }

    /// The loader of the client is called while its host says that it is `wall`.
    pub(crate) fn load_begins(&mut self, wall: SystemTime) {
        for words in self.tokens.load_begins(wall) {
            self.accuse(words);
        }
    }

    /// The clock of the host, which shows `wall`, is put forward or back by so many seconds.
    pub(crate) fn clock_jumps(&mut self, seconds: i64, wall: SystemTime, now: Duration) {
        self.sockets.clock_jumps(seconds, now);
        if seconds < 0 {
            let by = Duration::from_secs(seconds.unsigned_abs());
            self.tokens.set_back(by, wall);
        }
    }

    /// The loader has ended, with a token that is good enough to be used or without, while the host
    /// says that it is `wall`.
    pub(crate) fn load_ends(
        &mut self,
        token: Option<String>,
        trouble: Option<LoadTrouble>,
        (wall, now): (SystemTime, Duration),
    ) {
        let is_refused = token
            .as_deref()
            .is_some_and(|it| self.tokens.knows_refused(it));
        let trouble = trouble.or(is_refused.then_some(LoadTrouble::Unchanged));
        if let Some(trouble) = trouble {
            self.troubles.load_failed(trouble, now);
        }
        self.tokens.load_ends(token, wall);
    }
}

#[cfg(test)]
mod tests {
    use video_client::ConnectionId;

    use super::*;

    fn client() -> ClientWire {
        ClientWire::default()
    }

    #[test]
    fn who_has_a_second_socket_is_accused() {
        let mut one = client();
        one.socket_dial_begins(Duration::ZERO);
        one.socket_came(1);
        one.sockets.dial_ends();
        assert_eq!(one.accusations.len(), 0);
        one.socket_dial_begins(Duration::ZERO);
        assert_eq!(one.accusations.len(), 1);
        one.socket_came(2);
        assert_eq!(one.accusations.len(), 2);
    }

    #[test]
    fn an_acceptance_that_comes_while_the_socket_is_being_closed_is_none() {
        let mut one = client();
        let (sender, state) = watch::channel(ConnectionState::Paused);
        one.watch(state);
        one.accepted((1, Duration::ZERO), Some("a"), true);
        assert!(!one.troubles.was_accepted(Duration::ZERO));
        sender.send_replace(ConnectionState::Connecting { attempt: 0 });
        one.accepted((2, Duration::ZERO), Some("b"), false);
        assert!(!one.troubles.was_accepted(Duration::ZERO));
        one.accepted((2, Duration::ZERO), Some("b"), true);
        assert!(one.troubles.was_accepted(Duration::ZERO));
    }

    #[test]
    fn a_dead_id_is_noticed_unless_it_lived_when_the_request_was_begun() {
        let mut one = client();
        let connection_id = ConnectionId::new("new");
        let (_sender, state) = watch::channel(ConnectionState::Connected { connection_id });
        one.watch(state);
        one.request_names("new", None, "GET /");
        one.request_names("old", Some("old"), "GET /");
        one.alive_at_dials.push((1, Some("older".to_owned())));
        one.request_names("older", None, "GET /");
        one.request_dial_ends(1);
        one.request_names("older", None, "GET /");
        assert_eq!(one.accusations.len(), 0);
        one.request_names("older", None, "GET /");
        assert_eq!(one.accusations.len(), 1);
        one.request_names("old", None, "GET /");
        assert_eq!(one.accusations.len(), 2);
    }
}
