//! Decides when a token is loaded and who gets it. Sans-IO: time is an argument.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

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

/// The course of a user's tokens.
#[derive(Debug)]
pub(crate) struct Refresher {
    policy: RefreshPolicy,
    can_load: bool,
    current: Option<UserToken>,
    loading: bool,
    waiting: Vec<Demand>,
    /// When the current token is replaced unasked.
    due: Option<SystemTime>,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
struct Demand {
    waiter: Waiter,
    rejected: Option<UserToken>,
    /// Whether the load that it waits for began after it, and so knows of the refusal.
    heard: bool,
}

/// The shortest time between two unasked loads, whatever the tokens say.
const MIN_SPACING: Duration = Duration::from_secs(30);

impl Refresher {
    /// Begins with a token, a loader, or both.
    pub(crate) fn new(current: Option<UserToken>, can_load: bool, policy: RefreshPolicy) -> Self {
        let mut this = Self {
            policy,
            can_load,
            current: None,
            loading: false,
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
                self.load();
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

    fn demand(&mut self, waiter: Waiter, rejected: Option<UserToken>) {
        match &self.current {
            Some(current) if rejected.as_ref() != Some(current) => {
                self.outputs
                    .push_back(Output::Answer(waiter, Ok(current.clone())));
            }
            _ if !self.can_load => {
                let error = TokenError::new(TokenErrorKind::NoLoader);
                self.outputs.push_back(Output::Answer(waiter, Err(error)));
            }
            _ => {
                let heard = !self.loading;
                self.waiting.push(Demand {
                    waiter,
                    rejected,
                    heard,
                });
                self.load();
            }
        }
    }

    fn load(&mut self) {
        if self.can_load && !self.loading {
            self.loading = true;
            self.outputs.push_back(Output::Load);
        }
    }

    fn loaded(&mut self, now: SystemTime, token: &UserToken) {
        self.loading = false;
        let earliest = now + MIN_SPACING;
        self.due = self.due_of(token).map(|due| due.max(earliest));
        self.current = Some(token.clone());
        for demand in std::mem::take(&mut self.waiting) {
            let refused = demand.rejected.as_ref() == Some(token);
            if refused && !demand.heard {
                // This load began before the refusal was known: one more, for who knows.
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
            self.load();
        }
    }

    fn failed(&mut self, now: SystemTime, error: &TokenError) {
        self.loading = false;
        if self.policy.before_expiry.is_some() && self.current.is_some() {
            self.due = Some(now + MIN_SPACING);
        }
        for demand in self.waiting.drain(..) {
            self.outputs
                .push_back(Output::Answer(demand.waiter, Err(error.clone())));
        }
    }

    fn due_of(&self, token: &UserToken) -> Option<SystemTime> {
        if !self.can_load {
            return None;
        }
        let expires_at = SystemTime::from(token.expires_at()?);
        expires_at.checked_sub(self.policy.before_expiry?)
    }
}

#[cfg(test)]
mod tests;
