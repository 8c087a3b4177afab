//! An authenticated socket: events out, health checks in.

use std::time::Duration;

use serde_json::Value;
use video_core::ConnectionId;

use super::greeting::Live;
use super::{End, GOING_AWAY, Socket};
use crate::fault::{Fault, FaultPlace};
use crate::hub::Outgoing;
use crate::journal::Entry;
use crate::wire::error::ApiError;
use crate::wire::event;

/// The code for a client that has been silent for too long.
const SILENT: u16 = 1008;

impl Socket<'_> {
    /// Serves the socket until it ends.
    pub(super) async fn live(&mut self, live: Live) -> End {
        let Live { id, mut queue } = live;
        let patience = self.shared.config.health_check_timeout;
        let silence = tokio::time::sleep(patience.unwrap_or(Duration::ZERO));
        tokio::pin!(silence);
        loop {
            let incoming = tokio::select! {
                biased;
                () = self.shutdown.requested() => {
                    return self.close(GOING_AWAY, "shutting down").await;
                }
                message = queue.recv() => match self.send(message).await {
                    Ok(()) => continue,
                    Err(end) => return end,
                },
                incoming = self.reader.next() => incoming,
                () = &mut silence, if patience.is_some() => {
                    return self.close(SILENT, "silent for too long").await;
                }
            };
            let handled = match self.routine(incoming).await {
                Ok(Some(message)) => self.message(&id, &message).await,
                Ok(None) => Ok(()),
                Err(end) => Err(end),
            };
            if let Err(end) = handled {
                return end;
            }
            if let Some(patience) = patience {
                silence.as_mut().reset(crate::clock::now() + patience);
            }
        }
    }

    async fn send(&mut self, message: Option<Outgoing>) -> Result<(), End> {
        match message {
            Some(Outgoing::Event(text)) => self.writer.event(&text).await.map_err(|_| End::CUT),
            Some(Outgoing::Close { code, reason }) => Err(self.close(code, &reason).await),
            // The hub let go of the socket without a goodbye.
            None => Err(End::CUT),
        }
    }

    async fn message(&mut self, id: &ConnectionId, message: &[u8]) -> Result<(), End> {
        let Some(client_id) = health_check(message) else {
            self.shared.journal.write(Entry::IgnoredFrame {
                connection_id: id.clone(),
                bytes: message.len(),
            });
            return Ok(());
        };
        self.shared.journal.write(Entry::Ping {
            connection_id: id.clone(),
            client_id: client_id.map(|id| self.shared.redactor.text(&id)),
        });
        let mut novelty = false;
        match self.shared.fault(FaultPlace::HealthCheck, "*", "") {
            Some(Fault::Delay(span)) => tokio::time::sleep(span).await,
            Some(Fault::Stall) => return Ok(()),
            Some(Fault::Drop) => return Err(End::CUT),
            Some(Fault::Close(code)) => return Err(self.close(code, "planned").await),
            Some(Fault::ConnectionError(code)) => {
                return Err(self.refuse(&ApiError::new(code, "planned")).await);
            }
            Some(Fault::ExpireToken) => {
                self.expire_user_of(id);
                return Ok(());
            }
            Some(Fault::Garbage) => self.garbage().await?,
            Some(Fault::UnknownEvent) => novelty = true,
            Some(Fault::SplitFrames(bytes)) => self.writer.split = Some(bytes),
            Some(Fault::DuplicateEvents) => self.writer.duplicate = true,
            _ => {}
        }
        let now = self.shared.clock.rfc3339();
        self.answer(&event::health_check(id, &now)).await?;
        if novelty {
            self.answer(&event::unknown(&now)).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, event: &Value) -> Result<(), End> {
        let sent = self.writer.event(event.to_string().as_bytes()).await;
        sent.map_err(|_| End::CUT)
    }

    fn expire_user_of(&self, id: &ConnectionId) {
        let (unix, now) = (self.shared.clock.unix(), self.shared.clock.rfc3339());
        let mut hub = self.shared.hub();
        let connections = hub.world.connections(|_| true);
        if let Some((_, user)) = connections.into_iter().find(|(other, _)| other == id) {
            hub.expire_tokens(&user, unix, &now);
        }
    }
}

/// The sender's name for itself, if the message is a health check: an object, or a list with one.
#[expect(
    clippy::option_option,
    reason = "a health check may come without a name"
)]
fn health_check(message: &[u8]) -> Option<Option<String>> {
    let message: Value = serde_json::from_slice(message).ok()?;
    let check = match message {
        Value::Array(items) => items.into_iter().next()?,
        other => other,
    };
    if check.get("type")?.as_str()? != "health.check" {
        return None;
    }
    let client_id = check.get("client_id").and_then(Value::as_str);
    Some(client_id.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_health_check_is_an_object_or_a_list_with_one() {
        let named = Some(Some("c".to_owned()));
        assert_eq!(
            health_check(br#"[{"type":"health.check","client_id":"c"}]"#),
            named
        );
        assert_eq!(
            health_check(br#"{"type":"health.check","client_id":"c"}"#),
            named
        );
        assert_eq!(health_check(br#"{"type":"health.check"}"#), Some(None));
        for other in ["", "[]", "7", r#"{"type":"custom"}"#, r#"["health.check"]"#] {
            assert_eq!(health_check(other.as_bytes()), None, "{other}");
        }
    }
}
