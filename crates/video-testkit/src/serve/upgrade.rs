//! Turning an HTTP request into a WebSocket, by RFC 6455.

use std::future::pending;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, Request, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;

use super::http::{Answer, Cut, error, header, planned, with_status};
use crate::fault::{Fault, FaultPlace};
use crate::journal::Entry;
use crate::rest::Query;
use crate::shared::Shared;
use crate::wire::error::{ApiError, INPUT};

/// What RFC 6455 appends to the client's key.
const KEY_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A socket that begins once the 101 has gone out.
pub(crate) struct PendingSocket {
    pub(crate) upgrade: OnUpgrade,
    pub(crate) api_key: Option<String>,
    pub(crate) auth_type: Option<String>,
}

pub(super) async fn answer(
    shared: &Shared,
    upgraded: &Mutex<Option<PendingSocket>>,
    mut request: Request<Incoming>,
) -> Result<Answer, Cut> {
    let query = Query::parse(request.uri().query());
    // Some clients announce themselves in headers instead.
    let announced = |name: &str| {
        let text = query.get(name).or_else(|| header(request.headers(), name));
        text.map(|text| shared.redactor.text(text))
    };
    let (auth_type, client_tag) = (announced("stream-auth-type"), announced("X-Stream-Client"));
    let journal = |status: Option<u16>| {
        shared.journal.write(Entry::SocketOpened {
            query: query
                .names()
                .map(|name| shared.redactor.text(name))
                .collect(),
            auth_type: auth_type.clone(),
            client_tag: client_tag.clone(),
            status,
        });
    };
    let journalled = |answer: Answer| {
        journal(Some(answer.status().as_u16()));
        Ok(answer)
    };

    let mut accept = match accept_key(request.headers()) {
        Ok(accept) => accept,
        Err(status) => return journalled(not_a_socket(status)),
    };
    match shared.fault(FaultPlace::Upgrade, "GET", request.uri().path()) {
        Some(Fault::Delay(span)) => tokio::time::sleep(span).await,
        Some(Fault::Stall) => {
            journal(None);
            return pending().await;
        }
        Some(Fault::Drop) => {
            journal(None);
            return Err(Cut);
        }
        Some(Fault::Status {
            status,
            body,
            retry_after,
        }) => return journalled(planned(status, body, retry_after)),
        Some(Fault::ApiError(code)) => {
            return journalled(error(&ApiError::new(code, "planned")));
        }
        Some(Fault::WrongAcceptKey) => accept = digest("not the key that was sent"),
        _ => {}
    }

    *upgraded.lock().unwrap_or_else(PoisonError::into_inner) = Some(PendingSocket {
        upgrade: hyper::upgrade::on(&mut request),
        api_key: query.get("api_key").map(str::to_owned),
        auth_type: auth_type.clone(),
    });
    let mut answer = with_status(StatusCode::SWITCHING_PROTOCOLS, Bytes::new());
    let headers = answer.headers_mut();
    headers.remove(CONTENT_TYPE);
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    journalled(answer)
}

/// Checks the headers of the opening handshake and computes the answer to its key.
fn accept_key(headers: &HeaderMap) -> Result<String, StatusCode> {
    let has_token = |name: &str, token: &str| {
        let lines = headers.get_all(name).into_iter();
        let mut texts = lines.filter_map(|value| value.to_str().ok());
        texts.any(|text| {
            text.split(',')
                .any(|part| part.trim().eq_ignore_ascii_case(token))
        })
    };
    if !has_token("upgrade", "websocket") || !has_token("connection", "upgrade") {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    if header(headers, "sec-websocket-version") != Some("13") {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    let key = header(headers, "sec-websocket-key").ok_or(StatusCode::BAD_REQUEST)?;
    match STANDARD.decode(key) {
        Ok(bytes) if bytes.len() == 16 => Ok(digest(key)),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

fn digest(key: &str) -> String {
    let hash = sha1_smol::Sha1::from(format!("{key}{KEY_SUFFIX}"));
    STANDARD.encode(hash.digest().bytes())
}

fn not_a_socket(status: StatusCode) -> Answer {
    let failed = ApiError::new(INPUT, "this is not a WebSocket handshake");
    let mut answer = error(&failed.with_status(status.as_u16()));
    if status == StatusCode::UPGRADE_REQUIRED {
        let headers = answer.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(change: (&'static str, &'static str)) -> Result<String, StatusCode> {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            change,
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        accept_key(&headers)
    }

    #[test]
    fn the_key_is_answered_as_the_rfc_shows() {
        let accept = handshake(("x", "y")).unwrap();
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_handshake_with_a_wrong_header_is_refused() {
        let status = |name, value| handshake((name, value)).unwrap_err().as_u16();
        assert_eq!(status("upgrade", "h2c"), 426);
        assert_eq!(status("connection", "close"), 426);
        assert_eq!(status("sec-websocket-version", "8"), 426);
        assert_eq!(status("sec-websocket-key", "c2hvcnQ="), 400);
    }
}
