//! Which operation a method and a path mean.

use http::Method;
use video_core::{CallCid, CallId, CallType};

use super::url::segments;
use crate::wire::error::{ApiError, INPUT, NOT_FOUND};

/// What somebody may ask for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operation {
    GetCall(CallName),
    GetOrCreateCall(CallName),
    UpdateCall(CallName),
    JoinCall(CallName),
    EndCall(CallName),
    SendEvent(CallName),
    QueryCalls,
    CreateGuest,
    CreateDevice,
    ListDevices,
    DeleteDevice,
}

impl Operation {
    /// Whether it needs no token.
    pub(crate) fn is_public(&self) -> bool {
        *self == Self::CreateGuest
    }

    /// Whether it is nothing for those who have no name.
    pub(crate) fn needs_user(&self) -> bool {
        !matches!(
            self,
            Self::GetCall(_) | Self::JoinCall(_) | Self::CreateGuest
        )
    }
}

/// The two parts of a call's name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CallName {
    pub(crate) kind: CallType,
    pub(crate) id: CallId,
}

impl CallName {
    pub(crate) fn cid(&self) -> CallCid {
        CallCid::of(&self.kind, &self.id)
    }
}

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
        Self::Operation(operation(method, &segments))
    }
}

fn operation(method: &Method, segments: &[&str]) -> Result<Operation, ApiError> {
    let method = method.as_str();
    let found = match (method, segments) {
        ("POST", ["video", "calls"]) => Operation::QueryCalls,
        ("POST", ["video", "guest"]) => Operation::CreateGuest,
        ("POST", ["video", "devices"]) => Operation::CreateDevice,
        ("GET", ["video", "devices"]) => Operation::ListDevices,
        ("DELETE", ["video", "devices"]) => Operation::DeleteDevice,
        ("GET", ["video", "call", kind, id]) => Operation::GetCall(name(kind, id)?),
        ("POST", ["video", "call", kind, id]) => Operation::GetOrCreateCall(name(kind, id)?),
        ("PATCH", ["video", "call", kind, id]) => Operation::UpdateCall(name(kind, id)?),
        ("POST", ["video", "call", kind, id, "join"]) => Operation::JoinCall(name(kind, id)?),
        ("POST", ["video", "call", kind, id, "mark_ended"]) => Operation::EndCall(name(kind, id)?),
        ("POST", ["video", "call", kind, id, "event"]) => Operation::SendEvent(name(kind, id)?),
        (
            _,
            ["video", "calls" | "connect" | "guest" | "devices"]
            | ["video", "call", _, _]
            | ["video", "call", _, _, "join" | "mark_ended" | "event"],
        ) => return Err(wrong_method(method)),
        _ => return Err(ApiError::new(NOT_FOUND, "there is nothing at this path")),
    };
    Ok(found)
}

fn name(kind: &str, id: &str) -> Result<CallName, ApiError> {
    Ok(CallName {
        kind: CallType::new(kind).map_err(|e| ApiError::input("type", e.to_string()))?,
        id: CallId::new(id).map_err(|e| ApiError::input("id", e.to_string()))?,
    })
}

fn wrong_method(method: &str) -> ApiError {
    ApiError::new(INPUT, format!("{method} is not possible here")).with_status(405)
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
