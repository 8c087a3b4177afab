//! A guest who is created and of whom nobody hears.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use video_client::test_util::dialer_fn;
use video_client::{StreamVideo, User, UserKind};

use crate::ends::nothing_is_left;
use crate::support::{KEY, World};

#[tokio::test(start_paused = true)]
async fn a_guest_whose_answer_is_lost_is_the_one_whose_answer_came() {
    let world = World::new();
    let (coordinator, lose) = (world.coordinator.clone(), Arc::new(AtomicBool::new(true)));
    let dialer = dialer_fn(move |_| {
        let (here, there) = tokio::io::duplex(64 * 1024);
        tokio::spawn(carry(there, coordinator.connect(), Arc::clone(&lose)));
        async move { Ok(here) }
    });
    let options = world.options().dialer(dialer);
    let builder = StreamVideo::builder(KEY, User::guest("sam")).options(options);
    let client = builder.build().unwrap();
    client.connect().await.unwrap();
    let guests = world.coordinator.guests();
    assert_eq!(guests.len(), 2, "the first is lost with its answer");
    let user = client.current_user();
    let expected = (guests[1].as_str(), UserKind::Guest);
    assert_eq!((user.id(), user.kind()), expected);
    assert_eq!(world.coordinator.connections()[0].user_id, guests[1]);
    drop(client);
    nothing_is_left(&world).await;
}

/// Carries bytes both ways, and breaks instead of carrying the first token.
async fn carry(mut client: DuplexStream, mut server: DuplexStream, lose: Arc<AtomicBool>) {
    let (mut up, mut down) = (vec![0; 4096], vec![0; 4096]);
    loop {
        let carried = tokio::select! {
            n = client.read(&mut up) => {
                let n = n.unwrap_or(0);
                n > 0 && server.write_all(&up[..n]).await.is_ok()
            }
            n = server.read(&mut down) => {
                let n = n.unwrap_or(0);
                let token = down[..n].windows(12).any(|bytes| bytes == b"access_token");
                let is_first = token && lose.swap(false, Ordering::Relaxed);
                n > 0 && !is_first && client.write_all(&down[..n]).await.is_ok()
            }
        };
        if !carried {
            return;
        }
    }
}
