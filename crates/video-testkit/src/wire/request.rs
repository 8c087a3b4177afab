//! What clients send in bodies and first frames, read leniently.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::{ApiError, INPUT};
use crate::clock::is_rfc3339;

/// The most members that one answer lists.
const MAX_MEMBERS: i64 = 100;
const DEFAULT_MEMBERS: usize = 25;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct GetOrCreate {
    pub(crate) data: Option<CallData>,
    pub(crate) members_limit: Option<i64>,
    pub(crate) video: Option<bool>,
    // Ringing and notifying are not emulated; their types are still checked.
    #[serde(rename = "ring")]
    _ring: Option<bool>,
    #[serde(rename = "notify")]
    _notify: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Join {
    pub(crate) location: Option<String>,
    pub(crate) create: Option<bool>,
    pub(crate) data: Option<CallData>,
    pub(crate) members_limit: Option<i64>,
    pub(crate) video: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CallData {
    pub(crate) custom: Option<Map<String, Value>>,
    pub(crate) members: Option<Vec<MemberData>>,
    pub(crate) team: Option<String>,
    pub(crate) starts_at: Option<String>,
    pub(crate) video: Option<bool>,
    pub(crate) settings_override: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MemberData {
    pub(crate) user_id: String,
    pub(crate) role: Option<String>,
    pub(crate) custom: Option<Map<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UpdateCall {
    pub(crate) custom: Option<Map<String, Value>>,
    pub(crate) starts_at: Option<String>,
    pub(crate) settings_override: Option<Map<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SendEvent {
    pub(crate) custom: Option<Map<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct QueryCalls {
    pub(crate) filter_conditions: Option<Map<String, Value>>,
    pub(crate) limit: Option<i64>,
    pub(crate) next: Option<String>,
    pub(crate) watch: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CreateGuest {
    pub(crate) user: Option<UserDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CreateDevice {
    pub(crate) id: String,
    pub(crate) push_provider: String,
    pub(crate) push_provider_name: Option<String>,
    pub(crate) voip_token: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ClientEvents {
    pub(crate) events: Vec<Map<String, Value>>,
}

/// The first frame of a socket.
#[derive(Deserialize)]
pub(crate) struct Greeting {
    pub(crate) token: Option<String>,
    pub(crate) products: Option<Vec<String>>,
    pub(crate) user_details: Option<UserDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UserDetails {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) custom: Option<Map<String, Value>>,
}

/// Reads a body; a missing one counts as an empty object.
pub(crate) fn read<T: DeserializeOwned + Default>(body: Option<Value>) -> Result<T, ApiError> {
    match body {
        None | Some(Value::Null) => Ok(T::default()),
        Some(body @ Value::Object(_)) => serde_json::from_value(body)
            .map_err(|error| ApiError::new(INPUT, format!("the body does not fit: {error}"))),
        Some(_) => Err(ApiError::new(INPUT, "the body is not an object")),
    }
}

pub(crate) fn members_limit(limit: Option<i64>) -> Result<usize, ApiError> {
    match limit {
        None | Some(0) => Ok(DEFAULT_MEMBERS),
        Some(limit @ 1..=MAX_MEMBERS) => Ok(usize::try_from(limit).unwrap_or(DEFAULT_MEMBERS)),
        Some(_) => Err(ApiError::input("members_limit", "must be from 0 to 100")),
    }
}

pub(crate) fn starts_at(text: Option<String>) -> Result<Option<String>, ApiError> {
    match text {
        Some(text) if !is_rfc3339(&text) => Err(ApiError::input("starts_at", "must be a time")),
        text => Ok(text),
    }
}
