//! Requests that begin while a wish to be connected is still on its way.

use tokio::time::{sleep, timeout};
use video_client::{ConnectionState, ErrorKind, Lifecycle, StreamVideo};
use video_testkit::Fault;

use super::support::{SECOND, World, begin, until, until_connected};

/// A watching request that is the next thing a program does.
async fn ask(client: &StreamVideo) {
    let call = client.call("default", "standup");
    call.get_or_create().await.unwrap();
}

/// Promise: U11
#[tokio::test(start_paused = true)]
async fn a_request_right_after_the_client_is_built_waits_for_its_connection() {
    let world = World::new();
    let token = world.coordinator.token("john");
    let builder = world
        .builder("john")
        .options(world.options().auto_connect(true));
    let client = builder.user_token(token).build().unwrap();
    ask(&client).await;
    assert!(client.state().borrow().is_connected());
}

#[tokio::test(start_paused = true)]
async fn a_request_right_after_a_resume_waits_for_the_connection() {
    let world = World::new();
    let client = world.connected("john").await;
    client.pause().await;
    client.resume().await;
    ask(&client).await;
    assert_eq!(world.logins(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_right_after_the_return_to_the_foreground_waits_for_the_connection() {
    let world = World::new();
    let client = world.connected("john").await;
    for _ in 0..50 {
        client.set_lifecycle(Lifecycle::Background).await;
        client.set_lifecycle(Lifecycle::Foreground).await;
        ask(&client).await;
    }
    client.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_the_connection_that_a_close_is_followed_by() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut leaving = Box::pin(client.disconnect());
    begin(leaving.as_mut());
    until(&client, |state| !state.is_connected()).await;
    let mut coming = client.connect().into_future();
    begin(coming.as_mut());
    ask(&client).await;
    leaving.await;
    coming.await.unwrap();
    until_connected(&client).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_wish_that_came_to_nothing() {
    let world = World::new();
    let client = world.connected("john").await;
    let mut leaving = Box::pin(client.disconnect());
    begin(leaving.as_mut());
    let mut coming = client.connect().into_future();
    begin(coming.as_mut());
    let call = client.call("default", "standup");
    let mut request = call.get_or_create().into_future();
    begin(request.as_mut());
    client.disconnect().await;
    let error = request.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected, "{error:?}");
    assert!(matches!(
        *client.state().borrow(),
        ConnectionState::Disconnected { .. }
    ));
    let late = timeout(SECOND, call.get_or_create().into_future());
    let error = late.await.expect("at once").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected, "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_resume_amid_a_pause_does_not_wait_for_the_close() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.greeting(Fault::Delay(10 * SECOND));
    let client = world.client("john");
    let mut coming = client.connect().into_future();
    begin(coming.as_mut());
    sleep(SECOND).await;
    let mut pausing = Box::pin(client.pause());
    begin(pausing.as_mut());
    until(&client, |state| matches!(state, ConnectionState::Paused)).await;
    timeout(SECOND / 10, client.resume()).await.unwrap();
    pausing.await;
    ask(&client).await;
    assert!(client.state().borrow().is_connected());
}
