//! Which tokens a client has, and which of them it knows to be refused.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The tokens of one client.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    current: Option<String>,
    /// The one that was last shown on a socket.
    shown: Option<String>,
    refused: BTreeSet<String>,
    loading: bool,
    /// How long before its end a token is to be replaced unasked.
    ahead: Option<Duration>,
    /// What the host said was the time when the last load ended.
    loaded: Option<SystemTime>,
}

/// The shortest time between two unasked loads.
const SPACING: Duration = Duration::from_secs(30);

/// How long whoever hears of a token may take, before its load is over for the client.
const ANNOUNCEMENT: Duration = Duration::from_secs(4);

impl Tokens {
    /// Begins with a token, or without, and with what is to be done ahead.
    pub(crate) fn new(current: Option<String>, ahead: Option<Duration>) -> Self {
        Self {
            current,
            ahead,
            ..Self::default()
        }
    }

    /// The client has read that this token is refused.
    pub(crate) fn refused(&mut self, token: Option<&str>) {
        self.refused.extend(token.map(str::to_owned));
    }

    /// The client shows this token on a socket.
    pub(crate) fn shown(&mut self, token: &str) {
        self.shown = Some(token.to_owned());
    }

    /// Whether the client knows that the token is refused that it showed last.
    pub(crate) fn is_refused(&self) -> bool {
        let shown = self.shown.as_ref();
        shown.is_some_and(|shown| self.refused.contains(shown))
    }

    /// Whether the client knows that this token is refused.
    pub(super) fn knows_refused(&self, token: &str) -> bool {
        self.refused.contains(token)
    }

    /// The loader is called while the host says that it is `wall`. Gives what is wrong with that.
    pub(super) fn load_begins(&mut self, wall: SystemTime) -> Vec<&'static str> {
        let mut wrong = Vec::new();
        if std::mem::replace(&mut self.loading, true) {
            wrong.push("called its loader twice at once");
        }
        if let Some(current) = &self.current
            && !self.refused.contains(current)
            && !self.is_due(current, wall)
        {
            wrong.push("called its loader although nobody has refused its token");
        }
        wrong
    }

    /// The loader has ended, with a token that is good enough to be used or without.
    pub(super) fn load_ends(&mut self, token: Option<String>, wall: SystemTime) {
        self.loading = false;
        self.loaded = Some(wall);
        if token.is_some() {
            self.current = token;
        }
    }

    /// The clock of the host is put back by this much, from `wall` on. The client may reckon the end
    /// of a load that has just given a token from after that.
    pub(super) fn set_back(&mut self, by: Duration, wall: SystemTime) {
        if let Some(loaded) = &mut self.loaded
            && wall <= *loaded + ANNOUNCEMENT
        {
            *loaded = loaded.checked_sub(by).unwrap_or(UNIX_EPOCH);
        }
    }

    /// Whether a token ends so soon that it is to be replaced unasked.
    fn is_due(&self, token: &str, wall: SystemTime) -> bool {
        let (Some(ahead), Some(end)) = (self.ahead, end_of(token)) else {
            return false;
        };
        let is_spaced = self.loaded.is_none_or(|loaded| wall >= loaded + SPACING);
        wall + ahead >= end && is_spaced
    }
}

/// When a token ends, if it does.
fn end_of(token: &str) -> Option<SystemTime> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims = serde_json::from_slice::<Value>(&claims).ok()?;
    Some(UNIX_EPOCH + Duration::from_secs(claims["exp"].as_u64()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: SystemTime = UNIX_EPOCH;
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_load_needs_a_refusal_and_no_other_load() {
        let mut tokens = Tokens::default();
        assert_eq!(tokens.load_begins(WALL), [""; 0]);
        assert_eq!(tokens.load_begins(WALL).len(), 1, "twice at once");
        tokens.load_ends(Some("a".to_owned()), WALL);
        assert_eq!(tokens.load_begins(WALL).len(), 1, "nobody refused it");
        tokens.load_ends(None, WALL);
        tokens.refused(Some("a"));
        assert_eq!(tokens.load_begins(WALL), [""; 0]);
    }

    #[test]
    fn a_token_may_be_replaced_before_its_end_if_that_is_wished_and_not_at_once_again() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"exp":100}"#);
        let token = format!("e30.{claims}.sig");
        let begins = |ahead, at| {
            let mut tokens = Tokens::new(Some(token.clone()), ahead);
            tokens.load_begins(WALL + at * SECOND).is_empty()
        };
        assert!(!begins(None, 99));
        assert!(!begins(Some(10 * SECOND), 89));
        assert!(begins(Some(10 * SECOND), 90));
        let mut tokens = Tokens::new(Some(token.clone()), Some(10 * SECOND));
        for (at, is_right) in [(95, true), (124, false), (154, true)] {
            let wall = WALL + at * SECOND;
            assert_eq!(tokens.load_begins(wall).is_empty(), is_right, "{at}");
            tokens.load_ends(None, wall);
        }
        let begins_after = |set_back| {
            let mut tokens = Tokens::new(Some(token.clone()), Some(100 * SECOND));
            tokens.load_ends(None, WALL + 50 * SECOND);
            tokens.set_back(20 * SECOND, WALL + set_back * SECOND);
            tokens.load_begins(WALL + 60 * SECOND).is_empty()
        };
        assert!(
            begins_after(53) && !begins_after(56),
            "while it is announced"
        );
    }
}
