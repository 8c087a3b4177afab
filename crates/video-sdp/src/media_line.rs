//! The line that opens a section, edited in place: `m=audio 9 UDP/TLS/RTP/SAVPF 111 63`.

use crate::payload::PayloadSet;

/// An `m=` line, cut at each space: two spaces in a row have an empty word between them.
#[derive(Debug)]
pub(crate) struct MediaLine<'a> {
    words: Vec<&'a str>,
    /// Where the formats begin, after kind, port and protocol.
    formats: usize,
}

impl<'a> MediaLine<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        text.starts_with("m=").then(|| {
            let words: Vec<&str> = text.split(' ').collect();
            let formats = (0..words.len())
                .filter(|at| !words[*at].is_empty())
                .nth(HEAD)
                .unwrap_or(words.len());
            Self { words, formats }
        })
    }

    /// The line with these payload types in front, the order otherwise kept.
    pub(crate) fn with_first(mut self, payloads: PayloadSet) -> String {
        let formats = &mut self.words[self.formats..];
        let (first, rest): (Vec<&str>, Vec<&str>) = formats
            .iter()
            .copied()
            .filter(|word| !word.is_empty())
            .partition(|word| payloads.contains_word(word));
        let places = formats.iter_mut().filter(|word| !word.is_empty());
        for (place, word) in places.zip(first.into_iter().chain(rest)) {
            *place = word;
        }
        self.words.join(" ")
    }

    /// The line without these payload types, or nothing if no format is left.
    pub(crate) fn without(mut self, payloads: PayloadSet) -> Option<String> {
        let mut formats = self.words.split_off(self.formats);
        formats.retain(|word| !payloads.contains_word(word));
        let is_empty = formats.iter().all(|word| word.is_empty());
        self.words.extend(formats);
        (!is_empty).then(|| self.words.join(" "))
    }
}

/// How many words stand before the formats.
const HEAD: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;

    fn line(text: &str) -> MediaLine<'_> {
        MediaLine::parse(text).expect("a media line")
    }

    fn set(numbers: &str) -> PayloadSet {
        numbers.split(' ').filter_map(Payload::parse).collect()
    }

    #[test]
    fn payload_types_move_to_the_front_in_their_order() {
        let moved = |text| line(text).with_first(set("9 63"));
        assert_eq!(moved("m=audio 9 P 111 63 0 9"), "m=audio 9 P 63 9 111 0");
        assert_eq!(
            moved("m=audio 9  P  111  x 63 "),
            "m=audio 9  P  63  111 x "
        );
        assert_eq!(moved("m=audio 9 P"), "m=audio 9 P");
        assert_eq!(moved("m="), "m=");
    }

    #[test]
    fn a_payload_type_is_taken_out_unless_it_is_the_only_one() {
        let without = |text| line(text).without(set("9 63"));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(without("m=audio 9 P 111 63 0"), some("m=audio 9 P 111 0"));
        assert_eq!(without("m=audio 9 P 63 x"), some("m=audio 9 P x"));
        assert_eq!(without("m=audio 9 P 63 9"), None);
        assert_eq!(without("m=audio 9 P"), None);
    }
}
