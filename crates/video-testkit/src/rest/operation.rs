//! What can be asked for under `/video`.

use video_core::{CallCid, CallId, CallType};

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
    ListEdges,
    ReportClientEvents,
}

impl Operation {
    /// The operation that a method and the segments of a path mean.
    pub(super) fn of(method: &str, segments: &[&str]) -> Result<Self, ApiError> {
        let found = match (method, segments) {
            ("POST", ["video", "calls"]) => Self::QueryCalls,
            ("POST", ["video", "guest"]) => Self::CreateGuest,
            ("POST", ["video", "devices"]) => Self::CreateDevice,
            ("GET", ["video", "devices"]) => Self::ListDevices,
            ("DELETE", ["video", "devices"]) => Self::DeleteDevice,
            ("GET", ["video", "edges"]) => Self::ListEdges,
            // Some clients report at the newer path, whatever else they use.
            (
                "POST",
                ["video", "call_client_event"] | ["api", "v2", "video", "call_client_event"],
            ) => Self::ReportClientEvents,
            ("GET", ["video", "call", kind, id]) => Self::GetCall(name(kind, id)?),
            ("POST", ["video", "call", kind, id]) => Self::GetOrCreateCall(name(kind, id)?),
            ("PATCH", ["video", "call", kind, id]) => Self::UpdateCall(name(kind, id)?),
            ("POST", ["video", "call", kind, id, "join"]) => Self::JoinCall(name(kind, id)?),
            ("POST", ["video", "call", kind, id, "mark_ended"]) => Self::EndCall(name(kind, id)?),
            ("POST", ["video", "call", kind, id, "event"]) => Self::SendEvent(name(kind, id)?),
            (
                _,
                [
                    "video",
                    "calls" | "connect" | "guest" | "devices" | "edges" | "call_client_event",
                ]
                | ["video", "call", _, _]
                | ["video", "call", _, _, "join" | "mark_ended" | "event"],
            ) => return Err(wrong_method(method)),
            _ => return Err(ApiError::new(NOT_FOUND, "there is nothing at this path")),
        };
        Ok(found)
    }

    /// Whether it needs no token.
    pub(crate) fn is_public(&self) -> bool {
        *self == Self::CreateGuest
    }

    /// Whether it is nothing for those who have no name.
    pub(crate) fn needs_user(&self) -> bool {
        !matches!(
            self,
            Self::GetCall(_)
                | Self::JoinCall(_)
                | Self::CreateGuest
                | Self::ListEdges
                | Self::ReportClientEvents
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

fn name(kind: &str, id: &str) -> Result<CallName, ApiError> {
    Ok(CallName {
        kind: CallType::new(kind).map_err(|e| ApiError::input("type", e.to_string()))?,
        id: CallId::new(id).map_err(|e| ApiError::input("id", e.to_string()))?,
    })
}

fn wrong_method(method: &str) -> ApiError {
    ApiError::new(INPUT, format!("{method} is not possible here")).with_status(405)
}
