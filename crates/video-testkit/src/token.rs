//! What a token shall say, for tests that need other tokens than the usual one.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::jwt;
use crate::world::ANONYMOUS;

/// The lifetime of a token that says nothing else.
const LIFETIME: Duration = Duration::from_hours(1);

/// A description of a token; [`Coordinator::token_with`](crate::Coordinator::token_with) signs it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use video_testkit::TokenSpec;
///
/// let spec = TokenSpec::user("john").expires_in(Duration::from_secs(30));
/// ```
#[derive(Clone)]
#[must_use = "a description alone is not a token"]
pub struct TokenSpec {
    user: Option<String>,
    issued_at_offset: i64,
    expiry: Option<i64>,
    not_before: Option<i64>,
    secret: Option<String>,
    claims: Map<String, Value>,
}

impl TokenSpec {
    /// A token of this user, issued now and valid for an hour.
    pub fn user(id: impl Into<String>) -> Self {
        Self {
            user: Some(id.into()),
            ..Self::nobody()
        }
    }

    /// A token for anonymous requests, issued now and valid for an hour. It opens no call unless
    /// [`call_cids`](Self::call_cids) names some.
    pub fn anonymous() -> Self {
        Self::user(ANONYMOUS)
    }

    /// A token that names no user.
    pub fn nobody() -> Self {
        Self {
            user: None,
            issued_at_offset: 0,
            expiry: Some(seconds(LIFETIME)),
            not_before: None,
            secret: None,
            claims: Map::new(),
        }
    }

    /// Lets the token expire after this time, in whole seconds.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expiry = Some(seconds(lifetime));
        self
    }

    /// Makes a token that expired this long ago.
    pub fn expired_for(mut self, age: Duration) -> Self {
        self.expiry = Some(-seconds(age));
        self
    }

    /// Leaves the expiry out.
    pub fn without_expiry(mut self) -> Self {
        self.expiry = None;
        self
    }

    /// Moves the time of issue by this many seconds, into the future if positive.
    pub fn issued_at_offset(mut self, seconds: i64) -> Self {
        self.issued_at_offset = seconds;
        self
    }

    /// Makes the token valid only after this time.
    pub fn not_before_in(mut self, wait: Duration) -> Self {
        self.not_before = Some(seconds(wait));
        self
    }

    /// Signs with another secret than the coordinator's.
    pub fn signed_with(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Names the role that the bearer has.
    pub fn role(self, role: impl Into<String>) -> Self {
        self.claim("role", role.into())
    }

    /// Names the calls, each as `type:id`, that the token is good for. They open to anonymous
    /// requests; to users every call is open.
    pub fn call_cids<C: Into<String>>(self, cids: impl IntoIterator<Item = C>) -> Self {
        let cids: Vec<String> = cids.into_iter().map(Into::into).collect();
        self.claim("call_cids", cids)
    }

    /// Adds or replaces a claim.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    pub(crate) fn sign(self, secret: &str, now: i64, serial: u64) -> String {
        let mut claims = Map::new();
        if let Some(user) = self.user {
            claims.insert("user_id".to_owned(), user.into());
        }
        claims.insert("iat".to_owned(), (now + self.issued_at_offset).into());
        if let Some(expiry) = self.expiry {
            claims.insert("exp".to_owned(), (now + expiry).into());
        }
        if let Some(wait) = self.not_before {
            claims.insert("nbf".to_owned(), (now + wait).into());
        }
        claims.insert("jti".to_owned(), jwt::serial(serial).into());
        claims.extend(self.claims);
        jwt::sign(&claims, self.secret.as_deref().unwrap_or(secret).as_bytes())
    }
}

impl fmt::Debug for TokenSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSpec")
            .field("user", &self.user)
            .field("issued_at_offset", &self.issued_at_offset)
            .field("expiry", &self.expiry)
            .field("not_before", &self.not_before)
            .field("secret", &self.secret.as_ref().map(|_| "[redacted]"))
            .field("claims", &self.claims)
            .finish()
    }
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tokens_of_one_second_differ() {
        let spec = TokenSpec::user("john");
        assert_ne!(spec.clone().sign("s", 0, 1), spec.sign("s", 0, 2));
    }

    #[test]
    fn debug_shows_the_user_and_hides_the_secret() {
        let text = format!("{:?}", TokenSpec::user("john").signed_with("hush-hush"));
        assert!(text.contains("john") && text.contains("[redacted]"));
        assert!(!text.contains("hush-hush"));
    }
}
