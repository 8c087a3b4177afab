//! Connecting, and the token that comes of it.

use std::sync::atomic::Ordering;

use crate::support::World;

/// Promise: CK014, U01
#[tokio::test(start_paused = true)]
async fn two_connects_at_once_share_one_socket_and_both_succeed() {
    let world = World::new();
    let (client, calls) = world.client_with_loader("john");
    let (first, second) = tokio::join!(client.connect(), client.connect());
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(world.dials(), 1);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(world.coordinator.connections().len(), 1);
}
