//! The client against the embedded coordinator: real HTTP and WebSocket framing over streams in
//! memory, in virtual time.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests measure virtual time, and their helpers fail them"
)]

mod anonymous;
mod background;
mod calls;
mod connecting;
mod deadlines;
mod disconnecting;
mod edges;
mod endings;
mod events;
mod guests;
mod host;
mod links;
mod location;
mod network;
mod options;
mod push;
mod repeating;
mod seed;
mod support;
mod swap;
mod tokens;
mod wishes;
