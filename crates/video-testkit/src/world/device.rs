//! Devices that users are reached on when they have no socket.

use video_core::UserId;

use super::World;
use crate::wire::error::ApiError;

#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) push_provider: String,
    pub(crate) push_provider_name: Option<String>,
    pub(crate) voip: bool,
    pub(crate) created_at: String,
}

impl World {
    /// The devices of a user in the order of their registration.
    pub(crate) fn devices(&self, user: &str) -> &[Device] {
        self.devices.get(user).map_or(&[], Vec::as_slice)
    }

    /// Registers a device. One that is registered again is described anew.
    pub(crate) fn add_device(&mut self, user: &UserId, mut device: Device) {
        let devices = self.devices.entry(user.clone()).or_default();
        match devices.iter_mut().find(|known| known.id == device.id) {
            Some(known) => {
                device.created_at.clone_from(&known.created_at);
                *known = device;
            }
            None => devices.push(device),
        }
    }

    pub(crate) fn remove_device(&mut self, user: &UserId, id: &str) -> Result<(), ApiError> {
        let devices = self.devices.entry(user.clone()).or_default();
        let at = devices.iter().position(|known| known.id == id);
        let at = at.ok_or_else(|| ApiError::not_found(&format!("device {id}")))?;
        devices.remove(at);
        Ok(())
    }
}
