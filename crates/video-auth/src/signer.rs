//! Signs tokens, for tests and development.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use video_core::{CallCid, Timestamp, UserId};

/// Signs tokens with the secret of an application.
///
/// Whoever holds the secret can be anyone. It belongs on a backend: a program that users run loads
/// its tokens from there. This is for tests, and for trying things out on your own machine.
///
/// # Examples
///
/// ```
/// use video_auth::{TokenClaims, TokenGrant, TokenSigner};
/// use video_core::UserId;
///
/// let signer = TokenSigner::new("the secret of a test application");
/// let token = signer.sign(&TokenGrant::new(UserId::new("john")?));
/// assert_eq!(TokenClaims::decode(&token)?.user_id, "john");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TokenSigner(hmac::Key);

impl TokenSigner {
    /// A signer with this secret.
    #[must_use]
    pub fn new(secret: impl Into<SecretString>) -> Self {
        let secret = secret.into();
        let bytes = secret.expose_secret().as_bytes();
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// A signed token (HS256).
    #[must_use]
    pub fn sign(&self, grant: &TokenGrant) -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = URL_SAFE_NO_PAD.encode(grant.claims().to_string());
        let signed = format!("{header}.{claims}");
        let signature = hmac::sign(&self.0, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSigner").finish_non_exhaustive()
    }
}

/// What a token is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "grants nothing until signed"]
pub struct TokenGrant {
    user_id: UserId,
    issued_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    role: Option<String>,
    call_cids: Vec<CallCid>,
}

impl TokenGrant {
    /// A token for this user, without an end.
    pub fn new(user_id: UserId) -> Self {
        Self {
            user_id,
            issued_at: None,
            expires_at: None,
            role: None,
            call_cids: Vec::new(),
        }
    }

    /// Sets when it was issued, to the second.
    pub fn issued_at(mut self, moment: Timestamp) -> Self {
        self.issued_at = Some(moment);
        self
    }

    /// Sets when it ends, to the second.
    pub fn expires_at(mut self, moment: Timestamp) -> Self {
        self.expires_at = Some(moment);
        self
    }

    /// Sets the role that it gives.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Sets the calls that it is for.
    pub fn call_cids(mut self, cids: impl IntoIterator<Item = CallCid>) -> Self {
        self.call_cids = cids.into_iter().collect();
        self
    }

    fn claims(&self) -> Value {
        let mut claims = Map::new();
        claims.insert("user_id".to_owned(), json!(self.user_id.as_str()));
        for (name, moment) in [("iat", self.issued_at), ("exp", self.expires_at)] {
            if let Some(moment) = moment {
                let seconds = moment.unix_nanos().div_euclid(1_000_000_000);
                claims.insert(name.to_owned(), json!(i64::try_from(seconds).ok()));
            }
        }
        if let Some(role) = &self.role {
            claims.insert("role".to_owned(), json!(role));
        }
        if !self.call_cids.is_empty() {
            claims.insert("call_cids".to_owned(), json!(self.call_cids));
        }
        claims.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::TokenClaims;

    fn moment(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    #[test]
    fn what_is_granted_is_read_back() {
        let grant = TokenGrant::new(UserId::new("!anon").unwrap())
            .issued_at(moment(1_726_406_693))
            .expires_at(moment(1_726_493_093))
            .role("viewer")
            .call_cids([CallCid::new("livestream:123")]);
        let claims = TokenClaims::decode(&TokenSigner::new("secret").sign(&grant)).unwrap();
        assert_eq!(claims.user_id, "!anon");
        assert_eq!(claims.issued_at, Some(moment(1_726_406_693)));
        assert_eq!(claims.expires_at, Some(moment(1_726_493_093)));
        assert_eq!(claims.role.as_deref(), Some("viewer"));
        assert_eq!(claims.call_cids, [CallCid::new("livestream:123")]);
    }

    #[test]
    fn a_signature_is_the_known_one() {
        // Computed with Python's hmac module.
        let grant = TokenGrant::new(UserId::new("john").unwrap());
        let token = TokenSigner::new("secret").sign(&grant);
        let signature = token.rsplit_once('.').unwrap().1;
        assert_eq!(signature, "yrpLD2gUq_TIyxMKpDBHQO391KGCNrFl-RvMT-p90MU");
    }

    #[test]
    fn a_signer_does_not_show_its_secret() {
        let text = format!("{:?}", TokenSigner::new("hush"));
        assert_eq!(text, "TokenSigner { .. }");
    }
}
