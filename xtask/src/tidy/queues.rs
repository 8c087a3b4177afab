//! I8: no queue is unbounded.

use crate::finding::Finding;
use crate::source::Source;

const UNBOUNDED: [&str; 3] = ["unbounded_channel", "UnboundedSender", "UnboundedReceiver"];

/// Finds queues that can grow without end.
pub(crate) fn unbounded(source: &Source) -> Vec<Finding> {
    if !source.is_crate_source() {
        return Vec::new();
    }
    source
        .lines()
        .filter(|(_, text)| {
            UNBOUNDED.iter().any(|name| text.contains(name)) || makes_std_channel(text)
        })
        .map(|(line, _)| {
            Finding::new(
                &source.path,
                line,
                "I8: a queue without a bound: give it a named capacity",
            )
        })
        .collect()
}

/// Whether a line calls `mpsc::channel` without a capacity.
fn makes_std_channel(text: &str) -> bool {
    text.match_indices("mpsc::channel").any(|(at, name)| {
        let mut rest = text[at + name.len()..].trim_start();
        if let Some(types) = rest.strip_prefix("::<") {
            rest = types.rsplit_once('>').map_or(types, |(_, rest)| rest);
        }
        rest.starts_with("()")
    })
}

#[cfg(test)]
mod tests {
    use super::unbounded;
    use crate::source::Source;

    fn found(text: &str) -> usize {
        unbounded(&Source::new("crates/a/src/b.rs", text)).len()
    }

    #[test]
    fn unbounded_queues_are_found() {
        assert_eq!(found("let (a, b) = mpsc::unbounded_channel();"), 1);
        assert_eq!(found("a: UnboundedSender<u8>,"), 1);
        assert_eq!(found("let (a, b) = mpsc::channel();"), 1);
        assert_eq!(
            found("let (a, b) = std::sync::mpsc::channel::<Vec<u8>>();"),
            1
        );
    }

    #[test]
    fn bounded_queues_are_fine() {
        assert_eq!(found("let (a, b) = mpsc::channel(32);"), 0);
        assert_eq!(found("let (a, b) = mpsc::channel::<Vec<u8>>(CAPACITY);"), 0);
        assert_eq!(found("// unbounded_channel"), 0);
    }
}
