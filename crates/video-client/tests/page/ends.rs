//! That nothing is left of a client.

use tokio::runtime::Handle;
use tokio::time::{Duration, sleep};
use video_client::StreamVideo;

use crate::support::{SECOND, World};

/// After this time no task and no connection is left of any client. The coordinator notices a
/// connection that ended in a task of its own, so it takes a moment in any case.
async fn nothing_is_left_after(world: &World, time: Duration) {
    sleep(time + Duration::from_millis(1)).await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    let links = world.coordinator.open_links();
    assert_eq!((tasks, links), (0, 0), "tasks and links that are left");
    world.coordinator.assert_healthy();
}

/// What is dropped says goodbye in the background, a second at most for each part.
pub(crate) async fn nothing_is_left(world: &World) {
    nothing_is_left_after(world, 3 * SECOND).await;
}

/// Shuts the last handle of a client down, and sees that nothing is left.
pub(crate) async fn ends(world: &World, client: StreamVideo) {
    client.shutdown().await.unwrap();
    drop(client);
    nothing_is_left_after(world, Duration::ZERO).await;
}
