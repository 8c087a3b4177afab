//! Who connects.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::id::{InvalidId, UserId};

/// The user that signs in.
///
/// The parts beside the id reach the service when the user connects, unless the connection is
/// made without user details. Role and teams stay on this side: only a backend may change them.
///
/// # Examples
///
/// ```
/// use video_core::User;
///
/// let user = User::regular("john").name("John Doe").custom("team", "red");
/// assert_eq!(user.id(), "john");
/// assert_eq!(user.custom_data()["team"], "red");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    id: String,
    name: Option<String>,
    image: Option<String>,
    role: String,
    teams: Vec<String>,
    custom: Map<String, Value>,
}

impl User {
    /// A user of the application, who proves who they are with a token.
    #[must_use]
    pub fn regular(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            image: None,
            role: "user".to_owned(),
            teams: Vec::new(),
            custom: Map::new(),
        }
    }

    /// Sets the name that others see.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the URL of a picture.
    #[must_use]
    pub fn image(mut self, image: impl Into<String>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// Sets the role, `user` by default. Never sent.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = role.into();
        self
    }

    /// Sets the teams. Never sent.
    #[must_use]
    pub fn teams(mut self, teams: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.teams = teams.into_iter().map(Into::into).collect();
        self
    }

    /// Adds one entry of custom data, replacing an earlier one of the same key.
    #[must_use]
    pub fn custom(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.custom.insert(key.into(), value.into());
        self
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id, checked.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if the id is empty, too long or holds a control character.
    pub fn checked_id(&self) -> Result<UserId, InvalidId> {
        UserId::new(&self.id)
    }

    /// The name that others see, empty if none was set.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// The URL of a picture.
    #[must_use]
    pub fn image_url(&self) -> Option<&str> {
        self.image.as_deref()
    }

    /// The role.
    #[must_use]
    pub fn role_name(&self) -> &str {
        &self.role
    }

    /// The teams.
    #[must_use]
    pub fn team_names(&self) -> &[String] {
        &self.teams
    }

    /// The custom data.
    #[must_use]
    pub fn custom_data(&self) -> &Map<String, Value> {
        &self.custom
    }

    /// What the service is told about the user when they connect.
    #[must_use]
    pub fn details(&self, include: bool) -> UserDetails {
        let id = self.id.clone();
        if !include {
            return UserDetails {
                id,
                ..UserDetails::default()
            };
        }
        UserDetails {
            id,
            name: self.name.clone().filter(|name| !name.is_empty()),
            image: self.image.clone().filter(|image| !image.is_empty()),
            custom: Some(self.custom.clone()).filter(|custom| !custom.is_empty()),
        }
    }
}

/// The user as it is written into the first frame of a socket.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UserDetails {
    /// The id.
    pub id: String,
    /// The name that others see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Custom data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Map<String, Value>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(user: &User, include: bool) -> String {
        serde_json::to_string(&user.details(include)).unwrap()
    }

    /// Promise: CK030
    #[test]
    fn without_details_the_id_alone_is_sent() {
        let user = User::regular("john").name("John").image("i").custom("k", 1);
        assert_eq!(json(&user, false), r#"{"id":"john"}"#);
    }

    /// Promise: CK031, U20
    #[test]
    fn details_are_name_image_and_custom_and_what_is_unset_is_left_out() {
        let user = User::regular("john").role("admin").teams(["red"]);
        assert_eq!(json(&user, true), r#"{"id":"john"}"#);
        let user = user.name("J").image("i").custom("k", 1);
        assert_eq!(
            json(&user, true),
            r#"{"id":"john","name":"J","image":"i","custom":{"k":1}}"#
        );
        assert_eq!(
            json(&User::regular("john").name(""), true),
            r#"{"id":"john"}"#
        );
    }

    #[test]
    fn a_regular_user_has_the_role_user_and_an_empty_name() {
        let user = User::regular("john");
        assert_eq!((user.role_name(), user.display_name()), ("user", ""));
        assert_eq!(user.checked_id().unwrap(), "john");
        assert!(User::regular("").checked_id().is_err());
    }
}
