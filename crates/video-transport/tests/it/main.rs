//! The transport layer from outside: sessions over scripted and real sockets.
#![cfg(test)]

mod apart;
mod bytes;
mod contract;
mod counted;
mod cut;
mod endless;
mod exchange;
mod loopback;
mod proxy;
mod session;
mod sleep;
mod stuck;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod wishes;
