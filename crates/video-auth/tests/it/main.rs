//! The token manager as its users see it, in virtual time.
#![expect(clippy::expect_used, reason = "test helpers")]

mod callback;
mod lifecycle;
mod loading;
mod setup;

use std::time::Duration;

use video_auth::test_util::unsigned_token;
use video_auth::{TokenManager, TokenManagerBuilder};
use video_core::UserId;

const SECOND: Duration = Duration::from_secs(1);

fn builder() -> TokenManagerBuilder {
    TokenManager::builder(UserId::new("john").expect("valid"))
}

fn john(n: i64) -> String {
    unsigned_token("john", Some(n))
}
