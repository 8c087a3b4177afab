//! The tokens that answers hand out.

use serde_json::Map;
use video_core::{CallCid, UserId};

use super::Context;
use crate::jwt;

/// How long a token for the media server lasts, in seconds.
const SFU_LIFETIME: i64 = 60 * 60;

/// A token for the media server.
pub(super) fn sfu(context: &Context<'_>, user: &UserId, cid: &CallCid) -> String {
    let mut claims = Map::new();
    claims.insert("user_id".to_owned(), user.as_str().into());
    claims.insert("call_cid".to_owned(), cid.as_str().into());
    claims.insert("exp".to_owned(), (context.unix + SFU_LIFETIME).into());
    jwt::sign(&claims, context.config.secret.as_bytes())
}
