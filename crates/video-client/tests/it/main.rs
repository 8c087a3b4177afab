//! The client against the embedded coordinator: real HTTP and WebSocket framing over streams in
//! memory, in virtual time.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests measure virtual time, and their helpers fail them"
)]

mod calls;
mod connecting;
mod disconnecting;
mod events;
mod links;
mod seed;
mod support;
mod swap;
mod tokens;
