//! Speaking to sockets, closing and cutting them.

use std::borrow::Borrow;

use bytes::Bytes;
use serde_json::Value;
use video_core::{CallCid, ConnectionId, UserId};

use super::Coordinator;
use crate::hub::Hub;
use crate::journal::ClosedBy;

/// Which sockets are meant. A text means a user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Audience {
    /// All of them.
    All,
    /// Those of one user.
    User(String),
    /// Those that events of one call go to: watchers and members. Named as `type:id`.
    Call(CallCid),
    /// A single one.
    Connection(ConnectionId),
}

impl Audience {
    fn connections(&self, hub: &Hub) -> Vec<ConnectionId> {
        let world = &hub.world;
        let list = match self {
            Self::All => world.connections(|_| true),
            Self::User(user) => world.connections(|c| c.user == *user.as_str()),
            Self::Call(cid) => return world.audience(cid),
            Self::Connection(id) => return vec![id.clone()],
        };
        list.into_iter().map(|(id, _)| id).collect()
    }
}

impl From<&str> for Audience {
    fn from(user: &str) -> Self {
        Self::User(user.to_owned())
    }
}

impl From<&UserId> for Audience {
    fn from(user: &UserId) -> Self {
        Self::User(user.as_str().to_owned())
    }
}

impl From<&CallCid> for Audience {
    fn from(cid: &CallCid) -> Self {
        Self::Call(cid.clone())
    }
}

impl From<&ConnectionId> for Audience {
    fn from(id: &ConnectionId) -> Self {
        Self::Connection(id.clone())
    }
}

/// What the coordinator does of its own accord. Each of these says how many sockets it reached.
impl Coordinator {
    /// Sends an event, whatever it may be.
    pub fn push(&self, to: impl Into<Audience>, event: impl Borrow<Value>) -> usize {
        self.each(to, |hub, sockets| hub.push(sockets, event.borrow()))
    }

    /// Sends an event to all sockets of a user.
    pub fn push_to_user(&self, user: &str, event: impl Borrow<Value>) -> usize {
        self.push(user, event)
    }

    /// Sends an event to the sockets that watch a call, given as `type:id`, or belong to a member.
    pub fn push_to_call(&self, cid: &str, event: impl Borrow<Value>) -> usize {
        self.push(Audience::Call(CallCid::new(cid)), event)
    }

    /// Sends a text message of any content, even such that is not JSON or not text.
    pub fn push_raw(&self, to: impl Into<Audience>, text: impl Into<Bytes>) -> usize {
        let text = text.into();
        self.each(to, |hub, sockets| hub.push_bytes(sockets, "raw", &text))
    }

    /// Cuts connections without a word, as a dead network does.
    ///
    /// [`Audience::All`] cuts those too that carry only HTTP requests.
    pub fn drop_connections(&self, of: impl Into<Audience>) -> usize {
        let of = of.into();
        if of == Audience::All {
            self.inner.shared.hub().cut_all_links();
        }
        self.each(of, |hub, sockets| {
            for id in sockets {
                hub.cut(id, ClosedBy::Cut);
            }
            sockets.len()
        })
    }

    /// Closes all sockets with a close frame.
    #[expect(
        clippy::must_use_candidate,
        reason = "it is called for what it does, like its siblings"
    )]
    pub fn close_connections(&self, code: u16, reason: &str) -> usize {
        self.close_connections_of(Audience::All, code, reason)
    }

    /// Closes sockets with a close frame.
    pub fn close_connections_of(&self, of: impl Into<Audience>, code: u16, reason: &str) -> usize {
        self.each(of, |hub, sockets| {
            for id in sockets {
                hub.close(id, code, reason);
            }
            sockets.len()
        })
    }

    fn each(
        &self,
        audience: impl Into<Audience>,
        act: impl FnOnce(&mut Hub, &[ConnectionId]) -> usize,
    ) -> usize {
        let mut hub = self.inner.shared.hub();
        let sockets = audience.into().connections(&hub);
        act(&mut hub, &sockets)
    }
}
