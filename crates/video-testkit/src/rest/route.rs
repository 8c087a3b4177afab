//! Which operation a method and a path mean.

use http::Method;

use super::operation::Operation;
use super::url::segments;
use crate::wire::error::ApiError;

/// What a request is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Route {
    /// A socket.
    Connect,
    /// An operation, or why the request is none.
    Operation(Result<Operation, ApiError>),
}

impl Route {
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let segments = segments(path);
        let segments: Vec<_> = segments.iter().map(String::as_str).collect();
        // A HEAD is a GET whose body stays at home.
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        if segments == ["video", "connect"] && method == Method::GET {
            return Self::Connect;
        }
        Self::Operation(Operation::of(method.as_str(), &segments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &Method, path: &str) -> u16 {
        match Route::of(method, path) {
            Route::Connect => 101,
            Route::Operation(Ok(_)) => 200,
            Route::Operation(Err(error)) => error.status,
        }
    }

    #[test]
    fn each_operation_has_one_method_and_path() {
        let call = "/video/call/default/standup";
        assert_eq!(status(&Method::GET, call), 200);
        assert_eq!(status(&Method::HEAD, call), 200);
        assert_eq!(status(&Method::DELETE, call), 405);
        assert_eq!(status(&Method::GET, &format!("{call}/join")), 405);
        assert_eq!(status(&Method::POST, &format!("{call}/dance")), 404);
        assert_eq!(status(&Method::POST, "/video/calls"), 200);
        assert_eq!(status(&Method::POST, "/video/connect"), 405);
        assert_eq!(status(&Method::GET, "/video/connect"), 101);
        assert_eq!(status(&Method::GET, "/"), 404);
    }

    #[test]
    fn a_call_name_is_decoded_and_checked() {
        let route = Route::of(&Method::GET, "/video/call/default/a%3Ab%2F");
        let Route::Operation(Ok(Operation::GetCall(name))) = route else {
            panic!("{route:?}")
        };
        assert_eq!(name.cid(), "default:a:b/");
        let long = "x".repeat(65);
        assert_eq!(
            status(&Method::GET, &format!("/video/call/default/{long}")),
            400
        );
        assert_eq!(status(&Method::GET, "/video/call/a%3Ab/x"), 400);
        assert_eq!(status(&Method::POST, "/video/call/default//join"), 400);
    }
}
