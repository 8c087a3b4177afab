//! One line of a description, with the characters that end it.

use std::borrow::Cow;
use std::fmt;

use crate::payload::Payload;

/// A line. Written out it is what was read, unless its text was set.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    text: Cow<'a, str>,
    /// `\r\n`, `\n`, or nothing at the end of the description.
    end: &'a str,
}

impl<'a> Line<'a> {
    /// Cuts a text into its lines.
    pub(crate) fn all(sdp: &'a str) -> impl Iterator<Item = Self> {
        sdp.split_inclusive('\n').map(|raw| {
            let text = raw.strip_suffix('\n').unwrap_or(raw);
            let text = match text.len() < raw.len() {
                true => text.strip_suffix('\r').unwrap_or(text),
                false => text,
            };
            Self {
                text: Cow::Borrowed(text),
                end: &raw[text.len()..],
            }
        })
    }

    pub(crate) fn new(text: String, end: &'a str) -> Self {
        Self {
            text: Cow::Owned(text),
            end,
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn set_text(&mut self, text: String) {
        self.text = Cow::Owned(text);
    }

    pub(crate) fn end(&self) -> &'a str {
        self.end
    }

    pub(crate) fn set_end(&mut self, end: &'a str) {
        self.end = end;
    }

    /// The value of `a=name:value`.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let rest = self.text.strip_prefix("a=")?.strip_prefix(name)?;
        rest.strip_prefix(':')
    }

    /// Payload type and value of `a=name:111 value`.
    pub(crate) fn format_attribute(&self, name: &str) -> Option<(Payload, &str)> {
        let rest = self.attribute(name)?;
        let (payload, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        Some((Payload::parse(payload)?, value))
    }

    /// Payload type and name of the codec in `a=rtpmap:111 opus/48000/2`.
    pub(crate) fn codec(&self) -> Option<(Payload, &str)> {
        let (payload, value) = self.format_attribute("rtpmap")?;
        let name = value.split('/').next().unwrap_or(value);
        Some((payload, name.trim()))
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        f.write_str(self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_a_line_feed_or_with_the_text() {
        let parts = |sdp| -> Vec<(String, &str)> {
            Line::all(sdp)
                .map(|line| (line.text().to_owned(), line.end()))
                .collect()
        };
        let part = |text: &str, end| (text.to_owned(), end);
        assert_eq!(parts(""), []);
        assert_eq!(parts("a"), [part("a", "")]);
        assert_eq!(parts("a\r"), [part("a\r", "")]);
        assert_eq!(
            parts("a\r\nb\n\r\n\rc\r\r\n"),
            [
                part("a", "\r\n"),
                part("b", "\n"),
                part("", "\r\n"),
                part("\rc\r", "\r\n")
            ]
        );
    }
}
