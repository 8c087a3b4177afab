//! Test doubles: a loader that a test plays, and tokens that no service accepts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use video_core::UserId;

use crate::claims::unsigned;
use crate::loader::{LoadTokenError, TokenLoader};

/// A text of the form of a token, without a signature that a service would accept.
#[must_use]
pub fn unsigned_token(user_id: &str, expires_at: Option<i64>) -> String {
    let mut claims = serde_json::json!({ "user_id": user_id });
    if let (Some(expires_at), Some(claims)) = (expires_at, claims.as_object_mut()) {
        claims.insert("exp".to_owned(), expires_at.into());
    }
    unsigned(&claims.to_string())
}

/// A loader whose answers a test prepares. It fails when it has none left.
#[derive(Debug, Clone, Default)]
pub struct ScriptedLoader(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<(Duration, Result<String, String>)>,
    calls: usize,
}

impl ScriptedLoader {
    /// A loader without answers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Prepares one more answer, to be given after `delay`; [`Duration::MAX`] never ends.
    #[must_use]
    pub fn then(self, delay: Duration, answer: Result<&str, &str>) -> Self {
        let answer = answer.map(str::to_owned).map_err(str::to_owned);
        self.script().answers.push_back((delay, answer));
        self
    }

    /// How often it was called.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.script().calls
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenLoader for ScriptedLoader {
    async fn load_token(&self, _user_id: UserId) -> Result<String, LoadTokenError> {
        let answer = {
            let mut script = self.script();
            script.calls += 1;
            script.answers.pop_front()
        };
        match answer {
            Some((delay, answer)) => {
                tokio::time::sleep(delay).await;
                answer.map_err(LoadTokenError::new)
            }
            None => Err(LoadTokenError::new("no answer was prepared")),
        }
    }
}
