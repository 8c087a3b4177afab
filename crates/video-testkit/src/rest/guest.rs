//! Making guests.

use serde_json::{Value, json};

use super::{Context, Reply, token};
use crate::wire::error::ApiError;
use crate::wire::request::{self, CreateGuest};
use crate::wire::{DURATION, user};
use crate::world::{Effect, World};

/// Makes another guest each time it is asked.
pub(super) fn create(
    world: &mut World,
    context: &Context<'_>,
    body: Option<Value>,
) -> Result<Reply, ApiError> {
    let body: CreateGuest = request::read(body)?;
    let details = body
        .user
        .ok_or_else(|| ApiError::input("user", "is required"))?;
    let id = world.create_guest(details, context.now)?;
    let access_token = token::guest(world, context, &id);
    Ok(Reply {
        status: 201,
        body: json!({
            "user": world.user(&id).map(user::public),
            "access_token": access_token,
            "duration": DURATION,
        }),
        effects: vec![Effect::GuestCreated { user: id }],
    })
}
