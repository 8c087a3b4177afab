//! The edges that the embedded coordinator lists, and their latencies.

use tokio::time::{Duration, sleep, timeout};
use video_client::{EdgeLatency, StreamVideo, User};
use video_testkit::{Edge, Fault};

use crate::ends::ends;
use crate::location::{abroad, world};
use crate::support::{KEY, SECOND, World};

const MS: Duration = Duration::from_millis(1);

fn john(world: &World) -> StreamVideo {
    let builder = StreamVideo::builder(KEY, User::regular("john"));
    let builder = builder.user_token(world.coordinator.token("john"));
    builder.options(abroad(&world.coordinator)).build().unwrap()
}

fn near_and_far() -> World {
    let world = world(|builder| builder.edges([Edge::new("far"), Edge::new("near")]));
    let faults = world.coordinator.faults();
    faults.edge("far", Fault::Delay(300 * MS)).forever();
    faults.edge("near", Fault::Delay(20 * MS)).forever();
    world
}

fn medians(measured: &[EdgeLatency]) -> Vec<(&str, Option<Duration>)> {
    let of = |measured: &EdgeLatency| measured.median();
    measured
        .iter()
        .map(|m| (m.edge.id.as_str(), of(m)))
        .collect()
}

/// How often edges were asked, by somebody who told nothing of the user.
fn asked(world: &World) -> usize {
    let entries = world.coordinator.journal().entries();
    let tests = entries
        .iter()
        .filter_map(|record| record.entry.as_latency_test());
    tests
        .inspect(|(_, probe)| assert_eq!(probe.credentials(), Vec::<&str>::new(), "{probe}"))
        .count()
}

#[tokio::test(start_paused = true)]
async fn the_edges_of_the_service_are_measured_and_the_nearest_is_known() {
    let world = near_and_far();
    let client = john(&world);
    client.connect().await.unwrap();
    let (one, two) = tokio::join!(client.measure_latencies(), client.measure_latencies());
    for measured in [one.unwrap(), two.unwrap()] {
        let expected = [("far", Some(300 * MS)), ("near", Some(20 * MS))];
        assert_eq!(medians(&measured), expected);
    }
    assert_eq!(client.best_edge().unwrap().id, "near");
    assert_eq!(asked(&world), 12);
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_measuring_that_is_cancelled_leaves_no_request_and_the_best_edge_as_it_was() {
    let world = near_and_far();
    let client = john(&world);
    client.measure_latencies().await.unwrap();
    let faults = world.coordinator.faults();
    faults.clear();
    faults.edge("near", Fault::Stall).forever();
    timeout(SECOND, client.measure_latencies())
        .await
        .unwrap_err();
    assert_eq!(client.best_edge().unwrap().id, "near");
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn an_edge_that_fails_in_any_way_is_never_the_best() {
    let faults = [
        Fault::Drop,
        Fault::Stall,
        Fault::status(500, "oops"),
        Fault::status(404, ""),
        Fault::status(302, ""),
    ];
    for fault in faults {
        let world = world(|builder| builder.edges([Edge::new("bad"), Edge::new("good")]));
        let plan = world.coordinator.faults();
        plan.edge("bad", fault.clone()).forever();
        plan.edge("good", Fault::Delay(400 * MS)).forever();
        let client = john(&world);
        let measured = client.measure_latencies().await.unwrap();
        let expected = [("bad", None), ("good", Some(400 * MS))];
        assert_eq!(medians(&measured), expected, "{fault:?}");
        assert_eq!(client.best_edge().unwrap().id, "good");
        asked(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn addresses_that_are_none_are_listed_and_not_asked() {
    let odd = [
        "",
        "nonsense",
        "ftp://edge.test/",
        "https://",
        "http://open.test/x",
    ];
    let edges = odd.map(|url| Edge::new(format!("odd-{url}")).latency_test_url(url));
    let world = world(|builder| builder.edges(edges.into_iter().chain([Edge::new("good")])));
    let client = john(&world);
    let measured = client.measure_latencies().await.unwrap();
    assert_eq!(measured.len(), odd.len() + 1);
    assert!(
        measured[..odd.len()]
            .iter()
            .all(|edge| edge.best().is_none())
    );
    assert_eq!(client.best_edge().unwrap().id, "good");
    assert_eq!(asked(&world), 3);
}

#[tokio::test(start_paused = true)]
async fn no_edges_and_no_list_are_no_best_edge() {
    let empty = world(|builder| builder.edges([]));
    let client = john(&empty);
    assert_eq!(client.measure_latencies().await.unwrap(), []);
    assert_eq!(client.best_edge(), None);

    let world = near_and_far();
    let client = john(&world);
    client.measure_latencies().await.unwrap();
    let faults = world.coordinator.faults();
    faults
        .rest("GET", "/video/edges", Fault::ApiError(17))
        .forever();
    client.measure_latencies().await.unwrap_err();
    assert_eq!(client.best_edge().unwrap().id, "near");
    assert_eq!(asked(&world), 6);
}

#[tokio::test(start_paused = true)]
async fn guests_and_the_anonymous_measure_too() {
    for user in [User::guest("sam"), User::anonymous()] {
        let world = near_and_far();
        let builder = StreamVideo::builder(KEY, user).options(abroad(&world.coordinator));
        let client = builder.build().unwrap();
        client.measure_latencies().await.unwrap();
        assert_eq!(client.best_edge().unwrap().id, "near");
        assert_eq!(asked(&world), 6);
        sleep(SECOND).await;
        ends(&world, client).await;
    }
}
