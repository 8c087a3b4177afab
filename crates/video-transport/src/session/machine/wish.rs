//! What is wished for, and what follows when it changes.

use std::time::{Duration, Instant};

use super::Machine;
use super::io::Output;
use super::phase::{Desire, Phase};
use crate::error::{ConnectError, ConnectErrorKind};
use crate::session::state::{ConnectionState, DisconnectReason};

impl Machine {
    pub(super) fn connect(&mut self, now: Instant, patience: Option<Duration>) {
        if self.desire == Desire::Shutdown {
            let error = ConnectError::new(ConnectErrorKind::Shutdown);
            return self.outputs.push_back(Output::Resolve(Err(error)));
        }
        if let Phase::Live { token, .. } = &self.phase {
            let token = token.clone();
            return self.outputs.push_back(Output::Resolve(Ok(token)));
        }
        match patience {
            None => self.persistent = true,
            Some(patience) => {
                // Whoever waits has all of their time, whatever became of those before.
                let until = now + patience;
                self.patience = Some(self.patience.map_or(until, |before| before.max(until)));
            }
        }
        let wished_before = std::mem::replace(&mut self.desire, Desire::On) == Desire::On;
        if !wished_before && !self.phase.is_closing() {
            self.start_attempt(now);
        }
    }

    pub(super) fn resume(&mut self, now: Instant) {
        self.desire = Desire::On;
        self.persistent = true;
        if !self.phase.is_closing() {
            self.start_attempt(now);
        }
    }

    /// A wish ends: what it met is no concern of the next one.
    pub(super) fn forget(&mut self) {
        self.failures = 0;
        self.refusal = None;
        self.last_error = None;
        self.patience = None;
    }

    /// Stops wishing to be connected.
    pub(super) fn withdraw(&mut self, now: Instant, desire: Desire) {
        let before = std::mem::replace(&mut self.desire, desire);
        self.forget();
        if desire != Desire::Paused {
            self.persistent = false;
        }
        let (state, error) = match desire {
            Desire::Paused => (ConnectionState::Paused, ConnectErrorKind::Aborted),
            Desire::Shutdown => (
                ConnectionState::Disconnected {
                    reason: DisconnectReason::Shutdown,
                },
                ConnectErrorKind::Shutdown,
            ),
            Desire::Off | Desire::On => (
                ConnectionState::Disconnected {
                    reason: DisconnectReason::Requested,
                },
                ConnectErrorKind::Aborted,
            ),
        };
        // Also while the socket of a pause is still being closed.
        if before != Desire::Off || desire == Desire::Shutdown {
            self.outputs.push_back(Output::State(state));
        }
        self.outputs
            .push_back(Output::Resolve(Err(ConnectError::new(error))));
        if self.phase.has_socket() {
            self.outputs.push_back(Output::Close);
            self.phase = Phase::Closing {
                until: now + self.policies.timeouts.close,
            };
        } else if !self.phase.is_closing() {
            self.outputs.push_back(Output::Discard);
            self.closed(now);
        }
    }

    /// There is no socket any more.
    pub(super) fn closed(&mut self, now: Instant) {
        self.outputs.push_back(Output::Closed);
        match self.desire {
            Desire::On => self.start_attempt(now),
            Desire::Paused => self.phase = Phase::Paused,
            Desire::Off => self.phase = Phase::Idle,
            Desire::Shutdown => {
                self.phase = Phase::Idle;
                self.finished = true;
            }
        }
    }
}
