//! Users, known from their tokens and from what their sockets say about them.

use serde_json::{Map, Value};
use video_core::UserId;

use crate::wire::request::UserDetails;

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) role: Role,
    pub(crate) name: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) language: String,
    pub(crate) custom: Map<String, Value>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

impl User {
    pub(crate) fn new(id: UserId, now: &str) -> Self {
        Self {
            id,
            role: Role::User,
            name: None,
            image: None,
            language: String::new(),
            custom: Map::new(),
            created_at: now.to_owned(),
            updated_at: now.to_owned(),
        }
    }

    /// Takes over what the user says about itself and keeps what it leaves out.
    pub(crate) fn update(&mut self, details: UserDetails, now: &str) {
        self.name = details.name.or_else(|| self.name.take());
        self.image = details.image.or_else(|| self.image.take());
        if let Some(language) = details.language {
            self.language = language;
        }
        if let Some(custom) = details.custom {
            self.custom = custom;
        }
        now.clone_into(&mut self.updated_at);
    }
}

/// What a user may do depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Guest,
}

impl Role {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Guest => "guest",
        }
    }
}
