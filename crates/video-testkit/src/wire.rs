//! The JSON that goes over the wire, modelled here on purpose and not shared with any client.

pub(crate) mod call;
pub(crate) mod device;
pub(crate) mod edge;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod request;
pub(crate) mod settings;
pub(crate) mod user;

/// How long the work took; the emulator has no opinion.
pub(crate) const DURATION: &str = "0.00ms";
