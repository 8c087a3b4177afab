//! Seam: one logical call to the service.

mod attempt;
mod channel;
mod credentials;
mod error;
#[cfg(feature = "__internals")]
pub(crate) mod internals;
mod retry_after;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use video_core::{ConnectionId, Idempotency, redact_tokens};

pub(crate) use channel::push_query;
pub use channel::{RpcChannel, RpcLimits};
pub use credentials::Credentials;
pub use error::{RpcError, RpcErrorKind};

/// Calls the service: with a token, a deadline, and as many attempts as are safe.
#[cfg_attr(any(test, feature = "test-util"), mockall::automock)]
#[async_trait]
pub trait RpcTransport: fmt::Debug + Send + Sync {
    /// Makes one call.
    ///
    /// # Errors
    ///
    /// [`RpcError`] if the service did not answer with success.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, but the request may have been executed.
    async fn call(&self, request: RpcRequest) -> Result<RpcResponse, RpcError>;
}

/// One call, before it has a token, an id and a connection. `Debug` does not show the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct RpcRequest {
    /// The verb.
    pub method: Method,
    /// The encoded path, from `/video` on.
    pub path: String,
    /// The query beside what every request has.
    pub query: Vec<(&'static str, String)>,
    /// The JSON body.
    pub body: Option<Bytes>,
    /// Whether the call may be executed twice.
    pub idempotency: Idempotency,
    /// Whether the events of what is asked for are to be delivered to this client: the call waits
    /// for a live connection and carries its id. Without effect for who can have none.
    pub watch: bool,
    /// A deadline other than the usual one.
    pub timeout: Option<Duration>,
}

/// What RFC 3986 leaves unreserved stays as it is in a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!');

impl RpcRequest {
    /// A call of `/video/{segments}`. `GET`, `HEAD`, `PUT` and `DELETE` are taken as idempotent.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::Method;
    /// use video_transport::RpcRequest;
    ///
    /// let request = RpcRequest::new(Method::GET, &["call", "default", "a/b c"]);
    /// assert_eq!(request.path, "/video/call/default/a%2Fb%20c");
    /// ```
    #[must_use]
    pub fn new(method: Method, segments: &[&str]) -> Self {
        let mut path = String::from("/video");
        for segment in segments {
            path.push('/');
            path.extend(utf8_percent_encode(segment, SEGMENT));
        }
        let idempotency = match method.is_idempotent() {
            true => Idempotency::Idempotent,
            false => Idempotency::NotIdempotent,
        };
        Self {
            method,
            path,
            query: Vec::new(),
            body: None,
            idempotency,
            watch: false,
            timeout: None,
        }
    }

    /// Adds one value to the query.
    #[must_use]
    pub fn query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// Sets the JSON body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Declares that a second execution does no harm.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotency = Idempotency::Idempotent;
        self
    }

    /// Sets whether events are to be delivered.
    #[must_use]
    pub fn watch(mut self, watch: bool) -> Self {
        self.watch = watch;
        self
    }

    /// Sets a deadline other than the usual one.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

/// A successful answer. `Debug` does not show the body, in which there may be a token.
#[derive(Clone)]
#[non_exhaustive]
pub struct RpcResponse {
    /// The body.
    pub body: Bytes,
    /// The id of the request, the same over all its attempts.
    pub request_id: String,
    /// The connection that was told to watch, if one was.
    pub watched_on: Option<ConnectionId>,
}

impl RpcResponse {
    /// An answer with this body.
    #[must_use]
    pub fn new(body: impl Into<Bytes>, request_id: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            request_id: request_id.into(),
            watched_on: None,
        }
    }

    /// Sets the connection that was told to watch.
    #[must_use]
    pub fn watched_on(mut self, connection: Option<ConnectionId>) -> Self {
        self.watched_on = connection;
        self
    }

    /// Decodes the body.
    ///
    /// # Errors
    ///
    /// [`RpcError`] of kind [`RpcErrorKind::Decode`]. The call was executed nevertheless.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, RpcError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // serde quotes what it did not expect.
            let words = redact_tokens(&error.to_string()).into_owned();
            RpcError::new(RpcErrorKind::Decode, &self.request_id).caused_by(words)
        })
    }
}

impl fmt::Debug for RpcRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("body", &self.body.as_ref().map(Bytes::len))
            .field("idempotency", &self.idempotency)
            .field("watch", &self.watch)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RpcResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcResponse")
            .field("body", &self.body.len())
            .field("request_id", &self.request_id)
            .field("watched_on", &self.watched_on)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "never made")]
    struct Join {
        credentials: u64,
    }

    #[test]
    fn what_is_in_a_body_is_not_shown() {
        let text = r#"{"credentials":"eyJh.eyJi.c2ln"}"#;
        let request = RpcRequest::new(Method::POST, &["guest"]).body(text);
        let response = RpcResponse::new(text, "id");
        let error = response.decode::<Vec<u8>>().unwrap_err();
        let quoted = response.decode::<Join>().unwrap_err();
        let shown = format!("{request:?} {response:?} {error:?} {quoted:?}");
        assert!(!shown.contains("eyJ"), "{shown}");
        assert!(
            shown.contains("/video/guest") && shown.contains("32"),
            "{shown}"
        );
    }
}
