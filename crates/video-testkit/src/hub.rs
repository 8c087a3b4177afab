//! The live sockets beside the world they belong to, under one lock.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use video_core::{ConnectionId, UserId};

use crate::journal::{ClosedBy, Entry, Journal};
use crate::wire::error::{ApiError, TOKEN_EXPIRED};
use crate::wire::event;
use crate::world::{Effect, World};

/// How many messages a socket may leave unread before it is cut.
pub(crate) const QUEUE: usize = 1024;

/// The code that follows a `connection.error`.
pub(crate) const CLOSE_AFTER_ERROR: u16 = 1008;

/// What a socket is to send next.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Event(Bytes),
    Close { code: u16, reason: String },
}

/// How to reach one live socket.
#[derive(Debug)]
pub(crate) struct SocketHandle {
    pub(crate) queue: mpsc::Sender<Outgoing>,
    /// Cuts the connection below the socket.
    pub(crate) cut: Arc<Notify>,
}

/// Everything that changes while the coordinator lives.
pub(crate) struct Hub {
    pub(crate) world: World,
    sockets: BTreeMap<ConnectionId, SocketHandle>,
    /// All open connections, with a socket or without.
    links: BTreeMap<u64, Arc<Notify>>,
    links_opened: u64,
    journal: Journal,
}

impl Hub {
    pub(crate) fn new(seed: u64, journal: Journal) -> Self {
        Self {
            world: World::new(seed),
            sockets: BTreeMap::new(),
            links: BTreeMap::new(),
            links_opened: 0,
            journal,
        }
    }

    pub(crate) fn open_link(&mut self) -> (u64, Arc<Notify>) {
        let id = self.links_opened;
        self.links_opened += 1;
        let cut = Arc::new(Notify::new());
        self.links.insert(id, Arc::clone(&cut));
        (id, cut)
    }

    pub(crate) fn close_link(&mut self, id: u64) {
        self.links.remove(&id);
    }

    pub(crate) fn links(&self) -> usize {
        self.links.len()
    }

    pub(crate) fn cut_all_links(&mut self) {
        for cut in self.links.values() {
            cut.notify_one();
        }
    }

    pub(crate) fn open_socket(&mut self, id: ConnectionId, handle: SocketHandle) {
        self.sockets.insert(id, handle);
    }

    /// Notes that a socket has ended, unless that was noted before.
    pub(crate) fn close_socket(&mut self, id: &ConnectionId, code: Option<u16>, by: ClosedBy) {
        self.sockets.remove(id);
        if self.world.disconnect(id) {
            self.journal.write(Entry::SocketClosed {
                connection_id: Some(id.clone()),
                code,
                by,
            });
        }
    }

    /// Lets the sockets know what changed.
    pub(crate) fn apply(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Watched { connection, cid } => self.journal.write(Entry::Watched {
                    connection_id: connection,
                    cid,
                }),
                Effect::GuestCreated { user } => self.journal.write(Entry::GuestCreated { user }),
                Effect::Event { to, event } => {
                    self.push(&to, &event);
                }
            }
        }
    }

    /// Hands an event to these sockets. Says to how many.
    pub(crate) fn push(&mut self, to: &[ConnectionId], event: &Value) -> usize {
        let name = event["type"].as_str().unwrap_or("raw").to_owned();
        self.push_bytes(to, &name, &Bytes::from(event.to_string()))
    }

    /// Hands any text to these sockets. Says to how many.
    pub(crate) fn push_bytes(&mut self, to: &[ConnectionId], name: &str, text: &Bytes) -> usize {
        let mut reached = 0;
        for id in to {
            if self.send(id, Outgoing::Event(text.clone())) {
                reached += 1;
                self.journal.write(Entry::Pushed {
                    connection_id: id.clone(),
                    event: name.to_owned(),
                });
            }
        }
        reached
    }

    /// Ends a socket in an orderly way, after everything that is queued for it.
    pub(crate) fn close(&mut self, id: &ConnectionId, code: u16, reason: &str) {
        let reason = reason.to_owned();
        if self.send(id, Outgoing::Close { code, reason }) {
            self.close_socket(id, Some(code), ClosedBy::Server);
        }
    }

    /// Breaks the connection below a socket.
    pub(crate) fn cut(&mut self, id: &ConnectionId, by: ClosedBy) {
        if let Some(handle) = self.sockets.get(id) {
            handle.cut.notify_one();
        }
        self.close_socket(id, None, by);
    }

    /// Makes the user's tokens worthless and throws its sockets out.
    pub(crate) fn expire_tokens(&mut self, user: &UserId, unix: i64, now: &str) {
        self.world.expire_tokens(user, unix);
        self.journal
            .write(Entry::TokensExpired { user: user.clone() });
        let error = ApiError::new(TOKEN_EXPIRED, "the token has expired");
        for (id, _) in self.world.connections(|c| c.user == *user) {
            let frame = event::connection_error(&id, &error, now);
            self.push(std::slice::from_ref(&id), &frame);
            self.close(&id, CLOSE_AFTER_ERROR, "token expired");
        }
    }

    fn send(&mut self, id: &ConnectionId, message: Outgoing) -> bool {
        let Some(handle) = self.sockets.get(id) else {
            return false;
        };
        match handle.queue.try_send(message) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.cut(id, ClosedBy::Overflow);
                false
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}
