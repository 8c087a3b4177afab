//! Users as the service shows them.

use serde_json::{Value, json};

use super::device;
use crate::world::{Device, User};

/// A user as others see it.
pub(crate) fn public(user: &User) -> Value {
    let mut body = common(user);
    body["blocked_user_ids"] = json!([]);
    body
}

/// A user as it sees itself, in `connection.ok`.
pub(crate) fn own(user: &User, devices: &[Device], now: &str) -> Value {
    let mut body = common(user);
    body["devices"] = device::list(&user.id, devices).into();
    body["last_active"] = now.into();
    body
}

fn common(user: &User) -> Value {
    let mut body = json!({
        "id": user.id,
        "role": user.role.as_str(),
        "language": user.language,
        "teams": [],
        "custom": user.custom,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    });
    if let Some(name) = &user.name {
        body["name"] = name.as_str().into();
    }
    if let Some(image) = &user.image {
        body["image"] = image.as_str().into();
    }
    body
}
