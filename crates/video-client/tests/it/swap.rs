//! The transport swapped: for mocks, and for another dialer.

use std::sync::Arc;

use tokio::sync::watch;
use video_client::test_util::{
    MockEventChannel, MockHttpTransport, MockRpcTransport, MockTokenSource, RpcResponse,
};
use video_client::{ConnectionState, Parts, StreamVideo, User};

#[tokio::test]
async fn a_client_runs_on_mocks_alone() {
    let mut rpc = MockRpcTransport::new();
    rpc.expect_call()
        .withf(|request| request.path == "/video/call/default/a%2Fb" && request.watch)
        .times(1)
        .returning(|_| Ok(RpcResponse::new(r#"{"call":{"cid":"default:a/b"}}"#, "id")));
    let mut events = MockEventChannel::new();
    let (_state, receiver) = watch::channel(ConnectionState::Idle);
    events.expect_state().returning(move || receiver.clone());
    let client = StreamVideo::from_parts(Parts {
        user: Arc::new(watch::Sender::new(Arc::new(User::regular("john")))),
        rpc: Arc::new(rpc),
        http: Arc::new(MockHttpTransport::new()),
        events: Arc::new(events),
        tokens: Arc::new(MockTokenSource::new()),
    });
    let details = client.call("default", "a/b").get().await.unwrap();
    assert_eq!(details.call.cid, "default:a/b");
}
