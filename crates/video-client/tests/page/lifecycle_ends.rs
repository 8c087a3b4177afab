//! The background and the ends that a client can come to in it.

use std::sync::atomic::Ordering;

use tokio::time::{sleep, timeout};
use video_client::ErrorKind;
use video_client::Lifecycle::{Background, Foreground};

use crate::ends::{ends, nothing_is_left};
use crate::lifecycle::one_connection;
use crate::support::{SECOND, World};

#[tokio::test(start_paused = true)]
async fn a_client_that_ends_in_the_background_leaves_nothing() {
    for polite in [true, false] {
        let world = World::new();
        let client = world.connected("john").await;
        client.set_lifecycle(Background).await;
        if polite {
            client.shutdown().await.unwrap();
            for lifecycle in [Foreground, Background, Foreground] {
                let change = timeout(SECOND, client.set_lifecycle(lifecycle));
                change.await.unwrap();
            }
            let connect = timeout(SECOND, client.connect().into_future());
            let error = connect.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Aborted);
            ends(&world, client).await;
        } else {
            drop(client);
            nothing_is_left(&world).await;
        }
        assert_eq!(world.logins(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_in_the_background_counts_and_so_does_the_connect_after_it() {
    let world = World::new();
    let (client, loads) = world.client_with_loader("john");
    client.connect().await.unwrap();
    client.set_lifecycle(Background).await;
    client.disconnect().await;
    client.set_lifecycle(Foreground).await;
    sleep(60 * SECOND).await;
    assert!(!client.state().borrow().is_connected());
    client.connect().await.unwrap();
    one_connection(&world, &client).await;
    assert_eq!(loads.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn the_background_of_one_client_is_none_of_another() {
    let world = World::new();
    let one = world.connected("john").await;
    let two = world.connected("ada").await;
    one.set_lifecycle(Background).await;
    assert!(two.state().borrow().is_connected());
    assert_eq!(world.coordinator.connections()[0].user_id, "ada");
    one.shutdown().await.unwrap();
    two.call("default", "a").get_or_create().await.unwrap();
    two.set_lifecycle(Background).await;
    two.set_lifecycle(Foreground).await;
    one_connection(&world, &two).await;
}
