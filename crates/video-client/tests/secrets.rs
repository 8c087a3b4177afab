//! What is printed, and what never is.
//!
//! A process of its own: which log lines are built is decided once for a whole process, so tests
//! that do not listen would silence this one.
#![expect(clippy::unwrap_used, reason = "a helper that fails the test")]

#[path = "it/support.rs"]
#[expect(dead_code, reason = "helpers shared with the other tests")]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::instrument::WithSubscriber;
use tracing_subscriber::fmt::MakeWriter;

use support::{SECOND, SECRET, World, until_connected};

/// Everything that is logged, at every level.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Capture {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Promise: W34, CK049
#[test]
fn no_token_no_first_frame_and_no_secret_is_ever_logged_or_shown() {
    let capture = Capture::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(capture.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let (shown, tokens) = runtime.block_on(a_day_in_the_life().with_current_subscriber());
    let logged = String::from_utf8_lossy(&capture.0.lock().unwrap()).into_owned();
    let all = format!("{logged}\n{shown}");
    for token in &tokens {
        assert!(!all.contains(token.as_str()), "a token was printed");
        let signature = token.rsplit_once('.').unwrap().1;
        assert!(!all.contains(signature), "part of a token was printed");
    }
    assert!(
        !all.contains(SECRET) && !all.contains("user_details\":"),
        "a frame was printed"
    );
    // And what should be printed is.
    for expected in [
        "connection",
        "Reconnecting",
        "loaded a token",
        "attempt failed",
        "john",
    ] {
        assert!(all.contains(expected), "`{expected}` is missing");
    }
}

/// Signs in, fails, heals, calls; gives all that was shown and all tokens that were used.
async fn a_day_in_the_life() -> (String, Vec<String>) {
    let world = World::new();
    let (client, _) = world.client_with_loader("john");
    let mut tokens = vec![client.connect().await.unwrap().expose().to_owned()];
    let mut shown = vec![format!("{client:?} {:?}", client.token().await.unwrap())];
    world.coordinator.expire_tokens("john");
    tokio::time::sleep(SECOND).await;
    until_connected(&client).await;
    tokens.push(client.token().await.unwrap().expose().to_owned());
    world.coordinator.faults().rest(
        "*",
        "/video/call/default/a",
        video_testkit::Fault::ApiError(40),
    );
    let details = client.call("default", "a").get_or_create().await.unwrap();
    let joined = client
        .call("default", "a")
        .join_credentials()
        .await
        .unwrap();
    tokens.push(client.token().await.unwrap().expose().to_owned());
    tokens.push(joined.credentials.expose_token().to_owned());
    shown.push(format!("{details:?} {joined:?}"));
    let error = client.call("default", "none").get().await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    world.coordinator.drop_connections("john");
    tokio::time::sleep(SECOND).await;
    let expired = world.coordinator.token("jane");
    world.coordinator.expire_tokens("jane");
    let jane = world
        .builder("jane")
        .user_token(expired.clone())
        .build()
        .unwrap();
    let error = jane.connect().await.unwrap_err();
    shown.push(format!("{error} {error:?} {:?}", jane.state().borrow()));
    tokens.push(expired);
    client.shutdown().await.unwrap();
    (shown.join("\n"), tokens)
}
