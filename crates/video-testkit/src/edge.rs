//! Edges: where the media servers are, and how clients find out which one is near.

use http::Uri;
use http::uri::Authority;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::rest::segments;

/// An edge that the coordinator lists.
///
/// # Examples
///
/// ```
/// use video_testkit::{Coordinator, Edge};
///
/// let near = Edge::new("ams").position(52.37, 4.90);
/// let odd = Edge::new("odd").latency_test_url("http://odd.example.test/ping");
/// let coordinator = Coordinator::builder("key", "secret").edges([near, odd]).build();
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    pub(crate) id: String,
    latency_test_url: Option<String>,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) continent: String,
    pub(crate) country: String,
    pub(crate) subdivision: String,
    pub(crate) green: u32,
    pub(crate) yellow: u32,
    pub(crate) red: u32,
}

impl Edge {
    /// An edge with this id, in the Netherlands until it is told otherwise.
    ///
    /// Latency is measured at `/latency/<id>`: on the port that the list is asked for at, and
    /// in memory on a host of the edge's own.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            latency_test_url: None,
            latitude: 52.37,
            longitude: 4.9,
            continent: "EU".to_owned(),
            country: "NL".to_owned(),
            subdivision: "NL-NH".to_owned(),
            green: 50,
            yellow: 100,
            red: 200,
        }
    }

    /// Where latency is measured instead. What arrives for this host and path is answered; an
    /// address that is none is listed all the same.
    #[must_use]
    pub fn latency_test_url(mut self, url: impl Into<String>) -> Self {
        self.latency_test_url = Some(url.into());
        self
    }

    /// Where the edge is, in degrees.
    #[must_use]
    pub fn position(mut self, latitude: f64, longitude: f64) -> Self {
        self.latitude = latitude;
        self.longitude = longitude;
        self
    }

    /// In which region the edge is, as codes: `EU`, `NL`, `NL-NH`.
    #[must_use]
    pub fn region(
        mut self,
        continent: impl Into<String>,
        country: impl Into<String>,
        subdivision: impl Into<String>,
    ) -> Self {
        self.continent = continent.into();
        self.country = country.into();
        self.subdivision = subdivision.into();
        self
    }

    /// Up to which latency the edge is good, fair and poor, in milliseconds.
    #[must_use]
    pub fn thresholds(mut self, green: u32, yellow: u32, red: u32) -> Self {
        self.green = green;
        self.yellow = yellow;
        self.red = red;
        self
    }

    /// The edges of a coordinator that is told nothing about them.
    pub(crate) fn defaults() -> Vec<Self> {
        vec![
            Self::new("ams"),
            Self::new("iad")
                .position(38.95, -77.45)
                .region("NA", "US", "US-VA"),
            Self::new("sin")
                .position(1.35, 103.82)
                .region("AS", "SG", "SG-01"),
        ]
    }

    /// The address that the list shows at this origin; in memory there is none.
    pub(crate) fn url(&self, origin: Option<&str>) -> String {
        if let Some(url) = &self.latency_test_url {
            return url.clone();
        }
        let id = utf8_percent_encode(&self.id, NON_ALPHANUMERIC);
        match origin {
            Some(origin) => format!("{origin}/{OWN_PATH}/{id}"),
            None => format!("https://{id}.edges.example.test/{OWN_PATH}/{id}"),
        }
    }

    /// Whether latency is measured there.
    pub(crate) fn is_at(&self, host: Option<&Authority>, path: &str) -> bool {
        let Some(url) = &self.latency_test_url else {
            return segments(path) == [OWN_PATH, &self.id];
        };
        let (Ok(url), Some(host)) = (url.parse::<Uri>(), host) else {
            return false;
        };
        let usual = if url.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        let port = |of: Option<u16>| of.unwrap_or(usual);
        url.host()
            .is_some_and(|own| own.eq_ignore_ascii_case(host.host()))
            && port(url.port_u16()) == port(host.port_u16())
            && url.path() == path
    }
}

/// Where edges without an address of their own are measured; the id follows.
const OWN_PATH: &str = "latency";

#[cfg(test)]
mod tests {
    use super::*;

    fn is_at(edge: &Edge, host: &'static str, path: &str) -> bool {
        edge.is_at(Some(&Authority::from_static(host)), path)
    }

    #[test]
    fn an_edge_without_an_address_is_found_by_its_id_on_any_host() {
        let edge = Edge::new("a/b");
        let at_port = edge.url(Some("http://127.0.0.1:4000"));
        assert_eq!(at_port, "http://127.0.0.1:4000/latency/a%2Fb");
        assert!(is_at(&edge, "127.0.0.1:4000", "/latency/a%2Fb"));
        assert!(edge.is_at(None, "/latency/a%2Fb"));
        assert!(!is_at(&edge, "127.0.0.1:4000", "/latency/a/b"));
        let in_memory = Edge::new("ams").url(None);
        assert_eq!(in_memory, "https://ams.edges.example.test/latency/ams");
    }

    #[test]
    fn an_edge_with_an_address_is_found_by_host_port_and_path() {
        let edge = Edge::new("x").latency_test_url("https://X.example.test/ping?a=b");
        assert!(is_at(&edge, "x.example.test", "/ping"));
        assert!(is_at(&edge, "x.example.test:443", "/ping"));
        assert!(!is_at(&edge, "x.example.test:80", "/ping"));
        assert!(!is_at(&edge, "x.example.test", "/latency/x"));
        assert!(!is_at(&edge, "y.example.test", "/ping"));
        assert!(!edge.is_at(None, "/ping"));
        let bare = Edge::new("x").latency_test_url("http://127.0.0.1:9");
        assert!(is_at(&bare, "127.0.0.1:9", "/"));
    }

    #[test]
    fn an_address_that_is_none_is_listed_and_found_nowhere() {
        let edge = Edge::new("x").latency_test_url("no address");
        assert_eq!(edge.url(Some("http://h")), "no address");
        assert!(!is_at(&edge, "h", "no address"));
    }
}
