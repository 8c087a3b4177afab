//! The transport layer from outside: sessions over scripted and real sockets.
#![cfg(test)]

mod contract;
mod loopback;
mod proxy;
mod session;
mod support;
#[cfg(feature = "tls")]
mod tls;
