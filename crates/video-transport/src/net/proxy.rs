//! Which proxy is on the way to a host.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::{Builder, Intercept, Matcher};
use video_core::is_loopback;

use super::{DialError, DialErrorKind, Target};

/// The HTTP proxies that streams go through, chosen by host.
///
/// It is read once, when it is made. Hosts on this machine (`localhost` and the addresses of the
/// loopback) are always dialled directly. The user and the password of a proxy stand in its
/// address, percent-encoded, and are never shown.
///
/// # Examples
///
/// ```
/// use video_transport::Proxy;
///
/// let proxy = Proxy::url("http://user:p%40ss@proxy.corp:3128")?;
/// assert!(!format!("{proxy:?}").contains("user"));
/// assert!(Proxy::url("socks5://proxy.corp").is_err());
/// # Ok::<(), video_transport::InvalidProxy>(())
/// ```
#[derive(Clone)]
pub struct Proxy {
    matcher: Option<Arc<Matcher>>,
}

impl Proxy {
    /// No proxy, whatever the environment says.
    #[must_use]
    pub fn none() -> Self {
        Self { matcher: None }
    }

    /// The proxy `http://user:password@host:port` for every host that is not this machine. The
    /// scheme, the user and the port (80) may be left out.
    ///
    /// # Errors
    ///
    /// [`InvalidProxy`] if it has another form or another scheme.
    pub fn url(url: &str) -> Result<Self, InvalidProxy> {
        let url = check(url, "proxy")?;
        Ok(Self::of(Matcher::builder().all(url)))
    }

    /// The proxies that the environment of this process asks for, by the rules of
    /// [`from_vars`](Self::from_vars).
    ///
    /// # Errors
    ///
    /// [`InvalidProxy`] if a variable holds something else than the address of an HTTP proxy.
    pub fn from_env() -> Result<Self, InvalidProxy> {
        Self::from_vars(|name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    /// The proxies that variables ask for, which is how other programs are told too:
    ///
    /// - `https_proxy` for hosts with TLS, `http_proxy` for hosts without, and `all_proxy` where
    ///   the one of these is not set. Each is an address as in [`url`](Self::url).
    /// - `no_proxy` lists what is dialled directly, separated by commas: a domain, with or without
    ///   a leading dot, stands for itself and its subdomains; an address or a block of addresses
    ///   (`10.0.0.0/8`) for itself; `*` for all.
    ///
    /// The upper-case name counts where the lower-case one is not set; an empty variable is not
    /// set. `HTTP_PROXY` is ignored in a CGI script (where `REQUEST_METHOD` is set), because there
    /// whoever sends a request chooses its value.
    ///
    /// # Examples
    ///
    /// ```
    /// use video_transport::Proxy;
    ///
    /// let proxy = Proxy::from_vars(|name| match name {
    ///     "HTTPS_PROXY" => Some("http://proxy.corp:3128".to_owned()),
    ///     "NO_PROXY" => Some(".corp,10.0.0.0/8".to_owned()),
    ///     _ => None,
    /// })?;
    /// # Ok::<(), video_transport::InvalidProxy>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidProxy`] if a variable that counts holds something else than the address of an HTTP
    /// proxy.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidProxy> {
        let value = |name: &'static str| {
            let value = lookup(name)?;
            (!value.trim().is_empty()).then_some((name, value))
        };
        let first = |names: [&'static str; 2]| names.into_iter().find_map(value);
        let is_cgi = lookup("REQUEST_METHOD").is_some();
        let http = value("http_proxy").or_else(|| value("HTTP_PROXY").filter(|_| !is_cgi));
        let https = first(["https_proxy", "HTTPS_PROXY"]);
        let all = first(["all_proxy", "ALL_PROXY"]);
        let (http, https) = (http.or_else(|| all.clone()), https.or(all));
        if http.is_none() && https.is_none() {
            return Ok(Self::none());
        }

        let mut matcher = Matcher::builder();
        if let Some((name, url)) = http {
            matcher = matcher.http(check(&url, name)?);
        }
        if let Some((name, url)) = https {
            matcher = matcher.https(check(&url, name)?);
        }
        if let Some((_, hosts)) = first(["no_proxy", "NO_PROXY"]) {
            matcher = matcher.no(hosts);
        }
        Ok(Self::of(matcher))
    }

    fn of(matcher: Builder) -> Self {
        let matcher = Some(Arc::new(matcher.build()));
        Self { matcher }
    }

    /// The proxy on the way to `target`, if there is one.
    pub(super) fn on_the_way_to(&self, target: &Target) -> Result<Option<Intercept>, DialError> {
        let Some(matcher) = self.matcher.as_ref().filter(|_| !is_loopback(&target.host)) else {
            return Ok(None);
        };
        let is_tls = target.secure || target.encrypted;
        let uri = Uri::builder()
            .scheme(if is_tls { "https" } else { "http" })
            .authority(target.to_string())
            .path_and_query("/")
            .build()
            .map_err(|error| DialError::with_source(DialErrorKind::Target, error))?;
        Ok(matcher.intercept(&uri))
    }
}

impl fmt::Debug for Proxy {
    /// The matcher shows where the proxies are, without their users and passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.matcher).finish()
    }
}

/// Why a text is not the address of a proxy that can be used. It does not show the text, which may
/// hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProxy {
    /// It has another form.
    #[error(
        "`{origin}` is not of the form `http://user:password@host:port`; user and password are \
         percent-encoded"
    )]
    Malformed {
        /// The variable that holds the text, or `proxy`.
        origin: &'static str,
    },
    /// It names a proxy of a kind that is not supported.
    #[error("`{origin}` names a proxy of the kind `{scheme}`, and only `http` is supported")]
    Scheme {
        /// The variable that holds the text, or `proxy`.
        origin: &'static str,
        /// The scheme.
        scheme: &'static str,
    },
}

const UNSUPPORTED: [&str; 5] = ["https", "socks4", "socks4a", "socks5", "socks5h"];

/// Refuses what the matcher would ignore or misread, above all a password that is not encoded:
/// parts of it would pass for a host.
fn check<'a>(text: &'a str, origin: &'static str) -> Result<&'a str, InvalidProxy> {
    let malformed = InvalidProxy::Malformed { origin };
    let text = text.trim();
    let Ok(uri) = text.parse::<Uri>() else {
        return Err(malformed);
    };
    match uri.scheme_str() {
        None | Some("http") => {}
        Some(other) => {
            let known = UNSUPPORTED
                .into_iter()
                .find(|scheme| scheme.eq_ignore_ascii_case(other));
            return Err(match known {
                Some(scheme) => InvalidProxy::Scheme { origin, scheme },
                None => malformed,
            });
        }
    }
    let Some(authority) = uri.authority() else {
        return Err(malformed);
    };
    let address = match authority.as_str().split_once('@') {
        Some((_, address)) => address,
        None => authority.as_str(),
    };
    let host = authority.host();
    let has_good_port = address == host || authority.port_u16().is_some();
    let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !text.contains('#');
    if host.is_empty() || address.contains('@') || !has_good_port || !is_bare {
        return Err(malformed);
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
