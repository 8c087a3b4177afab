//! Users as the service describes them.

use serde::Deserialize;

use crate::id::UserId;
use crate::json::Json;
use crate::lenient::{moment, nullable};
use crate::time::Timestamp;

/// Any user, as seen by others.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct UserInfo {
    /// The id.
    pub id: UserId,
    /// The name that others see.
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
    /// The URL of a picture.
    #[serde(default)]
    pub image: Option<String>,
    /// The role, which decides permissions.
    #[serde(default, deserialize_with = "nullable")]
    pub role: String,
    /// The teams.
    #[serde(default, deserialize_with = "nullable")]
    pub teams: Vec<String>,
    /// Custom data.
    #[serde(default, deserialize_with = "nullable")]
    pub custom: Json,
    /// When the user was created.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
    /// When the user last changed.
    #[serde(default, deserialize_with = "moment")]
    pub updated_at: Option<Timestamp>,
}

/// The signed-in user, as the service knows them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct OwnUser {
    /// The id.
    pub id: UserId,
    /// The name that others see.
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
    /// The URL of a picture.
    #[serde(default)]
    pub image: Option<String>,
    /// The role, which decides permissions.
    #[serde(default, deserialize_with = "nullable")]
    pub role: String,
    /// The language, empty if none was chosen.
    #[serde(default, deserialize_with = "nullable")]
    pub language: String,
    /// The teams.
    #[serde(default, deserialize_with = "nullable")]
    pub teams: Vec<String>,
    /// Custom data.
    #[serde(default, deserialize_with = "nullable")]
    pub custom: Json,
    /// Users that this one has blocked.
    #[serde(default, deserialize_with = "nullable")]
    pub blocked_user_ids: Vec<String>,
    /// When the user was created.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
    /// When the user last changed.
    #[serde(default, deserialize_with = "moment")]
    pub updated_at: Option<Timestamp>,
}
