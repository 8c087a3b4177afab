//! The token manager as its users see it, in virtual time.
#![expect(clippy::expect_used, reason = "test helpers")]

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use video_auth::test_util::{ScriptedLoader, unsigned_token};
use video_auth::{
    InvalidToken, OnTokenUpdated, TokenManager, TokenManagerBuilder, TokenSetupError,
    token_loader_fn,
};
use video_core::{TokenErrorKind, TokenSource, UserId};

const SECOND: Duration = Duration::from_secs(1);

fn builder() -> TokenManagerBuilder {
    TokenManager::builder(UserId::new("john").expect("valid"))
}

fn john(n: i64) -> String {
    unsigned_token("john", Some(n))
}

#[test]
fn a_manager_needs_a_token_or_a_loader() {
    assert_eq!(builder().build().unwrap_err(), TokenSetupError::Missing);
}

#[test]
fn a_static_token_must_be_one_of_this_user() {
    let malformed = builder().static_token("nonsense").build().unwrap_err();
    assert_eq!(
        malformed,
        TokenSetupError::Invalid(InvalidToken::NotThreeParts)
    );
    let other = builder()
        .static_token(unsigned_token("jane", None))
        .build()
        .unwrap_err();
    assert_eq!(
        other.to_string(),
        "the token is for user `jane`, not for `john`"
    );
}

#[tokio::test(start_paused = true)]
async fn building_calls_no_loader() {
    let loader = ScriptedLoader::new();
    let _manager = builder().loader(loader.clone()).build().unwrap();
    tokio::time::sleep(SECOND).await;
    assert_eq!(loader.calls(), 0);
}

/// Promise: RM12
#[tokio::test(start_paused = true)]
async fn a_thousand_refusals_of_one_token_cause_one_load() {
    let (old, new) = (john(1), john(2));
    let loader = ScriptedLoader::new().then(SECOND, Ok(&new));
    let manager = builder()
        .static_token(old)
        .loader(loader.clone())
        .build()
        .unwrap();
    let manager = Arc::new(manager);
    let rejected = manager.token().await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..1000 {
        let (manager, rejected) = (Arc::clone(&manager), rejected.clone());
        tasks.spawn(async move { manager.refresh(&rejected).await });
    }
    for result in tasks.join_all().await {
        assert_eq!(result.unwrap().expose(), new);
    }
    assert_eq!(loader.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_load_goes_on_for_others_when_who_asked_first_has_gone() {
    let token = john(1);
    let loader = ScriptedLoader::new().then(SECOND, Ok(&token));
    let manager = builder().loader(loader.clone()).build().unwrap();
    let first = tokio::time::timeout(SECOND / 2, manager.token()).await;
    assert!(first.is_err());
    assert_eq!(manager.token().await.unwrap().expose(), token);
    assert_eq!(loader.calls(), 1);
}

/// Promise: T08, BD38
#[tokio::test(start_paused = true)]
async fn a_loader_that_hangs_is_a_typed_error_in_time() {
    let loader = token_loader_fn(|_| std::future::pending::<String>());
    let manager = builder().loader(loader).build().unwrap();
    let error = tokio::time::timeout(11 * SECOND, manager.token())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), &TokenErrorKind::LoaderTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_panics_is_a_typed_error_and_may_do_better_next_time() {
    let calls = Arc::new(AtomicUsize::new(0));
    let loader = token_loader_fn(move |_| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        async move {
            assert!(call > 0, "the first call fails");
            john(1)
        }
    });
    let manager = builder().loader(loader).build().unwrap();
    let error = manager.token().await.unwrap_err();
    assert_eq!(error.kind(), &TokenErrorKind::LoaderPanicked);
    assert!(manager.token().await.is_ok());
}

/// Promise: T05
#[tokio::test(start_paused = true)]
async fn a_loaded_token_is_checked_like_a_static_one() {
    let jane = unsigned_token("jane", None);
    let loader = ScriptedLoader::new()
        .then(SECOND, Ok(&jane))
        .then(SECOND, Ok("<html>"))
        .then(SECOND, Err("backend down"));
    let manager = builder().loader(loader).build().unwrap();
    let error = manager.token().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the token is for user `jane`, not for `john`"
    );
    let error = manager.token().await.unwrap_err();
    assert_eq!(error.kind(), &TokenErrorKind::Malformed);
    let error = manager.token().await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "backend down");
}

fn recorder() -> (OnTokenUpdated, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&heard);
    let callback = OnTokenUpdated::new(move |token| {
        let writer = Arc::clone(&writer);
        async move {
            tokio::time::sleep(SECOND).await;
            writer
                .lock()
                .expect("not poisoned")
                .push(token.expose().to_owned());
        }
    });
    (callback, heard)
}

/// Promise: CK033
#[tokio::test(start_paused = true)]
async fn the_callback_has_heard_of_each_token_before_it_is_handed_out() {
    let (old, new) = (john(1), john(2));
    let (callback, heard) = recorder();
    let loader = ScriptedLoader::new().then(SECOND, Ok(&new));
    let manager = builder()
        .static_token(old.clone())
        .loader(loader)
        .on_token_updated(callback)
        .build();
    let manager = manager.unwrap();
    let first = manager.token().await.unwrap();
    assert_eq!(heard.lock().unwrap().as_slice(), std::slice::from_ref(&old));
    manager.refresh(&first).await.unwrap();
    assert_eq!(*heard.lock().unwrap(), [old, new]);
}

/// Promise: CK032
#[tokio::test(start_paused = true)]
async fn the_callback_hears_of_a_static_token_once() {
    let (callback, heard) = recorder();
    let manager = builder()
        .static_token(john(1))
        .on_token_updated(callback)
        .build()
        .unwrap();
    for _ in 0..3 {
        let token = manager.token().await.unwrap();
        assert!(manager.refresh(&token).await.is_err());
    }
    assert_eq!(heard.lock().unwrap().len(), 1);
}

/// Promise: BD37
#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_or_hangs_does_not_fail_the_token() {
    let (first, second) = (john(1), john(2));
    let loader = ScriptedLoader::new()
        .then(SECOND, Ok(&first))
        .then(SECOND, Ok(&second));
    let callback = OnTokenUpdated::new(|token| async move {
        assert_eq!(
            token.expires_at().unwrap().unix_nanos(),
            2_000_000_000,
            "the first fails"
        );
        std::future::pending::<()>().await;
    });
    let manager = builder()
        .loader(loader)
        .on_token_updated(callback)
        .build()
        .unwrap();
    let token = manager.token().await.unwrap();
    assert_eq!(token.expose(), first);
    assert_eq!(manager.refresh(&token).await.unwrap().expose(), second);
}

/// Promise: CK043
#[tokio::test(start_paused = true)]
async fn a_loader_that_needs_its_own_token_is_told_so_at_once() {
    let cell: Arc<std::sync::OnceLock<Arc<TokenManager>>> = Arc::default();
    let inside = Arc::clone(&cell);
    let loader = token_loader_fn(move |_| {
        let manager = inside.get().cloned();
        async move {
            let token = manager.expect("built").token().await?;
            Ok::<_, video_core::TokenError>(token.expose().to_owned())
        }
    });
    let manager = Arc::new(builder().loader(loader).build().unwrap());
    cell.set(Arc::clone(&manager)).expect("empty");
    let error = tokio::time::timeout(SECOND, manager.token())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), &TokenErrorKind::Loader);
    let cause = error
        .source()
        .and_then(Error::source)
        .expect("a cause")
        .to_string();
    assert!(cause.contains("the token that it is to supply"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_manager_ends_its_task() {
    let manager = builder().static_token(john(1)).build().unwrap();
    manager.token().await.unwrap();
    assert_eq!(
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks(),
        1
    );
    drop(manager);
    tokio::task::yield_now().await;
    assert_eq!(
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks(),
        0
    );
}
