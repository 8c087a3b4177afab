//! The channel over HTTP of prepared answers, in virtual time.

use std::collections::VecDeque;
use std::error::Error as _;

use http::Method;
use serde_json::Value;
use tokio::sync::watch;
use video_core::{MockTokenSource, NeverRetry, TokenError, TokenErrorKind, TokenSource, UserId};

use super::*;
use crate::session::{ConnectionGate, ConnectionState, NotConnected};

const TIMEOUT: Duration = Duration::from_secs(10);
const ATTEMPT: Duration = Duration::from_secs(5);

/// How one attempt is answered.
#[derive(Debug)]
enum Answer {
    Status(u16, &'static str),
    /// A refusal that asks for a wait.
    Wait(&'static str),
    Fails(HttpErrorKind),
    Never,
}

/// HTTP of prepared answers, then of `{}`.
#[derive(Debug)]
struct Service {
    start: Instant,
    answers: Mutex<VecDeque<Answer>>,
    seen: Mutex<Vec<(Duration, http::Request<Bytes>)>>,
}

#[async_trait]
impl HttpTransport for Service {
    async fn exchange(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let at = now() - self.start;
        self.seen.lock().unwrap().push((at, request));
        let answer = self.answers.lock().unwrap().pop_front();
        let response = http::Response::builder();
        let response = match answer.unwrap_or(Answer::Status(200, "{}")) {
            Answer::Status(status, body) => response.status(status).body(Bytes::from(body)),
            Answer::Wait(wait) => response
                .status(429)
                .header("retry-after", wait)
                .body(Bytes::new()),
            Answer::Fails(kind) => return Err(HttpError::new(kind)),
            Answer::Never => std::future::pending().await,
        };
        Ok(response.unwrap())
    }
}

impl Service {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self {
            start: now(),
            answers: Mutex::new(answers.into_iter().collect()),
            seen: Mutex::default(),
        })
    }

    /// When each attempt began.
    fn times(&self) -> Vec<Duration> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|(at, _)| *at).collect()
    }

    fn count(&self) -> usize {
        self.times().len()
    }

    fn uris(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .map(|(_, http)| http.uri().to_string())
            .collect()
    }

    /// A header of each attempt.
    fn header(&self, name: &str) -> Vec<Option<String>> {
        let seen = self.seen.lock().unwrap();
        let value = |http: &http::Request<Bytes>| {
            let value = http.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        seen.iter().map(|(_, http)| value(http)).collect()
    }

    fn elapsed(&self) -> Duration {
        now() - self.start
    }
}

fn token(raw: &str) -> UserToken {
    UserToken::new(raw.into(), UserId::new("john").unwrap(), None, None)
}

/// A source that has one token and nothing to replace it with.
fn tokens(raw: &'static str) -> MockTokenSource {
    let mut tokens = MockTokenSource::new();
    tokens.expect_token().returning(|| Ok(token(raw)));
    tokens
}

/// A source whose token can not be replaced, and why.
fn stuck(reason: TokenErrorKind) -> MockTokenSource {
    let mut tokens = tokens("a");
    tokens
        .expect_refresh()
        .times(1)
        .return_once(|_| Err(TokenError::new(reason)));
    tokens
}

fn connected(id: &str) -> ConnectionState {
    ConnectionState::Connected {
        connection_id: ConnectionId::new(id),
    }
}

fn channel_of(service: &Arc<Service>, tokens: MockTokenSource, gate: ConnectionGate) -> RpcChannel {
    RpcChannel::new(
        Uri::from_static("https://h.test"),
        ApiKey::new("key").unwrap(),
        Arc::<Service>::clone(service),
        Credentials::user(Arc::new(tokens), gate),
    )
}

/// A channel of nobody in particular.
fn anonymous(service: &Arc<Service>, tokens: Option<MockTokenSource>) -> RpcChannel {
    let tokens = tokens.map(|tokens| Arc::new(tokens) as Arc<dyn TokenSource>);
    RpcChannel::new(
        Uri::from_static("https://h.test"),
        ApiKey::new("key").unwrap(),
        Arc::<Service>::clone(service),
        Credentials::anonymous(tokens),
    )
}

/// A channel that nobody has connected.
fn channel(service: &Arc<Service>) -> RpcChannel {
    let (_, state) = watch::channel(ConnectionState::Idle);
    channel_of(service, tokens("a.b.c"), ConnectionGate::new(state))
}

fn get() -> RpcRequest {
    RpcRequest::new(Method::GET, &["call", "default", "standup"])
}

fn post() -> RpcRequest {
    RpcRequest::new(Method::POST, &["call", "default", "standup", "event"]).body("{}")
}

/// Promise: CK050
#[tokio::test(start_paused = true)]
async fn a_request_has_the_key_the_tag_an_id_of_its_own_and_the_bare_token() {
    let service = Service::new([]);
    let tag = ClientTag::new().app("My App", "2.1");
    let channel = channel(&service).client_tag(&tag);
    let first = channel.call(post()).await.unwrap();
    let second = channel.call(get()).await.unwrap();
    assert_eq!(
        service.uris()[0],
        "https://h.test/video/call/default/standup/event?api_key=key"
    );
    for (header, expected) in [
        ("authorization", "a.b.c"),
        ("stream-auth-type", "jwt"),
        ("x-stream-client", &tag.to_string()),
        ("x-client-request-id", &first.request_id),
        ("content-type", "application/json"),
    ] {
        let sent = service.header(header)[0].clone();
        assert_eq!(sent.as_deref(), Some(expected), "{header}");
    }
    assert_eq!(service.header("content-type")[1], None);
    assert_ne!(first.request_id, second.request_id);
}

/// Promise: T10
#[tokio::test(start_paused = true)]
async fn a_blank_token_makes_no_authorization_header() {
    for raw in ["", "  "] {
        let service = Service::new([]);
        let (_, state) = watch::channel(ConnectionState::Idle);
        let channel = channel_of(&service, tokens(raw), ConnectionGate::new(state));
        channel.call(get()).await.unwrap();
        assert_eq!(service.header("authorization"), [None]);
    }
}

/// Promise: CK039
#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_leaves_the_refusal_with_the_failure_behind_it() {
    let service = Service::new([Answer::Status(401, r#"{"code":40,"message":"expired"}"#)]);
    let (_, state) = watch::channel(ConnectionState::Idle);
    let tokens = stuck(TokenErrorKind::Loader);
    let channel = channel_of(&service, tokens, ConnectionGate::new(state));
    let error = channel.call(get()).await.unwrap_err();
    assert_eq!(error.kind(), RpcErrorKind::Unauthorized);
    let api = error.api().unwrap();
    assert_eq!((api.status, api.message.as_str()), (401, "expired"));
    let cause = error.source().unwrap().downcast_ref::<TokenError>();
    assert_eq!(cause.unwrap().kind(), &TokenErrorKind::Loader);
    assert_eq!(service.count(), 1);
}

/// Promise: CK040
#[tokio::test(start_paused = true)]
async fn a_static_token_that_is_refused_is_sent_once() {
    let refusal = || Answer::Status(401, r#"{"code":40}"#);
    let service = Service::new([refusal(), refusal()]);
    let (_, state) = watch::channel(ConnectionState::Idle);
    let tokens = stuck(TokenErrorKind::NoLoader);
    let channel = channel_of(&service, tokens, ConnectionGate::new(state));
    let error = channel.call(get()).await.unwrap_err();
    assert_eq!(error.kind(), RpcErrorKind::Unauthorized);
    assert_eq!(service.count(), 1);
}

/// Promise: CK038
#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_and_the_call_repeated_at_once() {
    let service = Service::new([Answer::Status(401, r#"{"code":40}"#)]);
    let mut tokens = tokens("old");
    tokens
        .expect_refresh()
        .withf(|rejected| rejected.expose() == "old")
        .times(1)
        .returning(|_| Ok(token("new")));
    let (_, state) = watch::channel(ConnectionState::Idle);
    let channel = channel_of(&service, tokens, ConnectionGate::new(state));
    channel.call(post()).await.unwrap();
    let sent = service.header("authorization");
    assert_eq!(sent, [Some("old".to_owned()), Some("new".to_owned())]);
    assert_eq!(service.elapsed(), Duration::ZERO);
}

/// Promise: CK061, BD43
#[tokio::test(start_paused = true)]
async fn reserved_characters_of_an_id_reach_the_wire_encoded() {
    let service = Service::new([]);
    let request = RpcRequest::new(Method::GET, &["call", "a/b", "c d?e#f%ü"]).query("q", "x&y");
    channel(&service).call(request).await.unwrap();
    assert_eq!(
        service.uris(),
        ["https://h.test/video/call/a%2Fb/c%20d%3Fe%23f%25%C3%BC?api_key=key&q=x%26y"]
    );
}

/// Promise: CK064, BD42
#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_answered_ends_with_its_attempt() {
    let service = Service::new([Answer::Never]);
    let error = channel(&service).call(post()).await.unwrap_err();
    assert_eq!(error.kind(), RpcErrorKind::Timeout);
    assert!(error.may_have_been_executed());
    assert_eq!((service.elapsed(), error.attempts()), (ATTEMPT, 1));
}

/// Promise: T17
#[tokio::test(start_paused = true)]
async fn all_attempts_of_a_call_end_with_its_deadline() {
    let service = Service::new([Answer::Never, Answer::Never, Answer::Never]);
    let error = channel(&service).call(get()).await.unwrap_err();
    assert_eq!(error.kind(), RpcErrorKind::Timeout);
    assert_eq!((service.elapsed(), error.attempts()), (TIMEOUT, 2));
}

/// Promise: BD39
#[tokio::test(start_paused = true)]
async fn a_failure_of_the_transport_is_no_answer_of_the_service() {
    for (failure, kind) in [
        (HttpErrorKind::Dial, RpcErrorKind::Unreachable),
        (HttpErrorKind::NotSent, RpcErrorKind::Unreachable),
        (HttpErrorKind::Exchange, RpcErrorKind::Exchange),
        (HttpErrorKind::TooLarge, RpcErrorKind::TooLarge),
    ] {
        let service = Service::new([Answer::Fails(failure)]);
        let channel = channel(&service).retry_policy(Arc::new(NeverRetry));
        let error = channel.call(get()).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.api().is_none());
        let cause = error.source().unwrap().downcast_ref::<HttpError>();
        assert_eq!(cause.unwrap().kind(), failure);
    }
}

/// Promise: BD40
#[tokio::test(start_paused = true)]
async fn what_may_have_been_executed_is_not_sent_twice() {
    let service = Service::new([Answer::Fails(HttpErrorKind::Exchange)]);
    let error = channel(&service).call(post()).await.unwrap_err();
    assert_eq!(error.kind(), RpcErrorKind::Exchange);
    assert_eq!(service.count(), 1);

    let service = Service::new([Answer::Status(200, "<html>")]);
    let response = channel(&service).call(get()).await.unwrap();
    let error = response.decode::<Value>().unwrap_err();
    assert_eq!(error.kind(), RpcErrorKind::Decode);
    assert_eq!(service.count(), 1);
}

/// Promise: BD44
#[tokio::test(start_paused = true)]
async fn the_wait_that_the_service_asks_for_is_kept_to_the_moment() {
    let service = Service::new([Answer::Wait("2")]);
    channel(&service).call(post()).await.unwrap();
    assert_eq!(service.times(), [Duration::ZERO, Duration::from_secs(2)]);
}

/// Promise: RM16
#[tokio::test(start_paused = true)]
async fn calls_are_repeated_by_failure_and_safety_after_pauses_that_a_seed_fixes() {
    let broken = || Answer::Status(503, "");
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let service = Service::new([broken(), broken(), broken()]);
        let channel = channel(&service).entropy(Entropy::seeded(seed));
        channel.call(get()).await.unwrap();
        runs.push(service.times());
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    for times in runs {
        for (attempt, pause) in
            (1..).zip(times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])))
        {
            let shortest = Duration::from_millis(200 * attempt);
            assert!(pause >= shortest && pause <= shortest + Duration::from_millis(501));
        }
    }
    for (failure, attempts) in [
        (broken(), 1),
        (Answer::Fails(HttpErrorKind::NotSent), 2),
        (Answer::Status(403, "{}"), 1),
    ] {
        let service = Service::new([failure]);
        drop(channel(&service).call(post()).await);
        assert_eq!(service.count(), attempts);
    }
}

/// Promise: T21
#[tokio::test(start_paused = true)]
async fn one_option_leaves_the_others_as_they_are() {
    // A deadline of the call's own leaves that of an attempt.
    let service = Service::new([Answer::Never]);
    let request = post().timeout(Duration::from_secs(7));
    drop(channel(&service).call(request).await);
    assert_eq!(service.elapsed(), ATTEMPT);
    // A shorter attempt leaves the retries.
    let service = Service::new([Answer::Never, Answer::Never]);
    let limits = RpcLimits {
        attempt: Duration::from_secs(1),
        ..RpcLimits::default()
    };
    let response = channel(&service).limits(limits).call(get()).await;
    assert!(response.is_ok());
    assert_eq!(service.count(), 3);
    // Another policy leaves the deadlines.
    let service = Service::new([Answer::Never]);
    let channel = channel(&service).retry_policy(Arc::new(NeverRetry));
    drop(channel.call(get()).await);
    assert_eq!(service.elapsed(), ATTEMPT);
}

/// Promise: T14
#[tokio::test(start_paused = true)]
async fn the_error_tells_the_code_and_the_id_that_all_attempts_had() {
    let body = r#"{"code":16,"message":"gone","unrecoverable":true}"#;
    let service = Service::new([Answer::Status(503, ""), Answer::Status(404, body)]);
    let error = channel(&service).call(get()).await.unwrap_err();
    let id = Some(error.request_id().to_owned());
    assert_eq!(service.header("x-client-request-id"), [id.clone(), id]);
    assert_eq!(error.attempts(), 2);
    let api = error.api().unwrap();
    assert_eq!(api.code.unwrap().get(), 16);
    assert!(api.unrecoverable);
    assert_eq!(api.message, "gone");
}

/// Promise: CK051
#[tokio::test(start_paused = true)]
async fn the_connection_id_is_in_the_query_of_a_watching_call_while_there_is_one() {
    let service = Service::new([]);
    let (state, gate) = watch::channel(connected("c 1"));
    let channel = channel_of(&service, tokens("a"), ConnectionGate::new(gate));
    let response = channel.call(get().watch(true)).await.unwrap();
    assert_eq!(response.watched_on.unwrap(), "c 1");
    let response = channel.call(get()).await.unwrap();
    assert!(response.watched_on.is_none());
    state.send_replace(ConnectionState::Paused);
    let error = channel.call(get().watch(true)).await.unwrap_err();
    assert_eq!(error.kind(), RpcErrorKind::NotConnected);
    let path = "https://h.test/video/call/default/standup?api_key=key";
    let watching = format!("{path}&connection_id=c%201");
    assert_eq!(service.uris(), [watching.as_str(), path]);
}

/// Promise: W27
#[tokio::test(start_paused = true)]
async fn a_connection_that_is_unknown_to_the_service_is_read_again() {
    let unknown = || Answer::Status(400, r#"{"code":46}"#);
    let service = Service::new([unknown()]);
    let (state, gate) = watch::channel(connected("old"));
    let channel = channel_of(&service, tokens("a"), ConnectionGate::new(gate));
    let (response, ()) = tokio::join!(channel.call(post().watch(true)), async {
        tokio::task::yield_now().await;
        state.send_replace(connected("new"));
    });
    assert_eq!(response.unwrap().watched_on.unwrap(), "new");
    let uris = service.uris();
    assert!(uris[0].ends_with("connection_id=old"), "{uris:?}");
    assert!(uris[1].ends_with("connection_id=new"), "{uris:?}");

    service
        .answers
        .lock()
        .unwrap()
        .extend([unknown(), unknown()]);
    let error = channel.call(post().watch(true)).await.unwrap_err();
    assert_eq!(error.api().unwrap().code.unwrap().get(), 46);
    assert_eq!(service.count(), 4);
}

/// Promise: W26
#[tokio::test(start_paused = true)]
async fn no_attempt_carries_the_id_of_a_connection_that_is_gone() {
    let service = Service::new([Answer::Wait("1"), Answer::Wait("1")]);
    let connecting = ConnectionState::Connecting { attempt: 0 };
    let (state, gate) = watch::channel(connecting.clone());
    let channel = channel_of(&service, tokens("a"), ConnectionGate::new(gate));
    let second = Duration::from_secs(1);
    let (response, ()) = tokio::join!(channel.call(post().watch(true)), async {
        tokio::time::sleep(3 * second).await;
        state.send_replace(connected("c1"));
        tokio::task::yield_now().await;
        state.send_replace(connecting);
        tokio::time::sleep(2 * second).await;
        state.send_replace(connected("c2"));
    });
    assert_eq!(response.unwrap().watched_on.unwrap(), "c2");
    assert_eq!(service.times(), [3 * second, 5 * second, 6 * second]);
    let carries = |id: &str| service.uris().iter().filter(|uri| uri.contains(id)).count();
    assert_eq!((carries("=c1"), carries("=c2")), (1, 2));
}

/// Promise: BD47
#[tokio::test(start_paused = true)]
async fn the_wait_for_connections_is_spent_once_a_call() {
    let service = Service::new([Answer::Wait("1")]);
    let connecting = ConnectionState::Connecting { attempt: 0 };
    let (state, gate) = watch::channel(connecting.clone());
    let channel = channel_of(&service, tokens("a"), ConnectionGate::new(gate));
    let second = Duration::from_secs(1);
    let (response, ()) = tokio::join!(channel.call(post().watch(true)), async {
        tokio::time::sleep(3 * second).await;
        state.send_replace(connected("c1"));
        tokio::task::yield_now().await;
        state.send_replace(connecting);
    });
    assert_eq!(response.unwrap_err().kind(), RpcErrorKind::NotConnected);
    // Three seconds, one of pause, and the two that are left.
    assert_eq!(service.elapsed(), 6 * second);
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_another_connection_ends_with_the_call() {
    let service = Service::new([Answer::Wait("8")]);
    let (state, gate) = watch::channel(connected("c1"));
    let channel = channel_of(&service, tokens("a"), ConnectionGate::new(gate));
    let (response, ()) = tokio::join!(channel.call(get().watch(true)), async {
        tokio::task::yield_now().await;
        state.send_replace(ConnectionState::Connecting { attempt: 0 });
    });
    assert_eq!(response.unwrap_err().kind(), RpcErrorKind::NotConnected);
    assert_eq!(service.elapsed(), TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_attempt_may_have_done_is_not_forgotten() {
    let refused = || Answer::Fails(HttpErrorKind::Dial);
    let broken = || Answer::Fails(HttpErrorKind::Exchange);
    let service = Service::new([broken(), refused(), refused(), refused(), refused()]);
    let error = channel(&service).call(get()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (RpcErrorKind::Unreachable, 5)
    );
    assert!(error.may_have_been_executed());

    let service = Service::new([broken()]);
    let (state, gate) = watch::channel(connected("c1"));
    let channel = channel_of(&service, tokens("a"), ConnectionGate::new(gate));
    let (response, ()) = tokio::join!(channel.call(get().watch(true)), async {
        tokio::task::yield_now().await;
        state.send_replace(ConnectionState::Paused);
    });
    let error = response.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (RpcErrorKind::NotConnected, 1)
    );
    assert!(error.may_have_been_executed());

    let service = Service::new([refused(), refused(), refused(), refused(), refused()]);
    let error = self::channel(&service).call(get()).await.unwrap_err();
    assert!(!error.may_have_been_executed());
}

/// Has a token that is refused, and never another.
#[derive(Debug)]
struct Endless;

#[async_trait]
impl TokenSource for Endless {
    async fn token(&self) -> Result<UserToken, TokenError> {
        Ok(token("a"))
    }

    async fn refresh(&self, _rejected: &UserToken) -> Result<UserToken, TokenError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_token_that_does_not_come_ends_with_the_deadline_of_the_call() {
    let service = Service::new([Answer::Status(401, r#"{"code":40}"#)]);
    let (_, gate) = watch::channel(ConnectionState::Idle);
    let channel = RpcChannel::new(
        Uri::from_static("https://h.test"),
        ApiKey::new("key").unwrap(),
        Arc::<Service>::clone(&service),
        Credentials::user(Arc::new(Endless), ConnectionGate::new(gate)),
    );
    let error = channel.call(get()).await.unwrap_err();
    assert_eq!(error.api().unwrap().code, Some(ApiCode::TOKEN_EXPIRED));
    assert_eq!((service.elapsed(), service.count()), (TIMEOUT, 1));
    assert!(!error.may_have_been_executed());
    let cause = error.source().unwrap().downcast_ref::<TokenError>();
    assert_eq!(cause.unwrap().kind(), &TokenErrorKind::LoaderTimeout);
}

/// Begins a request of its own whenever it is asked.
#[derive(Debug, Default)]
struct Nested(std::sync::OnceLock<std::sync::Weak<RpcChannel>>);

impl RetryPolicy for Nested {
    fn max_attempts(&self) -> u32 {
        let channel = self.0.get().and_then(std::sync::Weak::upgrade).unwrap();
        let mut request = channel.call(get());
        let waker = std::task::Waker::noop();
        let begun = request
            .as_mut()
            .poll(&mut std::task::Context::from_waker(waker));
        assert!(begun.is_ready());
        1
    }

    fn backoff(&self, _attempt: u32, _jitter: f64) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_policy_may_take_its_time_while_others_ask() {
    let service = Service::new([Answer::Fails(HttpErrorKind::Dial)]);
    let policy = Arc::new(Nested::default());
    let channel = channel(&service).retry_policy(Arc::<Nested>::clone(&policy));
    let channel = Arc::new(channel);
    policy.0.set(Arc::downgrade(&channel)).unwrap();
    let error = channel.call(get()).await.unwrap_err();
    assert_eq!(error.kind(), RpcErrorKind::Unreachable);
    assert_eq!(service.count(), 2);
}

/// Promise: T23
#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_come_has_its_own_deadline_and_error() {
    let service = Service::new([]);
    let (_state, gate) = watch::channel(ConnectionState::Connecting { attempt: 0 });
    let limits = RpcLimits {
        connection: Duration::from_secs(2),
        ..RpcLimits::default()
    };
    let channel = channel_of(&service, tokens("a"), ConnectionGate::new(gate)).limits(limits);
    let error = channel.call(get().watch(true)).await.unwrap_err();
    assert_eq!(error.kind(), RpcErrorKind::NotConnected);
    let cause = error.source().unwrap().downcast_ref::<NotConnected>();
    assert!(matches!(
        cause,
        Some(NotConnected::Timeout { waited, .. }) if *waited == limits.connection
    ));
    assert_eq!((service.elapsed(), service.count()), (limits.connection, 0));
}

/// Promise: CK044
#[tokio::test(start_paused = true)]
async fn nobody_in_particular_says_so_and_shows_a_token_only_if_there_is_one() {
    let service = Service::new([]);
    anonymous(&service, None).call(get()).await.unwrap();
    let viewer = anonymous(&service, Some(tokens("a.b.c")));
    viewer.call(get()).await.unwrap();
    let kind = Some("anonymous".to_owned());
    assert_eq!(service.header("stream-auth-type"), [kind.clone(), kind]);
    let token = Some("a.b.c".to_owned());
    assert_eq!(service.header("authorization"), [None, token]);
}

#[tokio::test(start_paused = true)]
async fn who_can_have_no_connection_neither_waits_for_one_nor_watches() {
    let service = Service::new([]);
    let channel = anonymous(&service, None);
    let answer = channel.call(get().watch(true)).await.unwrap();
    assert_eq!(answer.watched_on, None);
    assert_eq!(service.elapsed(), Duration::ZERO);
    assert!(!service.uris()[0].contains("connection_id"));
}

#[tokio::test(start_paused = true)]
async fn who_has_no_token_is_refused_once() {
    let service = Service::new([Answer::Status(401, r#"{"code":40,"StatusCode":401}"#)]);
    let error = anonymous(&service, None).call(get()).await.unwrap_err();
    assert_eq!(error.kind(), RpcErrorKind::Unauthorized);
    assert_eq!(service.count(), 1);
}
