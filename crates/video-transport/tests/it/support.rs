//! What the tests share: a user with one token, and sessions of hers.

use std::sync::Arc;

use video_core::{ApiKey, Endpoint, MockTokenSource, User, UserId, UserToken};
use video_transport::{
    ConnectionState, Entropy, EventConnector, EventItem, Events, Session, SessionConfig,
};

pub(crate) const KEY: &str = "test-key";

/// A source of this token and no other.
pub(crate) fn tokens(raw: &str) -> MockTokenSource {
    let token = UserToken::new(raw.into(), UserId::new("jane").unwrap(), None, None);
    let mut tokens = MockTokenSource::new();
    tokens.expect_token().returning(move || Ok(token.clone()));
    tokens
}

pub(crate) fn config(endpoint: &Endpoint) -> SessionConfig {
    let user = User::regular("jane").name("Jane");
    let mut config = SessionConfig::new(endpoint, ApiKey::new(KEY).unwrap(), Arc::new(user));
    config.entropy = Entropy::seeded(1);
    config
}

pub(crate) fn session(
    config: SessionConfig,
    connector: impl EventConnector + 'static,
    token: &str,
) -> Session {
    Session::new(config, Arc::new(connector), Arc::new(tokens(token))).unwrap()
}

/// The raw text of the next event of this type.
pub(crate) async fn event(events: &mut Events, kind: &str) -> String {
    loop {
        match events.next().await.expect("the stream has ended") {
            EventItem::Event(event) if event.kind() == kind => return event.raw().to_owned(),
            _ => {}
        }
    }
}

/// The state once it fulfils a condition.
pub(crate) async fn state(
    session: &Session,
    wanted: impl FnMut(&ConnectionState) -> bool,
) -> ConnectionState {
    let mut state = video_transport::EventChannel::state(session);
    let state = state.wait_for(wanted).await.unwrap();
    state.clone()
}
