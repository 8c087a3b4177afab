//! Who connects.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::id::{InvalidId, UserId};

/// The user of a client.
///
/// The parts beside the id reach the service when the user connects, unless the connection is
/// made without user details, or when a guest is created. Role and teams stay on this side: only
/// a backend may change them.
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
    kind: UserKind,
    id: String,
    name: Option<String>,
    image: Option<String>,
    role: String,
    teams: Vec<String>,
    custom: Map<String, Value>,
}

/// What a user is to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UserKind {
    /// A user of the application, who proves who they are with a token.
    Regular,
    /// A temporary user, whom the service creates and gives an id and a token.
    Guest,
    /// Nobody in particular.
    Anonymous,
}

/// The id of everybody who is nobody in particular.
pub const ANONYMOUS_ID: &str = "!anon";

impl User {
    /// A user of the application, who proves who they are with a token.
    #[must_use]
    pub fn regular(id: impl Into<String>) -> Self {
        Self::new(UserKind::Regular, id.into())
    }

    /// A temporary user, whom the service creates when the client first needs a token. No token
    /// is needed for that.
    ///
    /// The service makes another id of this one: the user of the client is then the one that it
    /// made. Without a name the guest is called by this id.
    ///
    /// # Examples
    ///
    /// ```
    /// use video_core::User;
    ///
    /// let guest = User::guest("visitor").image("https://example.test/visitor.png");
    /// assert_eq!(guest.display_name(), "visitor");
    /// ```
    #[must_use]
    pub fn guest(id: impl Into<String>) -> Self {
        Self::new(UserKind::Guest, id.into())
    }

    /// Nobody in particular: may watch and join calls that are open to everybody, or those that a
    /// token names. Has no connection, and so hears no events.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::new(UserKind::Anonymous, ANONYMOUS_ID.to_owned())
    }

    fn new(kind: UserKind, id: String) -> Self {
        Self {
            kind,
            id,
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

    /// What the user is to the service.
    #[must_use]
    pub fn kind(&self) -> UserKind {
        self.kind
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

    /// The name that others see. If none was set it is empty, or the id of a guest.
    #[must_use]
    pub fn display_name(&self) -> &str {
        let unnamed = match self.kind {
            UserKind::Guest => self.id.as_str(),
            UserKind::Regular | UserKind::Anonymous => "",
        };
        self.name.as_deref().unwrap_or(unnamed)
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

    /// What the service is told about the user when they connect, or when a guest is created.
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

/// The user as it is written into the first frame of a socket, or asked for as a guest.
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

    /// Promise: CK029
    #[test]
    fn each_kind_of_user_has_its_role_its_name_and_its_id() {
        for (user, kind, id, name) in [
            (User::regular("john"), UserKind::Regular, "john", ""),
            (User::guest("jane"), UserKind::Guest, "jane", "jane"),
            (User::anonymous(), UserKind::Anonymous, "!anon", ""),
        ] {
            assert_eq!((user.kind(), user.id()), (kind, id));
            assert_eq!((user.role_name(), user.display_name()), ("user", name));
            assert_eq!(user.checked_id().unwrap(), id);
            assert!(user.team_names().is_empty() && user.custom_data().is_empty());
        }
        assert_eq!(User::guest("jane").name("Jane").display_name(), "Jane");
        assert!(User::regular("").checked_id().is_err());
    }

    #[test]
    fn every_kind_of_user_has_custom_data_a_role_and_teams() {
        for user in [User::regular("a"), User::guest("a"), User::anonymous()] {
            let user = user.custom("k", 1).role("admin").teams(["red"]).image("i");
            assert_eq!(user.custom_data()["k"], 1);
            assert_eq!(user.role_name(), "admin");
            assert_eq!(user.team_names(), ["red"]);
            assert_eq!(user.details(true).image.as_deref(), Some("i"));
        }
    }
}
