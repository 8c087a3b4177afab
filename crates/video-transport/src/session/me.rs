//! What the service last said of the signed-in user.

use std::sync::Arc;

use tokio::sync::watch;
use video_core::event::kind;
use video_core::model::OwnUser;
use video_core::{Event, EventPayload};

/// What the service last said of the signed-in user.
#[derive(Debug)]
pub(super) struct Me(watch::Sender<Option<Arc<OwnUser>>>);

impl Me {
    pub(super) fn new() -> (Self, watch::Receiver<Option<Arc<OwnUser>>>) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), receiver)
    }

    /// Learns from the service's greeting.
    pub(super) fn greeted(&self, event: &Event) {
        if let Ok(EventPayload::ConnectionOk(ok)) = event.payload()
            && let Some(me) = &ok.me
        {
            self.0.send_replace(Some(Arc::new(me.clone())));
        }
    }

    /// Learns from an event, if it tells of a change of this user.
    pub(super) fn heard(&self, event: &Event) {
        if event.kind() != kind::USER_UPDATED {
            return;
        }
        if let Ok(EventPayload::UserUpdated(updated)) = event.payload() {
            self.0.send_if_modified(|me| {
                let mine = me.as_ref().is_some_and(|me| me.id == updated.user.id);
                if mine {
                    *me = Some(Arc::new(updated.user.clone()));
                }
                mine
            });
        }
    }

    /// Nobody is signed in any more.
    pub(super) fn forget(&self) {
        self.0.send_if_modified(|me| me.take().is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(me: &Me, text: &str) {
        let event = Event::parse(text.to_owned().into()).unwrap();
        match event.kind() {
            kind::CONNECTION_OK => me.greeted(&event),
            _ => me.heard(&event),
        }
    }

    /// Promise: U21
    #[test]
    fn the_user_follows_each_greeting_and_each_update_of_their_own() {
        let (me, mut known) = Me::new();
        let mut name = move || {
            let changed = known.has_changed().unwrap();
            let name = known.borrow_and_update().as_ref().map(|me| me.name.clone());
            (changed, name)
        };
        let ok = |name: &str| {
            format!(
                r#"{{"type":"connection.ok","connection_id":"c","me":{{"id":"a","name":"{name}"}}}}"#
            )
        };
        hear(&me, &ok("one"));
        assert_eq!(name(), (true, Some("one".to_owned())));
        hear(
            &me,
            r#"{"type":"user.updated","user":{"id":"b","name":"other"}}"#,
        );
        assert_eq!(name(), (false, Some("one".to_owned())));
        hear(
            &me,
            r#"{"type":"user.updated","user":{"id":"a","name":"two"}}"#,
        );
        assert_eq!(name(), (true, Some("two".to_owned())));
        hear(&me, r#"{"type":"connection.ok","connection_id":"c"}"#);
        assert_eq!(name(), (false, Some("two".to_owned())));
        hear(&me, &ok("three"));
        assert_eq!(name(), (true, Some("three".to_owned())));
        me.forget();
        assert_eq!(name(), (true, None));
        hear(&me, r#"{"type":"user.updated","user":{"id":"a"}}"#);
        assert_eq!(name(), (false, None));
    }
}
