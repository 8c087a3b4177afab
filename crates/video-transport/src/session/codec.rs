//! What the session writes and what it understands of what it reads.

use bytes::Bytes;
use http::Uri;
use serde::Serialize;
use video_core::event::kind;
use video_core::{
    ApiError, ApiKey, ClientTag, ConnectionId, Event, EventPayload, UserDetails, UserToken,
};

use crate::rpc::push_query;

/// What an event means to the session itself.
#[derive(Debug)]
pub(super) enum Meaning {
    /// The token was accepted.
    Accepted(ConnectionId),
    /// The service refuses the connection.
    Refused(ApiError),
    /// Something for the subscribers.
    Other,
}

pub(super) fn meaning(event: &Event) -> Meaning {
    // Some servers call their error frame `error`.
    if !matches!(
        event.kind(),
        kind::CONNECTION_OK | kind::CONNECTION_ERROR | "error"
    ) {
        return Meaning::Other;
    }
    match event.payload() {
        Ok(EventPayload::ConnectionOk(ok)) => Meaning::Accepted(ok.connection_id.clone()),
        Ok(EventPayload::ConnectionError(error)) => Meaning::Refused(error.error.clone()),
        _ => Meaning::Other,
    }
}

/// The address of the socket. The token is not in it.
pub(super) fn socket_uri(
    base: &Uri,
    api_key: &ApiKey,
    tag: &ClientTag,
) -> Result<Uri, http::uri::InvalidUri> {
    let mut uri = format!("{base}?");
    push_query(&mut uri, "api_key", api_key);
    push_query(&mut uri, "stream-auth-type", "jwt");
    push_query(&mut uri, "X-Stream-Client", &tag.to_string());
    uri.parse()
}

/// The first frame: who connects, and the proof.
///
/// Protocol: `WSAuthMessage`.
pub(super) fn authentication(token: &UserToken, user: &UserDetails) -> Bytes {
    #[derive(Serialize)]
    struct Message<'a> {
        token: &'a str,
        products: [&'static str; 1],
        user_details: &'a UserDetails,
    }
    encode(&Message {
        token: token.expose(),
        products: ["video"],
        user_details: user,
    })
}

/// The question whether the service lives: an array of one object.
pub(super) fn health_check(connection_id: &ConnectionId) -> Bytes {
    #[derive(Serialize)]
    struct Message<'a> {
        #[serde(rename = "type")]
        kind: &'static str,
        client_id: &'a ConnectionId,
    }
    encode(&[Message {
        kind: kind::HEALTH_CHECK,
        client_id: connection_id,
    }])
}

fn encode(message: &impl Serialize) -> Bytes {
    // Structs of text and maps with text keys always encode.
    serde_json::to_vec(message).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use video_core::{User, UserId};

    use super::*;

    /// Promise: W33, CK065
    #[test]
    fn the_address_is_percent_encoded_and_has_no_token() {
        let tag = ClientTag::new().app("My App", "1=2");
        let key = ApiKey::new("k&y").unwrap();
        let base = "wss://h.test/video/connect".parse().unwrap();
        let uri = socket_uri(&base, &key, &tag).unwrap().to_string();
        let version = env!("CARGO_PKG_VERSION");
        let os = std::env::consts::OS;
        assert_eq!(
            uri,
            format!(
                "wss://h.test/video/connect?api_key=k%26y&stream-auth-type=jwt\
                 &X-Stream-Client=stream-video-rust-v{version}%7Capp%3DMy%20App\
                 %7Capp_version%3D1%3D2%7Cos%3D{os}"
            )
        );
    }

    /// Promise: CK066
    #[test]
    fn the_first_frame_is_token_products_and_user() {
        let id = UserId::new("john").unwrap();
        let token = UserToken::new("a.b.c".into(), id, None, None);
        let user = User::regular("john").name("John").custom("team", "red");
        let text = authentication(&token, &user.details(true));
        assert_eq!(
            text,
            r#"{"token":"a.b.c","products":["video"],"user_details":{"id":"john","name":"John","custom":{"team":"red"}}}"#
        );
    }

    /// Promise: CK069
    #[test]
    fn a_health_check_is_an_array_of_one_object() {
        let text = health_check(&ConnectionId::new("c-1"));
        assert_eq!(text, r#"[{"type":"health.check","client_id":"c-1"}]"#);
    }

    #[test]
    fn control_events_are_understood_and_others_are_not_decoded() {
        let of = |text: &'static str| meaning(&Event::parse(text.into()).unwrap());
        assert!(matches!(
            of(r#"{"type":"connection.ok","connection_id":"c","me":{"odd":1}}"#),
            Meaning::Accepted(id) if id == "c"
        ));
        assert!(matches!(of(r#"{"error":{"code":2}}"#), Meaning::Refused(_)));
        assert!(matches!(of(r#"{"type":"connection.ok"}"#), Meaning::Other));
        assert!(matches!(of(r#"{"type":"custom"}"#), Meaning::Other));
    }
}
