//! Hosts other than the service, which answer HTTP over streams in memory.
#![expect(clippy::expect_used, reason = "test helpers")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// What hosts answer, and what they were asked.
#[derive(Clone)]
pub(crate) struct Network {
    answer: Arc<Answer>,
    requests: Arc<Mutex<Vec<Heard>>>,
    live: Arc<()>,
}

/// How a host answers a request: after what time, and with what.
type Answer = dyn Fn(&Heard) -> (Duration, String) + Send + Sync;

/// A request as it was on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) host: String,
    pub(crate) head: String,
    /// How many requests this host had before.
    pub(crate) before: usize,
}

impl Network {
    pub(crate) fn new(
        answer: impl Fn(&Heard) -> (Duration, String) + Send + Sync + 'static,
    ) -> Self {
        Self {
            answer: Arc::new(answer),
            requests: Arc::default(),
            live: Arc::default(),
        }
    }

    /// A stream to `host`.
    pub(crate) fn connect(&self, host: &str) -> DuplexStream {
        let (near, far) = tokio::io::duplex(4096);
        // Ends with the stream.
        tokio::spawn(self.clone().serve(host.to_owned(), far));
        near
    }

    /// What `host` was asked.
    pub(crate) fn heard(&self, host: &str) -> Vec<Heard> {
        let requests = self.requests.lock().expect("no panic before");
        let of_host = requests.iter().filter(|heard| heard.host == host);
        of_host.cloned().collect()
    }

    /// How many requests wait for their answer.
    pub(crate) fn live(&self) -> usize {
        Arc::weak_count(&self.live)
    }

    async fn serve(self, host: String, mut io: DuplexStream) {
        while let Some(head) = read_head(&mut io).await {
            let _live = Arc::downgrade(&self.live);
            let before = self.heard(&host).len();
            let heard = Heard {
                host: host.clone(),
                head,
                before,
            };
            let (delay, answer) = (self.answer)(&heard);
            self.requests.lock().expect("no panic before").push(heard);
            tokio::select! {
                biased;
                () = tokio::time::sleep(delay) => {}
                // Nobody pipelines: it is the end.
                _ = io.read_u8() => return,
            }
            if io.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

async fn read_head(io: &mut DuplexStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A response with a body of JSON.
pub(crate) fn ok(body: &str) -> String {
    let len = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len}\r\n\r\n{body}"
    )
}
