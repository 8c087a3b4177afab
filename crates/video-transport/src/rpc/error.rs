//! Why a call did not succeed.

use std::fmt;
use std::time::Duration;

use video_core::{ApiError, Classify, FailureClass};

/// Why a call did not succeed. One word wide.
pub struct RpcError(Box<Inner>);

struct Inner {
    kind: RpcErrorKind,
    class: FailureClass,
    request_id: String,
    attempts: u32,
    /// Whether an attempt before the last one may have been executed.
    uncertain: bool,
    retry_after: Option<Duration>,
    api: Option<ApiError>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What went wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RpcErrorKind {
    /// The service refused the call; see [`RpcError::api`].
    #[error("the service refused the call")]
    Api,
    /// The service refused the token, and no other could be had.
    #[error("the service refused the token")]
    Unauthorized,
    /// There was no token to send.
    #[error("there is no token")]
    Token,
    /// The call watches, and there was no live connection in time, or none any more.
    #[error("there is no live connection to watch with")]
    NotConnected,
    /// The service could not be reached. Nothing was executed, unless by an attempt before.
    #[error("the service could not be reached")]
    Unreachable,
    /// The exchange broke off. The call may have been executed.
    #[error("the exchange with the service broke off")]
    Exchange,
    /// No answer came in time. The call may have been executed.
    #[error("the service did not answer in time")]
    Timeout,
    /// The answer is larger than the limit. The call may have been executed.
    #[error("the answer is larger than the limit")]
    TooLarge,
    /// The answer is a success of another form. The call was executed.
    #[error("the answer of the service could not be decoded")]
    Decode,
    /// The call can not be written as a request.
    #[error("the call can not be written as a request")]
    InvalidRequest,
}

impl RpcError {
    /// An error of a kind, with the class that the kind has by itself.
    #[must_use]
    pub fn new(kind: RpcErrorKind, request_id: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            class: kind.class(),
            request_id: request_id.into(),
            attempts: 0,
            uncertain: false,
            retry_after: None,
            api: None,
            source: None,
        }))
    }

    /// An error that the service reported.
    #[must_use]
    pub fn from_api(api: ApiError, request_id: impl Into<String>) -> Self {
        let class = api.class();
        let kind = match class {
            FailureClass::Unauthorized => RpcErrorKind::Unauthorized,
            _ => RpcErrorKind::Api,
        };
        let mut error = Self::new(kind, request_id);
        error.0.class = class;
        error.0.api = Some(api);
        error
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn retry_after_of(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    /// Adds how many attempts were made, and whether one of them may have been executed.
    pub(crate) fn after_attempts(mut self, attempts: u32, uncertain: bool) -> Self {
        self.0.attempts = attempts;
        self.0.uncertain = uncertain;
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> RpcErrorKind {
        self.0.kind
    }

    /// What the service said, if it said something.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        self.0.api.as_ref()
    }

    /// The id of the request, the same over all its attempts. Quote it to support.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// How many attempts were made.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the service asked to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the call may have been executed although it failed here, by any of its attempts.
    #[must_use]
    pub fn may_have_been_executed(&self) -> bool {
        match self.0.kind {
            RpcErrorKind::TooLarge | RpcErrorKind::Decode => true,
            _ => self.0.uncertain || self.0.class == FailureClass::Transient,
        }
    }
}

impl RpcErrorKind {
    const fn class(self) -> FailureClass {
        match self {
            Self::Unreachable | Self::Token | Self::NotConnected => FailureClass::NotSent,
            Self::Exchange | Self::Timeout => FailureClass::Transient,
            Self::Unauthorized => FailureClass::Unauthorized,
            Self::Api | Self::TooLarge | Self::Decode | Self::InvalidRequest => {
                FailureClass::Permanent
            }
        }
    }
}

impl Classify for RpcError {
    fn class(&self) -> FailureClass {
        self.0.class
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.kind)?;
        if let Some(api) = &self.0.api {
            write!(f, " ({api})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcError")
            .field("kind", &self.0.kind)
            .field("api", &self.0.api)
            .field("request_id", &self.0.request_id)
            .field("attempts", &self.0.attempts)
            .field("retry_after", &self.0.retry_after)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for RpcError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise: T14
    #[test]
    fn an_error_carries_the_code_and_the_words_of_the_service() {
        let api = ApiError::from_response(404, br#"{"code":16,"message":"no such call"}"#);
        let error = RpcError::from_api(api, "id-1");
        assert_eq!(error.api().unwrap().code.unwrap().get(), 16);
        assert_eq!(
            error.to_string(),
            "the service refused the call (code 16, status 404: no such call)"
        );
        assert_eq!(error.request_id(), "id-1");
        assert_eq!(size_of::<RpcError>(), size_of::<usize>());
    }

    #[test]
    fn it_is_known_whether_a_call_may_have_been_executed() {
        let executed = |kind| RpcError::new(kind, "").may_have_been_executed();
        assert!(executed(RpcErrorKind::Timeout) && executed(RpcErrorKind::Decode));
        assert!(!executed(RpcErrorKind::Unreachable) && !executed(RpcErrorKind::NotConnected));
        let api = ApiError::from_response(503, b"");
        assert!(RpcError::from_api(api, "").may_have_been_executed());
    }
}
