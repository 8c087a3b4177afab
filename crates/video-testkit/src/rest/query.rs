//! Listing calls, page by page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use video_core::ConnectionId;

use super::Reply;
use super::filter::Filter;
use crate::wire::error::ApiError;
use crate::wire::request::{self, QueryCalls};
use crate::wire::{DURATION, call};
use crate::world::{Caller, World};

const DEFAULT_LIMIT: usize = 25;
const CURSOR: &str = "offset:";

/// The calls that satisfy the filter, in the order of their creation; `sort` is not looked at.
pub(super) fn calls(
    world: &mut World,
    caller: &Caller,
    connection: Option<&ConnectionId>,
    body: Option<Value>,
) -> Result<Reply, ApiError> {
    let body: QueryCalls = request::read(body)?;
    let limit = match body.limit {
        None | Some(0) => DEFAULT_LIMIT,
        Some(limit @ 1..=100) => usize::try_from(limit).unwrap_or(DEFAULT_LIMIT),
        Some(_) => return Err(ApiError::input("limit", "must be from 0 to 100")),
    };
    let offset = match body.next.as_deref() {
        None | Some("") => 0,
        Some(cursor) => offset(cursor).ok_or_else(|| ApiError::input("next", "is no cursor"))?,
    };
    let filter = Filter::parse(&body.filter_conditions.unwrap_or_default())?;
    let connection = connection.filter(|_| body.watch == Some(true));
    world.check_connection(connection, caller)?;

    let found: Vec<_> = world
        .calls()
        .into_iter()
        .filter(|call| filter.admits(call))
        .collect();
    let members = request::members_limit(None)?;
    let page = found.iter().skip(offset).take(limit);
    let states: Vec<_> = page
        .clone()
        .map(|of| Value::Object(call::state(world, of, caller, members)))
        .collect();
    let cids: Vec<_> = page.map(|call| call.cid.clone()).collect();
    let mut answer = json!({"calls": states, "duration": DURATION});
    if offset.saturating_add(limit) < found.len() {
        answer["next"] = URL_SAFE_NO_PAD
            .encode(format!("{CURSOR}{}", offset + limit))
            .into();
    }
    let watched = cids.iter().filter_map(|cid| world.watch(connection, cid));
    Ok(Reply {
        status: 201,
        body: answer,
        effects: watched.collect(),
    })
}

fn offset(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix(CURSOR)?.parse().ok()
}
