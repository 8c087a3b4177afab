//! Things that go wrong, and the plan that says when.

mod kind;
mod plan;
mod planned;
mod rules;

pub use kind::{Fault, FaultPlace};
pub use plan::Faults;
pub use planned::PlannedFault;
