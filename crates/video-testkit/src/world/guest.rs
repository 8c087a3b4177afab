//! Guests: users whom the service names.

use video_core::UserId;

use super::World;
use super::user::Role;
use crate::wire::error::ApiError;
use crate::wire::request::UserDetails;

impl World {
    /// Makes a guest. The id that was asked for is only the end of its own.
    pub(crate) fn create_guest(
        &mut self,
        details: UserDetails,
        now: &str,
    ) -> Result<UserId, ApiError> {
        let wrong = |error: video_core::InvalidId| ApiError::input("user.id", error.to_string());
        let asked = UserId::new(&details.id).map_err(wrong)?;
        let uuid = self.ids.uuid();
        let id = UserId::new(format!("guest-{uuid}-{asked}")).map_err(wrong)?;
        let guest = self.user_or_new(&id, now);
        guest.role = Role::Guest;
        guest.update(details, now);
        self.guests.push(id.clone());
        Ok(id)
    }

    /// The guests in the order of their creation.
    pub(crate) fn guests(&self) -> &[UserId] {
        &self.guests
    }
}
