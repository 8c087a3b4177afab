//! The edges of the service, and how far away they are.

use std::time::Duration;

use tokio::time::Instant;
use video_client::test_util::{dialer_fn, unsigned_token};
use video_client::{LatencySettings, StreamVideo, StreamVideoOptions, User};

use crate::network::{Network, ok};

const MS: Duration = Duration::from_millis(1);
const NEVER: Duration = Duration::from_secs(1 << 32);
const EDGES: &str = r#"{"edges": [
    {"id": "far", "latency_test_url": "https://far.test/ping"},
    {"id": "near", "latency_test_url": "https://near.test/ping"},
    {"id": "open", "latency_test_url": "http://open.test/ping"}
], "duration": "1ms"}"#;

/// The service and its edges, of which each answers after this time.
fn world(delay: impl Fn(&str) -> Duration + Send + Sync + 'static) -> Network {
    Network::new(move |heard| match heard.host.as_str() {
        "video.test" => (Duration::ZERO, ok(EDGES)),
        host => (delay(host), ok("")),
    })
}

fn client(network: &Network, settings: LatencySettings) -> StreamVideo {
    let network = network.clone();
    let dialer = dialer_fn(move |target| {
        let io = network.connect(&target.host);
        async move { Ok(io) }
    });
    let options = StreamVideoOptions::default()
        .coordinator_rpc_url("https://video.test")
        .auto_connect(false)
        .latency_settings(settings)
        .dialer(dialer);
    StreamVideo::builder("the-key", User::regular("john"))
        .user_token(unsigned_token("john", None))
        .options(options)
        .build()
        .unwrap()
}

fn distances(host: &str) -> Duration {
    if host == "near.test" {
        20 * MS
    } else {
        90 * MS
    }
}

#[tokio::test(start_paused = true)]
async fn the_edges_are_those_of_the_service() {
    let network = world(distances);
    let client = client(&network, LatencySettings::default());
    let ids: Vec<_> = client
        .edges()
        .await
        .unwrap()
        .into_iter()
        .map(|edge| edge.id)
        .collect();
    assert_eq!(ids, ["far", "near", "open"]);
    let [heard] = &network.heard("video.test")[..] else {
        panic!("one request");
    };
    assert!(
        heard
            .head
            .starts_with("GET /video/edges?api_key=the-key HTTP/1.1\r\n")
    );
    assert_eq!(client.best_edge(), None);
}

/// Promise: CK085
#[tokio::test(start_paused = true)]
async fn the_nearest_edge_is_found_in_rounds_and_kept() {
    let network = world(distances);
    let client = client(&network, LatencySettings::default());
    let measured = client.measure_latencies().await.unwrap();
    let samples: Vec<_> = measured
        .into_iter()
        .map(|measured| measured.samples)
        .collect();
    // Without TLS nobody but this machine is asked, which is as bad as no answer.
    assert_eq!(samples, [[Some(90 * MS); 3], [Some(20 * MS); 3], [None; 3]]);
    assert_eq!(network.heard("far.test").len(), 3);
    assert_eq!(network.heard("open.test").len(), 0);
    assert_eq!(client.best_edge().unwrap().id, "near");
}

/// Promise: CK085
#[tokio::test(start_paused = true)]
async fn what_is_not_finished_in_time_counts_as_the_worst_and_is_dropped() {
    let network = world(|host| if host == "near.test" { NEVER } else { 90 * MS });
    let client = client(&network, LatencySettings::default());
    let start = Instant::now();
    let measured = client.measure_latencies().await.unwrap();
    assert_eq!(start.elapsed(), 3000 * MS);
    assert_eq!(measured[0].samples, [Some(90 * MS); 3]);
    assert_eq!(measured[1].samples, [None; 3]);
    assert_eq!(client.best_edge().unwrap().id, "far");
    tokio::task::yield_now().await;
    assert_eq!(network.live(), 0);
}

/// Promise: BD52
#[tokio::test(start_paused = true)]
async fn rounds_and_time_are_chosen() {
    let network = world(|_| NEVER);
    let settings = LatencySettings::default()
        .measurement_rounds(5)
        .measurement_timeout(500 * MS);
    let client = client(&network, settings);
    let start = Instant::now();
    let measured = client.measure_latencies().await.unwrap();
    assert_eq!(start.elapsed(), 500 * MS);
    assert_eq!(measured[0].samples, [None; 5]);
    assert_eq!(network.heard("far.test").len(), 5);
    assert_eq!(client.best_edge(), None);
}

#[tokio::test(start_paused = true)]
async fn an_edge_learns_nothing_of_the_user() {
    let network = world(distances);
    let client = client(&network, LatencySettings::default());
    client.measure_latencies().await.unwrap();
    let expected = "GET /ping HTTP/1.1\r\nhost: near.test\r\n\r\n";
    for heard in network.heard("near.test") {
        assert_eq!(heard.head, expected);
    }
}
