//! What excuses a session that gave up: nothing that time heals.

use std::time::Duration;

use video_client::{ApiError, ConnectError, ConnectErrorKind, Phase, TokenErrorKind};

use crate::plan::Kind;
use crate::witness::{LoadTrouble, Troubles};

/// The wish that a session gave up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GivenUp {
    pub(crate) kind: Kind,
    /// Since when it was wished, or earlier.
    pub(crate) since: Duration,
    /// Whether it is known to outlive the patience of whoever waits.
    pub(crate) is_persistent: bool,
    /// When somebody last began to wait for it.
    pub(crate) asked: Option<Duration>,
}

/// How long whoever waits for a connection has patience.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whether a code says that neither time nor another token heals it.
pub(crate) fn is_final(code: Option<i64>) -> bool {
    matches!(code, Some(2 | 3 | 69 | 99))
}

/// Whether another token may heal an error with this code.
pub(crate) fn is_of_the_token(code: Option<i64>) -> bool {
    matches!(code, Some(5 | 40..=43))
}

fn code(error: &ConnectError) -> Option<i64> {
    error.api().and_then(code_of)
}

fn code_of(api: &ApiError) -> Option<i64> {
    api.code.map(|code| i64::from(code.get()))
}

impl GivenUp {
    /// Gives the excuse for having given up at `now` or before, if there is one in what the client
    /// met since the wish.
    pub(crate) fn excuse(
        &self,
        now: Duration,
        error: &ConnectError,
        met: &Troubles,
    ) -> Option<&'static str> {
        match error.kind() {
            ConnectErrorKind::Rejected if is_final(code(error)) => met
                .was_refused_for_good(self.since)
                .then_some("refused by the service for good"),
            ConnectErrorKind::Handshake { status: Some(_) } if is_final(code(error)) => met
                .was_refused_for_good(self.since)
                .then_some("refused for good at the handshake"),
            ConnectErrorKind::TokenRejected { refresh, .. } if is_of_the_token(code(error)) => {
                self.of_refused_token(refresh.as_ref(), met)
            }
            ConnectErrorKind::Token(kind) => self.of_load(kind, met),
            ConnectErrorKind::Timeout(Phase::Connect) => {
                let waited = self.asked.is_some_and(|asked| now >= asked + PATIENCE);
                let is_first = !self.is_persistent && !met.was_accepted(self.since);
                (waited && is_first).then_some("never connected while somebody had patience")
            }
            _ => None,
        }
    }

    /// The service has refused a token, and there is no other, or it is no better.
    fn of_refused_token(
        &self,
        refresh: Option<&TokenErrorKind>,
        met: &Troubles,
    ) -> Option<&'static str> {
        let refused = met.refusals_in_a_row(self.since);
        match (refresh, self.kind) {
            (None, Kind::Loader) => (refused > 1).then_some("two tokens in a row refused"),
            _ if refused == 0 => None,
            (Some(TokenErrorKind::NoLoader), Kind::Static) => Some("the only token refused"),
            (Some(TokenErrorKind::GuestExpired), Kind::Guest) => {
                Some("the token of the guest refused")
            }
            (Some(kind), _) => self.of_load(kind, met),
            (None, _) => None,
        }
    }

    /// There is no token, because the last load gave none that can be used.
    fn of_load(&self, kind: &TokenErrorKind, met: &Troubles) -> Option<&'static str> {
        let (trouble, words) = match (kind, self.kind) {
            (TokenErrorKind::Malformed, Kind::Loader) => {
                (LoadTrouble::Malformed, "no token loaded but another text")
            }
            (TokenErrorKind::WrongUser { .. }, Kind::Loader) => (
                LoadTrouble::SomebodyElse,
                "the token of somebody else loaded",
            ),
            (TokenErrorKind::Unchanged, Kind::Loader) => {
                (LoadTrouble::Unchanged, "the refused token loaded again")
            }
            (TokenErrorKind::GuestRefused, Kind::Guest) => {
                (LoadTrouble::GuestRefused, "no guest created")
            }
            _ => return None,
        };
        met.had(trouble, self.since).then_some(words)
    }
}

#[cfg(test)]
mod tests {
    use video_client::{DialErrorKind, UserId};

    use super::*;

    const NOW: Duration = Duration::from_secs(100);
    const SINCE: Duration = Duration::from_secs(50);
    const BEFORE: Duration = Duration::from_secs(49);

    fn wish(kind: Kind) -> GivenUp {
        GivenUp {
            kind,
            since: SINCE,
            is_persistent: false,
            asked: Some(SINCE),
        }
    }

    fn error(kind: ConnectErrorKind) -> ConnectError {
        ConnectError::new(kind)
    }

    fn coded(kind: ConnectErrorKind, code: i32) -> ConnectError {
        let body = format!(r#"{{"code":{code},"StatusCode":400}}"#);
        error(kind).refused_with(ApiError::from_response(400, body.as_bytes()))
    }

    fn rejected(refresh: Option<TokenErrorKind>) -> ConnectError {
        let kind = ConnectErrorKind::TokenRejected {
            user_id: UserId::new("user-0").unwrap(),
            expires_at: None,
            refresh,
        };
        coded(kind, 40)
    }

    /// Everything that can be met, at one time.
    fn everything(at: Duration) -> Troubles {
        let mut met = Troubles::default();
        met.refused_for_good(at);
        met.token_refused(1, at);
        met.token_refused(2, at);
        for trouble in [
            LoadTrouble::Malformed,
            LoadTrouble::SomebodyElse,
            LoadTrouble::Unchanged,
            LoadTrouble::GuestRefused,
        ] {
            met.load_failed(trouble, at);
        }
        met
    }

    fn is_excused(kind: Kind, error: &ConnectError) -> bool {
        let excuse = |met: &Troubles| wish(kind).excuse(NOW, error, met).is_some();
        let before = everything(BEFORE);
        assert!(!excuse(&before), "{error:?}: that was before the wish");
        assert!(!excuse(&Troubles::default()), "{error:?}: that never was");
        excuse(&everything(SINCE))
    }

    #[test]
    fn of_what_the_service_says_only_four_codes_excuse() {
        for kind in [
            ConnectErrorKind::Rejected,
            ConnectErrorKind::Handshake { status: Some(401) },
        ] {
            for code in [2, 3, 69, 99] {
                assert!(is_excused(Kind::Loader, &coded(kind.clone(), code)));
            }
            for code in [-1, 4, 5, 9, 16, 17, 23, 40, 43, 71] {
                assert!(!is_excused(Kind::Loader, &coded(kind.clone(), code)));
            }
            assert!(!is_excused(Kind::Loader, &error(kind)), "without a word");
        }
        let busy = error(ConnectErrorKind::Handshake { status: Some(503) });
        assert!(!is_excused(Kind::Static, &busy));
    }

    #[test]
    fn what_time_heals_is_no_excuse() {
        for kind in [
            ConnectErrorKind::Dial(DialErrorKind::Refused),
            ConnectErrorKind::Timeout(Phase::Open),
            ConnectErrorKind::Timeout(Phase::Token),
            ConnectErrorKind::Timeout(Phase::Greeting),
            ConnectErrorKind::Closed { code: Some(1011) },
            ConnectErrorKind::Broken,
            ConnectErrorKind::Protocol,
            ConnectErrorKind::Silent,
            ConnectErrorKind::Offline,
            ConnectErrorKind::Anonymous,
            ConnectErrorKind::Aborted,
            ConnectErrorKind::Shutdown,
        ] {
            assert!(!is_excused(Kind::Loader, &error(kind)));
        }
    }

    #[test]
    fn a_token_that_can_not_be_had_excuses_only_if_asking_again_does_not_help() {
        let (expected, actual) = (UserId::new("a").unwrap(), UserId::new("b").unwrap());
        let somebody_else = TokenErrorKind::WrongUser { expected, actual };
        let of = |kind, token: &TokenErrorKind| {
            let bare = is_excused(kind, &error(ConnectErrorKind::Token(token.clone())));
            (bare, is_excused(kind, &rejected(Some(token.clone()))))
        };
        for token in [
            TokenErrorKind::Malformed,
            somebody_else,
            TokenErrorKind::Unchanged,
        ] {
            assert_eq!(of(Kind::Loader, &token), (true, true), "{token}");
            assert_eq!(of(Kind::Static, &token), (false, false), "{token}");
        }
        for token in [
            TokenErrorKind::Loader,
            TokenErrorKind::LoaderPanicked,
            TokenErrorKind::LoaderTimeout,
            TokenErrorKind::GuestFailed,
            TokenErrorKind::NoLoader,
            TokenErrorKind::GuestExpired,
            TokenErrorKind::Stopped,
        ] {
            assert_eq!(of(Kind::Loader, &token), (false, false), "{token}");
        }
        assert_eq!(of(Kind::Static, &TokenErrorKind::NoLoader), (false, true));
        let expired = TokenErrorKind::GuestExpired;
        assert_eq!(of(Kind::Guest, &expired), (false, true));
        assert!(of(Kind::Guest, &TokenErrorKind::GuestRefused).0);
        assert!(!of(Kind::Guest, &TokenErrorKind::GuestFailed).0);
    }

    #[test]
    fn who_has_a_loader_needs_two_refusals_in_a_row() {
        let error = rejected(None);
        assert!(is_excused(Kind::Loader, &error));
        assert!(!is_excused(Kind::Static, &error) && !is_excused(Kind::Guest, &error));
        let mut met = Troubles::default();
        met.token_refused(1, NOW);
        met.token_refused(1, NOW);
        let excuse = |met: &Troubles| wish(Kind::Loader).excuse(NOW, &error, met);
        assert_eq!(excuse(&met), None, "one socket, one refusal");
        met.accepted(2, NOW);
        met.token_refused(2, NOW);
        assert_eq!(excuse(&met), None, "one was accepted in between");
        met.accepted(2, NOW);
        met.token_refused(3, NOW);
        assert!(
            excuse(&met).is_some(),
            "a second word on a socket is no news"
        );
    }

    #[test]
    fn patience_ends_only_what_was_never_connected_and_nobody_wished_in_another_way() {
        let error = error(ConnectErrorKind::Timeout(Phase::Connect));
        let nothing = Troubles::default();
        let wish = wish(Kind::Static);
        let excuse = |wish: GivenUp, met: &Troubles| wish.excuse(NOW, &error, met).is_some();
        assert!(excuse(wish, &nothing));
        let asked = |at| GivenUp { asked: at, ..wish };
        let late = Some(SINCE + Duration::from_secs(36));
        assert!(!excuse(asked(late), &nothing), "there is patience left");
        assert!(!excuse(asked(None), &nothing), "nobody waited");
        let persistent = GivenUp {
            is_persistent: true,
            ..wish
        };
        assert!(!excuse(persistent, &nothing));
        let mut met = Troubles::default();
        met.accepted(1, BEFORE);
        assert!(excuse(wish, &met), "that was another wish");
        met.accepted(2, SINCE);
        assert!(!excuse(wish, &met));
    }
}
