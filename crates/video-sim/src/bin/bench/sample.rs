//! The events that are sent.

use std::fmt::Write as _;

/// Of which event a flood consists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sample {
    /// A custom event of 377 bytes, as a shared cursor sends it.
    Custom,
    /// A ringing call with its members, 5,000 bytes.
    Ring,
}

impl Sample {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Ring => "ring",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Custom, Self::Ring]
            .into_iter()
            .find(|sample| sample.name() == name)
    }

    /// The JSON of the event, of exactly the size that is promised.
    pub(crate) fn json(self) -> String {
        match self {
            Self::Custom => padded(377, |pad| {
                format!(
                    r#"{{"type":"custom","created_at":"2026-03-04T10:01:40.25Z","call_cid":"default:tide-7f3a","user":{},"custom":{{"kind":"cursor","x":0.5,"y":-1{pad}}}}}"#,
                    user("noor-k")
                )
            }),
            Self::Ring => padded(5_000, |pad| {
                let mut members = String::new();
                for n in 0..12 {
                    let comma = if n == 0 { "" } else { "," };
                    let user = user(&format!("member-{n}"));
                    // Writing to a text never fails.
                    let _ = write!(
                        members,
                        r#"{comma}{{"user_id":"member-{n}","role":"user","custom":{{}},"created_at":"2026-03-04T10:00:00Z","updated_at":"2026-03-04T10:00:00Z","user":{user}}}"#
                    );
                }
                format!(
                    r#"{{"type":"call.ring","created_at":"2026-03-04T10:00:01.25Z","call_cid":"default:tide-7f3a","session_id":"5b0c7c1e","video":true,"call":{{"type":"default","id":"tide-7f3a","cid":"default:tide-7f3a","created_by":{},"custom":{{"title":"planning"{pad}}},"settings":{{"audio":{{"mic_default_on":true}}}}}},"members":[{members}]}}"#,
                    user("noor-k")
                )
            }),
        }
    }
}

fn user(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","role":"user","teams":[],"custom":{{"badge":7}},"created_at":"2026-02-02T10:00:00.1205Z","updated_at":"2026-03-04T09:00:00.654321Z","name":"Noor Kassim"}}"#
    )
}

/// The text with as much padding as the size asks for.
fn padded(size: usize, text: impl Fn(&str) -> String) -> String {
    let frame = text(r#","pad":"""#).len();
    let letters = "x".repeat(size.saturating_sub(frame));
    text(&format!(r#","pad":"{letters}""#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_are_json_of_the_size_that_is_promised() {
        for (sample, size) in [(Sample::Custom, 377), (Sample::Ring, 5_000)] {
            let text = sample.json();
            assert_eq!(text.len(), size);
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(value["type"].is_string());
            assert_eq!(Sample::named(sample.name()), Some(sample));
        }
    }
}
