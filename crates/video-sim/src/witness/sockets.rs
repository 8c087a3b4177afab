//! The sockets of one client, as its wire shows them: what it dials, what it holds, and which of
//! them can not hear anything any more.

use std::time::Duration;

use video_client::Network;

/// What a client dials and holds.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    open: Vec<Socket>,
    /// How many the client is dialling.
    dials: usize,
    /// Since when the host says that it has no network.
    offline_since: Option<Duration>,
    /// When the clock of the host was last put back.
    set_back: Option<Duration>,
}

/// An end that the client holds.
#[derive(Debug)]
struct Socket {
    link: u64,
    /// The connection that was accepted on it last.
    id: Option<String>,
    /// When the client has to have noticed that nothing arrives any more.
    deaf_until: Option<Duration>,
    /// The same, if the host gave a reason to doubt it.
    doubted_until: Option<Duration>,
}

/// How long a client may believe in a connection on which nothing arrives: the silence after which
/// it gives up, and a little.
const SILENCE: Duration = Duration::from_secs(40);

/// The same after the host has said that its network is another: an answer has two seconds.
const DOUBT: Duration = Duration::from_secs(3);

/// How often a client compares the clocks of its host, to see whether it has slept.
const COMPARISON: Duration = Duration::from_secs(10);

/// What the clock of a host may be put forward by, without that being a sleep, in seconds.
const NO_SLEEP: i64 = 30;

impl Sockets {
    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn dial_begins(&mut self, now: Duration) -> Result<(), String> {
        let alone = self.are_none("dials");
        self.dials += 1;
        // What happens in one moment has no order.
        if self.offline_since.is_some_and(|since| now > since) {
            return Err("dials although its host has no network".to_owned());
        }
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
            doubted_until: None,
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

    /// Whether the client holds the end of this link.
    pub(crate) fn hold(&self, link: u64) -> bool {
        self.open.iter().any(|socket| socket.link == link)
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

    /// The host says something of its network.
    pub(crate) fn told(&mut self, network: Network, now: Duration) {
        if network == Network::Offline {
            self.offline_since.get_or_insert(now);
        } else {
            self.offline_since = None;
            self.doubt(now + DOUBT);
        }
    }

    /// The host puts its clock forward or back by so many seconds.
    pub(crate) fn clock_jumps(&mut self, seconds: i64, now: Duration) {
        if seconds < 0 {
            // It may take back the sleep that the client would have noticed.
            self.set_back = Some(now);
            self.open.iter_mut().for_each(|it| it.doubted_until = None);
        } else if seconds > NO_SLEEP && self.set_back.is_none_or(|at| now > at + COMPARISON) {
            self.doubt(now + COMPARISON + DOUBT);
        }
    }

    /// Where nothing arrives any more now, that is noticed soon.
    fn doubt(&mut self, until: Duration) {
        for socket in self.open.iter_mut().filter(|it| it.deaf_until.is_some()) {
            let before = socket.doubted_until.unwrap_or(until);
            socket.doubted_until = Some(before.min(until));
        }
    }

    /// Whether the host says that it has no network.
    pub(crate) fn are_offline(&self) -> bool {
        self.offline_since.is_some()
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
        match socket
            .deaf_until
            .into_iter()
            .chain(socket.doubted_until)
            .min()
        {
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
        assert_eq!(sockets.dial_begins(ZERO), Ok(()));
        assert_eq!(sockets.came(1), Ok(()));
        sockets.dial_ends();
        sockets.accepted(1, Some("a"));
        sockets
    }

    #[test]
    fn a_second_socket_or_dial_is_noticed() {
        let mut one = connected();
        assert!(one.dial_begins(ZERO).is_err());
        assert!(one.came(2).is_err());
        let mut two = Sockets::default();
        assert!(two.dial_begins(ZERO).is_ok());
        assert!(two.dial_begins(ZERO).is_err());
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
        sockets.dial_begins(ZERO).unwrap();
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

    #[test]
    fn a_dial_while_the_host_has_no_network_is_noticed() {
        let mut sockets = connected();
        sockets.left(1);
        sockets.told(Network::Offline, ZERO);
        assert!(sockets.dial_begins(ZERO).is_ok(), "in the same moment");
        sockets.dial_ends();
        assert!(sockets.dial_begins(DOUBT).is_err());
        sockets.dial_ends();
        sockets.told(Network::Online, DOUBT);
        assert!(sockets.dial_begins(DOUBT).is_ok());
    }

    #[test]
    fn a_reason_to_doubt_makes_the_time_short() {
        let deaf = || {
            let mut sockets = connected();
            sockets.deafened(1, ZERO);
            sockets
        };
        let mut online = deaf();
        online.told(Network::Online, ZERO);
        assert!(online.carry(DOUBT, "a").is_ok());
        assert!(online.carry(DOUBT * 2, "a").is_err());
        let mut jumped = deaf();
        jumped.clock_jumps(90, ZERO);
        assert!(jumped.carry(COMPARISON, "a").is_ok());
        assert!(jumped.carry(COMPARISON * 2, "a").is_err());
        jumped.clock_jumps(-90, DOUBT);
        assert!(jumped.carry(COMPARISON * 2, "a").is_ok());
        jumped.clock_jumps(90, COMPARISON);
        assert!(jumped.carry(COMPARISON * 3, "a").is_ok());
    }
}
