#![doc = include_str!("../README.md")]

mod carry;
mod claims;
mod loader;
mod manager;
mod refresh;
#[cfg(feature = "signer")]
mod signer;
#[cfg(feature = "test-util")]
pub mod test_util;
mod worker;

pub use claims::{InvalidToken, TokenClaims, parse_token};
pub use loader::{
    IntoLoadedToken, LoadTokenError, OnTokenUpdated, SharedTokenLoader, TokenLoader,
    token_loader_fn,
};
pub use manager::{TokenManager, TokenManagerBuilder, TokenSetupError};
pub use refresh::RefreshPolicy;
#[cfg(feature = "signer")]
pub use signer::{TokenGrant, TokenSigner};

/// The vocabulary that this crate speaks.
#[doc(no_inline)]
pub use video_core;
