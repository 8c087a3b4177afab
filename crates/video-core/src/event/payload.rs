//! The events that are decoded.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::kind;
use crate::api_error::ApiError;
use crate::id::{CallCid, ConnectionId};
use crate::json::Json;
use crate::lenient::{moment, nullable, nullable_values, or_default};
use crate::model::{CallInfo, Member, OwnUser, UserInfo};
use crate::time::Timestamp;

/// An event, decoded by its type.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventPayload {
    /// `connection.ok`
    ConnectionOk(Box<ConnectionOk>),
    /// `connection.error`
    ConnectionError(Box<ConnectionError>),
    /// `health.check`
    HealthCheck(HealthCheck),
    /// `call.created`
    CallCreated(Box<CallCreated>),
    /// `call.updated`
    CallUpdated(Box<CallUpdated>),
    /// `call.ended`
    CallEnded(Box<CallEnded>),
    /// `custom`
    Custom(Box<Custom>),
    /// `user.updated`
    UserUpdated(Box<UserUpdated>),
    /// Any other type: see [`Event::raw`](super::Event::raw).
    Unknown,
}

impl EventPayload {
    pub(super) fn decode(kind: &str, raw: &str) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            kind::CONNECTION_OK => Self::ConnectionOk(serde_json::from_str(raw)?),
            kind::CONNECTION_ERROR => Self::ConnectionError(serde_json::from_str(raw)?),
            kind::HEALTH_CHECK => Self::HealthCheck(serde_json::from_str(raw)?),
            kind::CALL_CREATED => Self::CallCreated(serde_json::from_str(raw)?),
            kind::CALL_UPDATED => Self::CallUpdated(serde_json::from_str(raw)?),
            kind::CALL_ENDED => Self::CallEnded(serde_json::from_str(raw)?),
            kind::CUSTOM => Self::Custom(serde_json::from_str(raw)?),
            kind::USER_UPDATED => Self::UserUpdated(serde_json::from_str(raw)?),
            _ => Self::Unknown,
        })
    }
}

/// The socket is authenticated and has an id.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ConnectionOk {
    /// The id of the connection.
    pub connection_id: ConnectionId,
    /// When it was made.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
    /// The signed-in user. `None` if the service left out what identifies them.
    #[serde(default, deserialize_with = "or_default")]
    pub me: Option<OwnUser>,
}

/// The service refuses the socket.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ConnectionError {
    /// Why.
    pub error: ApiError,
}

/// The service lives.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct HealthCheck {
    /// The id of the connection.
    #[serde(default)]
    pub connection_id: Option<ConnectionId>,
    /// When it was sent.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
}

/// A call was created.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct CallCreated {
    /// The name of the call.
    pub call_cid: CallCid,
    /// When.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
    /// The call.
    pub call: CallInfo,
    /// Its members.
    #[serde(default, deserialize_with = "nullable")]
    pub members: Vec<Member>,
}

/// A call changed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct CallUpdated {
    /// The name of the call.
    pub call_cid: CallCid,
    /// When.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
    /// The call as it is now.
    pub call: CallInfo,
    /// What each role may do now.
    #[serde(default, deserialize_with = "nullable_values")]
    pub capabilities_by_role: BTreeMap<String, Vec<String>>,
}

/// A call was ended for everyone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct CallEnded {
    /// The name of the call.
    pub call_cid: CallCid,
    /// When.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
    /// The call as it was.
    pub call: CallInfo,
    /// Who ended it, if someone did.
    #[serde(default)]
    pub user: Option<UserInfo>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A user of a call sent something of their own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Custom {
    /// The name of the call.
    pub call_cid: CallCid,
    /// When.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
    /// Who sent it.
    pub user: UserInfo,
    /// What they sent.
    #[serde(default, deserialize_with = "nullable")]
    pub custom: Json,
}

/// A user changed: this one, or another whom this one may see.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct UserUpdated {
    /// When.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
    /// The user as they are now.
    pub user: OwnUser,
}
