//! The operations on a user's devices.

use serde_json::{Value, json};
use video_core::UserId;

use super::{Context, Reply};
use crate::wire::error::ApiError;
use crate::wire::request::{self, CreateDevice};
use crate::wire::{DURATION, device};
use crate::world::{Device, World};

/// Who can bring news to a device.
const PROVIDERS: [&str; 4] = ["apn", "firebase", "huawei", "xiaomi"];

const MAX_ID: usize = 255;

pub(super) fn create(
    world: &mut World,
    context: &Context<'_>,
    user: &UserId,
    body: Option<Value>,
) -> Result<Reply, ApiError> {
    let body: CreateDevice = request::read(body)?;
    if body.id.is_empty() || body.id.chars().count() > MAX_ID {
        return Err(ApiError::input("id", "must have 1 to 255 characters"));
    }
    if !PROVIDERS.contains(&body.push_provider.as_str()) {
        let known = PROVIDERS.join(", ");
        return Err(ApiError::input(
            "push_provider",
            format!("must be one of {known}"),
        ));
    }
    let device = Device {
        id: body.id,
        push_provider: body.push_provider,
        push_provider_name: body.push_provider_name,
        voip: body.voip_token == Some(true),
        created_at: context.now.to_owned(),
    };
    world.add_device(user, device);
    Ok(Reply::done(201))
}

pub(super) fn list(world: &World, user: &UserId) -> Reply {
    let devices = device::list(user, world.devices(user));
    Reply {
        status: 200,
        body: json!({"devices": devices, "duration": DURATION}),
        effects: Vec::new(),
    }
}

pub(super) fn delete(
    world: &mut World,
    user: &UserId,
    id: Option<&str>,
) -> Result<Reply, ApiError> {
    let id = id.filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| ApiError::input("id", "is required"))?;
    world.remove_device(user, id)?;
    Ok(Reply::done(200))
}
