//! Paths and queries: splitting and percent-decoding.

use percent_encoding::percent_decode_str;

/// The parameters of a query, in the order they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(crate) fn parse(text: Option<&str>) -> Self {
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode_form(name), decode_form(value))
        };
        let parts = text.unwrap_or_default().split('&');
        Self {
            pairs: parts.filter(|part| !part.is_empty()).map(pair).collect(),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|(name, _)| name.as_str())
    }
}

/// The segments of a path. A slash at the end does not make one.
pub(crate) fn segments(path: &str) -> Vec<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/').map(decode).collect()
}

fn decode_form(text: &str) -> String {
    decode(&text.replace('+', " "))
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_split_and_decoded() {
        let query = Query::parse(Some("api_key=k%20y&flag&&x=a+b=c&x=2"));
        assert_eq!(query.get("api_key"), Some("k y"));
        assert_eq!(query.get("flag"), Some(""));
        assert_eq!(query.get("x"), Some("a b=c"));
        assert_eq!(query.get("none"), None);
        assert_eq!(
            query.names().collect::<Vec<_>>(),
            ["api_key", "flag", "x", "x"]
        );
        assert_eq!(Query::parse(None).names().count(), 0);
    }

    #[test]
    fn an_encoded_slash_does_not_split_a_segment() {
        assert_eq!(
            segments("/video/call/a%2Fb/z%C3%A9/"),
            ["video", "call", "a/b", "zé"]
        );
        assert_eq!(segments("/"), [""]);
    }
}
