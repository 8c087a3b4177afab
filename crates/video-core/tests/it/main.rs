//! What the service sends is read, and what it expects is written: against golden files.
#![expect(clippy::expect_used, clippy::panic, reason = "test helpers")]

mod errors;
mod events;
mod requests;
mod responses;
mod tolerance;

use serde_json::Value;
use video_core::{Event, Timestamp};

/// The text of a golden file.
macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/", $name))
    };
}
use fixture;

fn event(raw: &str) -> Event {
    Event::parse(raw.to_owned().into()).expect("an event")
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn time(text: &str) -> Option<Timestamp> {
    serde_json::from_value(text.into()).expect("a time")
}
