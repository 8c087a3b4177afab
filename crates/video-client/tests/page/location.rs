//! The location, asked of the embedded coordinator.

use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep};
use video_client::test_util::dialer_fn;
use video_client::{StreamVideo, StreamVideoOptions, User};
use video_testkit::{Coordinator, CoordinatorBuilder, Fault};

use crate::ends::{ends, nothing_is_left};
use crate::support::{KEY, SECOND, SECRET, World};

pub(crate) fn world(of: impl FnOnce(CoordinatorBuilder) -> CoordinatorBuilder) -> World {
    World::of(of(Coordinator::builder(KEY, SECRET)).build())
}

/// Options under which the service is far away, so that others are asked where the user is.
pub(crate) fn abroad(coordinator: &Coordinator) -> StreamVideoOptions {
    let coordinator = coordinator.clone();
    let dialer = dialer_fn(move |_| {
        let io = coordinator.connect();
        async move { Ok(io) }
    });
    StreamVideoOptions::default()
        .coordinator_rpc_url("https://video.example.test")
        .coordinator_ws_url("wss://video.example.test/video/connect")
        .auto_connect(false)
        .dialer(dialer)
}

fn john(world: &World) -> StreamVideo {
    let builder = StreamVideo::builder(KEY, User::regular("john").custom("secret", "s3cr3t"));
    let builder = builder.user_token(world.coordinator.token("john"));
    builder.options(abroad(&world.coordinator)).build().unwrap()
}

/// How often the location was asked for, by somebody who told nothing of the user.
fn asked(world: &World) -> usize {
    let entries = world.coordinator.journal().entries();
    let probes = entries.iter().filter_map(|record| record.entry.as_hint());
    probes
        .inspect(|probe| assert_eq!(probe.credentials(), Vec::<&str>::new(), "{probe}"))
        .count()
}

fn locations(world: &World) -> Vec<String> {
    let entries = world.coordinator.journal().entries();
    let calls = entries.iter().filter_map(|record| record.entry.as_rest());
    calls
        .filter(|call| call.path.ends_with("/join"))
        .map(|call| {
            call.body.clone().unwrap()["location"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

async fn join(client: StreamVideo) -> Duration {
    let start = Instant::now();
    let join = client.call("default", "a").join_credentials();
    join.create(true).watch(false).await.unwrap();
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_joins_asks_once_where_it_is() {
    let world = world(|builder| builder.pop("FRA56-P3"));
    world.coordinator.faults().hint(Fault::Delay(SECOND));
    let client = john(&world);
    let mut crowd = JoinSet::new();
    for _ in 0..20 {
        crowd.spawn(join(client.clone()));
    }
    client.connect().await.unwrap();
    assert!(crowd.join_all().await.iter().all(|time| *time <= SECOND));
    assert_eq!(locations(&world), ["FRA"; 20]);
    assert_eq!(asked(&world), 1);
    client.disconnect().await;
    client.connect().await.unwrap();
    join(client.clone()).await;
    assert_eq!(asked(&world), 1);
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_host_in_any_trouble_fails_neither_connect_nor_join() {
    let troubles = [
        Fault::Drop,
        Fault::Stall,
        Fault::status(500, "oops"),
        Fault::status(302, "elsewhere"),
        Fault::Delay(3600 * SECOND),
    ];
    for trouble in troubles {
        let world = world(|builder| builder);
        world.coordinator.faults().hint(trouble.clone()).forever();
        let client = john(&world);
        let start = Instant::now();
        client.connect().await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO, "{trouble:?}");
        assert!(join(client.clone()).await <= 2 * SECOND, "{trouble:?}");
        assert_eq!(locations(&world), ["ERR"], "{trouble:?}");
        sleep(600 * SECOND).await;
        // Three tries while it connects, and three for the join if they are over by then.
        assert!(asked(&world) <= 6, "{trouble:?}");
        assert!(client.state().borrow().is_connected());
        ends(&world, client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hint_that_is_found_late_is_used_by_the_next_join() {
    let world = world(|builder| builder.pop("AMS1-P2"));
    world.coordinator.faults().hint(Fault::Drop).times(1);
    let client = john(&world);
    client.connect().await.unwrap();
    sleep(60 * SECOND).await;
    assert_eq!(join(client.clone()).await, Duration::ZERO);
    assert_eq!(locations(&world), ["AMS"]);
    assert_eq!(asked(&world), 2);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_names_no_place_is_believed() {
    let world = world(CoordinatorBuilder::without_pop);
    let client = john(&world);
    client.connect().await.unwrap();
    sleep(60 * SECOND).await;
    assert_eq!(join(client.clone()).await, Duration::ZERO);
    assert_eq!(locations(&world), ["ERR"]);
}

#[tokio::test(start_paused = true)]
async fn a_search_does_not_outlive_the_client() {
    let world = world(|builder| builder);
    world.coordinator.faults().hint(Fault::Stall).forever();
    let client = john(&world);
    client.connect().await.unwrap();
    drop(client);
    nothing_is_left(&world).await;
}
