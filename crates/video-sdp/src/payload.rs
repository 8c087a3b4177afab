//! Payload types: the numbers that stand for codecs within a section.

use std::fmt;

/// A payload type of RTP, from 0 to 127.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Payload(u8);

impl Payload {
    /// Reads a number that is written in digits alone.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok()?;
        (is_digits && number < 128).then_some(Self(number))
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of payload types, a bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PayloadSet(u128);

impl PayloadSet {
    pub(crate) fn contains(self, payload: Payload) -> bool {
        self.0 & (1 << payload.0) != 0
    }

    /// Whether a word of a media line is one of these.
    pub(crate) fn contains_word(self, word: &str) -> bool {
        Payload::parse(word).is_some_and(|payload| self.contains(payload))
    }

    pub(crate) fn is_disjoint(self, other: Self) -> bool {
        self.0 & other.0 == 0
    }

    /// Those that the other set does not have.
    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Takes a payload type out, and tells whether it was there.
    pub(crate) fn remove(&mut self, payload: Payload) -> bool {
        let was_there = self.contains(payload);
        self.0 &= !(1 << payload.0);
        was_there
    }
}

impl Extend<Payload> for PayloadSet {
    fn extend<I: IntoIterator<Item = Payload>>(&mut self, payloads: I) {
        for payload in payloads {
            self.0 |= 1 << payload.0;
        }
    }
}

impl FromIterator<Payload> for PayloadSet {
    fn from_iter<I: IntoIterator<Item = Payload>>(payloads: I) -> Self {
        let mut set = Self::default();
        set.extend(payloads);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_up_to_127_are_a_payload_type() {
        for text in ["0", "9", "127", "007"] {
            assert!(Payload::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "128",
            "256",
            "99999999999",
            "+1",
            "-1",
            " 1",
            "1\r",
            "x",
            "\u{661}",
        ] {
            assert_eq!(Payload::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_set_has_room_for_the_lowest_and_the_highest() {
        let ends = ["0", "127"].map(|text| Payload::parse(text).unwrap_or(Payload(64)));
        let mut set: PayloadSet = ends.into_iter().collect();
        assert!(set.contains_word("0") && set.contains_word("127"));
        assert!(!set.contains_word("64") && !set.contains_word("x"));
        assert!(set.remove(ends[1]) && !set.remove(ends[1]));
        assert!(!set.is_disjoint(ends.into_iter().collect()));
        assert!(set.remove(ends[0]));
        assert_eq!(set, PayloadSet::default());
    }
}
