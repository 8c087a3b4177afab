//! The opening handshake of RFC 6455, over hyper.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CONNECTION, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::pin;
use tokio::time::timeout;
use video_core::ApiError;

use crate::error::{ConnectError, ConnectErrorKind};
use crate::net::BoxIo;

/// Agrees with the peer at the other end of `io` on the WebSocket protocol.
pub(super) async fn upgrade(
    io: BoxIo,
    uri: &Uri,
    nonce: [u8; 16],
) -> Result<Upgraded, ConnectError> {
    let key = STANDARD.encode(nonce);
    let request = request(uri, &key).map_err(handshake_failed)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(io))
        .await
        .map_err(handshake_failed)?;
    let exchange = async move {
        let response = sender
            .send_request(request)
            .await
            .map_err(handshake_failed)?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refused(response).await);
        }
        check(response.headers(), &key).map_err(|reason| {
            ConnectError::new(ConnectErrorKind::Handshake { status: None }).caused_by(reason)
        })?;
        hyper::upgrade::on(response).await.map_err(handshake_failed)
    };
    let connection = connection.with_upgrades();
    pin!(exchange, connection);
    tokio::select! {
        biased;
        upgraded = &mut exchange => upgraded,
        // The connection has handed over its stream, or broke: the exchange tells which.
        _ = &mut connection => exchange.await,
    }
}

fn request(uri: &Uri, key: &str) -> Result<http::Request<Empty<Bytes>>, http::Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = uri.authority().map_or("", |authority| authority.as_str());
    http::Request::get(path)
        .header(HOST, host)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, key)
        .body(Empty::new())
}

fn check(headers: &HeaderMap, key: &str) -> Result<(), &'static str> {
    if !has_token(headers, &UPGRADE, "websocket") {
        return Err("the answer does not upgrade to `websocket`");
    }
    if !has_token(headers, &CONNECTION, "upgrade") {
        return Err("the answer does not upgrade the connection");
    }
    let accept = headers
        .get(SEC_WEBSOCKET_ACCEPT)
        .map(http::HeaderValue::as_bytes);
    if accept != Some(accept_key(key).as_bytes()) {
        return Err("the accept key is wrong");
    }
    if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Err("the answer has an extension that was not offered");
    }
    if headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return Err("the answer has a sub-protocol that was not offered");
    }
    Ok(())
}

fn has_token(headers: &HeaderMap, name: &http::HeaderName, token: &str) -> bool {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

fn accept_key(key: &str) -> String {
    const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let mut sha1 = sha1_smol::Sha1::new();
    sha1.update(key.as_bytes());
    sha1.update(GUID.as_bytes());
    STANDARD.encode(sha1.digest().bytes())
}

const MAX_REFUSAL: usize = 64 * 1024;
/// The words of a refusal are worth this much waiting, no more.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

async fn refused(response: http::Response<hyper::body::Incoming>) -> ConnectError {
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), MAX_REFUSAL).collect();
    let body = match timeout(REFUSAL_TIMEOUT, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        _ => Bytes::new(),
    };
    ConnectError::new(ConnectErrorKind::Handshake {
        status: Some(status),
    })
    .refused_with(ApiError::from_response(status, &body))
}

fn handshake_failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ConnectError {
    ConnectError::new(ConnectErrorKind::Handshake { status: None }).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_is_that_of_the_rfc() {
        assert_eq!(
            accept_key("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    fn checked(changes: &[(&'static str, Option<&'static str>)]) -> Result<(), &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert("upgrade", "WebSocket".parse().unwrap());
        headers.insert("connection", "keep-alive, Upgrade".parse().unwrap());
        headers.insert("sec-websocket-accept", accept_key("k").parse().unwrap());
        for (name, value) in changes {
            match value {
                Some(value) => headers.insert(*name, value.parse().unwrap()),
                None => headers.remove(*name),
            };
        }
        check(&headers, "k")
    }

    #[test]
    fn an_answer_is_accepted_only_if_every_part_of_it_is_right() {
        assert_eq!(checked(&[]), Ok(()));
        for name in ["upgrade", "connection", "sec-websocket-accept"] {
            assert!(checked(&[(name, None)]).is_err(), "{name}");
            assert!(checked(&[(name, Some("wrong"))]).is_err(), "{name}");
        }
        for name in ["sec-websocket-extensions", "sec-websocket-protocol"] {
            assert!(checked(&[(name, Some("anything"))]).is_err(), "{name}");
        }
    }
}
