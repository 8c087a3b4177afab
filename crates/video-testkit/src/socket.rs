//! The driver of one WebSocket: greeting, messages, end.

mod greeting;
mod live;
mod reader;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use fastwebsockets::{Role, after_handshake_split};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::sync::Notify;
use video_core::ConnectionId;

use crate::journal::{ClosedBy, Entry};
use crate::serve::{PendingSocket, Shutdown};
use crate::shared::Shared;

use reader::{Incoming, Reader};
use writer::Writer;

/// How long the coordinator waits for the answer to its close frame.
const CLOSE_GRACE: Duration = Duration::from_secs(1);

/// The code of a close frame that says nothing is wrong but the coordinator is going away.
const GOING_AWAY: u16 = 1001;

type Io = TokioIo<Upgraded>;

/// How a socket came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    code: Option<u16>,
    by: ClosedBy,
}

impl End {
    const CUT: Self = Self {
        code: None,
        by: ClosedBy::Cut,
    };
}

/// The two halves of a socket.
struct Socket<'a> {
    shared: &'a Shared,
    reader: Reader,
    writer: Writer<WriteHalf<Io>>,
    shutdown: Shutdown,
}

/// Serves a socket until it ends. What is not said goodbye to is cut.
pub(crate) async fn serve(
    shared: &Shared,
    pending: PendingSocket,
    cut: Arc<Notify>,
    shutdown: Shutdown,
) {
    let PendingSocket {
        upgrade,
        api_key,
        auth_type,
    } = pending;
    let Ok(upgraded) = upgrade.await else { return };
    let (read, write): (ReadHalf<Io>, _) = tokio::io::split(TokioIo::new(upgraded));
    let (read, write) = after_handshake_split(read, write, Role::Server);
    let mut socket = Socket {
        shared,
        reader: Reader::spawn(read),
        writer: Writer::new(write),
        shutdown,
    };
    let opening = greeting::Opening {
        api_key,
        auth_type,
        cut,
    };
    let end = match socket.greet(opening).await {
        Ok(live) => {
            // Dropping the guard journals the end, even if this task is aborted.
            let mut guard = Registered {
                shared,
                id: live.id.clone(),
                end: End::CUT,
            };
            guard.end = socket.live(live).await;
            guard.end
        }
        Err(end) => {
            shared.journal.write(Entry::SocketClosed {
                connection_id: None,
                code: end.code,
                by: end.by,
            });
            end
        }
    };
    if end.by == ClosedBy::Client {
        // The journal knows of the goodbye before the client sees it answered. The client may be
        // gone already; it said goodbye all the same.
        drop(socket.writer.echo_close(end.code).await);
    }
}

impl Socket<'_> {
    /// Says goodbye and waits for the client to do the same.
    async fn close(&mut self, code: u16, reason: &str) -> End {
        if self.writer.close(code, reason).await.is_err() {
            return End::CUT;
        }
        let answered =
            async { while !matches!(self.reader.next().await, None | Some(Incoming::Close(_))) {} };
        // Whether the client answers in time makes no difference.
        drop(tokio::time::timeout(CLOSE_GRACE, answered).await);
        End {
            code: Some(code),
            by: ClosedBy::Server,
        }
    }

    /// Answers a message that ends the socket or needs no thought; gives the others back.
    async fn routine(&mut self, incoming: Option<Incoming>) -> Result<Option<Vec<u8>>, End> {
        match incoming {
            None => Err(End::CUT),
            Some(Incoming::Message(message)) => Ok(Some(message)),
            Some(Incoming::Ping(payload)) => {
                self.writer.pong(&payload).await.map_err(|_| End::CUT)?;
                Ok(None)
            }
            // Answered once the end is journaled.
            Some(Incoming::Close(code)) => Err(End {
                code,
                by: ClosedBy::Client,
            }),
            Some(Incoming::Broken(code)) => Err(self.close(code, "protocol error").await),
        }
    }
}

/// A socket that the hub knows.
struct Registered<'a> {
    shared: &'a Shared,
    id: ConnectionId,
    end: End,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let mut hub = self.shared.hub();
        hub.close_socket(&self.id, self.end.code, self.end.by);
    }
}
