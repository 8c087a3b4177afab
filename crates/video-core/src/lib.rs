#![doc = include_str!("../README.md")]

mod id;

pub use id::{ApiKey, CallCid, CallId, CallType, ConnectionId, InvalidId, UserId};
