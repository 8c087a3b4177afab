//! The head of an HTTP answer, read with nothing but httparse.

/// A head: its status, its headers, and how long it is.
pub struct Head {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub len: usize,
}

impl Head {
    /// Reads a head of up to `max` headers, if `bytes` begins with one that is whole.
    #[must_use]
    pub fn read(bytes: &[u8], max: usize) -> Option<Self> {
        let mut headers = vec![httparse::EMPTY_HEADER; max];
        let mut answer = httparse::Response::new(&mut headers);
        let len = match answer.parse(bytes) {
            Ok(httparse::Status::Complete(len)) => len,
            _ => return None,
        };
        let headers = answer.headers.iter();
        let headers = headers.map(|h| (h.name.to_ascii_lowercase(), h.value.to_vec()));
        Some(Self {
            status: answer.code?,
            headers: headers.collect(),
            len,
        })
    }

    /// The values of a header.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let named = self.headers.iter().filter(move |(other, _)| other == name);
        named.map(|(_, value)| value.as_slice())
    }

    /// Whether one of the values of a list header is `word`. What is not plain text is no list.
    #[must_use]
    pub fn lists(&self, name: &str, word: &str) -> bool {
        let mut values = self.values(name);
        values.any(|value| {
            if !value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
                return false;
            }
            let mut parts = value.split(|byte| *byte == b',');
            parts.any(|part| part.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
        })
    }
}
