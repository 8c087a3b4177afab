//! Options that no other test is about.

use video_client::{ErrorKind, NeverRetry, SdpKind, SdpPolicy, StandardRetry};
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
