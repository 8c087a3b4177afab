//! The parameters of a format: `a=fmtp:111 minptime=10;useinbandfec=1`, edited in place.

use crate::payload::Payload;

/// An `a=fmtp` line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fmtp<'a> {
    /// The format that it is about.
    pub(crate) payload: Payload,
    /// `a=fmtp:111`
    head: &'a str,
    /// What follows, with the space before it.
    parameters: &'a str,
}

impl<'a> Fmtp<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("a=fmtp:")?;
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (head, parameters) = text.split_at(text.len() - rest.len() + length);
        Some(Self {
            payload: Payload::parse(&rest[..length])?,
            head,
            parameters,
        })
    }

    /// The values of a parameter; one without `=` has an empty value.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.parameters
            .split(';')
            .map(parameter)
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The line with another value of a parameter, wherever it stands.
    pub(crate) fn with_changed(&self, name: &str, value: &str) -> String {
        let changed = self.parameters.split(';').map(|raw| {
            let (written, old) = parameter(raw);
            if !written.eq_ignore_ascii_case(name) || old == value {
                return raw.to_owned();
            }
            raw.replacen(raw.trim(), &format!("{written}={value}"), 1)
        });
        format!("{}{}", self.head, changed.collect::<Vec<_>>().join(";"))
    }

    /// The line with one more parameter, separated as the others are.
    pub(crate) fn with_added(&self, name: &str, value: &str) -> String {
        let parameters = self.parameters.trim_end();
        let after = &self.parameters[parameters.len()..];
        let separator = match parameters {
            "" => " ",
            _ if parameters.ends_with(';') => "",
            _ if parameters.contains("; ") => "; ",
            _ => ";",
        };
        format!("{}{parameters}{separator}{name}={value}{after}", self.head)
    }

    /// The line without the parameters that are not to be kept, or nothing if none is left.
    pub(crate) fn with_kept(&self, keep: impl Fn(&str, &str) -> bool) -> Option<String> {
        let all: Vec<&str> = self.parameters.split(';').collect();
        let kept: Vec<&str> = all
            .iter()
            .copied()
            .filter(|raw| {
                let (name, value) = parameter(raw);
                keep(name, value)
            })
            .collect();
        if kept.len() == all.len() {
            return Some(format!("{}{}", self.head, self.parameters));
        }
        if kept.iter().all(|raw| raw.trim().is_empty()) {
            return None;
        }
        let kept = kept.join(";");
        let space = match kept.starts_with(char::is_whitespace) {
            true => "",
            false => " ",
        };
        Some(format!("{}{space}{kept}", self.head))
    }
}

/// Name and value of a parameter, without the space around them.
fn parameter(raw: &str) -> (&str, &str) {
    let (name, value) = raw.split_once('=').unwrap_or((raw, ""));
    (name.trim(), value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fmtp(text: &str) -> Fmtp<'_> {
        Fmtp::parse(text).expect("an fmtp line")
    }

    #[test]
    fn other_lines_are_none_of_ours() {
        for text in [
            "",
            "a=fmtp",
            "a=fmtp:",
            "a=fmtp: 111 a=1",
            "a=fmtp:x a=1",
            "a=rtpmap:1 x",
        ] {
            assert!(Fmtp::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn values_are_found_whatever_the_spacing_and_the_case() {
        let line = fmtp("a=fmtp:111 minptime=10; UseDTX = 0 ;usedtx;x=usedtx=2");
        assert_eq!(line.values("usedtx").collect::<Vec<_>>(), ["0", ""]);
        assert_eq!(line.values("x").collect::<Vec<_>>(), ["usedtx=2"]);
        assert_eq!(fmtp("a=fmtp:111").values("usedtx").next(), None);
    }

    #[test]
    fn a_changed_value_keeps_the_bytes_around_it() {
        let changed = |text| fmtp(text).with_changed("usedtx", "1");
        assert_eq!(
            changed("a=fmtp:111 minptime=10 ; UseDTX = 0 ;;flag"),
            "a=fmtp:111 minptime=10 ; UseDTX=1 ;;flag"
        );
        assert_eq!(changed("a=fmtp:111 usedtx"), "a=fmtp:111 usedtx=1");
        assert_eq!(changed("a=fmtp:111  usedtx = 1"), "a=fmtp:111  usedtx = 1");
        assert_eq!(changed("a=fmtp:111 xusedtx=0"), "a=fmtp:111 xusedtx=0");
    }

    #[test]
    fn a_parameter_is_added_in_the_manner_of_the_line() {
        let added = |text| fmtp(text).with_added("usedtx", "1");
        assert_eq!(added("a=fmtp:111"), "a=fmtp:111 usedtx=1");
        assert_eq!(added("a=fmtp:111 "), "a=fmtp:111 usedtx=1 ");
        assert_eq!(added("a=fmtp:111 a=1"), "a=fmtp:111 a=1;usedtx=1");
        assert_eq!(added("a=fmtp:111 a=1;"), "a=fmtp:111 a=1;usedtx=1");
        assert_eq!(added("a=fmtp:111 a; b \r"), "a=fmtp:111 a; b; usedtx=1 \r");
    }

    #[test]
    fn a_dropped_parameter_takes_one_separator_with_it() {
        let kept = |text| fmtp(text).with_kept(|name, value| name != "x" || value == "0");
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(kept("a=fmtp:111 a=1;x=1;b"), some("a=fmtp:111 a=1;b"));
        assert_eq!(kept("a=fmtp:111 x=1; a=1"), some("a=fmtp:111 a=1"));
        assert_eq!(kept("a=fmtp:111 x=1;a=1"), some("a=fmtp:111 a=1"));
        assert_eq!(kept("a=fmtp:111 a=1; x"), some("a=fmtp:111 a=1"));
        assert_eq!(kept("a=fmtp:111 x=0;x"), some("a=fmtp:111 x=0"));
        assert_eq!(kept("a=fmtp:111 x=1; "), None);
        assert_eq!(kept("a=fmtp:111 ;"), some("a=fmtp:111 ;"));
        assert_eq!(kept("a=fmtp:111"), some("a=fmtp:111"));
    }
}
