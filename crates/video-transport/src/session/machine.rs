//! Decides everything about a session. Sans-IO.
//!
//! The contract: [`Machine::handle`] takes what happened, then [`Machine::poll`] is drained, then
//! comes the next input, at [`Machine::deadline`] at the latest. The machine calls nothing, and
//! time and jitter are arguments.
//!
//! The desired state is kept apart from the actual one. Whatever an input changes, the phase
//! follows the desire: there is one phase, so there is one socket and one scheduled attempt.

mod failure;
mod io;
mod phase;
mod wish;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use video_core::{ApiError, HeartbeatPolicy, Pace, ReconnectPolicy, TokenError, UserToken};

use self::failure::{Verdict, verdict};
use self::phase::{Desire, Phase, Progress};
use super::codec::{Meaning, meaning};
use super::handle::{FOR_EVER, SessionTimeouts};
use super::heartbeat::{Heartbeat, Pulse};
use super::state::{ConnectionState, DisconnectReason, Network};
use crate::error::{ConnectError, ConnectErrorKind, Phase as Late};

pub(super) use io::{Epoch, Input, Loss, Output};

/// The policies that a machine obeys.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Policies {
    pub(super) reconnect: ReconnectPolicy,
    pub(super) heartbeat: HeartbeatPolicy,
    pub(super) timeouts: SessionTimeouts,
}

/// The course of a session.
#[derive(Debug)]
pub(super) struct Machine {
    policies: Policies,
    desire: Desire,
    phase: Phase,
    epoch: Epoch,
    /// Failures since the last stable connection.
    failures: u32,
    network: Network,
    /// Whether a token is being fetched.
    fetching: bool,
    /// The refusal that the next token has to heal.
    refusal: Option<Refusal>,
    last_error: Option<ConnectError>,
    /// When whoever waits to be connected gives up.
    patience: Option<Instant>,
    /// Whether the wish to be connected outlives that patience.
    persistent: bool,
    finished: bool,
    outputs: VecDeque<Output>,
}

/// A token that the service refused, and its words.
#[derive(Debug, Clone)]
struct Refusal {
    token: UserToken,
    api: ApiError,
}

impl Machine {
    pub(super) fn new(policies: Policies) -> Self {
        Self {
            policies,
            desire: Desire::Off,
            phase: Phase::Idle,
            epoch: Epoch::default(),
            failures: 0,
            network: Network::Online,
            fetching: false,
            refusal: None,
            last_error: None,
            patience: None,
            persistent: false,
            finished: false,
            outputs: VecDeque::new(),
        }
    }

    /// Takes what happened at `now`. `jitter` is uniform in `[0, 1)`.
    pub(super) fn handle(&mut self, now: Instant, jitter: f64, input: Input) {
        match input {
            Input::Connect { patience } => self.connect(now, patience),
            // A shutdown is not taken back. Whoever waits learns when it is done.
            Input::Disconnect if self.desire == Desire::Shutdown => {}
            Input::Disconnect => self.withdraw(now, Desire::Off),
            Input::Shutdown => self.withdraw(now, Desire::Shutdown),
            Input::Pause if self.desire == Desire::On => self.withdraw(now, Desire::Paused),
            // There is no socket to wait for.
            Input::Pause if !self.phase.is_closing() => self.outputs.push_back(Output::Closed),
            Input::Resume if self.desire == Desire::Paused => self.resume(now),
            Input::Token(result) => self.token(now, jitter, result),
            Input::Opened(epoch) if self.is(epoch) => self.opened(now),
            Input::OpenFailed(epoch, error) if self.is(epoch) && self.phase.is_dialling() => {
                self.failed(now, jitter, error);
            }
            Input::Received(epoch, event) if self.is(epoch) => {
                self.heard(now);
                let meaning = meaning(&event);
                let live_before = self.phase.is_live();
                if matches!(meaning, Meaning::Accepted(_)) && self.phase.can_be_accepted() {
                    // Before the state, so that who sees that knows the user.
                    self.outputs.push_back(Output::Greeted(event.clone()));
                }
                self.understood(now, jitter, meaning);
                if live_before || self.phase.is_live() {
                    // After the state change that it caused.
                    self.outputs.push_back(Output::Emit(event));
                }
            }
            Input::Heard(epoch) if self.is(epoch) => self.heard(now),
            Input::Lost(epoch, loss) if self.is(epoch) => self.lost(now, jitter, loss),
            // A pause of what is not wished for, or news of a socket that was given up.
            Input::Pause
            | Input::Resume
            | Input::Opened(_)
            | Input::OpenFailed(..)
            | Input::Received(..)
            | Input::Heard(_)
            | Input::Lost(..) => {}
            Input::Network(network) => self.network(now, network),
            Input::Doubted => self.doubt(now),
            Input::Tick => self.tick(now, jitter),
        }
    }

    /// What is to be done next, until `None`.
    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When a [`Input::Tick`] is due at the latest.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.phase.deadline(), self.patience]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether a socket is being closed.
    pub(super) fn is_closing(&self) -> bool {
        self.phase.is_closing()
    }

    /// Whether nothing can happen any more.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    fn is(&self, epoch: Epoch) -> bool {
        self.epoch == epoch
    }

    // ----- an attempt -----

    fn start_attempt(&mut self, now: Instant) {
        if self.network == Network::Offline {
            return self.await_network();
        }
        self.outputs
            .push_back(Output::State(ConnectionState::Connecting {
                attempt: self.failures,
            }));
        self.dial(now, None);
        if !self.fetching {
            self.fetching = true;
            let rejected = self.refusal.as_ref().map(|refusal| refusal.token.clone());
            self.outputs.push_back(Output::FetchToken { rejected });
        }
    }

    fn dial(&mut self, now: Instant, token: Option<UserToken>) {
        self.epoch = self.epoch.next();
        self.outputs.push_back(Output::Open(self.epoch));
        let progress = Progress::Dialling {
            until: now + self.policies.timeouts.open,
        };
        self.phase = Phase::Opening { progress, token };
    }

    fn opened(&mut self, now: Instant) {
        let Phase::Opening { progress, token } = &mut self.phase else {
            return;
        };
        match token.take() {
            Some(token) => self.authenticate(now, token),
            None => {
                *progress = Progress::Open {
                    until: now + self.policies.timeouts.auth_grace,
                };
            }
        }
    }

    fn token(&mut self, now: Instant, jitter: f64, result: Result<UserToken, TokenError>) {
        self.fetching = false;
        match result {
            Ok(token) => self.token_came(now, token),
            Err(error) => self.token_failed(now, jitter, error),
        }
    }

    fn token_came(&mut self, now: Instant, came: UserToken) {
        let Phase::Opening { progress, token } = &mut self.phase else {
            return;
        };
        match progress {
            Progress::Dialling { .. } => *token = Some(came),
            Progress::Open { .. } => self.authenticate(now, came),
            Progress::TokenLate if self.network == Network::Offline => self.await_network(),
            Progress::TokenLate => self.dial(now, Some(came)),
        }
    }

    fn token_failed(&mut self, now: Instant, jitter: f64, error: TokenError) {
        if !self.phase.wants_token() {
            return;
        }
        let terminal = error.is_terminal();
        let kind = error.kind().clone();
        let error = match self.refusal.take() {
            Some(Refusal { token, api }) if terminal => {
                rejected(&token, api, Some(kind)).caused_by(error)
            }
            refusal => {
                self.refusal = refusal;
                ConnectError::new(ConnectErrorKind::Token(kind)).caused_by(error)
            }
        };
        if terminal {
            self.end(error);
        } else if matches!(self.phase, Phase::Opening { .. }) {
            self.failed(now, jitter, error);
        }
    }

    fn authenticate(&mut self, now: Instant, token: UserToken) {
        self.outputs.push_back(Output::Authenticate(token.clone()));
        self.phase = Phase::Greeting {
            until: now + self.policies.timeouts.greeting,
            token,
        };
    }

    // ----- what the service says -----

    fn heard(&mut self, now: Instant) {
        if let Phase::Live { heartbeat, .. } = &mut self.phase {
            heartbeat.heard(now);
        }
    }

    fn understood(&mut self, now: Instant, jitter: f64, meaning: Meaning) {
        match meaning {
            Meaning::Accepted(connection_id) => self.accepted(now, connection_id),
            Meaning::Refused(api) => self.refused(now, jitter, api),
            Meaning::Other => {}
        }
    }

    fn accepted(&mut self, now: Instant, id: video_core::ConnectionId) {
        let (token, fresh) = match &mut self.phase {
            Phase::Greeting { token, .. } => (token.clone(), true),
            Phase::Live {
                connection_id,
                token,
                ..
            } if *connection_id != id => (token.clone(), false),
            _ => return,
        };
        let connection_id = id.clone();
        if fresh {
            let heartbeat = Heartbeat::new(now, self.policies.heartbeat);
            let token = token.clone();
            self.phase = Phase::Live {
                since: now,
                heartbeat,
                connection_id,
                token,
            };
            self.refusal = None;
            self.patience = None;
            self.persistent = true;
        } else if let Phase::Live {
            connection_id: current,
            ..
        } = &mut self.phase
        {
            *current = connection_id;
        }
        self.outputs
            .push_back(Output::State(ConnectionState::Connected {
                connection_id: id,
            }));
        if fresh {
            self.outputs.push_back(Output::Resolve(Ok(token)));
        }
    }

    fn refused(&mut self, now: Instant, jitter: f64, api: ApiError) {
        let token = match &self.phase {
            Phase::Greeting { token, .. } | Phase::Live { token, .. } => token.clone(),
            _ => return,
        };
        let was_live = self.phase.is_live();
        match verdict(&api) {
            Verdict::Token if self.refusal.is_some() => {
                self.end(rejected(&token, api, None));
            }
            Verdict::Token => {
                let error = rejected(&token, api.clone(), None);
                self.refusal = Some(Refusal { token, api });
                self.settle_failures(now);
                if self.failures == 0 {
                    // The fault is the token's: another one need not wait.
                    self.wait(now, Duration::ZERO, error);
                    self.failures = u32::from(was_live);
                    self.start_attempt(now);
                } else {
                    self.failed(now, jitter, error);
                }
            }
            Verdict::Fatal => {
                let error = ConnectError::new(ConnectErrorKind::Rejected).refused_with(api);
                self.end(error);
            }
            Verdict::Later(pace) => {
                let error = ConnectError::new(ConnectErrorKind::Rejected).refused_with(api);
                self.back_off(now, jitter, error, pace);
            }
        }
    }

    fn lost(&mut self, now: Instant, jitter: f64, loss: Loss) {
        if self.phase.is_closing() {
            self.outputs.push_back(Output::Discard);
            return self.closed(now);
        }
        if self.phase.has_socket() {
            let pace = loss.pace();
            self.back_off(now, jitter, loss.into_error(), pace);
        }
    }

    // ----- failure -----

    /// An attempt or a connection failed.
    fn failed(&mut self, now: Instant, jitter: f64, error: ConnectError) {
        match failure::of_attempt(&error) {
            Verdict::Fatal => self.end(error),
            Verdict::Token => {
                // Refused before a token was shown: the same wait as for any other failure.
                self.back_off(now, jitter, error, Pace::Slow);
            }
            Verdict::Later(pace) => self.back_off(now, jitter, error, pace),
        }
    }

    fn back_off(&mut self, now: Instant, jitter: f64, error: ConnectError, pace: Pace) {
        self.settle_failures(now);
        let delay = self.policies.reconnect.delay(self.failures, pace, jitter);
        self.failures = self.failures.saturating_add(1);
        self.wait(now, delay, error);
    }

    fn wait(&mut self, now: Instant, delay: Duration, cause: ConnectError) {
        self.outputs.push_back(Output::Discard);
        self.last_error = Some(cause.clone());
        if self.network == Network::Offline {
            return self.await_network();
        }
        let until = now + delay.min(FOR_EVER);
        self.phase = Phase::Waiting { until };
        let attempt = self.failures;
        self.outputs
            .push_back(Output::State(ConnectionState::Reconnecting {
                attempt,
                cause,
                next_at: until,
            }));
    }

    /// A connection that was stable wipes out the failures before it.
    fn settle_failures(&mut self, now: Instant) {
        if let Phase::Live { since, .. } = &self.phase
            && now.saturating_duration_since(*since) >= self.policies.reconnect.stable_after
        {
            self.failures = 0;
        }
    }

    fn end(&mut self, error: ConnectError) {
        self.outputs.push_back(Output::Discard);
        if self.phase.is_closing() {
            // The socket that somebody waits to see closed.
            self.outputs.push_back(Output::Closed);
        }
        self.desire = Desire::Off;
        self.persistent = false;
        self.forget();
        self.phase = Phase::Idle;
        self.outputs
            .push_back(Output::State(ConnectionState::Disconnected {
                reason: DisconnectReason::Failed(error.clone()),
            }));
        self.outputs.push_back(Output::Resolve(Err(error)));
    }

    // ----- the host -----

    fn network(&mut self, now: Instant, network: Network) {
        self.network = network;
        match (network, &self.phase) {
            (Network::Offline, Phase::Waiting { .. }) => self.await_network(),
            (Network::Online, Phase::Waiting { .. } | Phase::Offline) => self.start_attempt(now),
            // It may be another network than the one that the socket was opened on.
            (Network::Online, Phase::Live { .. }) => self.doubt(now),
            // What lives or is being made may yet succeed, and notices by itself if not.
            _ => {}
        }
    }

    fn await_network(&mut self) {
        if matches!(self.phase, Phase::Offline) {
            return;
        }
        self.phase = Phase::Offline;
        let cause = self.last_error.clone();
        self.outputs
            .push_back(Output::State(ConnectionState::Offline { cause }));
    }

    fn doubt(&mut self, now: Instant) {
        if let Phase::Live {
            heartbeat,
            connection_id,
            ..
        } = &mut self.phase
            && heartbeat.doubt(now)
        {
            let connection_id = connection_id.clone();
            self.outputs.push_back(Output::Ping(connection_id));
        }
    }

    // ----- time -----

    fn tick(&mut self, now: Instant, jitter: f64) {
        if self.patience.is_some_and(|patience| now >= patience) {
            self.lose_patience();
        }
        if self.phase.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &mut self.phase {
            Phase::Idle | Phase::Paused | Phase::Offline => {}
            Phase::Waiting { .. } => self.start_attempt(now),
            Phase::Closing { .. } => {
                self.outputs.push_back(Output::Discard);
                self.closed(now);
            }
            Phase::Opening {
                progress: Progress::Open { .. },
                ..
            } => {
                self.outputs.push_back(Output::Discard);
                self.phase = Phase::Opening {
                    progress: Progress::TokenLate,
                    token: None,
                };
            }
            Phase::Opening { .. } => self.failed(now, jitter, late(Late::Open)),
            Phase::Greeting { .. } => self.failed(now, jitter, late(Late::Greeting)),
            Phase::Live {
                heartbeat,
                connection_id,
                ..
            } => match heartbeat.check(now) {
                Pulse::Steady => {}
                Pulse::Ask => {
                    let connection_id = connection_id.clone();
                    self.outputs.push_back(Output::Ping(connection_id));
                }
                Pulse::Dead => {
                    let error = ConnectError::new(ConnectErrorKind::Silent);
                    self.back_off(now, jitter, error, Pace::Normal);
                }
            },
        }
    }

    fn lose_patience(&mut self) {
        self.patience = None;
        let waiting_for_token = matches!(
            self.phase,
            Phase::Opening {
                progress: Progress::TokenLate | Progress::Open { .. },
                ..
            }
        );
        let mut error = late(Late::Connect);
        if let Some(cause) = self.last_error.clone() {
            error = match cause.api().cloned() {
                Some(api) => error.refused_with(api).caused_by(cause),
                None => error.caused_by(cause),
            };
        } else if matches!(self.phase, Phase::Offline) {
            error = error.caused_by(ConnectError::new(ConnectErrorKind::Offline));
        } else if waiting_for_token {
            error = error.caused_by(late(Late::Token));
        }
        if self.persistent {
            self.outputs.push_back(Output::Resolve(Err(error)));
        } else {
            self.end(error);
        }
    }
}

fn late(phase: Late) -> ConnectError {
    ConnectError::new(ConnectErrorKind::Timeout(phase))
}

/// The error of a token that the service refused.
fn rejected(
    token: &UserToken,
    api: ApiError,
    refresh: Option<video_core::TokenErrorKind>,
) -> ConnectError {
    ConnectError::new(ConnectErrorKind::TokenRejected {
        user_id: token.user_id().clone(),
        expires_at: token.expires_at(),
        refresh,
    })
    .refused_with(api)
}

#[cfg(test)]
mod tests;
