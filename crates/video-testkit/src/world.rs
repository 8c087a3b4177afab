//! The state of the emulated service: users, their devices, calls, connections and
//! worthless tokens. No I/O.

mod call;
mod caller;
mod connection;
mod device;
mod guest;
mod ids;
mod revocation;
mod user;

use std::collections::BTreeMap;

use serde_json::Value;
use video_core::{CallCid, ConnectionId, UserId};

use crate::wire::error::ApiError;

pub(crate) use call::{Call, Member};
pub(crate) use caller::{ANONYMOUS, Caller};
pub(crate) use connection::Connection;
pub(crate) use device::Device;
use ids::Ids;
use revocation::Revocation;
pub(crate) use user::{Role, User};

/// All that the service knows.
#[derive(Debug)]
pub(crate) struct World {
    users: BTreeMap<UserId, User>,
    /// In the order of their creation.
    guests: Vec<UserId>,
    devices: BTreeMap<UserId, Vec<Device>>,
    calls: BTreeMap<CallCid, Call>,
    connections: BTreeMap<ConnectionId, Connection>,
    revocations: BTreeMap<UserId, Revocation>,
    ids: Ids,
    connections_opened: u64,
    tokens_issued: u64,
}

/// What a change of the world means for the sockets, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// A connection watches a call from now on.
    Watched {
        connection: ConnectionId,
        cid: CallCid,
    },
    /// There is another guest.
    GuestCreated { user: UserId },
    /// An event goes out to these connections.
    Event { to: Vec<ConnectionId>, event: Value },
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            users: BTreeMap::new(),
            guests: Vec::new(),
            devices: BTreeMap::new(),
            calls: BTreeMap::new(),
            connections: BTreeMap::new(),
            revocations: BTreeMap::new(),
            ids: Ids::new(seed),
            connections_opened: 0,
            tokens_issued: 0,
        }
    }

    pub(crate) fn user(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    /// The user with this id, who comes into being if nobody heard of it before.
    pub(crate) fn user_or_new(&mut self, id: &UserId, now: &str) -> &mut User {
        self.users
            .entry(id.clone())
            .or_insert_with(|| User::new(id.clone(), now))
    }

    pub(crate) fn call(&self, cid: &CallCid) -> Option<&Call> {
        self.calls.get(cid)
    }

    pub(crate) fn call_mut(&mut self, cid: &CallCid) -> Result<&mut Call, ApiError> {
        self.calls.get_mut(cid).ok_or_else(|| no_call(cid))
    }

    pub(crate) fn existing_call(&self, cid: &CallCid) -> Result<&Call, ApiError> {
        self.call(cid).ok_or_else(|| no_call(cid))
    }

    /// The calls in the order of their creation.
    pub(crate) fn calls(&self) -> Vec<&Call> {
        let mut calls: Vec<_> = self.calls.values().collect();
        calls.sort_by_key(|call| call.number);
        calls
    }

    pub(crate) fn insert_call(&mut self, mut call: Call) {
        call.number = self.calls.len() as u64;
        self.calls.insert(call.cid.clone(), call);
    }
}

fn no_call(cid: &CallCid) -> ApiError {
    ApiError::not_found(&format!("call {cid}"))
}
