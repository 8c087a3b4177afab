//! Who sends a request, and what is open to those who have no name.

use video_core::{CallCid, UserId};

use crate::wire::error::{ApiError, NOT_ALLOWED};

/// The id that everybody has who has no name.
pub(crate) const ANONYMOUS: &str = "!anon";

/// The sender of a request, after its credentials were checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Caller {
    User(UserId),
    /// Somebody without a name, and the calls that its token opens.
    Anonymous(Vec<CallCid>),
}

impl Caller {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::User(user) => user,
            Self::Anonymous(_) => ANONYMOUS,
        }
    }

    /// The user, for whatever is not done without a name.
    pub(crate) fn user(&self) -> Result<&UserId, ApiError> {
        match self {
            Self::User(user) => Ok(user),
            Self::Anonymous(_) => Err(not_allowed("an anonymous user may not do this")),
        }
    }

    /// Checks that a call may be read and joined.
    pub(crate) fn check_entry(&self, cid: &CallCid) -> Result<(), ApiError> {
        match self {
            Self::Anonymous(calls) if !calls.contains(cid) => {
                Err(not_allowed("the token does not open this call"))
            }
            _ => Ok(()),
        }
    }
}

fn not_allowed(why: &str) -> ApiError {
    ApiError::new(NOT_ALLOWED, why)
}
