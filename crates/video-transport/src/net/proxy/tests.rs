//! What is asked of the environment, and what of it is shown.

use super::*;

fn vars(pairs: &[(&str, &str)]) -> Result<Proxy, InvalidProxy> {
    Proxy::from_vars(|name| {
        let pair = pairs.iter().find(|(key, _)| *key == name);
        pair.map(|(_, value)| (*value).to_owned())
    })
}

/// The host of the proxy on the way to a URI, or `direct`.
fn way(proxy: &Proxy, uri: &str) -> String {
    let target = Target::of(&uri.parse().unwrap()).unwrap();
    let way = proxy.on_the_way_to(&target).unwrap();
    way.map_or("direct".to_owned(), |way| {
        Target::of(way.uri()).unwrap().to_string()
    })
}

#[test]
fn each_scheme_has_its_proxy_and_sockets_count_as_what_carries_them() {
    let proxy = vars(&[
        ("HTTP_PROXY", "http://a.test"),
        ("HTTPS_PROXY", "b.test:3128"),
    ]);
    let proxy = proxy.unwrap();
    for (uri, expected) in [
        ("http://h.test", "a.test:80"),
        ("ws://h.test", "a.test:80"),
        ("https://h.test", "b.test:3128"),
        ("wss://h.test", "b.test:3128"),
    ] {
        assert_eq!(way(&proxy, uri), expected, "{uri}");
    }
    let target = Target {
        encrypted: true,
        ..Target::of(&Uri::from_static("http://h.test")).unwrap()
    };
    let below_tls = proxy.on_the_way_to(&target).unwrap().unwrap();
    assert_eq!(below_tls.uri().host(), Some("b.test"));
}

#[test]
fn the_lower_case_name_wins_and_one_for_all_fills_the_gaps() {
    let of = |pairs: &[(&str, &str)]| {
        let proxy = vars(pairs).unwrap();
        [way(&proxy, "http://h.test"), way(&proxy, "https://h.test")]
    };
    assert_eq!(of(&[]), ["direct", "direct"]);
    assert_eq!(of(&[("all_proxy", "a.test")]), ["a.test:80", "a.test:80"]);
    assert_eq!(of(&[("https_proxy", "a.test")]), ["direct", "a.test:80"]);
    let both = [("ALL_PROXY", "a.test"), ("https_proxy", "b.test")];
    assert_eq!(of(&both), ["a.test:80", "b.test:80"]);
    let cases = [("HTTP_PROXY", "a.test"), ("http_proxy", "b.test")];
    assert_eq!(of(&cases), ["b.test:80", "direct"]);
    let empty = [("HTTP_PROXY", "a.test"), ("http_proxy", " ")];
    assert_eq!(of(&empty), ["a.test:80", "direct"]);
}

#[test]
fn the_sender_of_a_request_to_a_cgi_script_does_not_choose_its_proxy() {
    let sent = [("HTTP_PROXY", "evil.test"), ("REQUEST_METHOD", "GET")];
    assert_eq!(way(&vars(&sent).unwrap(), "http://h.test"), "direct");
    let ours = [("http_proxy", "a.test"), ("REQUEST_METHOD", "GET")];
    assert_eq!(way(&vars(&ours).unwrap(), "http://h.test"), "a.test:80");
}

#[test]
fn what_no_proxy_lists_is_dialled_directly() {
    let list = "corp.test, .dot.test,10.0.0.0/8,192.0.2.7,2001:db8::/32";
    let proxy = vars(&[("ALL_PROXY", "p.test"), ("NO_PROXY", list)]).unwrap();
    for host in [
        "corp.test",
        "a.CORP.test",
        "dot.test",
        "a.dot.test",
        "10.1.2.3",
        "192.0.2.7",
        "[2001:db8::5]",
    ] {
        assert_eq!(way(&proxy, &format!("https://{host}/")), "direct", "{host}");
    }
    for host in [
        "notcorp.test",
        "corp.test.evil.test",
        "11.0.0.1",
        "[2001:db9::5]",
    ] {
        assert_eq!(
            way(&proxy, &format!("https://{host}/")),
            "p.test:80",
            "{host}"
        );
    }
    let all = vars(&[("ALL_PROXY", "p.test"), ("no_proxy", "*")]).unwrap();
    assert_eq!(way(&all, "https://h.test"), "direct");
}

#[test]
fn this_machine_is_always_dialled_directly() {
    let proxy = Proxy::url("http://p.test").unwrap();
    for uri in ["http://localhost:1", "ws://127.0.0.1:1", "wss://[::1]:1"] {
        assert_eq!(way(&proxy, uri), "direct", "{uri}");
    }
    assert_eq!(way(&proxy, "http://192.0.2.1"), "p.test:80");
    assert_eq!(way(&Proxy::none(), "http://192.0.2.1"), "direct");
}

#[test]
fn a_proxy_that_can_not_be_used_is_refused_by_the_name_of_its_variable() {
    let error = vars(&[("HTTPS_PROXY", "SOCKS5://p.test")]).unwrap_err();
    let expected = InvalidProxy::Scheme {
        origin: "HTTPS_PROXY",
        scheme: "socks5",
    };
    assert_eq!(error, expected);
    assert!(error.to_string().contains("`HTTPS_PROXY`"), "{error}");
    for url in UNSUPPORTED.map(|scheme| format!("{scheme}://p.test")) {
        let error = Proxy::url(&url).unwrap_err();
        assert!(matches!(error, InvalidProxy::Scheme { .. }), "{url}");
    }
    let mut of_all = vec![("ALL_PROXY", "socks5://p.test"), ("HTTP_PROXY", "a.test")];
    let error = vars(&of_all).unwrap_err();
    assert!(error.to_string().contains("`ALL_PROXY`"), "{error}");
    of_all.push(("HTTPS_PROXY", "HTTP://b.test"));
    let never_asked = vars(&of_all).unwrap();
    assert_eq!(way(&never_asked, "https://h.test"), "b.test:80");
}

#[test]
fn what_is_no_address_is_refused_and_no_word_of_it_is_repeated() {
    for url in [
        "",
        "/",
        "*",
        "http://",
        "ftp://secret.test",
        "http://secret.test:port",
        "http://secret.test:99999",
        "http://secret.test:",
        "http://p.test/secret",
        "http://p.test?secret",
        "http://p.test/#secret",
        "http://user:sec@ret@p.test",
        "http://user:sec/ret@p.test",
        "http://user:sec#ret@p.test",
        "http://user:sec?ret@p.test",
        "http://user:sec ret@p.test",
        "http://user:secret@",
    ] {
        let error = Proxy::url(url).unwrap_err();
        let malformed = matches!(error, InvalidProxy::Malformed { .. });
        assert!(malformed, "{url}: {error:?}");
        let shown = format!("{error} {error:?}");
        for word in ["sec", "ret@"] {
            assert!(!shown.contains(word), "{url}: {shown}");
        }
    }
}

#[test]
fn debug_shows_where_the_proxy_is_and_neither_user_nor_password() {
    for url in [
        "http://maya:s%40cret@p.test:3128/",
        "maya:s%40cret@p.test:3128",
    ] {
        let proxy = Proxy::url(url).unwrap();
        let target = Target::of(&Uri::from_static("https://h.test")).unwrap();
        let way = proxy.on_the_way_to(&target).unwrap().unwrap();
        let expected = "Basic bWF5YTpzQGNyZXQ=";
        assert_eq!(way.basic_auth().unwrap(), expected, "maya:s@cret");
        let shown = format!("{proxy:?} {:?}", way.basic_auth());
        assert!(shown.contains("p.test:3128"), "{shown}");
        for secret in ["maya", "cret", "bWF5"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
