//! What a request is about, judged by its method, host and path.

use http::Method;
use http::uri::Authority;

use super::operation::Operation;
use super::url::segments;
use crate::edge::Edge;
use crate::wire::error::ApiError;

/// Who tells clients at which point of presence they come in.
const HINT_HOST: &str = "hint.stream-io-video.com";

/// The same on any other host.
const HINT_PATH: &str = "/hint";

/// What a request is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Route {
    /// A look whether anybody is there.
    Home,
    /// Something that needs neither key nor token.
    Probe(Probed),
    /// A socket.
    Connect,
    /// An operation, or why the request is none.
    Operation(Result<Operation, ApiError>),
}

/// What clients ask without saying who they are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Probed {
    /// The location hint.
    Hint,
    /// The edge with this id.
    Edge(String),
}

impl Route {
    pub(crate) fn of(
        method: &Method,
        host: Option<&Authority>,
        path: &str,
        edges: &[Edge],
    ) -> Self {
        // A HEAD is a GET whose body stays at home.
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let special = || Self::special(host, path, edges);
        let special = (method == Method::GET).then(special).flatten();
        special.unwrap_or_else(|| {
            let segments = segments(path);
            let segments: Vec<_> = segments.iter().map(String::as_str).collect();
            Self::Operation(Operation::of(method.as_str(), &segments))
        })
    }

    /// What a GET may be about besides an operation.
    fn special(host: Option<&Authority>, path: &str, edges: &[Edge]) -> Option<Self> {
        let hint_host = || host.is_some_and(|h| h.host().eq_ignore_ascii_case(HINT_HOST));
        if path == HINT_PATH || (path == "/" && hint_host()) {
            return Some(Self::Probe(Probed::Hint));
        }
        if let Some(edge) = edges.iter().find(|edge| edge.is_at(host, path)) {
            return Some(Self::Probe(Probed::Edge(edge.id.clone())));
        }
        match path {
            "/" => Some(Self::Home),
            "/video/connect" | "/video/connect/" => Some(Self::Connect),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &Method, path: &str) -> u16 {
        match Route::of(method, None, path, &[]) {
            Route::Home | Route::Probe(_) | Route::Operation(Ok(_)) => 200,
            Route::Connect => 101,
            Route::Operation(Err(error)) => error.status,
        }
    }

    #[test]
    fn each_operation_has_one_method_and_path() {
        let call = "/video/call/default/standup";
        assert_eq!(status(&Method::GET, call), 200);
        assert_eq!(status(&Method::HEAD, call), 200);
        assert_eq!(status(&Method::DELETE, call), 405);
        assert_eq!(status(&Method::GET, &format!("{call}/join")), 405);
        assert_eq!(status(&Method::POST, &format!("{call}/dance")), 404);
        assert_eq!(status(&Method::POST, "/video/calls"), 200);
        assert_eq!(status(&Method::POST, "/video/connect"), 405);
        assert_eq!(status(&Method::GET, "/video/connect"), 101);
        assert_eq!(status(&Method::GET, "/"), 200);
        assert_eq!(status(&Method::POST, "/"), 404);
    }

    #[test]
    fn the_hint_and_the_edges_have_hosts_of_their_own() {
        let edges = [Edge::new("x").latency_test_url("https://x.example.test/")];
        let of = |method: &Method, host, path| {
            let host = Authority::from_static(host);
            match Route::of(method, Some(&host), path, &edges) {
                Route::Probe(probed) => Some(probed),
                _ => None,
            }
        };
        let hint = Some(Probed::Hint);
        assert_eq!(of(&Method::HEAD, "Hint.stream-io-video.com", "/"), hint);
        assert_eq!(of(&Method::HEAD, "127.0.0.1:4000", "/hint"), hint);
        assert_eq!(of(&Method::HEAD, "127.0.0.1:4000", "/"), None);
        assert_eq!(of(&Method::POST, "127.0.0.1:4000", "/hint"), None);
        let edge = Some(Probed::Edge("x".to_owned()));
        assert_eq!(of(&Method::GET, "x.example.test", "/"), edge);
        assert_eq!(of(&Method::GET, "x.example.test", "/video/edges"), None);
    }

    #[test]
    fn a_call_name_is_decoded_and_checked() {
        let route = Route::of(&Method::GET, None, "/video/call/default/a%3Ab%2F", &[]);
        let Route::Operation(Ok(Operation::GetCall(name))) = route else {
            panic!("{route:?}")
        };
        assert_eq!(name.cid(), "default:a:b/");
        let long = "x".repeat(65);
        assert_eq!(
            status(&Method::GET, &format!("/video/call/default/{long}")),
            400
        );
        assert_eq!(status(&Method::GET, "/video/call/a%3Ab/x"), 400);
        assert_eq!(status(&Method::POST, "/video/call/default//join"), 400);
    }
}
