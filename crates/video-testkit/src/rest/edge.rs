//! Listing the edges.

use serde_json::{Value, json};

use super::{Context, Reply};
use crate::wire::{DURATION, edge};

pub(super) fn list(context: &Context<'_>) -> Reply {
    let edges = context.config.edges.iter();
    let edges: Vec<Value> = edges.map(|of| edge::edge(of, context.origin)).collect();
    Reply {
        status: 200,
        body: json!({"edges": edges, "duration": DURATION}),
        effects: Vec::new(),
    }
}
