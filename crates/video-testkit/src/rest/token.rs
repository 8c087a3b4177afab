//! The tokens that answers hand out.

use serde_json::Map;
use video_core::{CallCid, UserId};

use super::Context;
use crate::jwt;
use crate::token::TokenSpec;
use crate::world::World;

/// How long a token for the media server lasts, in seconds.
const SFU_LIFETIME: i64 = 60 * 60;

/// A token for the media server.
pub(super) fn sfu(context: &Context<'_>, user: &str, cid: &CallCid) -> String {
    let mut claims = Map::new();
    claims.insert("user_id".to_owned(), user.into());
    claims.insert("call_cid".to_owned(), cid.as_str().into());
    claims.insert("exp".to_owned(), (context.unix + SFU_LIFETIME).into());
    jwt::sign(&claims, context.config.secret.as_bytes())
}

/// A guest's own token.
pub(super) fn guest(world: &mut World, context: &Context<'_>, guest: &UserId) -> String {
    let config = context.config;
    let spec = TokenSpec::user(guest.as_str()).expires_in(config.guest_token_lifetime);
    spec.sign(&config.secret, context.unix, world.next_token())
}
