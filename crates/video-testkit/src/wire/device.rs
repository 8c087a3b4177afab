//! Devices as the service shows them.

use serde_json::{Value, json};
use video_core::UserId;

use crate::world::Device;

pub(crate) fn list(user: &UserId, devices: &[Device]) -> Vec<Value> {
    devices.iter().map(|of| device(user, of)).collect()
}

fn device(user: &UserId, device: &Device) -> Value {
    let mut body = json!({
        "id": device.id,
        "push_provider": device.push_provider,
        "user_id": user,
        "created_at": device.created_at,
    });
    if let Some(name) = &device.push_provider_name {
        body["push_provider_name"] = name.as_str().into();
    }
    if device.voip {
        body["voip"] = true.into();
    }
    body
}
