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
    /// How often the refusal of the current token was read, and how often a socket was dialled since
    /// the first of them.
    causes: u64,
    /// How often the loader was called for that.
    loads: u64,
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
        self.causes += u64::from(token.is_some() && token == self.current.as_deref());
    }

    /// The client dials a socket.
    pub(super) fn socket_dial_begins(&mut self) {
        self.causes += u64::from(self.is_current_refused());
    }

    fn is_current_refused(&self) -> bool {
        let current = self.current.as_ref();
        current.is_some_and(|current| self.refused.contains(current))
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
    ///
    /// A load for a refused token that gives no other may be followed by one more, once somebody asks
    /// again. Only two things ask: a request that has read a refusal, once for each that it reads, and
    /// an attempt for a socket, once for each that begins after a refusal. So there are at most as many
    /// loads for one refused token as refusals of it that were read and sockets that were dialled since
    /// the first of these. Loads of a token that is to be replaced before its end do not count.
    pub(super) fn load_begins(&mut self, wall: SystemTime) -> Vec<&'static str> {
        let mut wrong = Vec::new();
        if std::mem::replace(&mut self.loading, true) {
            wrong.push("called its loader twice at once");
        }
        let current = self.current.as_ref();
        if current.is_none_or(|current| self.is_due(current, wall)) {
            return wrong;
        }
        if !self.is_current_refused() {
            wrong.push("called its loader although nobody has refused its token");
            return wrong;
        }
        self.loads += 1;
        if self.loads > self.causes {
            wrong
                .push("called its loader more often for a refused token than anybody asked for it");
        }
        wrong
    }

    /// The loader has ended, with a token that is good enough to be used or without.
    pub(super) fn load_ends(&mut self, token: Option<String>, wall: SystemTime) {
        self.loading = false;
        self.loaded = Some(wall);
        if token.is_some() && token != self.current {
            self.current = token;
            (self.causes, self.loads) = (0, 0);
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
    fn each_load_for_a_refused_token_needs_a_refusal_or_a_dial_of_its_own() {
        let mut tokens = Tokens::new(Some("a".to_owned()), None);
        tokens.socket_dial_begins();
        tokens.refused(Some("a"));
        tokens.refused(Some("b"));
        let is_right = |tokens: &mut Tokens, gives: Option<&str>| {
            let wrong = tokens.load_begins(WALL);
            tokens.load_ends(gives.map(str::to_owned), WALL);
            wrong.is_empty()
        };
        assert!(is_right(&mut tokens, None), "the refusal that was read");
        assert!(!is_right(&mut tokens, None), "there was one refusal");
        tokens.refused(Some("a"));
        tokens.socket_dial_begins();
        assert!(
            is_right(&mut tokens, Some("a")),
            "a second refusal and a dial"
        );
        assert!(!is_right(&mut tokens, Some("c")), "two too many before it");
        tokens.refused(Some("c"));
        assert!(is_right(&mut tokens, None), "another token counts anew");
        assert!(!is_right(&mut tokens, None));
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
