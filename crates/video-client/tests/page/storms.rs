//! Wishes that change faster than a manager of pushes, or the client, can follow.

use tokio::time::{Duration, sleep, timeout};
use video_client::Lifecycle;

use crate::ends::{ends, nothing_is_left};
use crate::pushes::{client, devices};
use crate::support::{SECOND, World};

#[tokio::test(start_paused = true)]
async fn a_second_connect_does_not_begin_the_registration_again() {
    let world = World::new();
    let (client, diary) = client(&world);
    diary.slow(5 * SECOND, Duration::ZERO);
    client.connect().await.unwrap();
    sleep(SECOND).await;
    client.connect().await.unwrap();
    sleep(20 * SECOND).await;
    assert_eq!(diary.lines(), ["register"]);
    assert_eq!(devices(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_wishes_never_registers_twice_and_ends_as_the_last_has_it() {
    for seed in 0..40_u64 {
        let world = World::new();
        let (client, diary) = client(&world);
        let mut dice = seed;
        let mut roll = move |sides: u64| {
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(99);
            (dice >> 33) % sides
        };
        for _ in 0..25 {
            let slow = |n: u64| Duration::from_millis(n * 40);
            diary.slow(slow(roll(4)), slow(roll(4)));
            let wait = Duration::from_millis(roll(5) * 20);
            match roll(5) {
                0 | 1 => drop(timeout(wait, client.connect().into_future()).await),
                2 | 3 => drop(timeout(wait, client.disconnect()).await),
                _ => {
                    client.set_lifecycle(Lifecycle::Background).await;
                    client.set_lifecycle(Lifecycle::Foreground).await;
                }
            }
        }
        let connected = seed % 2 == 0;
        if connected {
            client.connect().await.unwrap();
        } else {
            client.disconnect().await;
        }
        sleep(20 * SECOND).await;
        diary.registrations();
        assert_eq!(devices(&world), usize::from(connected), "seed {seed}");
        ends(&world, client).await;
        assert_eq!(diary.lines().last(), Some(&"dispose"));
        diary.registrations();
    }
}

#[tokio::test(start_paused = true)]
async fn after_its_shutdown_nothing_runs_for_a_client_that_is_still_held() {
    let world = World::new();
    let client = world.connected("john").await;
    client.edges().await.unwrap();
    client.shutdown().await.unwrap();
    nothing_is_left(&world).await;
    drop(client);
}
