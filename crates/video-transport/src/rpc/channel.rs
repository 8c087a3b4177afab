//! Drives the call machine over HTTP, with tokens and connection ids.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tracing::{Instrument, debug, debug_span};
use video_core::{
    ApiCode, ApiError, ApiKey, Classify, ClientTag, ConnectionId, RetryBudget, RetryPolicy,
    StandardRetry, SystemWallClock, TokenError, TokenErrorKind, UserToken, WallClock,
};

use super::attempt::{CallMachine, Failure, Next};
use super::credentials::Credentials;
use super::retry_after::retry_after;
use super::{RpcError, RpcErrorKind, RpcRequest, RpcResponse, RpcTransport};
use crate::entropy::Entropy;
use crate::http::{HttpError, HttpErrorKind, HttpTransport};

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RpcLimits {
    /// A whole call from its first attempt on, all attempts, all pauses and a second token included.
    /// 10 s. Before it, the first token and the connection have their own limits.
    pub call: Duration,
    /// One attempt. 5 s.
    pub attempt: Duration,
    /// How long a watching call waits for a live connection. 5 s.
    pub connection: Duration,
}

impl Default for RpcLimits {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(10),
            attempt: Duration::from_secs(5),
            connection: Duration::from_secs(5),
        }
    }
}

/// Calls the service over HTTP.
pub struct RpcChannel {
    base: Uri,
    api_key: ApiKey,
    client_tag: HeaderValue,
    http: Arc<dyn HttpTransport>,
    credentials: Credentials,
    policy: Arc<dyn RetryPolicy>,
    limits: RpcLimits,
    entropy: Entropy,
    wall_clock: Arc<dyn WallClock>,
    budget: Mutex<RetryBudget>,
}

impl RpcChannel {
    /// A channel to the service at `base`, for whoever has these credentials.
    #[must_use]
    pub fn new(
        base: Uri,
        api_key: ApiKey,
        http: Arc<dyn HttpTransport>,
        credentials: Credentials,
    ) -> Self {
        Self {
            base,
            api_key,
            client_tag: tag_header(&ClientTag::new()),
            http,
            credentials,
            policy: Arc::new(StandardRetry),
            limits: RpcLimits::default(),
            entropy: Entropy::from_os(),
            wall_clock: Arc::new(SystemWallClock),
            budget: Mutex::default(),
        }
    }

    /// Sets how the client introduces itself.
    #[must_use]
    pub fn client_tag(mut self, tag: &ClientTag) -> Self {
        self.client_tag = tag_header(tag);
        self
    }

    /// Sets how often a call is attempted.
    #[must_use]
    pub fn retry_policy(mut self, policy: Arc<dyn RetryPolicy>) -> Self {
        self.policy = policy;
        self
    }

    /// Sets how long a call may take.
    #[must_use]
    pub fn limits(mut self, limits: RpcLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets where request ids and jitter come from.
    #[must_use]
    pub fn entropy(mut self, entropy: Entropy) -> Self {
        self.entropy = entropy;
        self
    }

    /// Sets what tells the time of day, for a wait that the service asks for until a date.
    #[must_use]
    pub fn wall_clock(mut self, clock: Arc<dyn WallClock>) -> Self {
        self.wall_clock = clock;
        self
    }

    async fn run(&self, request: RpcRequest, request_id: &str) -> Result<RpcResponse, RpcError> {
        let limit = request.timeout.unwrap_or(self.limits.call);
        let mut token = self
            .credentials
            .token()
            .await
            .map_err(|error| RpcError::new(RpcErrorKind::Token, request_id).caused_by(error))?;
        // For all waits of the call together.
        let mut patience = self.limits.connection;
        let mut connection = self
            .connection(&request, None, &mut patience, request_id)
            .await?;
        let mut machine = CallMachine::new(now().into_std(), limit, request.idempotency);
        self.budget().deposit();
        loop {
            let until = machine.begin(now().into_std(), self.limits.attempt);
            let result = self
                .attempt(
                    &request,
                    request_id,
                    token.as_ref(),
                    connection.as_ref(),
                    until.into(),
                )
                .await;
            let error = match result {
                Ok(body) => {
                    return Ok(RpcResponse::new(body, request_id).watched_on(connection));
                }
                Err(error) => error,
            };
            let next = machine.failed(
                now().into_std(),
                self.entropy.jitter(),
                failure(&error),
                &*self.policy,
                || self.budget().withdraw(),
            );
            let after_all = |error: RpcError| {
                error.after_attempts(machine.attempts(), machine.may_have_been_executed())
            };
            let error = after_all(error);
            debug!(attempts = machine.attempts(), %error, ?next, "attempt failed");
            let mut stale = None;
            match next {
                Next::GiveUp => return Err(error),
                Next::RetryAt(at) => sleep_until(at.into()).await,
                Next::Refresh => {
                    // Who has no token can not get another.
                    let Some(rejected) = &token else {
                        return Err(error);
                    };
                    let refresh = self.credentials.refresh(rejected);
                    token = match timeout(machine.remaining(now().into_std()), refresh).await {
                        Ok(Some(Ok(token))) => Some(token),
                        Ok(Some(Err(cause))) => return Err(error.caused_by(cause)),
                        Ok(None) => return Err(error),
                        Err(_) => {
                            let late = TokenError::new(TokenErrorKind::LoaderTimeout);
                            return Err(error.caused_by(late));
                        }
                    };
                }
                Next::Reread => stale = connection.take(),
            }
            // The connection may have gone meanwhile.
            patience = patience.min(machine.remaining(now().into_std()));
            connection = self
                .connection(&request, stale.as_ref(), &mut patience, request_id)
                .await
                .map_err(after_all)?;
        }
    }

    /// The id to watch with, other than one that the service does not know.
    async fn connection(
        &self,
        request: &RpcRequest,
        stale: Option<&ConnectionId>,
        patience: &mut Duration,
        request_id: &str,
    ) -> Result<Option<ConnectionId>, RpcError> {
        let Some(gate) = self.credentials.gate().filter(|_| request.watch) else {
            return Ok(None);
        };
        let began = now();
        let id = gate.connection_id(stale, *patience).await;
        *patience = patience.saturating_sub(began.elapsed());
        id.map(Some)
            .map_err(|error| RpcError::new(RpcErrorKind::NotConnected, request_id).caused_by(error))
    }

    async fn attempt(
        &self,
        request: &RpcRequest,
        request_id: &str,
        token: Option<&UserToken>,
        connection: Option<&ConnectionId>,
        until: Instant,
    ) -> Result<Bytes, RpcError> {
        let http = self
            .encode(request, request_id, token, connection)
            .map_err(|error| {
                RpcError::new(RpcErrorKind::InvalidRequest, request_id).caused_by(error)
            })?;
        let response = match timeout_at(until, self.http.exchange(http)).await {
            Ok(response) => response.map_err(|error| exchange_failed(error, request_id))?,
            Err(_) => return Err(RpcError::new(RpcErrorKind::Timeout, request_id)),
        };
        let (parts, body) = response.into_parts();
        if parts.status.is_success() {
            return Ok(body);
        }
        let wait = retry_after(&parts.headers, self.wall_clock.now());
        let api = ApiError::from_response(parts.status.as_u16(), &body);
        Err(RpcError::from_api(api, request_id).retry_after_of(wait))
    }

    fn encode(
        &self,
        request: &RpcRequest,
        request_id: &str,
        token: Option<&UserToken>,
        connection: Option<&ConnectionId>,
    ) -> Result<http::Request<Bytes>, http::Error> {
        let base = self.base.to_string();
        let mut uri = format!("{}{}?", base.trim_end_matches('/'), request.path);
        push_query(&mut uri, "api_key", &self.api_key);
        if let Some(id) = connection {
            push_query(&mut uri, "connection_id", id);
        }
        for (key, value) in &request.query {
            push_query(&mut uri, key, value);
        }
        let mut http = http::Request::builder()
            .method(request.method.clone())
            .uri(uri)
            .body(request.body.clone().unwrap_or_default())?;
        self.add_headers(http.headers_mut(), request, request_id, token)?;
        Ok(http)
    }

    fn add_headers(
        &self,
        headers: &mut HeaderMap,
        request: &RpcRequest,
        request_id: &str,
        token: Option<&UserToken>,
    ) -> Result<(), http::Error> {
        if let Some(token) = token.filter(|token| !token.expose().trim().is_empty()) {
            let mut authorization = HeaderValue::from_str(token.expose())?;
            authorization.set_sensitive(true);
            headers.insert(AUTHORIZATION, authorization);
        }
        headers.insert(STREAM_AUTH_TYPE, self.credentials.auth_type());
        headers.insert(STREAM_CLIENT, self.client_tag.clone());
        headers.insert(REQUEST_ID, HeaderValue::from_str(request_id)?);
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(())
    }

    fn budget(&self) -> std::sync::MutexGuard<'_, RetryBudget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const STREAM_AUTH_TYPE: HeaderName = HeaderName::from_static("stream-auth-type");
const STREAM_CLIENT: HeaderName = HeaderName::from_static("x-stream-client");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");

/// What RFC 3986 leaves unreserved stays as it is in a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Adds one pair to a URI that ends in `?` or in another pair.
pub(crate) fn push_query(uri: &mut String, key: &str, value: &str) {
    if !uri.ends_with('?') {
        uri.push('&');
    }
    uri.push_str(key);
    uri.push('=');
    uri.extend(utf8_percent_encode(value, QUERY));
}

impl fmt::Debug for RpcChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcChannel")
            .field("base", &self.base)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl RpcTransport for RpcChannel {
    async fn call(&self, request: RpcRequest) -> Result<RpcResponse, RpcError> {
        let request_id = self.entropy.uuid().to_string();
        let span =
            debug_span!("call", method = %request.method, path = request.path, id = request_id);
        self.run(request, &request_id).instrument(span).await
    }
}

fn tag_header(tag: &ClientTag) -> HeaderValue {
    // A tag is visible ASCII by construction.
    HeaderValue::try_from(tag.to_string()).unwrap_or(HeaderValue::from_static("stream-video-rust"))
}

fn failure(error: &RpcError) -> Failure {
    let code = error.api().and_then(|api| api.code);
    Failure {
        class: error.class(),
        retry_after: error.retry_after(),
        stale_connection: code == Some(ApiCode::CONNECTION_ID_NOT_FOUND),
    }
}

fn exchange_failed(error: HttpError, request_id: &str) -> RpcError {
    let kind = match error.kind() {
        HttpErrorKind::Dial | HttpErrorKind::NotSent => RpcErrorKind::Unreachable,
        HttpErrorKind::Exchange => RpcErrorKind::Exchange,
        HttpErrorKind::Timeout => RpcErrorKind::Timeout,
        HttpErrorKind::TooLarge => RpcErrorKind::TooLarge,
        HttpErrorKind::InvalidRequest => RpcErrorKind::InvalidRequest,
    };
    RpcError::new(kind, request_id).caused_by(error)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a driver: it tells the call machine the time"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
