//! Bodies of requests. What was not set is not written.

use serde::Serialize;

use crate::json::Json;
use crate::time::Timestamp;

/// Someone to be made a member of a call.
///
/// # Examples
///
/// ```
/// use video_core::model::MemberRequest;
///
/// let host = MemberRequest::new("ada").role("host");
/// assert_eq!(serde_json::to_string(&host)?, r#"{"user_id":"ada","role":"host"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MemberRequest {
    /// The id of the user.
    pub user_id: String,
    /// The role in the call; the service's default if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Custom data of the membership.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Json>,
}

impl MemberRequest {
    /// A member with the service's default role.
    #[must_use]
    pub fn new(user_id: impl Into<String>) -> Self {
        Self {
            user_id: user_id.into(),
            role: None,
            custom: None,
        }
    }

    /// Sets the role in the call.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Sets custom data of the membership.
    #[must_use]
    pub fn custom(mut self, custom: Json) -> Self {
        self.custom = Some(custom);
        self
    }
}

impl<T: Into<String>> From<T> for MemberRequest {
    fn from(user_id: T) -> Self {
        Self::new(user_id)
    }
}

/// What a new call is made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CallData {
    /// Custom data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Json>,
    /// Members, at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberRequest>,
    /// Settings that differ from those of the call type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings_override: Option<Json>,
    /// When the call is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// The team that owns the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Whether it rings as a video call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<bool>,
}

impl CallData {
    /// Whether nothing was set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Body of get-or-create.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GetOrCreateCallRequest {
    /// What the call is made of if it is new.
    #[serde(skip_serializing_if = "CallData::is_empty")]
    pub data: CallData,
    /// How many members the answer holds, at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_limit: Option<u32>,
    /// Whether to notify the members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<bool>,
    /// Whether to ring the members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<bool>,
    /// Whether it rings as a video call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<bool>,
}

/// Body of an update.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UpdateCallRequest {
    /// Replaces the custom data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Json>,
    /// Settings to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings_override: Option<Json>,
    /// When the call is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
}

/// Body of a join.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct JoinCallRequest {
    /// A hint where the user is.
    pub location: String,
    /// Whether to create the call if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create: Option<bool>,
    /// What the call is made of if it is new.
    #[serde(skip_serializing_if = "CallData::is_empty")]
    pub data: CallData,
    /// How many members the answer holds, at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_limit: Option<u32>,
    /// The media server that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migrating_from: Option<String>,
    /// All media servers that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub migrating_from_list: Vec<String>,
    /// Whether to notify the members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<bool>,
    /// Whether to ring the members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<bool>,
    /// Whether it rings as a video call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<bool>,
}

/// Body of a custom event.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SendCallEventRequest {
    /// The payload.
    pub custom: Json,
}

/// Body of a query for calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QueryCallsRequest {
    /// Which calls, in the service's filter language.
    pub filter_conditions: Json,
    /// The size of a page, at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The cursor of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Whether the events of the calls are to be delivered to this connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<bool>,
}
