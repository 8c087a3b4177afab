//! Options that no other test is about.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use video_client::{ErrorKind, NeverRetry, SdpKind, SdpPolicy, StandardRetry, WallClock};
use video_testkit::Fault;

use crate::support::World;

const CALL: &str = "/video/call/default/standup";

#[tokio::test(start_paused = true)]
async fn the_policies_of_the_options_reach_the_client() {
    let world = World::new();
    let attempts = async |options| {
        let token = world.coordinator.token("john");
        let builder = world.builder("john").user_token(token);
        let client = builder.options(options).build().unwrap();
        world.coordinator.journal().clear();
        let faults = world.coordinator.faults();
        faults.rest("GET", CALL, Fault::status(500, "")).forever();
        let call = client.call("default", "standup");
        let error = call.get().watch(false).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        faults.clear();
        let journal = world.coordinator.journal();
        journal.count(|entry| entry.as_rest().is_some_and(|call| call.path == CALL))
    };
    assert_eq!(attempts(world.options()).await, 5);
    assert_eq!(
        attempts(world.options().retry_policy(StandardRetry)).await,
        5
    );
    assert_eq!(attempts(world.options().retry_policy(NeverRetry)).await, 1);

    let policy = SdpPolicy::default().munging(|kind, sdp| match kind {
        SdpKind::RemoteOffer => format!("{sdp}a=seen\r\n"),
        _ => sdp,
    });
    let token = world.coordinator.token("john");
    let builder = world.builder("john").user_token(token);
    let options = world.options().sdp_policy(policy);
    let client = builder.options(options).build().unwrap();
    let offer = client.sdp_policy().remote_offer("v=0\r\n");
    assert_eq!(offer, "v=0\r\na=seen\r\n");
}

#[tokio::test(start_paused = true)]
async fn an_event_buffer_of_any_size_gives_a_client_that_hears_events() {
    let world = World::new();
    for items in [0, 1, 1 << 16, (1 << 16) + 1, usize::MAX] {
        let builder = world
            .builder("john")
            .options(world.options().event_buffer(items));
        let token = world.coordinator.token("john");
        let client = builder.user_token(token).build().unwrap();
        let mut events = client.events();
        client.connect().await.unwrap();
        assert!(events.next().await.is_some(), "{items} items");
    }
}

/// Three seconds before the date below.
#[derive(Debug)]
struct Then;

impl WallClock for Then {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_445_412_480 - 3)
    }
}

/// Promise: T15, BD44
#[tokio::test(start_paused = true)]
async fn a_wait_until_a_date_is_judged_by_the_clock_of_the_options() {
    let world = World::new();
    let token = world.coordinator.token("john");
    let builder = world.builder("john").user_token(token);
    let options = world.options().wall_clock(Then);
    let client = builder.options(options).build().unwrap();
    let busy = Fault::status(429, "").retry_after("Wed, 21 Oct 2015 07:28:00 GMT");
    let call = client.call("default", "standup");
    call.get_or_create().watch(false).await.unwrap();
    world.coordinator.faults().rest("GET", CALL, busy).times(1);
    let start = Instant::now();
    call.get().watch(false).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(3));
}
