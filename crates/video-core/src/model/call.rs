//! Calls, their members and their sessions.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::user::UserInfo;
use crate::id::{CallCid, UserId};
use crate::json::Json;
use crate::lenient::{moment, moments, nullable, nullable_values};
use crate::time::Timestamp;

/// A call as the service describes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the service's own flags, independent of each other"
)]
pub struct CallInfo {
    /// The full name.
    pub cid: CallCid,
    /// The type.
    #[serde(rename = "type", default, deserialize_with = "nullable")]
    pub call_type: String,
    /// The id among the calls of its type.
    #[serde(default, deserialize_with = "nullable")]
    pub id: String,
    /// Who created the call.
    #[serde(default)]
    pub created_by: Option<UserInfo>,
    /// Custom data.
    #[serde(default, deserialize_with = "nullable")]
    pub custom: Json,
    /// The team that owns the call.
    #[serde(default)]
    pub team: Option<String>,
    /// Whether the call is open to its hosts alone.
    #[serde(default, deserialize_with = "nullable")]
    pub backstage: bool,
    /// Whether the call is recorded.
    #[serde(default, deserialize_with = "nullable")]
    pub recording: bool,
    /// Whether the call is transcribed.
    #[serde(default, deserialize_with = "nullable")]
    pub transcribing: bool,
    /// Whether the call has live captions.
    #[serde(default, deserialize_with = "nullable")]
    pub captioning: bool,
    /// Users that may not enter.
    #[serde(default, deserialize_with = "nullable")]
    pub blocked_user_ids: Vec<String>,
    /// The id of the running session, empty if there is none.
    #[serde(default, deserialize_with = "nullable")]
    pub current_session_id: String,
    /// The running or last session.
    #[serde(default)]
    pub session: Option<CallSession>,
    /// Settings, as they came.
    #[serde(default, deserialize_with = "nullable")]
    pub settings: Json,
    /// Streams that enter the call, as they came.
    #[serde(default, deserialize_with = "nullable")]
    pub ingress: Json,
    /// Streams that leave the call, as they came.
    #[serde(default, deserialize_with = "nullable")]
    pub egress: Json,
    /// When the call was created.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
    /// When the call last changed.
    #[serde(default, deserialize_with = "moment")]
    pub updated_at: Option<Timestamp>,
    /// When the call is due.
    #[serde(default, deserialize_with = "moment")]
    pub starts_at: Option<Timestamp>,
    /// When the call was ended for everyone.
    #[serde(default, deserialize_with = "moment")]
    pub ended_at: Option<Timestamp>,
}

/// One run of a call, from the first participant to the last.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct CallSession {
    /// The id.
    #[serde(default, deserialize_with = "nullable")]
    pub id: String,
    /// Who is in the call. Shortened by the service in large calls.
    #[serde(default, deserialize_with = "nullable")]
    pub participants: Vec<CallParticipant>,
    /// How many are in the call, by role.
    #[serde(default, deserialize_with = "nullable_values")]
    pub participants_count_by_role: BTreeMap<String, u64>,
    /// How many watch without a name.
    #[serde(default, deserialize_with = "nullable")]
    pub anonymous_participant_count: u64,
    /// Who accepted the ring, and when.
    #[serde(default, deserialize_with = "moments")]
    pub accepted_by: BTreeMap<String, Timestamp>,
    /// Who rejected the ring, and when.
    #[serde(default, deserialize_with = "moments")]
    pub rejected_by: BTreeMap<String, Timestamp>,
    /// Who missed the ring, and when.
    #[serde(default, deserialize_with = "moments")]
    pub missed_by: BTreeMap<String, Timestamp>,
    /// When the session began.
    #[serde(default, deserialize_with = "moment")]
    pub started_at: Option<Timestamp>,
    /// When the session ended.
    #[serde(default, deserialize_with = "moment")]
    pub ended_at: Option<Timestamp>,
}

/// Someone in a call. The same user on two devices is two participants.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct CallParticipant {
    /// The user.
    pub user: UserInfo,
    /// The id of this presence.
    #[serde(default, deserialize_with = "nullable")]
    pub user_session_id: String,
    /// The role in the call.
    #[serde(default, deserialize_with = "nullable")]
    pub role: String,
    /// When they came.
    #[serde(default, deserialize_with = "moment")]
    pub joined_at: Option<Timestamp>,
}

/// A member of a call, present or not.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Member {
    /// The id of the user.
    pub user_id: UserId,
    /// The user.
    #[serde(default)]
    pub user: Option<UserInfo>,
    /// The role in the call.
    #[serde(default)]
    pub role: Option<String>,
    /// Custom data of the membership.
    #[serde(default, deserialize_with = "nullable")]
    pub custom: Json,
    /// When the membership began.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
    /// When the membership last changed.
    #[serde(default, deserialize_with = "moment")]
    pub updated_at: Option<Timestamp>,
}

/// A call together with what it is to the signed-in user.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct CallDetails {
    /// The call.
    pub call: CallInfo,
    /// Its members, up to the limit of the request.
    #[serde(default, deserialize_with = "nullable")]
    pub members: Vec<Member>,
    /// The membership of the signed-in user, if any.
    #[serde(default)]
    pub membership: Option<Member>,
    /// What the signed-in user may do. Open: unknown capabilities are kept.
    #[serde(default, deserialize_with = "nullable")]
    pub own_capabilities: Vec<String>,
    /// Whether the request created the call.
    #[serde(default, deserialize_with = "nullable")]
    pub created: bool,
}

/// One page of a query for calls.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct QueryCallsPage {
    /// The calls.
    #[serde(default, deserialize_with = "nullable")]
    pub calls: Vec<CallDetails>,
    /// The cursor of the next page.
    #[serde(default)]
    pub next: Option<String>,
}
