//! Things that go wrong, and the plan that says when.

mod kind;
mod plan;

pub use kind::{Fault, FaultPlace};
pub use plan::{Faults, PlannedFault};
