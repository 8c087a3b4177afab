//! The first frame of a socket and the answer to it.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};
use video_core::ConnectionId;

use super::{End, GOING_AWAY, Socket};
use crate::fault::{Fault, FaultPlace};
use crate::hub::{CLOSE_AFTER_ERROR, Outgoing, QUEUE, SocketHandle};
use crate::journal::Entry;
use crate::jwt;
use crate::wire::error::{AUTH, ApiError, BAD_KEY, INPUT};
use crate::wire::event;
use crate::wire::request::Greeting;
use crate::world::ANONYMOUS;

/// The code for a client that does not say who it is in time.
const NO_GREETING: u16 = 1008;

/// What was known before the first frame.
pub(super) struct Opening {
    pub(super) api_key: Option<String>,
    pub(super) auth_type: Option<String>,
    /// Cuts the connection below.
    pub(super) cut: Arc<Notify>,
}

/// A socket that was let in.
pub(super) struct Live {
    pub(super) id: ConnectionId,
    pub(super) queue: mpsc::Receiver<Outgoing>,
}

impl Socket<'_> {
    /// Waits for the first frame and lets the client in, or not.
    pub(super) async fn greet(&mut self, opening: Opening) -> Result<Live, End> {
        let message = self.first_message().await?;
        let mut novelty = false;
        match self.shared.fault(FaultPlace::Greeting, "*", "") {
            Some(Fault::Delay(span)) => tokio::time::sleep(span).await,
            Some(Fault::Stall) => {
                while self.reader.next().await.is_some() {}
                return Err(End::CUT);
            }
            Some(Fault::Drop) => return Err(End::CUT),
            Some(Fault::Close(code)) => return Err(self.close(code, "planned").await),
            Some(Fault::ConnectionError(code)) => {
                return Err(self.refuse(&ApiError::new(code, "planned")).await);
            }
            Some(Fault::ExpireToken) => self.expire(&message),
            Some(Fault::Garbage) => self.garbage().await?,
            Some(Fault::UnknownEvent) => novelty = true,
            Some(Fault::SplitFrames(bytes)) => self.writer.split = Some(bytes),
            Some(Fault::DuplicateEvents) => self.writer.duplicate = true,
            _ => {}
        }
        match self.admit(&message, opening) {
            Ok(live) => {
                if novelty {
                    let event = event::unknown(&self.shared.clock.rfc3339());
                    self.shared
                        .hub()
                        .push(std::slice::from_ref(&live.id), &event);
                }
                Ok(live)
            }
            Err(error) => Err(self.refuse(&error).await),
        }
    }

    async fn first_message(&mut self) -> Result<Vec<u8>, End> {
        let deadline = tokio::time::sleep(self.shared.config.greeting_timeout);
        tokio::pin!(deadline);
        loop {
            let incoming = tokio::select! {
                biased;
                () = self.shutdown.requested() => {
                    return Err(self.close(GOING_AWAY, "shutting down").await);
                }
                incoming = self.reader.next() => incoming,
                () = &mut deadline => {
                    return Err(self.close(NO_GREETING, "no greeting in time").await);
                }
            };
            if let Some(message) = self.routine(incoming).await? {
                return Ok(message);
            }
        }
    }

    /// Checks the first frame. If it is good, the socket is open to events when this returns, and
    /// `connection.ok` is the first of them.
    fn admit(&self, message: &[u8], opening: Opening) -> Result<Live, ApiError> {
        let shared = self.shared;
        let Opening {
            api_key,
            auth_type,
            cut,
        } = opening;
        if api_key.as_deref() != Some(shared.config.api_key.as_str()) {
            return Err(ApiError::new(BAD_KEY, "the API key is not valid"));
        }
        if auth_type.is_some_and(|auth_type| auth_type != "jwt") {
            return Err(ApiError::new(AUTH, "a socket needs a token"));
        }
        let greeting: Greeting = serde_json::from_slice(message)
            .map_err(|_| ApiError::new(INPUT, "the first frame is no greeting"))?;
        let token = greeting.token.unwrap_or_default();

        let (unix, now) = (shared.clock.unix(), shared.clock.rfc3339());
        let mut hub = shared.hub();
        let user = hub
            .world
            .check_token(&token, &shared.config.secret, unix)
            .map_err(|refusal| ApiError::new(refusal.code(), refusal.message()))?
            .user;
        if user == ANONYMOUS {
            return Err(ApiError::new(AUTH, "a socket needs a user"));
        }
        let details = greeting
            .user_details
            .ok_or_else(|| ApiError::input("user_details", "is required"))?;
        if user != *details.id.as_str() {
            return Err(ApiError::new(AUTH, "the token belongs to another user"));
        }

        let id = hub.world.new_connection_id();
        let (sender, queue) = mpsc::channel(QUEUE);
        shared.journal.write(Entry::Authenticated {
            user: user.clone(),
            connection_id: id.clone(),
            user_details: self.sent_details(message),
            products: greeting.products,
            token_fingerprint: jwt::fingerprint(&token),
        });
        hub.world.connect(id.clone(), &user, details, &now);
        hub.open_socket(id.clone(), SocketHandle { queue: sender, cut });
        if let Some(user) = hub.world.user(&user) {
            let ok = event::connection_ok(&id, user, hub.world.devices(&user.id), &now);
            hub.push(std::slice::from_ref(&id), &ok);
        }
        Ok(Live { id, queue })
    }

    /// The details as the client wrote them, for the journal.
    fn sent_details(&self, message: &[u8]) -> serde_json::Value {
        let sent: serde_json::Value = serde_json::from_slice(message).unwrap_or_default();
        self.shared.redactor.json(&sent["user_details"])
    }

    /// Tells the client what is wrong and closes.
    pub(super) async fn refuse(&mut self, error: &ApiError) -> End {
        let code = error.code;
        self.shared.journal.write(Entry::Refused { code });
        let id = self.shared.hub().world.new_connection_id();
        let frame = event::connection_error(&id, error, &self.shared.clock.rfc3339());
        if self
            .writer
            .text(frame.to_string().as_bytes())
            .await
            .is_err()
        {
            return End::CUT;
        }
        self.close(CLOSE_AFTER_ERROR, "refused").await
    }

    /// A text frame that no client can decode.
    pub(super) async fn garbage(&mut self) -> Result<(), End> {
        let sent = self.writer.text(b"{\"type\": \"call.crea").await;
        sent.map_err(|_| End::CUT)
    }

    fn expire(&self, message: &[u8]) {
        let Ok(greeting) = serde_json::from_slice::<Greeting>(message) else {
            return;
        };
        let token = greeting.token.unwrap_or_default();
        let (unix, now) = (self.shared.clock.unix(), self.shared.clock.rfc3339());
        let mut hub = self.shared.hub();
        let checked = hub
            .world
            .check_token(&token, &self.shared.config.secret, unix);
        if let Ok(claims) = checked {
            hub.expire_tokens(&claims.user, unix, &now);
        }
    }
}
