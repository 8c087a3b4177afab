//! What a client has met that may make it give up for good, and what speaks against that.

use std::time::Duration;

/// Why a load gave no token that can be used, and the next would give none either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoadTrouble {
    Malformed,
    SomebodyElse,
    /// The token that the service has refused.
    Unchanged,
    /// The service does not create the guest.
    GuestRefused,
}

/// What one client has read on its sockets, and what its loads came to.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    /// The sockets on which a token was refused since the last that was accepted.
    refusals: Vec<(u64, Duration)>,
    /// The socket that was accepted last, and when.
    accepted: Option<(u64, Duration)>,
    /// When the service last refused for a reason that nothing heals.
    for_good: Option<Duration>,
    /// When a load last ended like this.
    loads: Vec<(LoadTrouble, Duration)>,
}

impl Troubles {
    /// The client has read on this link that its token is refused.
    pub(crate) fn token_refused(&mut self, link: u64, now: Duration) {
        if self.refusals.iter().all(|(before, _)| *before != link) {
            self.refusals.push((link, now));
        }
    }

    /// The client has read on this link that it is connected. Only the first time counts.
    pub(crate) fn accepted(&mut self, link: u64, now: Duration) {
        if self.accepted.is_none_or(|(before, _)| before != link) {
            self.accepted = Some((link, now));
            self.refusals.clear();
        }
    }

    /// The client has read that nothing heals what the service has against it.
    pub(crate) fn refused_for_good(&mut self, now: Duration) {
        self.for_good = Some(now);
    }

    pub(crate) fn load_failed(&mut self, trouble: LoadTrouble, now: Duration) {
        self.loads.retain(|(other, _)| *other != trouble);
        self.loads.push((trouble, now));
    }

    /// On how many sockets in a row a token was refused, from `since` on.
    pub(crate) fn refusals_in_a_row(&self, since: Duration) -> usize {
        let refusals = self.refusals.iter();
        refusals.filter(|(_, at)| *at >= since).count()
    }

    pub(crate) fn was_accepted(&self, since: Duration) -> bool {
        self.accepted.is_some_and(|(_, at)| at >= since)
    }

    pub(crate) fn was_refused_for_good(&self, since: Duration) -> bool {
        self.for_good.is_some_and(|at| at >= since)
    }

    pub(crate) fn had(&self, trouble: LoadTrouble, since: Duration) -> bool {
        let mut loads = self.loads.iter();
        loads.any(|(other, at)| *other == trouble && *at >= since)
    }
}
