#![doc = include_str!("../README.md")]

mod document;
mod fmtp;
mod kind;
mod line;
mod media_line;
mod payload;
mod policy;
mod rules;
mod section;
mod settings;

pub use kind::SdpKind;
pub use policy::SdpPolicy;
pub use settings::SdpSettings;
