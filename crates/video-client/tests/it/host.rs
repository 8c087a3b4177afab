//! What the host says of its network, through the whole client.

use tokio::time::{sleep, timeout};
use video_client::{ConnectionState, Network};
use video_testkit::Fault;

use crate::support::{SECOND, World, until, until_connected};

fn is_offline(state: &ConnectionState) -> bool {
    matches!(state, ConnectionState::Offline { .. })
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_network_dials_nothing_and_is_back_with_it() {
    let world = World::new();
    let client = world.connected("john").await;
    let call = client.call("default", "standup");
    call.get_or_create().await.unwrap();
    let mut online = client.online();
    client.set_network(Network::Offline);
    assert_eq!(online.changed().await, Some(false));
    world.coordinator.drop_connections("john");
    until(&client, is_offline).await;
    let sockets = world.sockets();
    sleep(1800 * SECOND).await;
    assert_eq!(world.sockets(), sockets);
    client.set_network(Network::Online);
    until_connected(&client).await;
    assert_eq!(online.changed().await, Some(true));
    sleep(SECOND).await;
    assert_eq!(world.coordinator.watchers("default:standup").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_comes_back_dead_is_noticed_in_two_seconds() {
    let world = World::new();
    let client = world.connected("john").await;
    world.coordinator.faults().health_check(Fault::Stall);
    client.set_network(Network::Online);
    let lost = until(&client, |state| !state.is_connected());
    timeout(3 * SECOND, lost).await.unwrap();
    until_connected(&client).await;
    client.set_network(Network::Online);
    sleep(10 * SECOND).await;
    assert!(client.state().borrow().is_connected());
    assert_eq!(world.logins(), 2);
}
