#![doc = include_str!("../README.md")]

mod clock;
mod config;
mod coordinator;
mod edge;
mod fault;
mod hub;
mod journal;
mod jwt;
mod link;
mod rest;
mod serve;
mod shared;
mod socket;
#[cfg(feature = "tls")]
mod tls;
mod token;
mod wire;
mod world;

pub use clock::VirtualWallClock;
pub use coordinator::{
    Audience, ConnectionInfo, Coordinator, CoordinatorBuilder, DeviceInfo, Listening,
};
pub use edge::Edge;
pub use fault::{Fault, FaultPlace, Faults, PlannedFault};
pub use journal::{ClosedBy, Entry, Journal, Mark, Probe, Record, RestCall};
pub use link::{DelayDialer, DelayStream};
#[cfg(feature = "tls")]
pub use tls::TlsCoordinator;
pub use token::TokenSpec;
