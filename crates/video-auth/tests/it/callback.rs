//! `on_token_updated`: when it is called, and that its faults are its own.

use std::future;
use std::sync::{Arc, Mutex};

use video_auth::OnTokenUpdated;
use video_auth::test_util::ScriptedLoader;
use video_core::TokenSource;

use super::{SECOND, builder, john};

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

#[tokio::test(start_paused = true)]
async fn the_callback_does_not_hear_of_a_token_again() {
    let (callback, heard) = recorder();
    let (first, second) = (john(1), john(2));
    let loader = ScriptedLoader::new()
        .then(SECOND, Ok(&first))
        .then(SECOND, Ok(&first))
        .then(SECOND, Ok(&second));
    let manager = builder().loader(loader).on_token_updated(callback).build();
    let manager = manager.unwrap();
    let token = manager.token().await.unwrap();
    assert!(manager.refresh(&token).await.is_err());
    manager.refresh(&token).await.unwrap();
    assert_eq!(*heard.lock().unwrap(), [first, second]);
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
        future::pending::<()>().await;
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
