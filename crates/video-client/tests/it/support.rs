//! A coordinator, and clients that reach it through memory.
#![expect(clippy::expect_used, reason = "test helpers")]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use video_client::test_util::dialer_fn;
use video_client::{
    ConnectionState, Entropy, Event, EventItem, Events, StreamVideo, StreamVideoBuilder,
    StreamVideoOptions, User, UserId,
};
use video_testkit::{Coordinator, Entry};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const KEY: &str = "test-key";
pub(crate) const SECRET: &str = "test-secret";

/// A coordinator in memory.
pub(crate) struct World {
    pub(crate) coordinator: Coordinator,
    dials: Arc<AtomicUsize>,
}

impl World {
    /// To be made inside the runtime of the test.
    pub(crate) fn new() -> Self {
        Self::of(Coordinator::builder(KEY, SECRET).build())
    }

    /// The world around this coordinator.
    pub(crate) fn of(coordinator: Coordinator) -> Self {
        Self {
            coordinator,
            dials: Arc::default(),
        }
    }

    /// How many streams were opened to the coordinator.
    pub(crate) fn dials(&self) -> usize {
        self.dials.load(Ordering::Relaxed)
    }

    /// The only guest that was ever created.
    pub(crate) fn guest(&self) -> UserId {
        let guests = self.coordinator.guests();
        assert_eq!(guests.len(), 1, "{guests:?}");
        guests[0].clone()
    }

    /// How often a socket was asked for.
    pub(crate) fn sockets(&self) -> usize {
        let journal = self.coordinator.journal();
        journal.count(|entry| matches!(entry, Entry::SocketOpened { .. }))
    }

    /// How many sockets were let in.
    pub(crate) fn logins(&self) -> usize {
        let journal = self.coordinator.journal();
        journal.count(|entry| matches!(entry, Entry::Authenticated { .. }))
    }

    /// Options that lead to this coordinator and leave connecting to the test.
    pub(crate) fn options(&self) -> StreamVideoOptions {
        let (coordinator, dials) = (self.coordinator.clone(), Arc::clone(&self.dials));
        let dialer = dialer_fn(move |_target| {
            dials.fetch_add(1, Ordering::Relaxed);
            let io = coordinator.connect();
            async move { Ok(io) }
        });
        StreamVideoOptions::default()
            .coordinator_rpc_url("http://localhost")
            .coordinator_ws_url("ws://localhost/video/connect")
            .auto_connect(false)
            .dialer(dialer)
            .entropy(Entropy::seeded(1))
    }

    /// A builder of a client of `user`, without a token.
    pub(crate) fn builder(&self, user: &str) -> StreamVideoBuilder {
        StreamVideo::builder(KEY, User::regular(user)).options(self.options())
    }

    /// A client of `user` with a static token, not connected.
    pub(crate) fn client(&self, user: &str) -> StreamVideo {
        let token = self.coordinator.token(user);
        self.builder(user)
            .user_token(token)
            .build()
            .expect("a client")
    }

    /// A client of `user` whose loader gives a fresh token each time, and the count of its calls.
    pub(crate) fn client_with_loader(&self, user: &str) -> (StreamVideo, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let (coordinator, counter) = (self.coordinator.clone(), Arc::clone(&calls));
        let builder = self.builder(user).token_loader(move |user_id| {
            counter.fetch_add(1, Ordering::Relaxed);
            let token = coordinator.token(&user_id);
            async move { token }
        });
        (builder.build().expect("a client"), calls)
    }

    /// A connected client of `user` with a static token.
    pub(crate) async fn connected(&self, user: &str) -> StreamVideo {
        let client = self.client(user);
        client.connect().await.expect("connected");
        client
    }
}

/// Waits, at most a minute of virtual time, until the client is connected.
pub(crate) async fn until_connected(client: &StreamVideo) {
    until(client, ConnectionState::is_connected).await;
}

/// Waits, at most a minute of virtual time, for a state.
pub(crate) async fn until(client: &StreamVideo, matches: impl Fn(&ConnectionState) -> bool) {
    let mut state = client.state();
    let waited = tokio::time::timeout(60 * SECOND, state.wait_for(|state| matches(state))).await;
    waited
        .expect("the state comes within a minute")
        .expect("the client lives");
}

/// Lets an operation begin and leaves it there.
pub(crate) fn begin<F: Future + ?Sized>(operation: Pin<&mut F>) {
    let begun = operation.poll(&mut Context::from_waker(Waker::noop()));
    assert!(begun.is_pending(), "the operation is over at once");
}

/// The next event of a type, skipping everything else, within a minute of virtual time.
pub(crate) async fn next_event(events: &mut Events, kind: &str) -> Event {
    let next = async {
        loop {
            match events.next().await.expect("the stream goes on") {
                EventItem::Event(event) if event.kind() == kind => return event,
                _ => {}
            }
        }
    };
    tokio::time::timeout(60 * SECOND, next)
        .await
        .expect("the event comes within a minute")
}
