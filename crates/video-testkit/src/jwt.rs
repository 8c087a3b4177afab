//! JSON Web Tokens with HS256, and nothing else: signing and checking.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Map, Value, json};
use video_core::{CallCid, UserId};

/// How far ahead of the coordinator's clock a token may say that it was issued, in seconds.
const ISSUED_AT_LEEWAY: f64 = 5.0;

/// Begins the `jti` of each token that the coordinator issues; a running number follows.
const SERIAL_PREFIX: &str = "testkit-";

/// What a valid token says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Claims {
    pub(crate) user: UserId,
    pub(crate) issued_at: Option<f64>,
    /// The running number, if this coordinator issued the token.
    pub(crate) serial: Option<u64>,
    /// The calls that the token is good for, if it is not good for all.
    pub(crate) call_cids: Vec<CallCid>,
}

/// Why a token does not let its bearer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    Signature,
    Expired,
    NotYetValid,
    IssuedInTheFuture,
    NoUser,
}

impl Refusal {
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Missing | Self::NoUser => 5,
            Self::Expired => 40,
            Self::NotYetValid => 41,
            Self::IssuedInTheFuture => 42,
            Self::Signature => 43,
        }
    }

    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Missing => "the request carries no token",
            Self::Signature => "the token's signature is not valid",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::IssuedInTheFuture => "the token is used before it was issued",
            Self::NoUser => "the token names no user",
        }
    }
}

pub(crate) fn serial(number: u64) -> String {
    format!("{SERIAL_PREFIX}{number}")
}

pub(crate) fn sign(claims: &Map<String, Value>, secret: &[u8]) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT"}).to_string();
    let payload = Value::Object(claims.clone()).to_string();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

pub(crate) fn verify(token: &str, secret: &[u8], now: i64) -> Result<Claims, Refusal> {
    if token.is_empty() {
        return Err(Refusal::Missing);
    }
    let claims = verified(token, secret).ok_or(Refusal::Signature)?;
    #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
    let now = now as f64;
    let seconds = |name: &str| match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or(Refusal::Signature),
    };
    if seconds("exp")?.is_some_and(|at| now >= at) {
        return Err(Refusal::Expired);
    }
    if seconds("nbf")?.is_some_and(|at| at > now) {
        return Err(Refusal::NotYetValid);
    }
    let issued_at = seconds("iat")?;
    if issued_at.is_some_and(|at| at > now + ISSUED_AT_LEEWAY) {
        return Err(Refusal::IssuedInTheFuture);
    }
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let cids = claims.get("call_cids").and_then(Value::as_array);
    let cids = cids.into_iter().flatten().filter_map(Value::as_str);
    Ok(Claims {
        user: text("user_id")
            .and_then(|id| UserId::new(id).ok())
            .ok_or(Refusal::NoUser)?,
        issued_at,
        serial: text("jti")
            .and_then(|id| id.strip_prefix(SERIAL_PREFIX))
            .and_then(|number| number.parse().ok()),
        call_cids: cids.map(CallCid::new).collect(),
    })
}

/// A short hash that tells tokens apart without giving them away.
pub(crate) fn fingerprint(token: &str) -> String {
    let mut hex = sha1_smol::Sha1::from(token).digest().to_string();
    hex.truncate(8);
    hex
}

/// The claims, if the token has three parts, says HS256 and carries our signature.
fn verified(token: &str, secret: &[u8]) -> Option<Map<String, Value>> {
    let (signed, tag) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header: Value = decode(header)?;
    if header.get("alg")?.as_str()? != "HS256" {
        return None;
    }
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&key, signed.as_bytes(), &tag).ok()?;
    decode(payload)
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: Value) -> String {
        let Value::Object(claims) = claims else {
            panic!("claims are an object")
        };
        sign(&claims, b"secret")
    }

    fn check(claims: Value) -> Result<Claims, Refusal> {
        verify(&token(claims), b"secret", 1000)
    }

    #[test]
    fn a_signed_token_gives_its_claims_back() {
        let claims = check(json!({"user_id": "john", "iat": 990, "jti": serial(7)})).unwrap();
        assert_eq!(claims.user, "john");
        assert_eq!(claims.issued_at, Some(990.0));
        assert_eq!(claims.serial, Some(7));
    }

    #[test]
    fn a_known_token_signed_elsewhere_is_accepted() {
        // Made with Python's hmac, secret `secret`, claims {"user_id":"john"}.
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoiam9obiJ9.\
                     yrpLD2gUq_TIyxMKpDBHQO391KGCNrFl-RvMT-p90MU";
        assert_eq!(verify(token, b"secret", 0).unwrap().user, "john");
    }

    #[test]
    fn expiry_counts_from_its_very_second() {
        assert!(check(json!({"user_id": "john", "exp": 1001})).is_ok());
        let refusal = check(json!({"user_id": "john", "exp": 1000})).unwrap_err();
        assert_eq!(refusal.code(), 40);
    }

    #[test]
    fn a_token_from_the_future_is_refused_beyond_the_leeway() {
        assert!(check(json!({"user_id": "john", "iat": 1005})).is_ok());
        let ahead = check(json!({"user_id": "john", "iat": 1006})).unwrap_err();
        assert_eq!(ahead.code(), 42);
        assert!(check(json!({"user_id": "john", "nbf": 1000})).is_ok());
        let early = check(json!({"user_id": "john", "nbf": 1001})).unwrap_err();
        assert_eq!(early.code(), 41);
    }

    #[test]
    fn only_our_signature_and_only_hs256_count() {
        let good = token(json!({"user_id": "john"}));
        assert_eq!(verify(&good, b"other", 0).unwrap_err().code(), 43);
        assert_eq!(verify("abc", b"secret", 0).unwrap_err().code(), 43);
        let (_, rest) = good.split_once('.').unwrap();
        for alg in ["none", "HS512", "hs256"] {
            let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg}).to_string());
            let forged = format!("{header}.{rest}");
            assert_eq!(verify(&forged, b"secret", 0).unwrap_err().code(), 43);
        }
    }

    #[test]
    fn a_token_without_a_user_is_refused() {
        assert_eq!(verify("", b"secret", 0).unwrap_err(), Refusal::Missing);
        for claims in [json!({}), json!({"user_id": ""}), json!({"user_id": 7})] {
            assert_eq!(check(claims).unwrap_err(), Refusal::NoUser);
        }
    }
}
