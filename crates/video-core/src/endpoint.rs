//! Where the service is.

use std::net::IpAddr;

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
    #[error("`{url}` has no TLS, which only this machine and hosts allowed by name may lack")]
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
        Self::with_plain_text::<&str>(rest, socket, &[])
    }

    /// As [`new`](Self::new), but the hosts of `allowed` may lack TLS too.
    ///
    /// What is sent to them, tokens included, can be read by whoever is on the way. It is meant
    /// for a service on a network of one's own. A name allows itself, in any case of letters, and
    /// none of its subdomains; an address allows itself. Neither has a port.
    ///
    /// # Examples
    ///
    /// ```
    /// use video_core::Endpoint;
    ///
    /// let (rest, socket) = ("http://coordinator:3030", "ws://coordinator:8800/video/connect");
    /// assert!(Endpoint::new(rest, socket).is_err());
    /// assert!(Endpoint::with_plain_text(rest, socket, &["coordinator"]).is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoint`] if one is not an absolute URL of its scheme, or lacks TLS although it
    /// is neither on this machine nor allowed to.
    pub fn with_plain_text<S: AsRef<str>>(
        rest: &str,
        socket: &str,
        allowed: &[S],
    ) -> Result<Self, InvalidEndpoint> {
        Ok(Self {
            rest: check(rest, "https", "http", allowed)?,
            socket: check(socket, "wss", "ws", allowed)?,
        })
    }

    /// Checks the HTTP address of something beside the service by the rules of
    /// [`with_plain_text`](Self::with_plain_text).
    ///
    /// # Examples
    ///
    /// ```
    /// use video_core::Endpoint;
    ///
    /// let hosts = ["hint.lan"];
    /// assert!(Endpoint::check_auxiliary("http://hint.lan/", &hosts).is_ok());
    /// assert!(Endpoint::check_auxiliary("http://example.com/", &hosts).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoint`] if it is not an absolute URL of HTTP, or lacks TLS although it is
    /// neither on this machine nor allowed to.
    pub fn check_auxiliary<S: AsRef<str>>(
        url: &str,
        allowed: &[S],
    ) -> Result<Uri, InvalidEndpoint> {
        check(url, "https", "http", allowed)
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

/// Whether a host of a URL, with or without brackets, is this machine: `localhost` or an address
/// of the loopback.
///
/// # Examples
///
/// ```
/// assert!(video_core::is_loopback("[::1]") && video_core::is_loopback("LocalHost"));
/// assert!(!video_core::is_loopback("localhost.example.com"));
/// ```
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || address(host).is_some_and(|address| address.is_loopback())
}

fn check<S: AsRef<str>>(
    text: &str,
    secure: &'static str,
    plain: &'static str,
    allowed: &[S],
) -> Result<Uri, InvalidEndpoint> {
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
    let is_allowed = || allowed.iter().any(|name| is_same_host(name.as_ref(), host));
    if scheme == plain && !is_loopback(host) && !is_allowed() {
        return Err(InvalidEndpoint::PlainText { url });
    }
    Ok(uri)
}

/// An address has more than one spelling, a name has none but its letters' case.
fn is_same_host(one: &str, other: &str) -> bool {
    match (address(one), address(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one.eq_ignore_ascii_case(other),
    }
}

fn address(host: &str) -> Option<IpAddr> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse().ok()
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
    fn plain_text_is_allowed_to_the_named_hosts_and_to_no_relatives_of_them() {
        let allowed = ["Dev.Test".to_owned(), "fd00::1".to_owned()];
        let plain = |host: &str| {
            let (rest, socket) = (format!("http://{host}"), format!("ws://{host}/connect"));
            Endpoint::with_plain_text(&rest, &socket, &allowed)
        };
        for host in ["dev.test:3030", "DEV.TEST", "[fd00:0::1]:80", "localhost"] {
            assert!(plain(host).is_ok(), "{host}");
        }
        for host in ["a.dev.test", "dev.test.evil.test", "dev.test.", "[fd00::2]"] {
            let error = plain(host).unwrap_err();
            assert!(matches!(error, InvalidEndpoint::PlainText { .. }), "{host}");
        }
        let socket_alone = Endpoint::with_plain_text("https://h.test", "ws://h.test/x", &allowed);
        assert!(
            socket_alone.is_err(),
            "each of the two addresses is checked"
        );
    }

    #[test]
    fn an_auxiliary_address_is_held_to_the_same_rules() {
        let check = |url| Endpoint::check_auxiliary(url, &["hint.lan"]);
        assert!(check("https://hint.test/").is_ok());
        assert!(check("http://hint.lan/").is_ok());
        assert!(check("http://127.0.0.1:1/").is_ok());
        for url in [
            "http://hint.test/",
            "wss://hint.lan/",
            "https://a:b@hint.test/",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
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
