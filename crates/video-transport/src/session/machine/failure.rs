//! What a failure means for a session.

use video_core::{ApiCode, ApiError, Classify, FailureClass, Pace};

use crate::error::{ConnectError, ConnectErrorKind};
use crate::net::DialErrorKind;

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing heals it before something changes.
    Fatal,
    /// Another token may heal it.
    Token,
    /// Time may heal it.
    Later(Pace),
}

/// What an error of the service means for the connection.
///
/// `unrecoverable` speaks of the same request, not of the connection, so it counts for nothing.
pub(super) fn verdict(api: &ApiError) -> Verdict {
    let mut api = api.clone();
    api.unrecoverable = false;
    match (api.code, api.class()) {
        (
            Some(
                ApiCode::ACCESS_KEY
                | ApiCode::AUTHENTICATION_FAILED
                | ApiCode::WRONG_REGION
                | ApiCode::APP_SUSPENDED,
            ),
            _,
        ) => Verdict::Fatal,
        (_, FailureClass::Unauthorized) => Verdict::Token,
        (_, FailureClass::Throttled) => Verdict::Later(Pace::Slowest),
        _ => Verdict::Later(Pace::Normal),
    }
}

/// What the failure of an attempt means, before the service has spoken on the socket.
pub(super) fn of_attempt(error: &ConnectError) -> Verdict {
    match (error.kind(), error.api()) {
        (ConnectErrorKind::Dial(kind), _) if kind.class() == FailureClass::Permanent => {
            Verdict::Fatal
        }
        (ConnectErrorKind::Dial(DialErrorKind::Refused), _) => Verdict::Later(Pace::Slow),
        (ConnectErrorKind::Handshake { .. }, Some(api)) => verdict(api),
        _ => Verdict::Later(Pace::Normal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(code: i32) -> Verdict {
        let body = format!(r#"{{"code":{code},"StatusCode":400,"unrecoverable":true}}"#);
        verdict(&ApiError::from_response(400, body.as_bytes()))
    }

    #[test]
    fn only_a_wrong_key_application_or_region_is_fatal() {
        for code in [2, 3, 69, 99] {
            assert_eq!(coded(code), Verdict::Fatal, "{code}");
        }
        for code in [5, 40, 41, 42, 43] {
            assert_eq!(coded(code), Verdict::Token, "{code}");
        }
        for code in [9, 71] {
            assert_eq!(coded(code), Verdict::Later(Pace::Slowest), "{code}");
        }
        let busy = ApiError::from_response(429, b"busy");
        assert_eq!(verdict(&busy), Verdict::Later(Pace::Slowest));
        for code in [-1, 4, 17, 12345] {
            assert_eq!(coded(code), Verdict::Later(Pace::Normal), "{code}");
        }
    }

    #[test]
    fn a_host_that_refuses_is_given_distance() {
        let of = |kind| of_attempt(&ConnectError::new(ConnectErrorKind::Dial(kind)));
        assert_eq!(of(DialErrorKind::Refused), Verdict::Later(Pace::Slow));
        assert_eq!(of(DialErrorKind::Timeout), Verdict::Later(Pace::Normal));
        assert_eq!(of(DialErrorKind::NoRoots), Verdict::Fatal);
    }
    #[test]
    fn what_the_service_says_in_a_handshake_counts_as_if_said_on_the_socket() {
        let refused = |code: i32| {
            let api = ApiError::from_response(401, format!(r#"{{"code":{code}}}"#).as_bytes());
            let kind = ConnectErrorKind::Handshake { status: Some(401) };
            of_attempt(&ConnectError::new(kind).refused_with(api))
        };
        assert_eq!(refused(2), Verdict::Fatal);
        assert_eq!(refused(40), Verdict::Token);
        assert_eq!(refused(9), Verdict::Later(Pace::Slowest));
        let status = Some(401);
        let silent = ConnectError::new(ConnectErrorKind::Handshake { status });
        assert_eq!(of_attempt(&silent), Verdict::Later(Pace::Normal));
    }
}
