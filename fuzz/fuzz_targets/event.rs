//! Frames of the service: an event has the type, the call and the bytes of its JSON.
#![no_main]

use std::fmt;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use video_core::{Event, EventPayload};
use video_fuzz::text::shows_a_token;

fuzz_target!(|data: &[u8]| {
    let value: Option<Value> = serde_json::from_slice(data).ok();
    match Event::parse(Bytes::copy_from_slice(data)) {
        Ok(event) => check(&event, data, value.as_ref()),
        Err(error) => {
            assert_eq!(error.frame_len(), data.len());
            assert!(!shows_a_token(&error.to_string()), "{error}");
            assert!(
                !value.is_some_and(|value| is_event(data, &value)),
                "{error}"
            );
        }
    }
});

fn check(event: &Event, data: &[u8], value: Option<&Value>) {
    assert_eq!(event.raw().as_bytes(), data);
    let payload = event.payload();
    match (&payload, event.payload()) {
        (Ok(first), Ok(second)) => assert!(std::ptr::eq(*first, second), "decoded twice"),
        (Err(first), Err(second)) => {
            assert_eq!(*first, second);
            assert_eq!(first.frame_len(), data.len());
            assert!(!shows_a_token(&first.to_string()), "{first}");
        }
        (first, second) => panic!("first {first:?}, then {second:?}"),
    }
    // Numbers beyond any and JSON without an end of nesting are nothing that a `Value` can hold.
    let Some(value) = value else { return };
    match value.get("type") {
        Some(Value::String(kind)) => assert_eq!(event.kind(), kind),
        None | Some(Value::Null) => {
            assert!(value.get("error").is_some_and(|error| !error.is_null()));
            assert_eq!(event.kind(), "connection.error");
        }
        Some(other) => panic!("{other} is no type"),
    }
    let call = value.get("call_cid").and_then(Value::as_str);
    assert_eq!(event.call_cid().map(|cid| cid.as_str()), call);
    match payload {
        Ok(EventPayload::ConnectionOk(ok)) => {
            assert_eq!(event.kind(), "connection.ok");
            assert_eq!(
                value["connection_id"].as_str(),
                Some(ok.connection_id.as_str())
            );
        }
        Ok(EventPayload::ConnectionError(refusal)) => {
            let text = format!("{} {:?}", refusal.error, refusal.error);
            assert!(!shows_a_token(&text), "{text}");
        }
        Ok(EventPayload::Custom(custom)) => {
            assert_eq!(event.call_cid(), Some(&custom.call_cid));
            let sent: Value = serde_json::from_str(custom.custom.as_str()).expect("it is JSON");
            match &value["custom"] {
                Value::Null => assert_eq!(sent, json!({})),
                custom => assert_eq!(sent, *custom),
            }
        }
        Ok(EventPayload::CallCreated(created)) => {
            assert_eq!(event.call_cid(), Some(&created.call_cid));
        }
        _ => {}
    }
}

/// Whether a value must be accepted: an object whose type is a text, or which has an error and no
/// type, and which says nothing twice.
fn is_event(data: &[u8], value: &Value) -> bool {
    let kind = match value.get("type") {
        None | Some(Value::Null) => value.get("error").is_some_and(|error| !error.is_null()),
        Some(kind) => kind.is_string(),
    };
    let once = |Keys(keys): Keys, name| keys.iter().filter(|key| *key == name).count() <= 1;
    let keys = || serde_json::from_slice(data).ok();
    kind && ["type", "call_cid", "error"]
        .into_iter()
        .all(|name| keys().is_some_and(|keys| once(keys, name)))
}

/// The keys of an object, those that come twice too.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }

        deserializer.deserialize_map(Visit)
    }
}
