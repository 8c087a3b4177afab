//! Guests whose id and token are not of one person, or not of the one that was asked for last.

use tokio::time::{Duration, sleep, timeout};
use video_client::{ConnectErrorKind, ErrorKind};
use video_testkit::Fault;

use crate::ends::ends;
use crate::guest_answers::{guest, recovers, refused};
use crate::guests::{asked, sam, slow};
use crate::support::{SECOND, World};

#[tokio::test(start_paused = true)]
async fn a_guest_without_a_good_token_is_nobody() {
    for token in ["", "not.a-token", "a.b.c"] {
        let world = World::new();
        let client = sam(&world);
        let body = guest("guest-1-sam", token);
        let error = refused(&world, &client, Fault::status(201, body)).await;
        assert!(token.is_empty() || !format!("{error} {error:?}").contains(token));
        assert_eq!(asked(&world), 1, "{error:?}");
        recovers(&world, client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_of_somebody_else_makes_nobody_a_guest() {
    let world = World::new();
    let client = sam(&world);
    for other in ["sam", "john", "guest-2-sam"] {
        let body = guest("guest-1-sam", &world.coordinator.token(other));
        let error = refused(&world, &client, Fault::status(201, body)).await;
        let kind = error.connect_error().unwrap().kind().clone();
        assert!(matches!(kind, ConnectErrorKind::Token(_)), "{kind:?}");
        assert_eq!(client.current_user().id(), "sam");
    }
    recovers(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_connect_amid_the_change_does_not_bring_the_former_guest_back() {
    for wait in [0, 1, 10, 100, 500, 999, 1000, 1001] {
        let world = World::new();
        let client = sam(&world);
        client.connect().await.unwrap();
        let connect = async {
            sleep(Duration::from_millis(wait)).await;
            client.connect().await
        };
        slow(&world, SECOND);
        let (user, _) = tokio::join!(client.become_new_guest(), connect);
        let user = user.unwrap();
        assert_eq!(client.current_user().id(), user.id());
        sleep(20 * SECOND).await;
        for connection in world.coordinator.connections() {
            assert_eq!(connection.user_id, *user.id(), "after {wait} ms");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_of_two_changes_gives_a_guest_who_is_new_however_long_the_other_takes() {
    for (first, second) in [(0, 2), (2, 0), (2, 2)] {
        let world = World::new();
        let client = sam(&world);
        client.connect().await.unwrap();
        let former = client.current_user();
        slow(&world, first * SECOND);
        slow(&world, second * SECOND);
        let (one, two) = tokio::join!(client.become_new_guest(), client.become_new_guest());
        assert_ne!(one.unwrap().id(), former.id(), "{first} s, {second} s");
        assert_ne!(two.unwrap().id(), former.id(), "{first} s, {second} s");
        let token = client.token().await.unwrap();
        assert_eq!(token.user_id(), client.current_user().id());
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_becomes_another_after_the_end() {
    let world = World::new();
    let client = sam(&world);
    client.connect().await.unwrap();
    client.shutdown().await.unwrap();
    let user = timeout(20 * SECOND, client.become_new_guest())
        .await
        .unwrap();
    assert_eq!(user.unwrap_err().kind(), ErrorKind::Aborted);
    assert_eq!(asked(&world), 1);
    ends(&world, client).await;
}
