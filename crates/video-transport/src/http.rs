//! Seam: one HTTP exchange, one attempt.

mod hyper;

use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use video_core::{Classify, FailureClass};

use crate::net::DialError;

pub use self::hyper::HyperTransport;

/// Exchanges one request for one response. Deadlines, retries and tokens are the concern of the
/// layer above.
#[cfg_attr(any(test, feature = "test-util"), mockall::automock)]
#[async_trait]
pub trait HttpTransport: fmt::Debug + Send + Sync {
    /// Sends the request once and reads the whole response.
    ///
    /// # Errors
    ///
    /// [`HttpError`] if there is no whole response. A response of any status is no error.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, but the request may have been executed.
    async fn exchange(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError>;
}

/// Why there is no whole response.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct HttpError {
    kind: HttpErrorKind,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kept a response from arriving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// There was no connection, so nothing was sent.
    #[error("no connection to the service")]
    Dial,
    /// The connection broke before the request was sent.
    #[error("the connection broke before the request was sent")]
    NotSent,
    /// The exchange broke off. The request may have been executed.
    #[error("the exchange with the service broke off")]
    Exchange,
    /// The response did not come in time. The request may have been executed.
    #[error("the service did not respond in time")]
    Timeout,
    /// The response is larger than the limit.
    #[error("the response is larger than the limit")]
    TooLarge,
    /// The request can not be written.
    #[error("the request can not be written")]
    InvalidRequest,
}

impl HttpError {
    /// An error without an underlying cause.
    #[must_use]
    pub fn new(kind: HttpErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// An error with its cause.
    #[must_use]
    pub fn with_source(
        kind: HttpErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> HttpErrorKind {
        self.kind
    }

    /// Why the host could not be dialled, if that is what happened.
    fn dial(&self) -> Option<&DialError> {
        let mut cause = self.source();
        while let Some(error) = cause {
            if let Some(dial) = error.downcast_ref() {
                return Some(dial);
            }
            cause = error.source();
        }
        None
    }
}

impl Classify for HttpError {
    fn class(&self) -> FailureClass {
        match self.kind {
            HttpErrorKind::Dial => self.dial().map_or(FailureClass::NotSent, Classify::class),
            HttpErrorKind::NotSent => FailureClass::NotSent,
            HttpErrorKind::Exchange | HttpErrorKind::Timeout => FailureClass::Transient,
            HttpErrorKind::TooLarge | HttpErrorKind::InvalidRequest => FailureClass::Permanent,
        }
    }
}
