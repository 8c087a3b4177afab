//! Uses `video-auth` alone: tokens of one user, from the backend of an application.

use std::io;
use std::time::Duration;

use video_auth::{RefreshPolicy, TokenClaims, TokenManager, token_loader_fn};

/// Says `{"user_id":"john","exp":1735663015}`.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiam9obiIsImV4cCI6MTczNTY2MzAxNX0.c2ln";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let claims = TokenClaims::decode(TOKEN)?;
    println!(
        "a token of {}, until {:?}",
        claims.user_id, claims.expires_at
    );

    let tokens: TokenManager = TokenManager::builder(claims.user_id)
        .static_token(TOKEN)
        .loader(token_loader_fn(|user_id| async move {
            Ok::<_, io::Error>(format!("what a backend has for {user_id}"))
        }))
        .loader_timeout(Duration::from_secs(5))
        .refresh_policy(RefreshPolicy::before_expiry(Duration::from_secs(60)))
        .build()?;
    println!("{tokens:?}, in use: {:?}", tokens.current());
    Ok(())
}
