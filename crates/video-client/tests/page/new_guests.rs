//! Guests who become another, in the midst of everything.

use tokio::time::{sleep, timeout};
use video_client::{ApiCode, ConnectErrorKind, ErrorKind, TokenErrorKind};
use video_testkit::Fault;

use crate::ends::ends;
use crate::guests::{GUEST, asked, sam, slow};
use crate::support::{SECOND, World, begin, until};

#[tokio::test(start_paused = true)]
async fn who_becomes_another_while_requests_are_under_way_hangs_none_of_them() {
    let world = World::new();
    let client = sam(&world);
    client.connect().await.unwrap();
    let faults = world.coordinator.faults();
    let path = "/video/call/default/a";
    faults.rest("POST", path, Fault::Delay(2 * SECOND));
    let call = client.call("default", "a");
    let mut early = call.get_or_create().watch(false).into_future();
    begin(early.as_mut());
    sleep(SECOND).await;
    let user = client.become_new_guest().await.unwrap();
    let early = timeout(10 * SECOND, early).await.unwrap().unwrap();
    let guests = world.coordinator.guests();
    assert_eq!(guests.len(), 2);
    assert_eq!(early.call.created_by.unwrap().id, guests[0]);
    assert_eq!(user.id(), guests[1].as_str());
    let late = client.call("default", "b").get_or_create().watch(false);
    assert_eq!(late.await.unwrap().call.created_by.unwrap().id, guests[1]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_refused_after_the_change_costs_no_third_guest() {
    let world = World::new();
    let client = sam(&world);
    client.connect().await.unwrap();
    let faults = world.coordinator.faults();
    faults.rest("POST", "/video/call/default/a", Fault::Delay(2 * SECOND));
    let mut early = client
        .call("default", "a")
        .get_or_create()
        .watch(false)
        .into_future();
    begin(early.as_mut());
    sleep(SECOND).await;
    let old = client.current_user();
    world.coordinator.expire_tokens(old.id());
    client.become_new_guest().await.unwrap();
    let early = timeout(20 * SECOND, early).await.unwrap();
    if let Err(error) = &early {
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
    }
    assert_eq!(world.coordinator.guests().len(), 2);
    assert_eq!(asked(&world), 2);
    assert_eq!(
        client.token().await.unwrap().user_id(),
        &world.coordinator.guests()[1]
    );
}

#[tokio::test(start_paused = true)]
async fn two_who_want_another_guest_at_once_agree_on_who_it_is() {
    let world = World::new();
    let client = sam(&world);
    client.connect().await.unwrap();
    let (one, two) = tokio::join!(client.become_new_guest(), client.become_new_guest());
    let guests = world.coordinator.guests();
    let ids: Vec<_> = guests.iter().map(video_client::UserId::as_str).collect();
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(ids[1..].contains(&one.id()) && ids[1..].contains(&two.id()));
    assert!(ids.len() <= 3, "{ids:?}");
    let last = *ids.last().unwrap();
    assert_eq!(client.current_user().id(), last);
    assert_eq!(client.token().await.unwrap().user_id(), last);
    client.connect().await.unwrap();
    assert_eq!(client.own_user().borrow().as_ref().unwrap().id, last);
    assert_eq!(world.coordinator.connections()[0].user_id, last);
    assert_eq!(world.coordinator.guests().len(), ids.len());
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_cancelled_is_made_by_the_next_wish() {
    let world = World::new();
    let client = sam(&world);
    client.connect().await.unwrap();
    slow(&world, 2 * SECOND);
    timeout(SECOND, client.become_new_guest())
        .await
        .unwrap_err();
    client.connect().await.unwrap();
    let guests = world.coordinator.guests();
    assert_eq!(guests.len(), 2);
    assert_eq!(client.current_user().id(), guests[1].as_str());
    assert_eq!(asked(&world), 2);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_fails_leaves_no_way_back_and_one_forward() {
    let world = World::new();
    let client = sam(&world);
    client.connect().await.unwrap();
    let faults = world.coordinator.faults();
    faults.rest("POST", GUEST, Fault::ApiError(17));
    let error = client.become_new_guest().await.unwrap_err();
    assert_eq!(error.api().unwrap().code, Some(ApiCode::NOT_ALLOWED));
    assert!(world.coordinator.connections().is_empty());
    client.connect().await.unwrap();
    let guests = world.coordinator.guests();
    assert_eq!(guests.len(), 2);
    assert_eq!(client.current_user().id(), guests[1].as_str());
}

#[tokio::test(start_paused = true)]
async fn a_guest_who_is_not_yet_one_becomes_one() {
    let world = World::new();
    let client = sam(&world);
    let user = client.become_new_guest().await.unwrap();
    assert_eq!(user.id(), world.guest().as_str());
    assert_eq!(asked(&world), 1);
    assert_eq!(world.sockets(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_becomes_another_while_connecting_is_not_connected_as_the_former() {
    let world = World::new();
    slow(&world, 2 * SECOND);
    let client = sam(&world);
    let mut connect = client.connect().into_future();
    begin(connect.as_mut());
    sleep(SECOND).await;
    let user = client.become_new_guest().await.unwrap();
    let connect = timeout(20 * SECOND, connect).await.unwrap();
    assert_eq!(connect.unwrap_err().kind(), ErrorKind::Aborted);
    sleep(10 * SECOND).await;
    assert!(world.coordinator.connections().is_empty());
    client.connect().await.unwrap();
    assert_eq!(client.current_user().id(), user.id());
    assert_eq!(world.coordinator.connections()[0].user_id, *user.id());
    ends(&world, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_guest_who_has_expired_goes_on_as_another_who_watches_what_they_watched() {
    let world = World::new();
    let client = sam(&world);
    client.connect().await.unwrap();
    let call = client.call("default", "a");
    call.get_or_create().await.unwrap();
    let first = client.current_user();
    world.coordinator.expire_tokens(first.id());
    until(&client, |state| {
        state.error().is_some() && !state.is_connected()
    })
    .await;
    sleep(60 * SECOND).await;
    assert_eq!(client.current_user().id(), first.id());
    let error = client.connect().await.unwrap_err();
    let kind = error.connect_error().unwrap().kind().clone();
    let expired = |kind: &ConnectErrorKind| match kind {
        ConnectErrorKind::Token(TokenErrorKind::GuestExpired) => true,
        ConnectErrorKind::TokenRejected { refresh, .. } => {
            *refresh == Some(TokenErrorKind::GuestExpired)
        }
        _ => false,
    };
    assert!(expired(&kind), "{kind:?}");
    assert_eq!(asked(&world), 1);
    let second = client.become_new_guest().await.unwrap();
    assert_eq!(*client.own_user().borrow(), None);
    client.connect().await.unwrap();
    assert_ne!(first.id(), second.id());
    assert_eq!(client.own_user().borrow().as_ref().unwrap().id, second.id());
    assert_eq!(asked(&world), 2);
}

#[tokio::test(start_paused = true)]
async fn a_guest_whom_the_network_denied_may_come_later() {
    let world = World::new();
    let client = sam(&world);
    let faults = world.coordinator.faults();
    for fault in [Fault::Drop, Fault::status(500, "oops"), Fault::Stall] {
        faults.rest("POST", GUEST, fault.clone());
        let error = client.token().await.unwrap_err();
        assert!(error.is_retryable(), "{fault:?}: {error:?}");
    }
    client.token().await.unwrap();
    assert_eq!(client.current_user().id(), world.guest().as_str());
}
