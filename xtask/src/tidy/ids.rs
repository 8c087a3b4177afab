//! I6: the emulator takes identifiers from `video-core`, and nothing else.

use crate::finding::Finding;
use crate::source::Source;

/// What the emulator may take.
const IDENTIFIERS: [&str; 7] = [
    "ApiKey",
    "CallCid",
    "CallId",
    "CallType",
    "ConnectionId",
    "InvalidId",
    "UserId",
];

/// Finds other names of `video-core` in the emulator.
pub(crate) fn beyond_identifiers(source: &Source) -> Vec<Finding> {
    if source.member() != "crates/video-testkit" || !source.is_crate_source() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let lines: Vec<_> = source.lines().collect();
    for (index, (line, text)) in lines.iter().enumerate() {
        for (at, name) in text.match_indices("video_core") {
            let after = &text[at + name.len()..];
            let rest: String = std::iter::once(after)
                .chain(lines[index + 1..].iter().map(|(_, text)| *text))
                .take(LONGEST_IMPORT)
                .collect();
            findings.extend(names(&rest).filter(|name| !IDENTIFIERS.contains(name)).map(|name| {
                Finding::new(
                    &source.path,
                    *line,
                    format!(
                        "I6: the emulator takes `{name}` from video-core; it takes identifiers \
                         only and models the rest itself, or a mistake becomes symmetric"
                    ),
                )
            }));
        }
    }
    findings
}

/// How many lines one import may span.
const LONGEST_IMPORT: usize = 20;

/// The names that follow `video_core`; without a path that is the crate itself.
fn names(rest: &str) -> impl Iterator<Item = &str> {
    let path = rest
        .trim_start()
        .strip_prefix("::")
        .unwrap_or("")
        .trim_start();
    let is_name = |char: char| char.is_alphanumeric() || char == '_';
    let list = if let Some(group) = path.strip_prefix('{') {
        group.split('}').next().unwrap_or(group)
    } else if path.starts_with(is_name) {
        path.split(|char| !is_name(char)).next().unwrap_or(path)
    } else {
        "*"
    };
    list.split(',')
        .map(|name| name.split_whitespace().next().unwrap_or(""))
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::beyond_identifiers;
    use crate::finding::tests::render;
    use crate::source::Source;

    fn check(text: &str) -> String {
        render(&beyond_identifiers(&Source::new(
            "crates/video-testkit/src/a.rs",
            text,
        )))
    }

    #[test]
    fn more_than_identifiers_is_found() {
        let breaches = [
            "use video_core::Event;",
            "use video_core::{\n    CallCid,\n    model::Call,\n};",
            "fn f() -> video_core::UserToken {}",
            "use video_core::*;",
            "use video_core as core;",
        ];
        for breach in breaches {
            assert!(check(breach).contains("I6"), "{breach}");
        }
    }

    #[test]
    fn identifiers_are_fine() {
        let clean = [
            "use video_core::UserId;",
            "use video_core::{CallCid, CallId as Id};\nuse std::fmt;",
            "fn f(id: &video_core::UserId) {}",
            "// video_core::Event",
        ];
        for text in clean {
            assert_eq!(check(text), "", "{text}");
        }
    }
}
