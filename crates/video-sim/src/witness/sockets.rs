//! The sockets of one client, as its wire shows them: what it dials, what it holds, and which of
//! them can not hear anything any more.

use std::time::Duration;

/// What a client dials and holds.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    open: Vec<Socket>,
    /// How many the client is dialling.
    dials: usize,
}

/// An end that the client holds.
#[derive(Debug)]
struct Socket {
    link: u64,
    /// The connection that was accepted on it last.
    id: Option<String>,
    /// When the client has to have noticed that nothing arrives any more.
    deaf_until: Option<Duration>,
}

/// How long a client may believe in a connection on which nothing arrives: the silence after which
/// it gives up, and a little.
const SILENCE: Duration = Duration::from_secs(40);

impl Sockets {
    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn dial_begins(&mut self) -> Result<(), String> {
        let alone = self.are_none("dials");
        self.dials += 1;
        alone
    }

    pub(crate) fn dial_ends(&mut self) {
        self.dials = self.dials.saturating_sub(1);
    }

    /// A socket is there, and its dial is still counted.
    pub(crate) fn came(&mut self, link: u64) -> Result<(), String> {
        let (sockets, dials) = (self.open.len(), self.dials.saturating_sub(1));
        self.open.push(Socket {
            link,
            id: None,
            deaf_until: None,
        });
        match sockets + dials {
            0 => Ok(()),
            _ => Err(format!(
                "has another socket besides {sockets} open ones and {dials} that it dials"
            )),
        }
    }

    pub(crate) fn left(&mut self, link: u64) {
        self.open.retain(|socket| socket.link != link);
    }

    /// The client has read on this link that it is connected under this id.
    pub(crate) fn accepted(&mut self, link: u64, id: Option<&str>) {
        if let Some(socket) = self.open.iter_mut().find(|socket| socket.link == link) {
            socket.id = id.map(str::to_owned);
        }
    }

    /// From now on nothing arrives on this link, and nobody is told.
    pub(crate) fn deafened(&mut self, link: u64, now: Duration) {
        if let Some(socket) = self.open.iter_mut().find(|socket| socket.link == link) {
            socket.deaf_until.get_or_insert(now + SILENCE);
        }
    }

    /// There is nothing, though the client does something.
    pub(crate) fn are_none(&self, what: &str) -> Result<(), String> {
        let (sockets, dials) = (self.open.len(), self.dials);
        match sockets + dials {
            0 => Ok(()),
            _ => Err(format!(
                "{what} with {sockets} open sockets and {dials} that it dials"
            )),
        }
    }

    /// Whether the client can rightly say that it is connected under this id. It lets go of an end
    /// before it says that the connection is lost, so there is no moment in which it may be wrong.
    pub(crate) fn carry(&self, now: Duration, id: &str) -> Result<(), String> {
        let [socket] = &self.open[..] else {
            let sockets = self.open.len();
            return Err(format!("is connected as {id} with {sockets} open sockets"));
        };
        if socket.id.as_deref() != Some(id) {
            let accepted = socket.id.as_deref().unwrap_or("nobody");
            return Err(format!(
                "is connected as {id} on a socket that accepted {accepted}"
            ));
        }
        if self.dials > 0 {
            return Err(format!("is connected as {id} and dials another socket"));
        }
        match socket.deaf_until {
            Some(until) if now > until => Err(format!(
                "is connected as {id}, where nothing arrives any more"
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: Duration = Duration::ZERO;

    fn connected() -> Sockets {
        let mut sockets = Sockets::default();
        assert_eq!(sockets.dial_begins(), Ok(()));
        assert_eq!(sockets.came(1), Ok(()));
        sockets.dial_ends();
        sockets.accepted(1, Some("a"));
        sockets
    }

    #[test]
    fn a_second_socket_or_dial_is_noticed() {
        let mut one = connected();
        assert!(one.dial_begins().is_err());
        assert!(one.came(2).is_err());
        let mut two = Sockets::default();
        assert!(two.dial_begins().is_ok());
        assert!(two.dial_begins().is_err());
        assert!(two.came(1).is_err());
    }

    #[test]
    fn a_connection_is_one_socket_that_was_accepted_under_its_id() {
        let mut sockets = connected();
        assert_eq!(sockets.carry(ZERO, "a"), Ok(()));
        assert!(sockets.carry(ZERO, "b").is_err());
        assert!(sockets.are_none("is paused").is_err());
        sockets.left(1);
        assert!(sockets.carry(ZERO, "a").is_err());
        assert_eq!(sockets.are_none("is paused"), Ok(()));
        sockets.dial_begins().unwrap();
        assert!(sockets.are_none("is paused").is_err());
    }

    #[test]
    fn a_connection_that_hears_nothing_is_given_up_in_time() {
        let mut sockets = connected();
        sockets.deafened(2, ZERO);
        assert_eq!(sockets.carry(SILENCE * 2, "a"), Ok(()));
        sockets.deafened(1, ZERO);
        sockets.deafened(1, SILENCE);
        assert_eq!(sockets.carry(SILENCE, "a"), Ok(()));
        assert!(sockets.carry(SILENCE * 2, "a").is_err());
    }
}
