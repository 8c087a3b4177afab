//! The REST operations: from a checked request to an answer and its effects. No I/O.

mod call;
mod filter;
mod query;
mod route;
mod token;
mod url;

use serde_json::Value;
use video_core::{ConnectionId, UserId};

use crate::config::Config;
use crate::wire::error::ApiError;
use crate::world::{Effect, World};

pub(crate) use route::{Operation, Route};
pub(crate) use url::Query;

/// A request whose sender is known.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) user: UserId,
    pub(crate) operation: Operation,
    pub(crate) query: Query,
    pub(crate) body: Option<Value>,
}

/// What an operation may know besides the world.
pub(crate) struct Context<'a> {
    /// The time of the request, as it is written in bodies.
    pub(crate) now: &'a str,
    /// The same time, as it is written in tokens.
    pub(crate) unix: i64,
    pub(crate) config: &'a Config,
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) effects: Vec<Effect>,
}

/// Carries a request out.
pub(crate) fn answer(
    world: &mut World,
    context: &Context<'_>,
    request: Request,
) -> Result<Reply, ApiError> {
    world.user_or_new(&request.user, context.now);
    let Request {
        user,
        operation,
        query,
        body,
    } = request;
    let connection = query.get("connection_id").filter(|id| !id.is_empty());
    let connection = connection.map(ConnectionId::new);
    let connection = connection.as_ref();
    let asking = call::Asking {
        world,
        context,
        user: &user,
    };
    match operation {
        Operation::GetCall(name) => asking.get(&name, connection, query.get("members_limit")),
        Operation::GetOrCreateCall(name) => asking.get_or_create(name, connection, body),
        Operation::UpdateCall(name) => asking.update(&name, body),
        Operation::JoinCall(name) => asking.join(name, connection, body),
        Operation::EndCall(name) => asking.end(&name),
        Operation::SendEvent(name) => asking.send_event(&name, body),
        Operation::QueryCalls => query::calls(world, &user, connection, body),
    }
}
