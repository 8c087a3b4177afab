//! Events that the service pushes.

mod payload;
mod peek;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::id::CallCid;

pub use payload::{
    CallCreated, CallEnded, CallUpdated, ConnectionError, ConnectionOk, Custom, EventPayload,
    HealthCheck, UserUpdated,
};

/// One event. A cheap handle on the frame that carried it.
///
/// Its type and its call are known at once; the rest is decoded by the first who asks, once for
/// all subscribers.
///
/// # Examples
///
/// ```
/// use video_core::{Event, EventPayload};
///
/// let frame = r#"{"type":"custom","call_cid":"default:1","created_at":"2026-03-04T10:00:00Z",
///     "user":{"id":"ada"},"custom":{"x":1}}"#;
/// let event = Event::parse(frame.into())?;
/// assert_eq!(event.kind(), "custom");
/// match event.payload()? {
///     EventPayload::Custom(custom) => assert_eq!(custom.custom.as_str(), r#"{"x":1}"#),
///     other => panic!("unexpected {other:?}"),
/// }
///
/// // A type from the future is an event like any other, with its JSON.
/// let event = Event::parse(r#"{"type":"call.hologram","depth":3}"#.into())?;
/// assert!(matches!(event.payload()?, EventPayload::Unknown));
/// assert_eq!(event.raw(), r#"{"type":"call.hologram","depth":3}"#);
/// # Ok::<(), video_core::InvalidEvent>(())
/// ```
#[derive(Clone)]
pub struct Event(Arc<Inner>);

struct Inner {
    kind: Cow<'static, str>,
    /// The JSON of the call's name, a part of `raw`, until somebody asks for the name.
    call_json: Option<Bytes>,
    call_cid: OnceLock<Option<CallCid>>,
    raw: Bytes,
    payload: OnceLock<Result<EventPayload, InvalidEvent>>,
}

/// Types of events that are decoded, and some that are named for comparison.
pub mod kind {
    /// The socket is authenticated.
    pub const CONNECTION_OK: &str = "connection.ok";
    /// The service refuses the socket.
    pub const CONNECTION_ERROR: &str = "connection.error";
    /// The service lives.
    pub const HEALTH_CHECK: &str = "health.check";
    /// A call was created.
    pub const CALL_CREATED: &str = "call.created";
    /// A call changed.
    pub const CALL_UPDATED: &str = "call.updated";
    /// A call was ended for everyone.
    pub const CALL_ENDED: &str = "call.ended";
    /// A user of a call sent something of their own.
    pub const CUSTOM: &str = "custom";
    /// A user changed.
    pub const USER_UPDATED: &str = "user.updated";
}

/// Why a frame is not an event, or an event not what its type says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid event of {len} bytes: {reason}")]
pub struct InvalidEvent {
    len: usize,
    reason: String,
}

impl InvalidEvent {
    fn new(raw: &[u8], reason: impl fmt::Display) -> Self {
        let reason = crate::redact::redact_tokens(&reason.to_string()).into_owned();
        Self {
            len: raw.len(),
            reason,
        }
    }

    /// The size of the frame in bytes.
    #[must_use]
    pub fn frame_len(&self) -> usize {
        self.len
    }
}

impl Event {
    /// Reads the type and the call of a frame, and keeps the rest for later.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent`] if the frame is not a JSON object with a text `type`.
    pub fn parse(raw: Bytes) -> Result<Self, InvalidEvent> {
        let peek = peek::peek(&raw).map_err(|reason| InvalidEvent::new(&raw, reason))?;
        let kind = peek.kind();
        let call_json = peek.call_cid().map(|json| raw.slice_ref(json.as_bytes()));
        Ok(Self(Arc::new(Inner {
            kind,
            call_json,
            call_cid: OnceLock::new(),
            raw,
            payload: OnceLock::new(),
        })))
    }

    /// The type on the wire, such as `call.created`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// The call it belongs to, if it belongs to one.
    #[must_use]
    pub fn call_cid(&self) -> Option<&CallCid> {
        let json = self.0.call_json.as_ref()?;
        let read = || serde_json::from_slice(json).ok();
        self.0.call_cid.get_or_init(read).as_ref()
    }

    /// The JSON as it came.
    #[must_use]
    pub fn raw(&self) -> &str {
        // Checked by `parse`: `serde_json` reads UTF-8 alone.
        std::str::from_utf8(&self.0.raw).unwrap_or_default()
    }

    /// The decoded event. Decodes at the first call.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent`] if a known type lacks what identifies it; [`raw`](Self::raw) still has it.
    pub fn payload(&self) -> Result<&EventPayload, InvalidEvent> {
        self.0
            .payload
            .get_or_init(|| {
                EventPayload::decode(self.kind(), self.raw())
                    .map_err(|reason| InvalidEvent::new(&self.0.raw, reason))
            })
            .as_ref()
            .map_err(Clone::clone)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.0.kind)
            .field("call_cid", &self.call_cid().map(CallCid::as_str))
            .field("len", &self.0.raw.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static_assertions::assert_impl_all!(Event: Send, Sync, Clone);

    #[test]
    fn a_frame_that_is_no_event_is_refused_with_its_size() {
        for bad in [
            "",
            "nonsense",
            "[1]",
            "{}",
            r#"{"type":7}"#,
            "{\"type\":\"a\"",
            "\"x\"",
        ] {
            let error = Event::parse(bad.into()).unwrap_err();
            assert_eq!(error.frame_len(), bad.len(), "{bad}");
        }
        assert!(Event::parse(Bytes::from_static(b"{\"type\":\"\xff\"}")).is_err());
    }

    /// Promise: W17, CK081
    #[test]
    fn unknown_types_and_odd_fields_are_events_with_their_json() {
        let raw = r#"{"call_cid":5,"type":"call.\u0068ologram","custom":{"type":"x"}}"#;
        let event = Event::parse(raw.into()).unwrap();
        assert_eq!(event.kind(), "call.hologram");
        assert_eq!(event.call_cid(), None);
        assert_eq!(event.raw(), raw);
        assert!(matches!(event.payload().unwrap(), EventPayload::Unknown));
    }

    #[test]
    fn a_frame_that_is_only_an_error_is_a_connection_error() {
        let event = Event::parse(r#"{"error":{"code":40,"StatusCode":401}}"#.into()).unwrap();
        assert_eq!(event.kind(), kind::CONNECTION_ERROR);
        match event.payload().unwrap() {
            EventPayload::ConnectionError(error) => {
                assert_eq!(error.error.code, Some(crate::ApiCode::TOKEN_EXPIRED));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_known_type_that_lacks_its_essence_is_an_error_and_keeps_its_json() {
        let event = Event::parse(r#"{"type":"call.created","call_cid":"a:b"}"#.into()).unwrap();
        assert!(event.payload().is_err());
        assert!(event.raw().contains("call.created"));
    }

    #[test]
    fn debug_shows_type_and_size_and_not_the_content() {
        let event = Event::parse(r#"{"type":"custom","custom":{"secret":1}}"#.into()).unwrap();
        let text = format!("{event:?}");
        assert!(text.contains("custom") && text.contains("39"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
