//! The client against the embedded coordinator: real HTTP and WebSocket framing over streams in
//! memory, in virtual time.

mod calls;
mod connecting;
mod disconnecting;
mod events;
mod links;
mod secrets;
mod seed;
mod support;
mod swap;
mod tokens;
