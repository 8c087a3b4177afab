//! How a guest is asked for, and who they turn out to be.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::secret::Secret;
use super::user::UserInfo;
use crate::user::UserDetails;

/// A wish for a guest.
///
/// Protocol: `CreateGuestRequest`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CreateGuestRequest {
    /// Who the guest would like to be.
    pub user: UserDetails,
}

impl CreateGuestRequest {
    /// A wish for this guest.
    #[must_use]
    pub fn new(user: UserDetails) -> Self {
        Self { user }
    }
}

/// A guest, as the service made them.
///
/// Protocol: `CreateGuestResponse`.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct CreateGuestResponse {
    /// The guest; the id is another than was wished for.
    pub user: UserInfo,
    access_token: Secret,
}

impl CreateGuestResponse {
    /// The guest's token.
    #[must_use]
    pub fn into_access_token(self) -> SecretString {
        self.access_token.into_inner()
    }
}
