//! Loading: how often, for whom, and what may go wrong.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::task::JoinSet;
use video_auth::test_util::{ScriptedLoader, unsigned_token};
use video_auth::{OnTokenUpdated, TokenManager, token_loader_fn};
use video_core::{TokenError, TokenErrorKind, TokenSource, UserToken};

use super::{SECOND, builder, john};

async fn refresh_often(manager: TokenManager) -> Vec<Result<UserToken, TokenError>> {
    let manager = Arc::new(manager);
    let rejected = manager.token().await.expect("a static token");
    let mut tasks = JoinSet::new();
    for _ in 0..1000 {
        let (manager, rejected) = (Arc::clone(&manager), rejected.clone());
        tasks.spawn(async move { manager.refresh(&rejected).await });
    }
    tasks.join_all().await
}

/// Promise: RM12
#[tokio::test(start_paused = true)]
async fn a_thousand_refusals_of_one_token_cause_one_load() {
    let (old, new) = (john(1), john(2));
    let loader = ScriptedLoader::new().then(SECOND, Ok(&new));
    let manager = builder().static_token(old).loader(loader.clone());
    for result in refresh_often(manager.build().unwrap()).await {
        assert_eq!(result.unwrap().expose(), new);
    }
    assert_eq!(loader.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_plays_static_is_asked_once_for_a_thousand_refusals() {
    let old = john(1);
    let loader = ScriptedLoader::new().then(SECOND, Ok(&old));
    let manager = builder().static_token(old).loader(loader.clone());
    for result in refresh_often(manager.build().unwrap()).await {
        assert_eq!(result.unwrap_err().kind(), &TokenErrorKind::Unchanged);
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

/// Promise: CK043
#[tokio::test(start_paused = true)]
async fn a_loader_that_needs_its_own_token_is_told_so_at_once() {
    let cell: Arc<OnceLock<Arc<TokenManager>>> = Arc::default();
    let inside = Arc::clone(&cell);
    let loader = token_loader_fn(move |_| {
        let manager = inside.get().cloned();
        async move {
            let token = manager.expect("built").token().await?;
            Ok::<_, TokenError>(token.expose().to_owned())
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
async fn a_loader_may_use_the_token_that_it_is_to_replace() {
    let cell: Arc<OnceLock<Arc<TokenManager>>> = Arc::default();
    let inside = Arc::clone(&cell);
    let loader = token_loader_fn(move |_| {
        let manager = inside.get().cloned();
        async move {
            let old = manager.expect("built").token().await?;
            assert_eq!(old.expose(), john(1));
            Ok::<_, TokenError>(john(2))
        }
    });
    let manager = builder().static_token(john(1)).loader(loader).build();
    let manager = Arc::new(manager.unwrap());
    cell.set(Arc::clone(&manager)).expect("empty");
    let old = manager.token().await.unwrap();
    assert_eq!(manager.refresh(&old).await.unwrap().expose(), john(2));
}

#[tokio::test(start_paused = true)]
async fn a_manager_of_one_token_takes_whomever_it_names_and_announces_them() {
    let guest = unsigned_token("guest-1-john", None);
    let loader = ScriptedLoader::new().then(SECOND, Ok(&guest));
    let (heard, told) = tokio::sync::oneshot::channel();
    let heard = std::sync::Mutex::new(Some(heard));
    let manager = builder()
        .loader(loader)
        .on_token_updated(OnTokenUpdated::new(move |token: UserToken| {
            let heard = heard.lock().unwrap().take().unwrap();
            heard.send(token.user_id().clone()).unwrap();
            async {}
        }))
        .once()
        .build()
        .unwrap();
    let token = manager.token().await.unwrap();
    assert_eq!(token.user_id(), "guest-1-john");
    assert_eq!(told.await.unwrap(), "guest-1-john");
    let error = manager.refresh(&token).await.unwrap_err();
    assert_eq!(error.kind(), &TokenErrorKind::GuestExpired);
    assert!(error.is_terminal());
}
