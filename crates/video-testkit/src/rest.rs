//! The REST operations: from a checked request to an answer and its effects. No I/O.

mod call;
mod device;
mod edge;
mod filter;
mod guest;
mod operation;
mod query;
mod route;
mod telemetry;
mod token;
mod url;

use serde_json::{Value, json};
use video_core::ConnectionId;

use crate::config::Config;
use crate::wire::DURATION;
use crate::wire::error::ApiError;
use crate::world::{Caller, Effect, World};

pub(crate) use operation::Operation;
pub(crate) use route::{Probed, Route};
pub(crate) use url::{Query, segments};

/// A request whose sender is known.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) caller: Caller,
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
    /// Where the request came in: `http://127.0.0.1:4000`; nowhere in memory.
    pub(crate) origin: Option<&'a str>,
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) effects: Vec<Effect>,
}

impl Reply {
    /// An answer that says no more than its status.
    fn done(status: u16) -> Self {
        Self {
            status,
            body: json!({"duration": DURATION}),
            effects: Vec::new(),
        }
    }

    fn with(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
}

/// Carries a request out.
pub(crate) fn answer(
    world: &mut World,
    context: &Context<'_>,
    request: Request,
) -> Result<Reply, ApiError> {
    let Request {
        caller,
        operation,
        query,
        body,
    } = request;
    if operation.needs_user() {
        caller.user()?;
    }
    if let Caller::User(user) = &caller {
        world.user_or_new(user, context.now);
    }
    let connection = query.get("connection_id").filter(|id| !id.is_empty());
    // Whoever has no name has no socket either.
    let connection = connection.filter(|_| caller.user().is_ok());
    let connection = connection.map(ConnectionId::new);
    let connection = connection.as_ref();
    let asking = call::Asking {
        world,
        context,
        caller: &caller,
    };
    match operation {
        Operation::GetCall(name) => asking.get(&name, connection, query.get("members_limit")),
        Operation::GetOrCreateCall(name) => asking.get_or_create(name, connection, body),
        Operation::UpdateCall(name) => asking.update(&name, body),
        Operation::JoinCall(name) => asking.join(name, connection, body),
        Operation::EndCall(name) => asking.end(&name),
        Operation::SendEvent(name) => asking.send_event(&name, body),
        Operation::QueryCalls => query::calls(world, &caller, connection, body),
        Operation::CreateDevice => device::create(world, context, caller.user()?, body),
        Operation::ListDevices => Ok(device::list(world, caller.user()?)),
        Operation::DeleteDevice => device::delete(world, caller.user()?, query.get("id")),
        Operation::ListEdges => Ok(edge::list(context)),
        Operation::ReportClientEvents => telemetry::report(body),
        Operation::CreateGuest => guest::create(world, context, body),
    }
}
