//! Who is let in over REST, and what the others are told.

use std::time::Duration;

use serde_json::json;
use video_testkit::TokenSpec;

use crate::client::{Client, coordinator};

const CALL: &str = "/video/call/default/standup";

async fn code(spec: TokenSpec) -> (u16, i64) {
    Client::of(&coordinator(), spec).get(CALL).await.code()
}

#[tokio::test(start_paused = true)]
async fn a_good_token_is_accepted_until_it_expires() {
    let coordinator = coordinator();
    let john = Client::of(
        &coordinator,
        TokenSpec::user("john").expires_in(Duration::from_secs(30)),
    );
    assert_eq!(john.post(CALL, json!({})).await.status, 201);
    tokio::time::advance(Duration::from_secs(29)).await;
    assert_eq!(john.get(CALL).await.status, 200);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(john.get(CALL).await.code(), (401, 40));
    let eternal = Client::of(&coordinator, TokenSpec::user("john").without_expiry());
    assert_eq!(eternal.get(CALL).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn each_wrong_token_has_its_own_code() {
    assert_eq!(
        code(TokenSpec::user("john").expired_for(Duration::ZERO)).await,
        (401, 40)
    );
    let later = Duration::from_secs(9);
    assert_eq!(
        code(TokenSpec::user("john").not_before_in(later)).await,
        (401, 41)
    );
    assert_eq!(
        code(TokenSpec::user("john").issued_at_offset(6)).await,
        (401, 42)
    );
    assert_eq!(
        code(TokenSpec::user("john").signed_with("other")).await,
        (401, 43)
    );
    assert_eq!(code(TokenSpec::nobody()).await, (401, 5));
    assert_eq!(code(TokenSpec::user("")).await, (401, 5));
}

#[tokio::test(start_paused = true)]
async fn a_missing_token_is_code_5_and_a_bearer_prefix_is_no_signature() {
    let mut client = Client::new(&coordinator(), "john");
    client.token = client.token.map(|token| format!("Bearer {token}"));
    assert_eq!(client.get(CALL).await.code(), (401, 43));
    client.token = Some(String::new());
    assert_eq!(client.get(CALL).await.code(), (401, 5));
    client.token = None;
    assert_eq!(client.get(CALL).await.code(), (401, 5));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_code_2_before_anything_else() {
    let mut client = Client::new(&coordinator(), "john");
    client.key = "wrong";
    client.token = None;
    assert_eq!(client.get(CALL).await.code(), (401, 2));
}

#[tokio::test(start_paused = true)]
async fn tokens_expired_on_request_are_refused_and_new_ones_are_not() {
    let coordinator = coordinator();
    let before = Client::new(&coordinator, "john");
    let other = Client::new(&coordinator, "jane");
    assert_eq!(before.post(CALL, json!({})).await.status, 201);
    coordinator.expire_tokens("john");
    assert_eq!(before.get(CALL).await.code(), (401, 40));
    assert_eq!(
        Client::new(&coordinator, "john").get(CALL).await.status,
        200
    );
    assert_eq!(other.get(CALL).await.status, 200);
}
