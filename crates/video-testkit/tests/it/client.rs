//! A raw client: one HTTP request per connection, and sockets frame by frame.

use bytes::Bytes;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role, WebSocket};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use video_testkit::{Coordinator, TokenSpec};

pub(crate) const KEY: &str = "test-key";
pub(crate) const SECRET: &str = "test-secret-that-nobody-may-see";

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the tests read the virtual clock"
)]
pub(crate) fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

pub(crate) fn coordinator() -> Coordinator {
    Coordinator::builder(KEY, SECRET).build()
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn code(&self) -> (u16, i64) {
        (self.status, self.json()["code"].as_i64().unwrap())
    }
}

/// Someone who talks to the coordinator with one token.
pub(crate) struct Client {
    pub(crate) coordinator: Coordinator,
    pub(crate) token: Option<String>,
    pub(crate) key: &'static str,
    /// The kind of authentication that it announces.
    pub(crate) kind: &'static str,
}

impl Client {
    pub(crate) fn new(coordinator: &Coordinator, user: &str) -> Self {
        Self::with_token(coordinator, coordinator.token(user))
    }

    pub(crate) fn of(coordinator: &Coordinator, spec: TokenSpec) -> Self {
        Self::with_token(coordinator, coordinator.token_with(spec))
    }

    fn with_token(coordinator: &Coordinator, token: String) -> Self {
        Self {
            coordinator: coordinator.clone(),
            token: Some(token),
            key: KEY,
            kind: "jwt",
        }
    }

    /// Someone without a name, and without a token until it gets one.
    pub(crate) fn anonymous(coordinator: &Coordinator) -> Self {
        Self {
            coordinator: coordinator.clone(),
            token: None,
            key: KEY,
            kind: "anonymous",
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Bytes::new()).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let body = Bytes::from(body.to_string());
        self.send(Method::POST, path, body).await.unwrap()
    }

    /// `path` may have a query of its own.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Answer, hyper::Error> {
        let mark = if path.contains('?') { '&' } else { '?' };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{path}{mark}api_key={}", self.key))
            .header("host", "video.example.test")
            .header("stream-auth-type", self.kind)
            .header("x-client-request-id", "r-1")
            .header("x-stream-client", "raw");
        if let Some(token) = &self.token {
            request = request.header("authorization", token);
        }
        exchange(
            self.coordinator.connect(),
            request.body(Full::new(body)).unwrap(),
        )
        .await
    }

    /// Opens a socket and sends the first frame.
    pub(crate) async fn open(&self, user: &str) -> Socket {
        let mut socket = Socket::open(&self.coordinator, self.key).await;
        socket.send(&greeting(self.token.as_deref(), user)).await;
        socket
    }

    /// Opens a socket that is let in. Gives its connection id too.
    pub(crate) async fn connect(&self, user: &str) -> (Socket, String) {
        let mut socket = self.open(user).await;
        let ok = socket.event().await;
        assert_eq!(ok["type"], "connection.ok", "{ok}");
        (socket, ok["connection_id"].as_str().unwrap().to_owned())
    }
}

pub(crate) fn greeting(token: Option<&str>, user: &str) -> Value {
    json!({
        "token": token,
        "products": ["video"],
        "user_details": {"id": user, "name": user.to_uppercase(), "custom": {"n": 7}},
    })
}

/// One request over a connection of its own.
pub(crate) async fn exchange<I>(
    io: I,
    request: Request<Full<Bytes>>,
) -> Result<Answer, hyper::Error>
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let answer = sender.send_request(request).await?;
    let (parts, body) = answer.into_parts();
    let text = body.collect().await?.to_bytes();
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        text: String::from_utf8(text.to_vec()).unwrap(),
    })
}

pub(crate) fn upgrade_request(key: &str) -> Request<Full<Bytes>> {
    Request::builder()
        .uri(format!(
            "/video/connect?api_key={key}&stream-auth-type=jwt&X-Stream-Client=raw%7Cos%3Dnone"
        ))
        .header("host", "video.example.test")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(Full::default())
        .unwrap()
}

type Upgraded = TokioIo<hyper::upgrade::Upgraded>;

pub(crate) struct Socket {
    frames: FragmentCollector<Upgraded>,
    /// Drives the connection. Pings are answered by the collector.
    _connection: JoinSet<()>,
}

impl Socket {
    pub(crate) async fn open(coordinator: &Coordinator, key: &str) -> Self {
        Self::over(coordinator.connect(), key).await.unwrap()
    }

    /// Opens a socket, or says how the request for it was answered.
    pub(crate) async fn over<I>(io: I, key: &str) -> Result<Self, Answer>
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self::asking(io, upgrade_request(key)).await
    }

    /// The same, with a request of one's own.
    pub(crate) async fn asking<I>(io: I, request: Request<Full<Bytes>>) -> Result<Self, Answer>
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            drop(connection.with_upgrades().await);
        });
        let answer = sender.send_request(request).await.unwrap();
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let (parts, body) = answer.into_parts();
            let text = body.collect().await.unwrap().to_bytes();
            return Err(Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                text: String::from_utf8(text.to_vec()).unwrap(),
            });
        }
        assert_eq!(
            answer.headers()["sec-websocket-accept"],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        let headers = answer.headers();
        assert!(!headers.contains_key("sec-websocket-extensions"));
        let upgraded = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
        let frames = FragmentCollector::new(WebSocket::after_handshake(upgraded, Role::Client));
        Ok(Self {
            frames,
            _connection: tasks,
        })
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_as(OpCode::Text, message.to_string().as_bytes())
            .await;
    }

    pub(crate) async fn send_as(&mut self, opcode: OpCode, payload: &[u8]) {
        let frame = Frame::new(true, opcode, None, Payload::Owned(payload.to_vec()));
        self.frames.write_frame(frame).await.unwrap();
    }

    /// The next message, as text.
    pub(crate) async fn text(&mut self) -> String {
        let (opcode, payload) = self.frame().await.expect("a message");
        assert_eq!(opcode, OpCode::Text);
        String::from_utf8(payload).unwrap()
    }

    /// The next message, as JSON.
    pub(crate) async fn event(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The code of the close frame that comes next.
    pub(crate) async fn close_code(&mut self) -> u16 {
        let (opcode, payload) = self.frame().await.expect("a close frame");
        assert_eq!(opcode, OpCode::Close);
        u16::from_be_bytes([payload[0], payload[1]])
    }

    /// Whether the connection ends now, without a close frame.
    pub(crate) async fn is_cut(&mut self) -> bool {
        self.frame().await.is_none()
    }

    /// The next frame; none at the end of the connection.
    pub(crate) async fn frame(&mut self) -> Option<(OpCode, Vec<u8>)> {
        let frame = self.frames.read_frame().await.ok()?;
        Some((frame.opcode, frame.payload.to_vec()))
    }

    /// Nothing has come in for a while.
    pub(crate) async fn assert_quiet(&mut self) {
        let waited = tokio::time::timeout(std::time::Duration::from_millis(10), self.frame()).await;
        assert!(
            waited.is_err(),
            "{:?}",
            waited.map(|f| f.map(|f| String::from_utf8(f.1)))
        );
    }
}
