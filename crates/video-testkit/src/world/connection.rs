//! Live sockets and what they watch.

use std::collections::BTreeSet;

use video_core::{CallCid, ConnectionId, UserId};

use super::{Caller, Effect, World};
use crate::wire::error::{ApiError, STALE_CONNECTION};
use crate::wire::request::UserDetails;

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) user: UserId,
    watches: BTreeSet<CallCid>,
    /// Counts connections in the order of their opening.
    number: u64,
}

impl World {
    /// An id that no connection has had before.
    pub(crate) fn new_connection_id(&mut self) -> ConnectionId {
        self.ids.connection()
    }

    /// Lets an authenticated socket in.
    pub(crate) fn connect(
        &mut self,
        id: ConnectionId,
        user: &UserId,
        details: UserDetails,
        now: &str,
    ) {
        self.user_or_new(user, now).update(details, now);
        self.connections_opened += 1;
        let connection = Connection {
            user: user.clone(),
            watches: BTreeSet::new(),
            number: self.connections_opened,
        };
        self.connections.insert(id, connection);
    }

    /// Forgets a socket and what it watched. Says whether it was there.
    pub(crate) fn disconnect(&mut self, id: &ConnectionId) -> bool {
        self.connections.remove(id).is_some()
    }

    /// The live connections that satisfy a condition, oldest first.
    pub(crate) fn connections(
        &self,
        mut condition: impl FnMut(&Connection) -> bool,
    ) -> Vec<(ConnectionId, UserId)> {
        let mut list: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, connection)| condition(connection))
            .collect();
        list.sort_by_key(|(_, connection)| connection.number);
        list.into_iter()
            .map(|(id, connection)| (id.clone(), connection.user.clone()))
            .collect()
    }

    pub(crate) fn watchers(&self, cid: &CallCid) -> Vec<ConnectionId> {
        ids(self.connections(|connection| connection.watches.contains(cid)))
    }

    /// The sockets that an event of this call goes to: those that watch it and those of its
    /// members, each of them once.
    pub(crate) fn audience(&self, cid: &CallCid) -> Vec<ConnectionId> {
        let call = self.call(cid);
        ids(self.connections(|connection| {
            connection.watches.contains(cid)
                || call.is_some_and(|call| call.members.contains_key(&connection.user))
        }))
    }

    /// Whether somebody may make this connection watch something.
    pub(crate) fn check_connection(
        &self,
        id: Option<&ConnectionId>,
        caller: &Caller,
    ) -> Result<(), ApiError> {
        let Some(id) = id else { return Ok(()) };
        match self.connections.get(id) {
            Some(connection) if connection.user == *caller.id() => Ok(()),
            _ => Err(ApiError::new(
                STALE_CONNECTION,
                format!("connection {id} is not one of this user's"),
            )),
        }
    }

    /// Makes a connection watch a call. Does nothing without a connection.
    pub(crate) fn watch(&mut self, id: Option<&ConnectionId>, cid: &CallCid) -> Option<Effect> {
        let id = id?;
        self.connections.get_mut(id)?.watches.insert(cid.clone());
        Some(Effect::Watched {
            connection: id.clone(),
            cid: cid.clone(),
        })
    }
}

fn ids(list: Vec<(ConnectionId, UserId)>) -> Vec<ConnectionId> {
    list.into_iter().map(|(id, _)| id).collect()
}
