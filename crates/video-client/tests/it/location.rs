//! Where the user is said to be when they join.

use std::time::Duration;

use tokio::time::Instant;
use video_client::test_util::dialer_fn;
use video_client::{StreamVideo, StreamVideoOptions, User};
use video_testkit::Coordinator;

use crate::network::Network;
use crate::support::{KEY, SECOND, SECRET};

const HINT: &str = "hint.stream-io-video.com";
const FOUND: &str = "HTTP/1.1 403 Forbidden\r\nx-amz-cf-pop: FRA56-P3\r\ncontent-length: 9\r\n\r\n";
const NOTHING: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const NEVER: Duration = Duration::from_secs(1 << 32);

/// A coordinator beside a host that tells locations.
struct World {
    coordinator: Coordinator,
    network: Network,
}

impl World {
    fn new(answer: impl Fn(usize) -> (Duration, &'static str) + Send + Sync + 'static) -> Self {
        Self {
            coordinator: Coordinator::builder(KEY, SECRET).build(),
            network: Network::new(move |heard| {
                let (delay, answer) = answer(heard.before);
                (delay, answer.to_owned())
            }),
        }
    }

    fn client(&self, choose: impl FnOnce(StreamVideoOptions) -> StreamVideoOptions) -> StreamVideo {
        let (coordinator, network) = (self.coordinator.clone(), self.network.clone());
        let dialer = dialer_fn(move |target| {
            let io = match target.host.as_str() {
                "video.example.test" | "localhost" => coordinator.connect(),
                host => network.connect(host),
            };
            async move { Ok(io) }
        });
        let options = StreamVideoOptions::default()
            .coordinator_rpc_url("https://video.example.test")
            .coordinator_ws_url("wss://video.example.test/video/connect")
            .auto_connect(false)
            .dialer(dialer);
        StreamVideo::builder(KEY, User::regular("john"))
            .user_token(self.coordinator.token("john"))
            .options(choose(options))
            .build()
            .unwrap()
    }

    /// How often the host was asked.
    fn asked(&self) -> usize {
        self.network.heard(HINT).len()
    }

    /// What the last join said of the location.
    fn joined_from(&self) -> String {
        let entries = self.coordinator.journal().entries();
        let bodies = entries.iter().rev().filter_map(|record| {
            let call = record.entry.as_rest()?;
            call.path.ends_with("/join").then(|| call.body.clone())?
        });
        let body = bodies.into_iter().next().unwrap_or_default();
        body["location"].as_str().unwrap_or("none").to_owned()
    }
}

/// Joins, and gives how long that took.
async fn join(client: &StreamVideo) -> Duration {
    let start = Instant::now();
    let join = client.call("default", "a").join_credentials();
    join.create(true).watch(false).await.unwrap();
    start.elapsed()
}

/// Promise: CK084, BD51
#[tokio::test(start_paused = true)]
async fn the_location_is_asked_for_once_while_the_client_connects_and_costs_no_join_time() {
    let world = World::new(|_| (SECOND, FOUND));
    let client = world.client(|options| options);
    client.connect().await.unwrap();
    assert_eq!(world.asked(), 1);
    tokio::time::sleep(SECOND).await;
    for _ in 0..3 {
        assert_eq!(join(&client).await, Duration::ZERO);
        assert_eq!(world.joined_from(), "FRA");
    }
    client.disconnect().await;
    client.connect().await.unwrap();
    assert_eq!(join(&client).await, Duration::ZERO);
    assert_eq!(world.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn connecting_by_itself_asks_for_the_location_too() {
    let world = World::new(|_| (Duration::ZERO, FOUND));
    let _client = world.client(|options| options.auto_connect(true));
    tokio::time::sleep(SECOND).await;
    assert_eq!(world.asked(), 1);
}

/// Promise: CK083
#[tokio::test(start_paused = true)]
async fn the_location_is_looked_for_three_times_and_is_else_the_fallback() {
    let world = World::new(|before| (Duration::ZERO, if before == 2 { FOUND } else { NOTHING }));
    let client = world.client(|options| options);
    join(&client).await;
    assert_eq!((world.asked(), &*world.joined_from()), (3, "FRA"));

    let world = World::new(|_| (Duration::ZERO, NOTHING));
    let client = world.client(|options| options);
    join(&client).await;
    assert_eq!((world.asked(), &*world.joined_from()), (3, "ERR"));
}

/// Promise: T24
#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_fails_nothing_and_delays_a_join_by_two_seconds_at_most() {
    let world = World::new(|before| (if before == 3 { Duration::ZERO } else { NEVER }, FOUND));
    let client = world.client(|options| options);
    client.connect().await.unwrap();
    assert_eq!(join(&client).await, 2 * SECOND);
    assert_eq!(world.joined_from(), "ERR");
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!((world.asked(), world.network.live()), (3, 0));
    // A failure is not kept.
    assert_eq!(join(&client).await, Duration::ZERO);
    assert_eq!((world.asked(), &*world.joined_from()), (4, "FRA"));
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_for_the_location_learns_nothing_of_the_user() {
    let world = World::new(|_| (Duration::ZERO, FOUND));
    let client = world.client(|options| options.app("my-app", "1.0"));
    client.connect().await.unwrap();
    join(&client).await;
    let heard = world.network.heard(HINT);
    let expected = "HEAD / HTTP/1.1\r\nhost: hint.stream-io-video.com\r\n\r\n";
    assert_eq!(heard[0].head, expected);
}

#[tokio::test(start_paused = true)]
async fn the_location_may_be_given_or_asked_elsewhere() {
    let world = World::new(|_| (Duration::ZERO, FOUND));
    let client = world.client(|options| options.location("AMS"));
    client.connect().await.unwrap();
    join(&client).await;
    assert_eq!((world.asked(), &*world.joined_from()), (0, "AMS"));
    let join = client.call("default", "a").join_credentials();
    join.location("GRU").watch(false).await.unwrap();
    assert_eq!(world.joined_from(), "GRU");

    let client = world.client(|options| options.location_hint_url("http://127.0.0.1:9/where"));
    client.connect().await.unwrap();
    let heard = world.network.heard("127.0.0.1");
    assert!(heard[0].head.starts_with("HEAD /where HTTP/1.1\r\n"));
    assert_eq!(world.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_service_on_this_machine_sends_nobody_elsewhere() {
    let world = World::new(|_| (Duration::ZERO, FOUND));
    let client = world.client(|options| {
        let options = options.coordinator_rpc_url("http://localhost");
        options.coordinator_ws_url("ws://localhost/video/connect")
    });
    client.connect().await.unwrap();
    join(&client).await;
    assert_eq!((world.asked(), &*world.joined_from()), (0, "ERR"));
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_the_search() {
    let world = World::new(|_| (NEVER, FOUND));
    let client = world.client(|options| options);
    client.connect().await.unwrap();
    assert_eq!(world.network.live(), 1);
    client.shutdown().await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(world.network.live(), 0);
}
