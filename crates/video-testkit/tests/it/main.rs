//! The embedded coordinator as a raw client sees it, in virtual time.
#![cfg(test)]

mod anonymous;
mod auth;
mod bodies;
mod calls;
mod client;
mod control;
mod cors;
mod devices;
mod edges;
mod faults;
mod golden;
mod guests;
mod handshake;
mod hint;
mod journal;
mod link;
mod listening;
mod socket;
mod telemetry;
#[cfg(feature = "tls")]
mod tls;
mod watching;
