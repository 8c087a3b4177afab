//! Lets a request wait for a live connection.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use video_core::ConnectionId;

use super::state::{ConnectionState, DisconnectReason};
use super::wishes::Wishes;
use crate::error::ConnectError;

/// Hands out the id of the live connection.
#[derive(Debug, Clone)]
pub struct ConnectionGate {
    state: watch::Receiver<ConnectionState>,
    wishes: Wishes,
}

/// Why there is no live connection.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum NotConnected {
    /// Nobody wishes to be connected. Connect first, or do not watch.
    #[error("the client is not connecting; call `connect()` first, or do not watch")]
    NotWished,
    /// The connection failed for good.
    #[error("the connection failed")]
    Failed(#[source] ConnectError),
    /// There was no connection in time.
    #[error("there was no connection within {waited:?}")]
    Timeout {
        /// How long was waited.
        waited: Duration,
        /// What the connection met meanwhile, if something.
        #[source]
        cause: Option<ConnectError>,
    },
}

impl ConnectionGate {
    /// A gate that follows this state.
    #[must_use]
    pub fn new(state: watch::Receiver<ConnectionState>) -> Self {
        Self::with_wishes(state, Wishes::default())
    }

    /// A gate that knows of wishes to be connected before the state does.
    pub(super) fn with_wishes(state: watch::Receiver<ConnectionState>, wishes: Wishes) -> Self {
        Self { state, wishes }
    }

    /// The id of the live connection, waiting for one up to `limit`.
    ///
    /// `stale` is an id that the service does not know: it is handed out again only if it is
    /// still the live one after the wait.
    pub(crate) async fn connection_id(
        &self,
        stale: Option<&ConnectionId>,
        limit: Duration,
    ) -> Result<ConnectionId, NotConnected> {
        let mut watched = self.state.clone();
        let wait = async {
            loop {
                // Read before the state, which shows what has been taken up.
                let wish_pending = self.wishes.are_pending();
                let verdict = match &*watched.borrow_and_update() {
                    ConnectionState::Connected { connection_id } => {
                        (Some(connection_id) != stale).then(|| Ok(connection_id.clone()))
                    }
                    _ if wish_pending => None,
                    ConnectionState::Disconnected {
                        reason: DisconnectReason::Failed(error),
                    } => Some(Err(NotConnected::Failed(error.clone()))),
                    ConnectionState::Idle
                    | ConnectionState::Paused
                    | ConnectionState::Disconnected { .. } => Some(Err(NotConnected::NotWished)),
                    ConnectionState::Connecting { .. }
                    | ConnectionState::Reconnecting { .. }
                    | ConnectionState::Offline { .. } => None,
                };
                if let Some(verdict) = verdict {
                    return verdict;
                }
                if watched.changed().await.is_err() {
                    return Err(NotConnected::NotWished);
                }
            }
        };
        // A stale id that stays the live one is worth a short wait only.
        let limit = if stale.is_some() {
            limit.min(STALE_WAIT)
        } else {
            limit
        };
        if let Ok(verdict) = timeout(limit, wait).await {
            return verdict;
        }
        let now = self.state.borrow();
        match now.connection_id() {
            Some(id) => Ok(id.clone()),
            None => Err(NotConnected::Timeout {
                waited: limit,
                cause: now.error().cloned(),
            }),
        }
    }
}

const STALE_WAIT: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use video_core::{ApiKey, Endpoint, MockTokenSource, User, UserId, UserToken};

    use super::*;
    use crate::error::ConnectErrorKind;
    use crate::session::{ConnectOptions, EventChannel as _, Session, SessionConfig};
    use crate::socket::Frame;
    use crate::test_util::{ScriptedConnector, SocketScript};

    const LIMIT: Duration = Duration::from_secs(5);

    fn connected(id: &str) -> ConnectionState {
        ConnectionState::Connected {
            connection_id: ConnectionId::new(id),
        }
    }

    fn connecting() -> ConnectionState {
        ConnectionState::Connecting { attempt: 0 }
    }

    /// Promise: U11, CK053
    #[tokio::test(start_paused = true)]
    async fn a_call_made_while_connecting_waits_and_gets_the_id() {
        let (sender, receiver) = watch::channel(connecting());
        let gate = ConnectionGate::new(receiver);
        let (id, ()) = tokio::join!(gate.connection_id(None, LIMIT), async {
            tokio::time::sleep(LIMIT / 2).await;
            sender.send_replace(connected("a"));
        });
        assert_eq!(id.unwrap(), "a");
    }

    /// Promise: T23
    #[tokio::test(start_paused = true)]
    async fn the_wait_has_its_own_deadline_and_tells_the_cause() {
        let cause = ConnectError::new(ConnectErrorKind::Silent);
        #[expect(clippy::disallowed_methods, reason = "an arbitrary moment")]
        let next_at = std::time::Instant::now();
        let state = ConnectionState::Reconnecting {
            attempt: 1,
            cause,
            next_at,
        };
        let (_sender, receiver) = watch::channel(state);
        match ConnectionGate::new(receiver)
            .connection_id(None, LIMIT)
            .await
            .unwrap_err()
        {
            NotConnected::Timeout { waited, cause } => {
                assert_eq!(waited, LIMIT);
                assert_eq!(cause.unwrap().kind(), &ConnectErrorKind::Silent);
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_connection_that_is_not_wished_for() {
        for state in [ConnectionState::Idle, ConnectionState::Paused] {
            let (_sender, receiver) = watch::channel(state);
            let result = ConnectionGate::new(receiver)
                .connection_id(None, LIMIT)
                .await;
            assert!(matches!(result, Err(NotConnected::NotWished)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_that_is_told_counts_before_the_state_shows_it_and_no_longer() {
        for state in [ConnectionState::Idle, ConnectionState::Paused] {
            let (sender, receiver) = watch::channel(state);
            let wishes = Wishes::default();
            let gate = ConnectionGate::with_wishes(receiver, wishes.clone());
            let wish = wishes.begin();
            let (id, ()) = tokio::join!(gate.connection_id(None, LIMIT), async {
                tokio::time::sleep(LIMIT / 2).await;
                sender.send_replace(connected("a"));
                drop(wish);
            });
            assert_eq!(id.unwrap(), "a");

            sender.send_replace(ConnectionState::Idle);
            let wish = wishes.begin();
            let (refused, ()) = tokio::join!(gate.connection_id(None, LIMIT), async {
                tokio::time::sleep(LIMIT / 2).await;
                drop(wish);
                sender.send_modify(|_| ());
            });
            assert!(matches!(refused, Err(NotConnected::NotWished)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_does_not_hide_a_connection_that_lives() {
        let (_sender, receiver) = watch::channel(connected("a"));
        let wishes = Wishes::default();
        let gate = ConnectionGate::with_wishes(receiver, wishes.clone());
        let _wish = wishes.begin();
        let at_once = timeout(LIMIT / 2, gate.connection_id(None, LIMIT)).await;
        assert_eq!(at_once.unwrap().unwrap(), "a");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_id_is_not_handed_out_again_while_another_may_come() {
        let (sender, receiver) = watch::channel(connected("old"));
        let gate = ConnectionGate::new(receiver);
        let stale = ConnectionId::new("old");
        assert_eq!(
            gate.connection_id(Some(&stale), LIMIT).await.unwrap(),
            "old"
        );
        let (id, ()) = tokio::join!(gate.connection_id(Some(&stale), LIMIT), async {
            sender.send_replace(connected("new"));
        });
        assert_eq!(id.unwrap(), "new");
    }

    /// Greets the client under this id.
    async fn greet(script: &mut SocketScript, id: &str) {
        script.hear().await.unwrap();
        let greeting = format!(r#"{{"type":"connection.ok","connection_id":"{id}"}}"#);
        script.say(greeting).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_counts_while_the_socket_before_it_is_closed_and_not_when_nothing_comes_of_it() {
        let connector = ScriptedConnector::new();
        let [mut first, mut second, mut third, mut fourth] =
            [(); 4].map(|()| connector.expect_open());
        let user = Arc::new(User::regular("jane"));
        let key = ApiKey::new("key").unwrap();
        let config = SessionConfig::new(&Endpoint::default(), key, user);
        let mut tokens = MockTokenSource::new();
        tokens.expect_token().returning(|| {
            let jane = UserId::new("jane").unwrap();
            Ok(UserToken::new("a.b.c".into(), jane, None, None))
        });
        let session = Session::new(config, Arc::new(connector), Arc::new(tokens)).unwrap();
        let gate = session.gate();
        session.connect_in_background(ConnectOptions::new());
        let (id, ()) = tokio::join!(gate.connection_id(None, LIMIT), greet(&mut first, "c1"));
        assert_eq!(id.unwrap(), "c1");

        // A close that is not answered takes a second.
        let ((), id) = tokio::join!(session.disconnect(), async {
            let close = first.from_client.recv().await.unwrap();
            assert!(matches!(close, Frame::Close(_)), "{close:?}");
            session.connect_in_background(ConnectOptions::new());
            let id = gate.connection_id(None, LIMIT);
            let (id, ()) = tokio::join!(id, greet(&mut second, "c2"));
            id
        });
        assert_eq!(id.unwrap(), "c2");

        session.disconnect().await;
        // There is nothing to be resumed.
        session.resume().await;
        let refused = gate.connection_id(None, LIMIT).await;
        assert!(
            matches!(refused, Err(NotConnected::NotWished)),
            "{refused:?}"
        );

        session.connect_in_background(ConnectOptions::new());
        let (id, ()) = tokio::join!(gate.connection_id(None, LIMIT), greet(&mut third, "c3"));
        assert_eq!(id.unwrap(), "c3");
        session.pause().await;
        session.resume().await;
        let (id, ()) = tokio::join!(gate.connection_id(None, LIMIT), greet(&mut fourth, "c4"));
        assert_eq!(id.unwrap(), "c4");
    }
}
