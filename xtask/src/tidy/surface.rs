//! I4: no public signature names a type of the network stack.

use crate::finding::Finding;
use crate::source::Source;

/// The crates whose surface is checked.
const CRATES: [&str; 5] = [
    "crates/video-core",
    "crates/video-sdp",
    "crates/video-auth",
    "crates/video-transport",
    "crates/video-client",
];

/// The crates whose types stay inside.
const FOREIGN: [&str; 5] = [
    "hyper",
    "hyper_util",
    "fastwebsockets",
    "rustls",
    "tokio_rustls",
];

/// Finds public items whose signature names a foreign type, by path or by an imported name.
pub(crate) fn foreign_types(source: &Source) -> Vec<Finding> {
    if !CRATES.contains(&source.member()) || !source.is_crate_source() {
        return Vec::new();
    }
    let lines: Vec<(usize, &str)> = source.production().collect();
    let imported = imported_names(&lines);
    let mut findings = Vec::new();
    for (index, (line, text)) in lines.iter().enumerate() {
        if !text.trim_start().starts_with("pub ") {
            continue;
        }
        let signature = signature(&lines[index..]);
        let named = words(&signature).find(|(before, word, rest)| {
            let is_crate = FOREIGN.contains(word) && !is_inner(before);
            let is_path = is_crate && rest.trim_start().starts_with("::");
            let is_reexport = is_crate && signature.starts_with("pub use");
            is_path || is_reexport || imported.iter().any(|name| name == word)
        });
        if let Some((_, word, _)) = named {
            findings.push(Finding::new(
                &source.path,
                *line,
                format!("I4: a public item names `{word}` of the network stack: wrap the type"),
            ));
        }
    }
    findings
}

/// The names that `use` brings in from foreign crates, `pub use` excepted.
fn imported_names(lines: &[(usize, &str)]) -> Vec<String> {
    let mut names = Vec::new();
    for (index, (_, text)) in lines.iter().enumerate() {
        let Some(first) = text.trim_start().strip_prefix("use ") else {
            continue;
        };
        let root = words(first).next().map_or("", |(_, word, _)| word);
        if !FOREIGN.contains(&root) {
            continue;
        }
        let statement = joined(&lines[index..], |char, _| char == ';');
        names.extend(
            words(&statement)
                .filter(|(_, word, rest)| {
                    let rest = rest.trim_start();
                    !["use", "as", "self"].contains(word)
                        && !rest.starts_with("::")
                        && !rest.starts_with("as ")
                })
                .map(|(_, word, _)| word.to_owned()),
        );
    }
    names
}

/// The text of a public item that its readers depend on.
fn signature(lines: &[(usize, &str)]) -> String {
    let first = lines[0].1.trim_start();
    let has_public_body = first.starts_with("pub enum ") || first.starts_with("pub trait ");
    if first.starts_with("pub use ") {
        return joined(lines, |char, _| char == ';').trim_start().to_owned();
    }
    let mut braces = 0_i32;
    joined(lines, |char, nested| match char {
        '{' => {
            braces += 1;
            !has_public_body
        }
        '}' => {
            braces -= 1;
            braces <= 0
        }
        ';' | ',' => nested <= 0 && braces == 0,
        _ => false,
    })
}

/// Joins lines up to the character that ends what begins on the first of them.
fn joined(lines: &[(usize, &str)], mut ends: impl FnMut(char, i32) -> bool) -> String {
    let mut text = String::new();
    let mut nested = 0_i32;
    let mut previous = ' ';
    for (_, line) in lines {
        for char in line.chars() {
            match char {
                '(' | '[' | '<' => nested += 1,
                ')' | ']' => nested -= 1,
                '>' if previous != '-' && previous != '=' => nested -= 1,
                _ => {}
            }
            text.push(char);
            previous = char;
            if ends(char, nested) {
                return text;
            }
        }
        text.push(' ');
    }
    text
}

/// Whether what stands before a word makes it part of a path of ours, as in `self::hyper`.
fn is_inner(before: &str) -> bool {
    before
        .trim_end()
        .strip_suffix("::")
        .is_some_and(|path| path.ends_with(is_word))
}

/// The words of a text, each with what is before and after it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_word)?;
        let tail = &text[start..];
        let end = start + tail.find(|char| !is_word(char)).unwrap_or(tail.len());
        at = end;
        Some((&text[..start], &text[start..end], &text[end..]))
    })
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::foreign_types;
    use crate::finding::tests::render;
    use crate::source::Source;

    fn check(text: &str) -> String {
        render(&foreign_types(&Source::new(
            "crates/video-transport/src/a.rs",
            text,
        )))
    }

    #[test]
    fn foreign_types_in_signatures_are_found() {
        let breaches = [
            "pub fn f(x: hyper::Uri) {}",
            "pub fn f<A,\n B>(\n  x: A,\n) -> Result<A, rustls::Error> {\n}",
            "pub struct A(pub hyper_util::B);",
            "pub struct A {\n    pub b: fastwebsockets::Frame<'static>,\n}",
            "pub enum A {\n    B(hyper::Error),\n}",
            "pub trait A {\n    fn b(&self) -> tokio_rustls::C;\n}",
            "pub use hyper::Uri;",
            "pub use hyper;",
            "pub use ::hyper::Uri;",
            "use hyper::body::{Body, Incoming as Inner};\npub fn f() -> Inner {}",
            "pub type A = hyper::Error;",
        ];
        for breach in breaches {
            assert!(check(breach).contains("I4"), "{breach}");
        }
    }

    #[test]
    fn what_stays_inside_is_fine() {
        let clean = [
            "pub(crate) fn f(x: hyper::Uri) {}",
            "pub fn f(x: http::Uri) {\n    hyper::g(x);\n}",
            "pub struct A {\n    pub b: u8,\n    c: hyper::C,\n}",
            "pub struct A {\n    pub b: u8\n}\nfn f() -> hyper::C {}",
            "/// As [`hyper::Uri`].\npub fn f() {} // hyper::Uri",
            "use hyper::Request;\npub fn f() -> Requests {}",
            "#[cfg(test)]\nmod tests {\n    pub fn f() -> hyper::C {}\n}",
            "mod hyper;\npub use self::hyper::Transport;",
            "pub const A: [u8; 2] = [1, 2];\nfn f() -> hyper::C {}",
        ];
        for text in clean {
            assert_eq!(check(text), "", "{text}");
        }
    }

    #[test]
    fn the_emulator_may_show_what_it_serves_with() {
        let source = Source::new(
            "crates/video-testkit/src/a.rs",
            "pub fn f(x: hyper::Uri) {}",
        );
        assert_eq!(foreign_types(&source), []);
    }
}
