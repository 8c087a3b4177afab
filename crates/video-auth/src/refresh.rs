//! Decides when a token is loaded and who gets it. Sans-IO: time is an argument.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use video_core::{TokenError, TokenErrorKind, UserToken};

/// Whether a token is replaced before it ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshPolicy {
    /// How long before its end a token is replaced. `None`, the default, waits until the service
    /// refuses it.
    pub before_expiry: Option<Duration>,
}

impl RefreshPolicy {
    /// Replaces a token `lead` before it ends.
    #[must_use]
    pub fn before_expiry(lead: Duration) -> Self {
        Self {
            before_expiry: Some(lead),
        }
    }
}

/// Somebody who waits for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Waiter(pub(crate) u64);

#[derive(Debug)]
pub(crate) enum Input {
    /// Somebody needs a token, other than the rejected one.
    Demand {
        waiter: Waiter,
        rejected: Option<UserToken>,
    },
    /// The answer to [`Output::Load`].
    Loaded(Result<UserToken, TokenError>),
    /// Time has passed.
    Tick,
}

#[derive(Debug)]
pub(crate) enum Output {
    Load,
    Answer(Waiter, Result<UserToken, TokenError>),
}

/// Where tokens come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Supply {
    /// There is the one that was given.
    Static,
    /// A loader gives the first, and there is no other.
    Once,
    /// A loader gives as many as are needed.
    Loader,
}

/// The course of a user's tokens.
#[derive(Debug)]
pub(crate) struct Refresher {
    policy: RefreshPolicy,
    supply: Supply,
    current: Option<UserToken>,
    load: Option<Load>,
    waiting: Vec<Demand>,
    /// When the current token is replaced unasked.
    due: Option<SystemTime>,
    outputs: VecDeque<Output>,
}

/// The load in flight.
#[derive(Debug)]
struct Load {
    /// The token whose refusal was known when it began.
    rejected: Option<UserToken>,
}

#[derive(Debug)]
struct Demand {
    waiter: Waiter,
    rejected: Option<UserToken>,
    /// Whether the load that it waits for knows of the refusal.
    heard: bool,
}

/// The shortest time between two unasked loads, whatever the tokens say.
const MIN_SPACING: Duration = Duration::from_secs(30);

impl Refresher {
    /// Begins with a token, a loader, or both.
    pub(crate) fn new(current: Option<UserToken>, supply: Supply, policy: RefreshPolicy) -> Self {
        let mut this = Self {
            policy,
            supply,
            current: None,
            load: None,
            waiting: Vec::new(),
            due: None,
            outputs: VecDeque::new(),
        };
        if let Some(token) = current {
            this.due = this.due_of(&token);
            this.current = Some(token);
        }
        this
    }

    /// Takes what happened at `now` on the wall clock.
    pub(crate) fn handle(&mut self, now: SystemTime, input: Input) {
        match input {
            Input::Demand { waiter, rejected } => self.demand(waiter, rejected),
            Input::Loaded(Ok(token)) => self.loaded(now, &token),
            Input::Loaded(Err(error)) => self.failed(now, &error),
            Input::Tick if self.due.is_some_and(|due| now >= due) => {
                self.due = None;
                self.load(None);
            }
            Input::Tick => {}
        }
    }

    /// What is to be done next, until `None`.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When a [`Input::Tick`] is due at the latest, on the wall clock.
    pub(crate) fn deadline(&self) -> Option<SystemTime> {
        self.due
    }

    /// The token in use.
    pub(crate) fn current(&self) -> Option<&UserToken> {
        self.current.as_ref()
    }

    fn can_load(&self) -> bool {
        match self.supply {
            Supply::Static => false,
            Supply::Once => self.current.is_none(),
            Supply::Loader => true,
        }
    }

    fn demand(&mut self, waiter: Waiter, rejected: Option<UserToken>) {
        match &self.current {
            Some(current) if rejected.as_ref() != Some(current) => {
                self.outputs
                    .push_back(Output::Answer(waiter, Ok(current.clone())));
            }
            _ if !self.can_load() => {
                let kind = match self.supply {
                    Supply::Once => TokenErrorKind::GuestExpired,
                    Supply::Static | Supply::Loader => TokenErrorKind::NoLoader,
                };
                let answer = Err(TokenError::new(kind));
                self.outputs.push_back(Output::Answer(waiter, answer));
            }
            _ => {
                let heard = self
                    .load
                    .as_ref()
                    .is_none_or(|load| load.rejected == rejected);
                self.load(rejected.clone());
                self.waiting.push(Demand {
                    waiter,
                    rejected,
                    heard,
                });
            }
        }
    }

    /// Begins a load that knows of a refusal, unless one is in flight.
    fn load(&mut self, rejected: Option<UserToken>) {
        if self.can_load() && self.load.is_none() {
            self.load = Some(Load { rejected });
            self.outputs.push_back(Output::Load);
        }
    }

    fn loaded(&mut self, now: SystemTime, token: &UserToken) {
        self.load = None;
        self.due = self.due_of(token).and_then(|due| not_soon(due, now));
        self.current = Some(token.clone());
        for demand in std::mem::take(&mut self.waiting) {
            let refused = demand.rejected.as_ref() == Some(token);
            if refused && !demand.heard {
                // The load began before the refusal was known: one more, which knows of it.
                self.waiting.push(Demand {
                    heard: true,
                    ..demand
                });
                continue;
            }
            let answer = match refused {
                true => Err(TokenError::new(TokenErrorKind::Unchanged)),
                false => Ok(token.clone()),
            };
            self.outputs
                .push_back(Output::Answer(demand.waiter, answer));
        }
        if !self.waiting.is_empty() {
            self.load(Some(token.clone()));
        }
    }

    fn failed(&mut self, now: SystemTime, error: &TokenError) {
        self.load = None;
        let due = self.current.as_ref().and_then(|token| self.due_of(token));
        self.due = due.and_then(|due| not_soon(due, now));
        for demand in self.waiting.drain(..) {
            self.outputs
                .push_back(Output::Answer(demand.waiter, Err(error.clone())));
        }
    }

    fn due_of(&self, token: &UserToken) -> Option<SystemTime> {
        if self.supply != Supply::Loader {
            return None;
        }
        let age = token.expires_at()?.saturating_since(UNIX_EPOCH.into());
        let lead = self.policy.before_expiry?;
        UNIX_EPOCH.checked_add(age)?.checked_sub(lead)
    }
}

/// `due`, or later if it is too soon after a load that ended `now`.
fn not_soon(due: SystemTime, now: SystemTime) -> Option<SystemTime> {
    now.checked_add(MIN_SPACING)
        .map(|earliest| due.max(earliest))
}

#[cfg(test)]
mod tests;
