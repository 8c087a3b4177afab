//! What the journal keeps of a request that should carry no credentials.

use std::fmt;

use super::request::Shown;

/// What tells who is asking, be it a header or a parameter.
const CREDENTIALS: [&str; 8] = [
    "api_key",
    "authorization",
    "connection_id",
    "cookie",
    "proxy-authorization",
    "stream-auth-type",
    "token",
    "user_id",
];

/// A request for the location hint or to an edge, and the answer to it.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Probe {
    /// The HTTP method.
    pub method: String,
    /// The host that was asked, with the port if it was named.
    pub host: Option<String>,
    /// The path as it was sent.
    pub path: String,
    /// The names of the query parameters, in the order they came.
    pub query: Vec<String>,
    /// The names of the headers, in lower case and alphabetical order.
    pub headers: Vec<String>,
    /// The status of the answer; none if the request was left without one.
    pub status: Option<u16>,
}

impl Probe {
    /// The headers and parameters that tell who is asking. Nobody outside of the coordinator
    /// should get any.
    #[must_use]
    pub fn credentials(&self) -> Vec<&str> {
        let sent = self.headers.iter().chain(&self.query).map(String::as_str);
        sent.filter(|name| CREDENTIALS.contains(&name.to_ascii_lowercase().as_str()))
            .collect()
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}{} -> {} credentials=[{}]",
            self.method,
            Shown(&self.host),
            self.path,
            Shown(&self.status),
            self.credentials().join(",")
        )
    }
}
