//! Reads what a token says of itself, without verifying it.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use video_core::{CallCid, InvalidId, Timestamp, UserId, UserToken};

/// Why a text is not a token of the service. Never holds the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidToken {
    /// The text is empty.
    #[error("the token is empty")]
    Empty,
    /// A token is three parts joined by dots.
    #[error("the token does not have three parts")]
    NotThreeParts,
    /// The parts are not JSON in the URL-safe base64 alphabet, or there is white space around them.
    #[error("the token can not be decoded")]
    Undecodable,
    /// The token names no user.
    #[error("the token has no `user_id`")]
    NoUserId,
    /// The token names a user that can not be one.
    #[error("the `user_id` of the token is not valid")]
    InvalidUserId(#[source] InvalidId),
    /// A claim has a form that it can not have.
    #[error("the claim `{claim}` of the token is not a point in time")]
    NotATime {
        /// The name of the claim.
        claim: &'static str,
    },
}

/// What a token says of itself.
///
/// # Examples
///
/// ```
/// use video_auth::TokenClaims;
///
/// // {"user_id":"john","exp":1735663015}
/// let token = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiam9obiIsImV4cCI6MTczNTY2MzAxNX0.c2ln";
/// let claims = TokenClaims::decode(token)?;
/// assert_eq!(claims.user_id, "john");
/// assert_eq!(claims.expires_at.unwrap().to_string(), "2024-12-31T16:36:55Z");
/// # Ok::<(), video_auth::InvalidToken>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenClaims {
    /// The user that the token is for.
    pub user_id: UserId,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// The role that it gives, which decides permissions.
    pub role: Option<String>,
    /// The calls that it is for. Empty if it is for any.
    pub call_cids: Vec<CallCid>,
}

impl TokenClaims {
    /// Reads the claims. The signature is not looked at: verifying is the service's part.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`] if the text is not a JSON Web Token that names a user.
    pub fn decode(token: &str) -> Result<Self, InvalidToken> {
        if token.is_empty() {
            return Err(InvalidToken::Empty);
        }
        if token.split('.').count() != 3 {
            return Err(InvalidToken::NotThreeParts);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken::Undecodable);
        }
        let mut claims: Map<String, Value> = jsonwebtoken::dangerous::insecure_decode_claims(token)
            .map_err(|_| InvalidToken::Undecodable)?;
        let user_id = match claims.remove("user_id") {
            Some(Value::String(id)) if !id.is_empty() => {
                UserId::new(id).map_err(InvalidToken::InvalidUserId)?
            }
            _ => return Err(InvalidToken::NoUserId),
        };
        Ok(Self {
            user_id,
            issued_at: time("iat", claims.remove("iat"))?,
            expires_at: time("exp", claims.remove("exp"))?,
            role: claims.remove("role").and_then(text),
            call_cids: texts(claims.remove("call_cids"))
                .map(CallCid::new)
                .collect(),
        })
    }
}

/// Seconds since the Unix epoch, with or without a fraction.
///
/// A moment beyond the calendar is none to plan by. Whether it is valid the service decides.
fn time(claim: &'static str, value: Option<Value>) -> Result<Option<Timestamp>, InvalidToken> {
    let number = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number,
        Some(_) => return Err(InvalidToken::NotATime { claim }),
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a fraction of a second is cut off"
    )]
    let seconds = number
        .as_i64()
        .or_else(|| number.as_f64().map(|seconds| seconds as i64));
    Ok(seconds.and_then(Timestamp::from_unix_seconds))
}

/// The texts of a list. What else is in it, the service may understand.
fn texts(value: Option<Value>) -> impl Iterator<Item = String> {
    let list = match value {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    list.into_iter().filter_map(text)
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Reads a token together with its claims.
///
/// # Errors
///
/// [`InvalidToken`] if the text is not a JSON Web Token that names a user.
pub fn parse_token(raw: SecretString) -> Result<UserToken, InvalidToken> {
    let claims = TokenClaims::decode(raw.expose_secret())?;
    Ok(UserToken::new(
        raw,
        claims.user_id,
        claims.issued_at,
        claims.expires_at,
    ))
}

/// Shapes claims like a token, with a signature that no service accepts.
#[cfg(any(test, feature = "test-util"))]
pub(crate) fn unsigned(claims: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    format!("{header}.{}.bm9uZQ", URL_SAFE_NO_PAD.encode(claims))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The token that the service's own documentation publishes for trying things out.
    const SAMPLE: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL3Byb250by5nZXRzdHJlYW0uaW8iLCJzdWIiOiJ1c2VyL0FzYWpqX1ZlbnRyZXNzIiwidXNlcl9pZCI6IkFzYWpqX1ZlbnRyZXNzIiwidmFsaWRpdHlfaW5fc2Vjb25kcyI6NjA0ODAwLCJpYXQiOjE3MzUwNTgyMTUsImV4cCI6MTczNTY2MzAxNX0.PYRk8kBIpw3jki6PBZ45K0OHLzdFGWaA8rJvx1hmkac";

    #[test]
    fn the_published_sample_token_tells_its_user_and_its_times() {
        let claims = TokenClaims::decode(SAMPLE).unwrap();
        assert_eq!(claims.user_id, "Asajj_Ventress");
        assert_eq!(
            claims.issued_at,
            Timestamp::from_unix_seconds(1_735_058_215)
        );
        assert_eq!(
            claims.expires_at,
            Timestamp::from_unix_seconds(1_735_663_015)
        );
    }

    #[test]
    fn the_payload_of_an_anonymous_viewer_is_read() {
        let payload = r#"{"iss":"@stream-io/dashboard","iat":1726406693,"exp":1726493093,
            "user_id":"!anon","role":"viewer","call_cids":["livestream:123"]}"#;
        let claims = TokenClaims::decode(&unsigned(payload)).unwrap();
        assert_eq!(claims.user_id, video_core::ANONYMOUS_ID);
        assert_eq!(claims.role.as_deref(), Some("viewer"));
        assert_eq!(claims.call_cids, [CallCid::new("livestream:123")]);
        assert_eq!(
            claims.expires_at,
            Timestamp::from_unix_seconds(1_726_493_093)
        );
    }

    #[test]
    fn a_role_and_calls_in_a_form_that_is_none_do_not_spoil_a_token() {
        let claims = |claims: &str| TokenClaims::decode(&unsigned(claims)).unwrap();
        let odd = claims(r#"{"user_id":"a","role":7,"call_cids":{"a":1}}"#);
        assert_eq!((odd.role, odd.call_cids), (None, Vec::new()));
        let mixed = claims(r#"{"user_id":"a","role":null,"call_cids":["a:b",7]}"#);
        assert_eq!(mixed.call_cids, [CallCid::new("a:b")]);
    }

    /// Promise: T06
    #[test]
    fn a_payload_that_needs_the_url_safe_alphabet_is_read() {
        let token = unsigned(r#"{"user_id":"Zoë??>>~~ÿ"}"#);
        assert!(token.contains('-') || token.contains('_'), "{token}");
        assert_eq!(TokenClaims::decode(&token).unwrap().user_id, "Zoë??>>~~ÿ");
    }

    /// Promise: CK004, BD35
    #[test]
    fn a_text_that_is_no_token_is_refused_for_what_it_is() {
        let why = |token: &str| TokenClaims::decode(token).unwrap_err();
        assert_eq!(why(""), InvalidToken::Empty);
        assert_eq!(why("a.b"), InvalidToken::NotThreeParts);
        assert_eq!(why("a.b.c.d"), InvalidToken::NotThreeParts);
        assert_eq!(why("a.%%%.c"), InvalidToken::Undecodable);
        assert_eq!(why("<html>.</html>.x"), InvalidToken::Undecodable);
        let newline = unsigned(r#"{"user_id":"a"}"#) + "\n";
        assert_eq!(why(&newline), InvalidToken::Undecodable);
        let list = unsigned(r#"["a",1,2]"#);
        assert_eq!(why(&list), InvalidToken::Undecodable);
        for no_user in [
            "{}",
            r#"{"user_id":7}"#,
            r#"{"user_id":""}"#,
            r#"{"user_id":null}"#,
        ] {
            assert_eq!(why(&unsigned(no_user)), InvalidToken::NoUserId, "{no_user}");
        }
        let control = unsigned(r#"{"user_id":"a\nb"}"#);
        assert!(matches!(why(&control), InvalidToken::InvalidUserId(_)));
        let late = unsigned(r#"{"user_id":"a","exp":"tomorrow"}"#);
        assert_eq!(why(&late), InvalidToken::NotATime { claim: "exp" });
    }

    #[test]
    fn times_may_have_a_fraction_or_be_missing() {
        let of = |claims: &str| TokenClaims::decode(&unsigned(claims)).unwrap().expires_at;
        assert_eq!(
            of(r#"{"user_id":"a","exp":12.9}"#),
            Timestamp::from_unix_seconds(12)
        );
        assert_eq!(of(r#"{"user_id":"a","exp":null}"#), None);
        assert_eq!(of(r#"{"user_id":"a"}"#), None);
        for beyond in ["1735663015000", "-99999999999999", "1e300"] {
            let claims = format!(r#"{{"user_id":"a","exp":{beyond}}}"#);
            assert_eq!(of(&claims), None, "{beyond}");
        }
    }

    #[test]
    fn a_developer_token_is_a_token() {
        let token = format!(
            "{}.devtoken",
            unsigned(r#"{"user_id":"a"}"#).rsplit_once('.').unwrap().0
        );
        assert_eq!(parse_token(token.clone().into()).unwrap().expose(), token);
    }
}
