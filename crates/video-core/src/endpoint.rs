//! Where the service is.

use http::Uri;

/// Why a text is not the address of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEndpoint {
    /// Not an absolute URL.
    #[error("`{url}` is not an absolute URL")]
    Malformed {
        /// The address, without its query.
        url: String,
    },
    /// The scheme is another than the two that are possible.
    #[error("`{url}` must begin with `{secure}://`, or with `{plain}://` for this machine")]
    Scheme {
        /// The address, without its query.
        url: String,
        /// The scheme over TLS.
        secure: &'static str,
        /// The scheme without TLS.
        plain: &'static str,
    },
    /// Without TLS the token would travel in the clear.
    #[error("`{url}` has no TLS, which is allowed to this machine alone")]
    PlainText {
        /// The address, without its query.
        url: String,
    },
    /// The address has a user, a query or a fragment.
    #[error("`{url}` must have neither user nor query")]
    Decorated {
        /// The address, without its query.
        url: String,
    },
}

/// The two addresses of the service, checked.
///
/// # Examples
///
/// ```
/// use video_core::Endpoint;
///
/// let endpoint = Endpoint::default();
/// assert_eq!(endpoint.rest().host(), Some("video.stream-io-api.com"));
/// assert!(Endpoint::new("http://example.com", "wss://example.com/video/connect").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    rest: Uri,
    socket: Uri,
}

impl Endpoint {
    /// The default base of REST requests.
    pub const DEFAULT_REST: &'static str = "https://video.stream-io-api.com";
    /// The default address of the socket.
    pub const DEFAULT_SOCKET: &'static str = "wss://video.stream-io-api.com/video/connect";

    /// Checks the base of REST requests, to which `/video/…` is added, and the socket's address.
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoint`] if one is not an absolute URL of its scheme, or lacks TLS although it
    /// is not on this machine.
    pub fn new(rest: &str, socket: &str) -> Result<Self, InvalidEndpoint> {
        Ok(Self {
            rest: check(rest, "https", "http")?,
            socket: check(socket, "wss", "ws")?,
        })
    }

    /// Checks the address of something beside the two, by the rule for REST requests.
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoint`] if it is not an absolute URL of HTTP, or lacks TLS although it is not
    /// on this machine.
    pub fn http_url(url: &str) -> Result<Uri, InvalidEndpoint> {
        check(url, "https", "http")
    }

    /// Whether an address is on this machine.
    ///
    /// # Examples
    ///
    /// ```
    /// use video_core::Endpoint;
    ///
    /// assert!(Endpoint::is_local(&"http://127.0.0.1:8080/ping".parse()?));
    /// assert!(!Endpoint::is_local(&"http://localhost.example.com".parse()?));
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    #[must_use]
    pub fn is_local(uri: &Uri) -> bool {
        uri.host().is_some_and(is_loopback)
    }

    /// The base of REST requests.
    #[must_use]
    pub fn rest(&self) -> &Uri {
        &self.rest
    }

    /// The address of the socket.
    #[must_use]
    pub fn socket(&self) -> &Uri {
        &self.socket
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            rest: Uri::from_static(Self::DEFAULT_REST),
            socket: Uri::from_static(Self::DEFAULT_SOCKET),
        }
    }
}

fn check(text: &str, secure: &'static str, plain: &'static str) -> Result<Uri, InvalidEndpoint> {
    let bare = text.split(['?', '#']).next().unwrap_or_default();
    let bare = match bare.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => bare.to_owned(),
    };
    let url = bare.clone();
    let uri: Uri = text
        .trim_end_matches('/')
        .parse()
        .map_err(|_| InvalidEndpoint::Malformed { url })?;
    let url = bare;
    let Some((scheme, host)) = uri.scheme_str().zip(uri.host()) else {
        return Err(InvalidEndpoint::Malformed { url });
    };
    if host.is_empty() {
        return Err(InvalidEndpoint::Malformed { url });
    }
    if scheme != secure && scheme != plain {
        return Err(InvalidEndpoint::Scheme { url, secure, plain });
    }
    if uri.query().is_some() || text.contains('#') || text.contains('@') {
        return Err(InvalidEndpoint::Decorated { url });
    }
    if scheme == plain && !is_loopback(host) {
        return Err(InvalidEndpoint::PlainText { url });
    }
    Ok(uri)
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WSS: &str = "wss://h.test/video/connect";

    /// Promise: CK001
    #[test]
    fn the_default_is_the_production_service() {
        let endpoint = Endpoint::default();
        assert_eq!(
            endpoint.rest().to_string(),
            "https://video.stream-io-api.com/"
        );
        assert_eq!(
            endpoint.socket().to_string(),
            "wss://video.stream-io-api.com/video/connect"
        );
    }

    #[test]
    fn plain_text_is_for_this_machine_alone() {
        for host in ["127.0.0.1:8080", "localhost", "[::1]:9"] {
            assert!(
                Endpoint::new(&format!("http://{host}"), WSS).is_ok(),
                "{host}"
            );
        }
        for host in ["example.com", "10.0.0.1", "localhost.evil.test"] {
            let error = Endpoint::new(&format!("http://{host}"), WSS).unwrap_err();
            assert!(matches!(error, InvalidEndpoint::PlainText { .. }), "{host}");
        }
    }

    #[test]
    fn an_address_beside_the_two_has_the_same_rule() {
        assert!(Endpoint::http_url("https://hint.test/").is_ok());
        assert!(Endpoint::http_url("http://[::1]:9").is_ok());
        let error = Endpoint::http_url("http://hint.test").unwrap_err();
        assert!(matches!(error, InvalidEndpoint::PlainText { .. }));
    }

    #[test]
    fn an_address_of_another_form_is_refused_for_what_it_is() {
        let kind = |rest: &str| Endpoint::new(rest, WSS).unwrap_err();
        assert!(matches!(kind(""), InvalidEndpoint::Malformed { .. }));
        assert!(matches!(kind("/video"), InvalidEndpoint::Malformed { .. }));
        assert!(matches!(
            kind("wss://h.test"),
            InvalidEndpoint::Scheme { .. }
        ));
        assert!(matches!(
            kind("https://h.test/?a=b"),
            InvalidEndpoint::Decorated { .. }
        ));
        assert!(matches!(
            kind("https://h.test/#x"),
            InvalidEndpoint::Decorated { .. }
        ));
    }

    #[test]
    fn a_password_in_an_address_does_not_reach_the_error() {
        let error = Endpoint::new("https://user:secret@h.test", WSS).unwrap_err();
        assert!(matches!(error, InvalidEndpoint::Decorated { .. }));
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(error.to_string().contains("h.test"), "{error}");
    }
}
