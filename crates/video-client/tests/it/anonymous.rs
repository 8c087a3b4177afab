//! Anonymous users: no connection, and requests that need none.

use tokio::time::{sleep, timeout};
use video_client::{
    ApiCode, BuildError, ConnectErrorKind, ConnectionState, ErrorKind, StreamVideo,
    StreamVideoBuilder, TokenClaims, TokenErrorKind, User,
};
use video_testkit::TokenSpec;

use crate::support::{KEY, SECOND, World};

fn builder(world: &World) -> StreamVideoBuilder {
    StreamVideo::builder(KEY, User::anonymous()).options(world.options())
}

/// A world with two calls, and a viewer of the first.
async fn viewer(world: &World) -> StreamVideo {
    let host = world.connected("host").await;
    for id in ["open", "closed"] {
        host.call("livestream", id).get_or_create().await.unwrap();
    }
    host.shutdown().await.unwrap();
    let token = TokenSpec::anonymous()
        .role("viewer")
        .call_cids(["livestream:open"]);
    let token = world.coordinator.token_with(token);
    world.coordinator.journal().clear();
    builder(world).user_token(token).build().unwrap()
}

/// Promise: CK016
#[tokio::test(start_paused = true)]
async fn an_anonymous_user_is_not_connected_and_is_told_why() {
    let world = World::new();
    let client = builder(&world).build().unwrap();
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Anonymous);
    let kind = error.connect_error().unwrap().kind();
    assert_eq!(*kind, ConnectErrorKind::Anonymous);
    let words = "an anonymous user has no connection and hears no events; requests work without";
    assert_eq!(error.to_string(), words);
    assert!(matches!(*client.state().borrow(), ConnectionState::Idle));
    assert!(client.last_error().is_none());
    client.disconnect().await;
    client.shutdown().await.unwrap();
    assert_eq!(world.dials(), 0);
}

/// Promise: U17
#[tokio::test(start_paused = true)]
async fn an_anonymous_user_has_the_fixed_id_no_socket_and_requests_that_do_not_wait() {
    let world = World::new();
    let client = viewer(&world).await;
    assert_eq!(client.current_user().id(), "!anon");
    assert!(client.events().next().await.is_none());
    let call = client.call("livestream", "open");
    let details = timeout(SECOND, call.get().into_future()).await;
    assert_eq!(details.unwrap().unwrap().call.cid, "livestream:open");
    assert_eq!(world.sockets(), 0);
    let entries = world.coordinator.journal().entries();
    let request = entries.iter().find_map(|record| record.entry.as_rest());
    let request = request.unwrap();
    assert_eq!(request.auth_type.as_deref(), Some("anonymous"));
    assert_eq!(request.connection_id, None);
}

/// Promise: U18, BD30
#[tokio::test(start_paused = true)]
async fn a_token_opens_the_calls_that_it_names_and_no_other() {
    let world = World::new();
    let client = viewer(&world).await;
    let token = client.token().await.unwrap();
    let claims = TokenClaims::decode(token.expose()).unwrap();
    assert_eq!(claims.role.as_deref(), Some("viewer"));
    assert_eq!(claims.call_cids[0], "livestream:open");

    let open = client.call("livestream", "open");
    open.get().await.unwrap();
    let joined = open.join_credentials().await.unwrap();
    assert!(!joined.credentials.server.url.is_empty());

    let closed = client.call("livestream", "closed");
    for error in [
        closed.get().await.unwrap_err(),
        closed.join_credentials().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Refused);
        let api = error.api().unwrap();
        assert_eq!((api.status, api.code), (403, Some(ApiCode::NOT_ALLOWED)));
    }
}

/// Promise: CK044
#[tokio::test(start_paused = true)]
async fn without_a_token_none_is_sent_and_none_can_be_had() {
    let world = World::new();
    let client = builder(&world).build().unwrap();
    let error = client.call("livestream", "open").get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let entries = world.coordinator.journal().entries();
    let request = entries.iter().find_map(|record| record.entry.as_rest());
    assert!(!request.unwrap().has_authorization);
    let error = client.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    let none = TokenErrorKind::Anonymous.to_string();
    assert_eq!(error.to_string(), none);
}

#[tokio::test(start_paused = true)]
async fn auto_connect_of_an_anonymous_user_is_passed_over() {
    let world = World::new();
    let options = world.options().auto_connect(true);
    let client = builder(&world).options(options).build().unwrap();
    sleep(60 * SECOND).await;
    assert!(matches!(*client.state().borrow(), ConnectionState::Idle));
    assert_eq!(world.dials(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_loader_gives_an_anonymous_user_fresh_tokens() {
    let world = World::new();
    drop(viewer(&world).await);
    let coordinator = world.coordinator.clone();
    let client = builder(&world)
        .token_loader(move |user_id| {
            assert_eq!(user_id, "!anon");
            let token = TokenSpec::anonymous().call_cids(["livestream:open"]);
            let token = coordinator.token_with(token);
            async move { token }
        })
        .build()
        .unwrap();
    let call = client.call("livestream", "open");
    call.get().await.unwrap();
    tokio::time::advance(3700 * SECOND).await;
    call.get().await.unwrap();
}

/// Promise: U19, U02
#[test]
fn a_token_of_somebody_else_does_not_let_them_slip_into_a_client() {
    let options = || video_client::StreamVideoOptions::default().auto_connect(false);
    let token = video_client::test_util::unsigned_token("john", None);
    let anonymous = StreamVideo::builder(KEY, User::anonymous()).options(options());
    let error = anonymous.user_token(token.clone()).build().unwrap_err();
    assert!(matches!(error, BuildError::WrongUser { .. }), "{error:?}");
    let nobody = video_client::test_util::unsigned_token("!anon", None);
    let john = StreamVideo::builder(KEY, User::regular("john")).options(options());
    let error = john.user_token(nobody).build().unwrap_err();
    assert!(matches!(error, BuildError::WrongUser { .. }), "{error:?}");
    let guest = StreamVideo::builder(KEY, User::guest("sam")).options(options());
    let error = guest.user_token(token).build().unwrap_err();
    assert!(matches!(error, BuildError::TokenOfGuest), "{error:?}");
}
