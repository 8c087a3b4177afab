//! What is repeated by itself, how often and after which pauses, and what never is.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use video_client::test_util::dialer_fn;
use video_client::{Call, Error, ErrorKind, RetryPolicy, StreamVideo};
use video_testkit::Fault;

use crate::support::{SECOND, World};

const CALL: &str = "/video/call/default/standup";

type Asked = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

type Ask = fn(Call, bool) -> Asked;

/// What rings or notifies, if it is told to.
const LOUD: [(&str, Ask); 4] = [
    ("a ring", |call, loud| {
        Box::pin(async move { call.get_or_create().ring(loud).await.map(drop) })
    }),
    ("a notification", |call, loud| {
        Box::pin(async move { call.get_or_create().notify(loud).await.map(drop) })
    }),
    ("a ring with a join", |call, loud| {
        let join = call.join_credentials().create(true).location("AMS");
        Box::pin(async move { join.ring(loud).await.map(drop) })
    }),
    ("a notification with a join", |call, loud| {
        let join = call.join_credentials().create(true).location("AMS");
        Box::pin(async move { join.notify(loud).await.map(drop) })
    }),
];

/// How often a request of `client` reaches a service that fails so each time.
async fn attempts(world: &World, fault: Fault, asked: Asked) -> usize {
    let faults = world.coordinator.faults();
    faults.rest_where("POST", |_| true, fault).times(9);
    asked.await.unwrap_err();
    let left = faults.pending();
    faults.clear();
    9 - left
}

/// Promise: T16, CK057
#[tokio::test(start_paused = true)]
async fn what_rings_notifies_or_sends_an_event_is_sent_once_and_the_same_without_that_again() {
    for (fault, repeated) in [
        (Fault::Stall, 2),
        (Fault::Drop, 5),
        (Fault::status(500, ""), 5),
    ] {
        for (name, ask) in LOUD {
            let world = World::new();
            let client = world.connected("john").await;
            let call = || client.call("default", "standup");
            let loud = attempts(&world, fault.clone(), ask(call(), true)).await;
            assert_eq!(loud, 1, "{name}, {fault:?}");
            let quiet = attempts(&world, fault.clone(), ask(call(), false)).await;
            assert_eq!(quiet, repeated, "not {name}, {fault:?}");
        }
        let world = World::new();
        let client = world.connected("john").await;
        let call = client.call("default", "standup");
        let event = async move { call.send_custom_event(&json!({})).await };
        assert_eq!(attempts(&world, fault, Box::pin(event)).await, 1);
    }
}

/// Gets a call that fails so at first. Tells how that went, how often it was asked for, and how
/// long it took.
async fn got(world: &World, faults: &[Fault]) -> (bool, usize, Duration) {
    let client = world.client("john");
    let call = client.call("default", "standup");
    call.get_or_create().watch(false).await.unwrap();
    let journal = world.coordinator.journal();
    journal.clear();
    for fault in faults {
        world.coordinator.faults().rest("GET", CALL, fault.clone());
    }
    let start = Instant::now();
    let got = call.get().watch(false).await;
    let asked = journal.count(|entry| entry.is_rest("GET", CALL));
    (got.is_ok(), asked, start.elapsed())
}

/// Promise: CK054, CK055
#[tokio::test(start_paused = true)]
async fn the_status_of_an_answer_decides_whether_and_when_a_request_is_repeated() {
    for status in [500, 408] {
        let trouble = Fault::status(status, "");
        let (succeeded, asked, took) = got(&World::new(), &vec![trouble.clone(); 4]).await;
        assert!(succeeded, "{status}");
        assert_eq!(asked, 5, "{status}");
        // 200, 400, 600 and 800 ms, and to each up to half a second.
        assert!(took >= 2 * SECOND && took <= 4 * SECOND, "{took:?}");
        let (succeeded, asked, _) = got(&World::new(), &vec![trouble; 5]).await;
        assert!(!succeeded, "{status}");
        assert_eq!(asked, 5, "{status}");
    }
    for status in [403, 404] {
        let refusal = Fault::status(status, "");
        let (succeeded, asked, took) = got(&World::new(), &[refusal]).await;
        assert_eq!((succeeded, asked), (false, 1), "{status}");
        assert_eq!(took, Duration::ZERO);
    }
    let busy = Fault::status(429, "").retry_after("3");
    let (succeeded, asked, took) = got(&World::new(), &[busy]).await;
    assert_eq!((succeeded, asked, took), (true, 2, 3 * SECOND));
}

/// A client whose first dials fail so, and the count of its dials.
fn unreachable(
    world: &World,
    kind: io::ErrorKind,
    times: usize,
) -> (StreamVideo, Arc<AtomicUsize>) {
    let dials = Arc::new(AtomicUsize::new(0));
    let (coordinator, counter) = (world.coordinator.clone(), Arc::clone(&dials));
    let options = world.options().dialer(dialer_fn(move |_target| {
        let fails = counter.fetch_add(1, Ordering::Relaxed) < times;
        let io = (!fails).then(|| coordinator.connect());
        async move { io.ok_or_else(|| kind.into()) }
    }));
    let token = world.coordinator.token("john");
    let builder = world.builder("john").user_token(token);
    (builder.options(options).build().unwrap(), dials)
}

/// Promise: CK056
#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_be_reached_is_a_failure_of_the_network_and_dialled_again() {
    for kind in [
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::HostUnreachable,
    ] {
        let world = World::new();
        // Nothing was sent, so that even a ring is repeated.
        let (client, dials) = unreachable(&world, kind, 4);
        let call = client.call("default", "standup");
        call.get_or_create().ring(true).watch(false).await.unwrap();
        assert_eq!(dials.load(Ordering::Relaxed), 5);

        let (client, dials) = unreachable(&world, kind, usize::MAX);
        let call = client.call("default", "standup");
        let error = call.get().watch(false).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network);
        assert!(error.api().is_none());
        assert!(!error.may_have_been_executed());
        assert_eq!(dials.load(Ordering::Relaxed), 5);
    }
}

/// Promise: W27
#[tokio::test(start_paused = true)]
async fn a_connection_that_the_service_does_not_know_is_read_again_once() {
    for (times, succeeds) in [(1, true), (9, false)] {
        let world = World::new();
        let client = world.connected("john").await;
        let unknown = Fault::ApiError(46);
        world
            .coordinator
            .faults()
            .rest("POST", CALL, unknown)
            .times(times);
        let got = client.call("default", "standup").get_or_create().await;
        assert_eq!(got.is_ok(), succeeds, "{times}");
        let entries = world.coordinator.journal().entries();
        let calls = entries.iter().filter_map(|record| record.entry.as_rest());
        let asked: Vec<_> = calls.filter(|call| call.path == CALL).collect();
        assert_eq!(asked.len(), 2, "{times}");
        assert_eq!(asked[0].request_id, asked[1].request_id);
        assert!(asked.iter().all(|call| call.connection_id.is_some()));
    }
}

/// Three attempts, a second and two apart.
#[derive(Debug)]
struct Unhurried;

impl RetryPolicy for Unhurried {
    fn max_attempts(&self) -> u32 {
        3
    }

    fn backoff(&self, attempt: u32, _jitter: f64) -> Duration {
        SECOND * attempt
    }
}

/// Lets the service fail whenever it is asked for the call.
fn break_reads(world: &World) {
    let faults = world.coordinator.faults();
    faults.rest("GET", CALL, Fault::status(500, "")).forever();
}

/// Promise: CK060
#[tokio::test(start_paused = true)]
async fn a_policy_of_one_s_own_replaces_number_and_pauses_of_the_attempts() {
    let world = World::new();
    let options = world.options().retry_policy(Unhurried);
    let token = world.coordinator.token("john");
    let builder = world.builder("john").user_token(token);
    let client = builder.options(options).build().unwrap();
    break_reads(&world);
    let start = Instant::now();
    let call = client.call("default", "standup");
    call.get().watch(false).await.unwrap_err();
    assert_eq!(start.elapsed(), 3 * SECOND);
    let journal = world.coordinator.journal();
    assert_eq!(journal.count(|entry| entry.is_rest("GET", CALL)), 3);
}

/// Promise: RM16
#[tokio::test(start_paused = true)]
async fn while_the_service_fails_retries_become_a_fifth_of_the_requests_and_no_more() {
    let world = World::new();
    let client = world.client("john");
    break_reads(&world);
    let call = client.call("default", "standup");
    let mut attempts = Vec::new();
    for _ in 0..200 {
        let journal = world.coordinator.journal();
        journal.clear();
        call.get().watch(false).await.unwrap_err();
        attempts.push(journal.count(|entry| entry.is_rest("GET", CALL)));
    }
    // At first each request has all its attempts, then the budget is empty.
    assert_eq!(attempts[..5], [5; 5]);
    let later = &attempts[100..];
    assert_eq!(later.iter().filter(|attempts| **attempts == 1).count(), 80);
    assert_eq!(later.iter().filter(|attempts| **attempts == 2).count(), 20);

    // What succeeds pays in as well.
    world.coordinator.faults().clear();
    call.get_or_create().watch(false).await.unwrap();
    for _ in 0..20 {
        call.get().watch(false).await.unwrap();
    }
    let broken = Fault::status(500, "");
    world
        .coordinator
        .faults()
        .rest("GET", CALL, broken)
        .times(4);
    call.get().watch(false).await.unwrap();
}
