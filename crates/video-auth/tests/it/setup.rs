//! What a manager may be built of, and what it shows of itself.

use video_auth::test_util::{ScriptedLoader, unsigned_token};
use video_auth::{InvalidToken, TokenSetupError};
use video_core::TokenSource;

use super::{SECOND, builder, john};

#[test]
fn a_manager_needs_a_token_or_a_loader() {
    assert_eq!(builder().build().unwrap_err(), TokenSetupError::Missing);
}

/// Promise: CK003
#[test]
fn a_static_token_must_be_a_token() {
    let malformed = builder().static_token("nonsense").build().unwrap_err();
    assert_eq!(
        malformed,
        TokenSetupError::Invalid(InvalidToken::NotThreeParts)
    );
}

/// Promise: CK005, BD35
#[test]
fn a_static_token_must_be_one_of_this_user() {
    let other = builder()
        .static_token(unsigned_token("jane", None))
        .build()
        .unwrap_err();
    assert_eq!(
        other.to_string(),
        "the token is for user `jane`, not for `john`"
    );
}

/// Promise: BD37
#[tokio::test(start_paused = true)]
async fn building_calls_no_loader() {
    let loader = ScriptedLoader::new();
    let _manager = builder().loader(loader.clone()).build().unwrap();
    tokio::time::sleep(SECOND).await;
    assert_eq!(loader.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_shows_a_token() {
    let raw = john(1);
    let loader = ScriptedLoader::new().then(SECOND, Ok("very.secret.text"));
    let builder = builder().static_token(raw.clone()).loader(loader);
    let before = format!("{builder:?}");
    let manager = builder.build().unwrap();
    let token = manager.token().await.unwrap();
    let error = manager.refresh(&token).await.unwrap_err();
    let text = format!("{before} {manager:?} {error:?} {error}");
    assert!(!text.contains(&raw) && !text.contains("secret"), "{text}");
    assert!(
        text.contains("john") && text.contains("Malformed"),
        "{text}"
    );
}
