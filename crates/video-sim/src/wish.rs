//! What a client is wished to be, by all that it was told, and whether its state agrees.

use std::time::Duration;

use video_client::{ConnectError, ConnectionState, DisconnectReason, Lifecycle};

use crate::excuse::GivenUp;
use crate::plan::Kind;
use crate::witness::Troubles;

/// What was last wished of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Nothing yet.
    Nothing,
    Off,
    On,
    Paused,
}

/// The wishes of one client.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(crate) struct Wish {
    want: Want,
    /// Whether the order of the last wishes is known: what the lifecycle asks for is done by a task.
    certain: bool,
    keep_alive: bool,
    in_background: bool,
    /// Whether the application wants a pause, whatever the lifecycle.
    paused: bool,
    /// Whether the task has paused the connection, and resumes it when the reasons are gone.
    held: bool,
    /// Until when that task may be at work.
    busy_until: Duration,
    /// Until when a socket may wait for the answer to its close, which a new wish waits for.
    closing_until: Duration,
    /// Since when a connection is wished, or earlier.
    since: Duration,
    /// Whether the wish is known to outlive the patience of whoever waits.
    persistent: bool,
    /// When somebody last began to wait for a connection.
    asked: Option<Duration>,
    /// What excuses the client for having given up the last wish.
    excuse: Option<&'static str>,
}

/// How long that takes at most.
const CLOSE_TIME: Duration = Duration::from_millis(1_005);

/// How long the task behind the lifecycle may be at work on one change.
const LIFECYCLE_TIME: Duration = Duration::from_secs(3);

impl Wish {
    pub(crate) fn new(now: Duration, auto_connect: bool, keep_alive: bool) -> Self {
        Self {
            want: if auto_connect {
                Want::On
            } else {
                Want::Nothing
            },
            certain: true,
            keep_alive,
            in_background: false,
            paused: false,
            held: false,
            busy_until: Duration::ZERO,
            closing_until: Duration::ZERO,
            since: now,
            persistent: auto_connect,
            asked: None,
            excuse: None,
        }
    }

    /// What is wished, if that is known.
    pub(crate) fn known(&self) -> Option<Want> {
        self.certain.then_some(self.want)
    }

    pub(crate) fn connect(&mut self, now: Duration) {
        match self.want {
            // Nothing leads out of these but this.
            Want::Nothing | Want::Off => (self.since, self.persistent) = (now, false),
            Want::Paused if self.certain && self.busy_until <= now => self.since = now,
            Want::Paused | Want::On => {}
        }
        self.asked = Some(now);
        self.excuse = None;
        self.want = Want::On;
        self.certain = self.busy_until <= now;
        if std::mem::take(&mut self.paused) {
            self.held = self.is_to_be_paused();
            self.busy_until = now + LIFECYCLE_TIME;
        }
    }

    pub(crate) fn disconnect(&mut self, now: Duration) {
        self.closing_until = now + CLOSE_TIME;
        // Whatever else is under way, nothing but a new wish leads out of this.
        if self.want != Want::Nothing || !self.certain {
            self.want = Want::Off;
        }
        self.certain = true;
    }

    pub(crate) fn pause(&mut self, now: Duration) {
        self.paused = true;
        self.told(now);
    }

    pub(crate) fn resume(&mut self, now: Duration) {
        self.paused = false;
        self.told(now);
    }

    pub(crate) fn lifecycle(&mut self, now: Duration, lifecycle: Lifecycle) {
        self.in_background = lifecycle == Lifecycle::Background;
        self.told(now);
    }

    fn is_to_be_paused(&self) -> bool {
        self.paused || (self.in_background && !self.keep_alive)
    }

    /// What a task makes true: a pause each time it is told, and the end of one that it made.
    fn told(&mut self, now: Duration) {
        self.certain &= self.busy_until <= now;
        let pause = self.is_to_be_paused();
        match self.want {
            Want::On if pause => {
                self.want = Want::Paused;
                self.closing_until = now + CLOSE_TIME;
            }
            Want::Paused if !pause && self.held => {
                self.want = Want::On;
                if self.certain {
                    (self.since, self.persistent) = (now, true);
                }
            }
            _ => {}
        }
        self.held = pause;
        self.busy_until = now + LIFECYCLE_TIME;
    }

    /// Whether a socket may wait for the answer to its close.
    pub(crate) fn may_be_closing(&self, now: Duration) -> bool {
        now <= self.closing_until.max(self.busy_until)
    }

    /// Whether the state is one that can follow from the wish, without any delay but that of a
    /// close.
    pub(crate) fn allows(
        &mut self,
        now: Duration,
        state: &ConnectionState,
        kind: Kind,
        met: &Troubles,
    ) -> Result<(), String> {
        if let ConnectionState::Disconnected {
            reason: DisconnectReason::Failed(error),
        } = state
        {
            return self.gave_up(now, error, kind, met);
        }
        self.excuse = None;
        if kind == Kind::Anonymous {
            return Ok(());
        }
        let tries = matches!(
            state,
            ConnectionState::Connecting { .. }
                | ConnectionState::Connected { .. }
                | ConnectionState::Reconnecting { .. }
                | ConnectionState::Offline { .. }
        );
        let agrees = match self.known() {
            None => true,
            Some(Want::On) => tries || (now <= self.closing_until && is_over(state)),
            Some(Want::Paused) => matches!(state, ConnectionState::Paused),
            Some(Want::Off) if matches!(state, ConnectionState::Paused) => false,
            Some(Want::Off) => matches!(state, ConnectionState::Idle) || is_over(state),
            Some(Want::Nothing) => matches!(state, ConnectionState::Idle),
        };
        match agrees {
            true => Ok(()),
            false => Err(format!("is not what is wished: {:?}", self.want)),
        }
    }
}

impl Wish {
    fn gave_up(
        &mut self,
        now: Duration,
        error: &ConnectError,
        kind: Kind,
        met: &Troubles,
    ) -> Result<(), String> {
        let wish = GivenUp {
            kind,
            since: self.since,
            is_persistent: self.persistent,
            asked: self.asked,
        };
        self.excuse = wish.excuse(now, error, met);
        if self.excuse.is_none() {
            return Err(format!("gave up for what time heals: {error:?}"));
        }
        // Whoever wished heard that it failed, and may wish again.
        self.want = Want::Off;
        self.certain = true;
        Ok(())
    }

    /// What excuses the client for having given up the last wish, if it did.
    pub(crate) fn excuse(&self) -> Option<&'static str> {
        self.excuse
    }
}

fn is_over(state: &ConnectionState) -> bool {
    matches!(
        state,
        ConnectionState::Disconnected { .. } | ConnectionState::Paused
    )
}

#[cfg(test)]
mod tests {
    use video_client::{ConnectErrorKind, Phase};

    use super::*;

    const ZERO: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(100);

    fn wish() -> Wish {
        Wish::new(ZERO, false, false)
    }

    fn allows(wish: &mut Wish, state: &ConnectionState) -> bool {
        let met = Troubles::default();
        wish.allows(ZERO, state, Kind::Static, &met).is_ok()
    }

    /// Whether the wish may end because nobody has patience any more.
    fn ends_with_patience(wish: &mut Wish) -> bool {
        let error = ConnectError::new(ConnectErrorKind::Timeout(Phase::Connect));
        let reason = DisconnectReason::Failed(error);
        let (state, met) = (
            ConnectionState::Disconnected { reason },
            Troubles::default(),
        );
        wish.allows(LONG, &state, Kind::Static, &met).is_ok()
    }

    #[test]
    fn a_state_that_is_not_wished_for_is_noticed() {
        let connecting = ConnectionState::Connecting { attempt: 0 };
        let mut wish = wish();
        assert!(!allows(&mut wish, &connecting));
        wish.connect(ZERO);
        assert!(allows(&mut wish, &connecting));
        assert!(!allows(&mut wish, &ConnectionState::Idle));
        wish.pause(ZERO);
        assert!(!allows(&mut wish, &connecting));
        assert!(allows(&mut wish, &ConnectionState::Paused));
        wish.disconnect(ZERO);
        assert!(!allows(&mut wish, &ConnectionState::Paused));
    }

    #[test]
    fn only_what_time_does_not_heal_ends_a_connection() {
        let mut wish = wish();
        wish.connect(ZERO);
        let error = ConnectError::new(ConnectErrorKind::Broken);
        let reason = DisconnectReason::Failed(error);
        assert!(!allows(
            &mut wish,
            &ConnectionState::Disconnected { reason }
        ));
        assert!(ends_with_patience(&mut wish));
        assert_eq!(wish.known(), Some(Want::Off));
        assert!(wish.excuse().is_some());
        wish.connect(LONG);
        assert_eq!(wish.excuse(), None);
        assert!(!ends_with_patience(&mut wish), "that was the wish before");
    }

    #[test]
    fn a_wish_that_was_resumed_or_made_without_waiting_does_not_end_with_patience() {
        let mut resumed = wish();
        resumed.connect(ZERO);
        resumed.pause(ZERO);
        resumed.resume(LIFECYCLE_TIME);
        assert!(!ends_with_patience(&mut resumed));
        let mut automatic = Wish::new(ZERO, true, false);
        automatic.connect(ZERO);
        assert!(!ends_with_patience(&mut automatic));
        automatic.disconnect(ZERO);
        automatic.connect(ZERO);
        assert!(ends_with_patience(&mut automatic));
    }

    #[test]
    fn a_wish_beside_a_change_of_the_lifecycle_is_not_certain_until_the_next() {
        let mut wish = wish();
        wish.connect(ZERO);
        wish.lifecycle(ZERO, Lifecycle::Background);
        assert_eq!(wish.known(), Some(Want::Paused));
        wish.connect(Duration::from_secs(1));
        assert_eq!(wish.known(), None);
        wish.connect(Duration::from_secs(9));
        assert_eq!(wish.known(), Some(Want::On));
        wish.lifecycle(Duration::from_secs(9), Lifecycle::Foreground);
        wish.disconnect(ZERO);
        assert_eq!(wish.known(), Some(Want::Off));
    }
}
