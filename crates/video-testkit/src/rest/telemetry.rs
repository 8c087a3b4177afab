//! What clients report about how they fare.

use serde_json::Value;

use super::Reply;
use crate::wire::error::ApiError;
use crate::wire::request::{self, ClientEvents};

const MAX_EVENTS: usize = 100;

/// Accepts a report. The journal has it; nothing else comes of it.
pub(super) fn report(body: Option<Value>) -> Result<Reply, ApiError> {
    let body: ClientEvents = request::read(body)?;
    if body.events.is_empty() || body.events.len() > MAX_EVENTS {
        return Err(ApiError::input("events", "must be 1 to 100"));
    }
    Ok(Reply::done(201))
}
