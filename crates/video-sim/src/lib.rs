#![doc = include_str!("../README.md")]

mod delivery;
mod desk;
mod excuse;
mod host;
mod log;
mod member;
mod network;
mod op;
mod panics;
mod plan;
mod run;
mod wish;
mod witness;
mod world;

pub use run::{Batch, Run, Summary, run, run_all, run_watched};
pub use world::Peace;
