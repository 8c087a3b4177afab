//! Keeps secrets out of text that people read.

use std::borrow::Cow;

/// What stands in the place of something secret.
pub const REDACTED: &str = "<redacted>";

/// Replaces everything in `text` that looks like a JSON Web Token.
///
/// A peer or a proxy may echo what it was sent; its words end in errors and logs.
///
/// # Examples
///
/// ```
/// use video_core::redact_tokens;
///
/// assert_eq!(redact_tokens("bad token eyJh.eyJi.c2ln!"), "bad token <redacted>!");
/// assert_eq!(redact_tokens("no token"), "no token");
/// ```
#[must_use]
pub fn redact_tokens(text: &str) -> Cow<'_, str> {
    if !text.contains("eyJ") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("eyJ") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let end = from.find(|c| !is_token_char(c)).unwrap_or(from.len());
        let (candidate, after) = from.split_at(end);
        out.push_str(if candidate.contains('.') {
            REDACTED
        } else {
            candidate
        });
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The URI without its query, which may hold a key, a connection id or a name.
#[must_use]
pub fn redact_uri(uri: &http::Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.host().unwrap_or_default();
    let port = uri
        .port_u16()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{authority}{port}{}", uri.path())
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_is_replaced_and_the_words_around_stay() {
        assert_eq!(
            redact_tokens("a eyJ0.eyJ1.s-_g b eyJ0.eyJ1. c"),
            "a <redacted> b <redacted> c"
        );
    }

    #[test]
    fn a_word_that_only_starts_like_a_token_stays() {
        assert_eq!(redact_tokens("eyJustice for all"), "eyJustice for all");
    }

    #[test]
    fn a_uri_loses_its_query_and_its_password() {
        let uri = "https://user:pw@h.test:1/p/q?api_key=k&x=y"
            .parse()
            .unwrap();
        assert_eq!(redact_uri(&uri), "https://h.test:1/p/q");
    }
}
