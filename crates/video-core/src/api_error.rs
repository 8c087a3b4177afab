//! The error that the service itself reports.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::failure::{Classify, FailureClass};
use crate::lenient;
use crate::redact::redact_tokens;

/// The numeric code of an error of the service. Unknown codes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiCode(i32);

impl ApiCode {
    /// Internal error of the service.
    pub const INTERNAL: Self = Self(-1);
    /// The API key is unknown.
    pub const ACCESS_KEY: Self = Self(2);
    /// Authentication failed for a reason that no token heals.
    pub const AUTHENTICATION_FAILED: Self = Self(3);
    /// The input is not valid.
    pub const INPUT: Self = Self(4);
    /// The token is missing, or names another user.
    pub const AUTHENTICATION: Self = Self(5);
    /// Too many requests.
    pub const RATE_LIMIT: Self = Self(9);
    /// The thing does not exist.
    pub const DOES_NOT_EXIST: Self = Self(16);
    /// The user may not do that.
    pub const NOT_ALLOWED: Self = Self(17);
    /// The service gave up waiting.
    pub const REQUEST_TIMEOUT: Self = Self(23);
    /// The token has expired.
    pub const TOKEN_EXPIRED: Self = Self(40);
    /// The token is not valid yet.
    pub const TOKEN_NOT_YET_VALID: Self = Self(41);
    /// The token was used before it was issued.
    pub const TOKEN_BEFORE_ISSUED: Self = Self(42);
    /// The signature of the token is wrong.
    pub const TOKEN_SIGNATURE: Self = Self(43);
    /// The connection id is not that of a live socket.
    pub const CONNECTION_ID_NOT_FOUND: Self = Self(46);
    /// The application lives in another region.
    pub const WRONG_REGION: Self = Self(69);
    /// The user has too many connections.
    pub const TOO_MANY_CONNECTIONS: Self = Self(71);
    /// The application is suspended.
    pub const APP_SUSPENDED: Self = Self(99);

    /// Wraps a code as it came.
    #[must_use]
    pub const fn new(code: i32) -> Self {
        Self(code)
    }

    /// The number on the wire.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }

    /// The class that the code alone decides, if it does.
    const fn class(self) -> Option<FailureClass> {
        match self {
            Self::AUTHENTICATION
            | Self::TOKEN_EXPIRED
            | Self::TOKEN_NOT_YET_VALID
            | Self::TOKEN_BEFORE_ISSUED
            | Self::TOKEN_SIGNATURE => Some(FailureClass::Unauthorized),
            Self::ACCESS_KEY
            | Self::AUTHENTICATION_FAILED
            | Self::WRONG_REGION
            | Self::APP_SUSPENDED => Some(FailureClass::Permanent),
            Self::RATE_LIMIT | Self::TOO_MANY_CONNECTIONS => Some(FailureClass::Throttled),
            Self::INTERNAL | Self::REQUEST_TIMEOUT => Some(FailureClass::Transient),
            _ => None,
        }
    }
}

impl fmt::Display for ApiCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// An error of the service, from a response body or from a socket frame.
///
/// A body that is not the service's JSON (a proxy's page, say) is kept as text with the status
/// it came with and has no [`code`](Self::code).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The code, unless the body was not the service's.
    pub code: Option<ApiCode>,
    /// The HTTP status, as sent or as the body names it; 0 if neither did.
    pub status: u16,
    /// What the service says, or the start of a body that is not the service's.
    pub message: String,
    /// Where to read more.
    pub more_info: String,
    /// Numbers that detail the error.
    pub details: Vec<i64>,
    /// Which input fields were wrong, and why.
    pub exception_fields: BTreeMap<String, String>,
    /// How long the service worked on it, for display.
    pub duration: String,
    /// Whether the service says that the same request can never succeed.
    pub unrecoverable: bool,
}

/// How much of a foreign body is kept.
const MAX_FOREIGN_TEXT: usize = 512;

#[derive(Deserialize)]
struct Wire {
    code: Option<i32>,
    #[serde(
        rename = "StatusCode",
        default,
        deserialize_with = "lenient::or_default"
    )]
    status: u16,
    #[serde(default, deserialize_with = "lenient::or_default")]
    message: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    more_info: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    details: Vec<i64>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    exception_fields: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    duration: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    unrecoverable: bool,
}

impl ApiError {
    /// Reads the body of a response that was not a success.
    ///
    /// Never fails: what is not the service's envelope is kept as text.
    #[must_use]
    pub fn from_response(status: u16, body: &[u8]) -> Self {
        match serde_json::from_slice::<Wire>(body) {
            Ok(wire) if wire.code.is_some() => Self {
                status,
                ..Self::from(wire)
            },
            _ => Self::foreign(status, body),
        }
    }

    fn foreign(status: u16, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let message = redact_tokens(&text)
            .chars()
            .take(MAX_FOREIGN_TEXT)
            .collect();
        Self {
            code: None,
            status,
            message,
            more_info: String::new(),
            details: Vec::new(),
            exception_fields: BTreeMap::new(),
            duration: String::new(),
            unrecoverable: false,
        }
    }
}

impl From<Wire> for ApiError {
    fn from(wire: Wire) -> Self {
        // The service may echo what it was sent in any of its words.
        let redact = |text: String| redact_tokens(&text).into_owned();
        let fields = wire.exception_fields.into_iter();
        Self {
            code: wire.code.map(ApiCode),
            status: wire.status,
            message: redact(wire.message),
            more_info: redact(wire.more_info),
            details: wire.details,
            exception_fields: fields
                .map(|(field, reason)| (redact(field), redact(reason)))
                .collect(),
            duration: redact(wire.duration),
            unrecoverable: wire.unrecoverable,
        }
    }
}

impl<'de> Deserialize<'de> for ApiError {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Wire::deserialize(deserializer).map(Self::from)
    }
}

impl Classify for ApiError {
    fn class(&self) -> FailureClass {
        if self.unrecoverable {
            return FailureClass::Permanent;
        }
        if let Some(class) = self.code.and_then(ApiCode::class) {
            return class;
        }
        match (self.status, self.code) {
            (401, None) => FailureClass::Unauthorized,
            (408 | 500.., _) => FailureClass::Transient,
            (429, _) => FailureClass::Throttled,
            _ => FailureClass::Permanent,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "code {code}")?,
            None => f.write_str("no readable error")?,
        }
        if self.status != 0 {
            write!(f, ", status {}", self.status)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        for (field, reason) in &self.exception_fields {
            write!(f, "; {field}: {reason}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(status: u16, code: i32) -> ApiError {
        ApiError::from_response(status, format!(r#"{{"code":{code}}}"#).as_bytes())
    }

    /// Promise: CK058
    #[test]
    fn every_field_of_the_envelope_is_read() {
        let body = br#"{"code":4,"StatusCode":400,"message":"no","duration":"1ms","more_info":"u",
            "details":[7],"exception_fields":{"location":"missing"},"unrecoverable":true}"#;
        let error = ApiError::from_response(400, body);
        assert_eq!(error.code, Some(ApiCode::INPUT));
        assert_eq!((error.status, error.message.as_str()), (400, "no"));
        assert_eq!(
            (error.duration.as_str(), error.more_info.as_str()),
            ("1ms", "u")
        );
        assert_eq!(error.details, [7]);
        assert_eq!(error.exception_fields["location"], "missing");
        assert!(error.unrecoverable);
        assert_eq!(
            error.to_string(),
            "code 4, status 400: no; location: missing"
        );
    }

    /// Promise: T22
    #[test]
    fn a_body_that_is_not_ours_keeps_status_and_text() {
        let error = ApiError::from_response(502, b"<html>Bad Gateway</html>");
        assert_eq!(error.code, None);
        assert_eq!(error.status, 502);
        assert_eq!(error.message, "<html>Bad Gateway</html>");
        assert_eq!(error.class(), FailureClass::Transient);
        assert_eq!(
            ApiError::from_response(502, &[b'x'; 2000]).message.len(),
            MAX_FOREIGN_TEXT
        );
    }

    #[test]
    fn a_json_body_without_a_code_is_not_ours() {
        let error = ApiError::from_response(401, br#"{"message":"proxy"}"#);
        assert_eq!(error.code, None);
        assert_eq!(error.class(), FailureClass::Unauthorized);
    }

    #[test]
    fn fields_that_are_missing_or_odd_do_not_hide_the_code() {
        let error =
            ApiError::from_response(400, br#"{"code":16,"details":{"a":1},"message":null}"#);
        assert_eq!(error.code, Some(ApiCode::DOES_NOT_EXIST));
        assert!(error.details.is_empty());
    }

    /// Promise: BD34
    #[test]
    fn tokens_are_refreshed_for_their_codes_and_for_an_unreadable_401_only() {
        for code in [5, 40, 41, 42, 43] {
            assert_eq!(
                coded(401, code).class(),
                FailureClass::Unauthorized,
                "{code}"
            );
            assert_eq!(
                coded(400, code).class(),
                FailureClass::Unauthorized,
                "{code}"
            );
        }
        for code in [2, 3, 99, 17] {
            assert_eq!(coded(401, code).class(), FailureClass::Permanent, "{code}");
        }
    }

    /// Promise: CK055
    #[test]
    fn a_status_decides_where_the_code_does_not() {
        assert_eq!(coded(404, 16).class(), FailureClass::Permanent);
        assert_eq!(coded(403, 17).class(), FailureClass::Permanent);
        assert_eq!(coded(503, 1234).class(), FailureClass::Transient);
        assert_eq!(coded(408, 1234).class(), FailureClass::Transient);
        assert_eq!(coded(429, 9).class(), FailureClass::Throttled);
        assert_eq!(coded(500, -1).class(), FailureClass::Transient);
    }

    /// Promise: CK059
    #[test]
    fn unrecoverable_beats_every_other_sign() {
        let error = ApiError::from_response(503, br#"{"code":-1,"unrecoverable":true}"#);
        assert_eq!(error.class(), FailureClass::Permanent);
    }

    #[test]
    fn an_echoed_token_does_not_reach_the_message() {
        let error = ApiError::from_response(400, br#"{"code":4,"message":"bad eyJh.eyJi.sig"}"#);
        assert_eq!(error.message, "bad <redacted>");
        assert_eq!(
            ApiError::from_response(400, b"eyJh.eyJi.sig").message,
            "<redacted>"
        );
    }

    #[test]
    fn an_echoed_token_is_shown_by_none_of_the_fields() {
        let body = br#"{"code":4,"duration":"eyJh.eyJi.sig","more_info":"see eyJh.eyJi.sig",
            "exception_fields":{"token":"bad eyJh.eyJi.sig","eyJh.eyJi.sig":"odd"}}"#;
        let error = ApiError::from_response(400, body);
        assert_eq!(error.exception_fields["token"], "bad <redacted>");
        assert_eq!(error.exception_fields["<redacted>"], "odd");
        assert_eq!(
            (&*error.more_info, &*error.duration),
            ("see <redacted>", "<redacted>")
        );
        assert!(!format!("{error:?}").contains("eyJ"), "{error:?}");
    }
}
