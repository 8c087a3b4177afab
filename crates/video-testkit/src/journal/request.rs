//! What the journal keeps of a request.

use std::fmt;

use serde_json::Value;
use video_core::UserId;

/// A REST request and the answer to it.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct RestCall {
    /// The HTTP method.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The names of the query parameters, in the order they came.
    pub query: Vec<String>,
    /// The value of `connection_id`, if it was sent.
    pub connection_id: Option<String>,
    /// The status of the answer; none if the request was left without one.
    pub status: Option<u16>,
    /// The code in the error body, if the answer is an error of the service.
    pub code: Option<i64>,
    /// The user of the token, if that was valid; `!anon` for an anonymous request.
    pub user: Option<UserId>,
    /// The client's name for the request. Not printed, because clients draw it at random.
    pub request_id: Option<String>,
    /// The body, if it was JSON, with secrets blanked.
    pub body: Option<Value>,
    /// Whether an `Authorization` header came along.
    pub has_authorization: bool,
    /// The beginning of a hash of the token, if there was one.
    pub token_fingerprint: Option<String>,
    /// The way of authentication that the client announced.
    pub auth_type: Option<String>,
    /// How the client describes itself.
    pub client_tag: Option<String>,
}

impl fmt::Display for RestCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} -> {} user={} query=[{}]",
            self.method,
            self.path,
            Shown(&self.status),
            Shown(&self.user),
            self.query.join(",")
        )?;
        if let Some(code) = self.code {
            write!(f, " code={code}")?;
        }
        if let Some(id) = &self.connection_id {
            write!(f, " connection={id}")?;
        }
        Ok(())
    }
}

/// An optional value, with a dash for nothing.
pub(super) struct Shown<'a, T>(pub(super) &'a Option<T>);

impl<T: fmt::Display> fmt::Display for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("-"),
        }
    }
}
