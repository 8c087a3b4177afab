//! The search for the location, in virtual time.
#![expect(clippy::disallowed_methods, reason = "tests measure virtual time")]

use std::collections::VecDeque;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderValue, Response, StatusCode};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};
use video_transport::test_util::http_fn;
use video_transport::{HttpError, HttpErrorKind};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// What the hint's host does with one request.
#[derive(Clone, Copy)]
enum Does {
    Answer(&'static str),
    AnswerAfter(Duration, &'static str),
    Refuse,
    SayNothing,
    Hang,
    Panic,
}

/// The host, its plan, and what it has seen. After its plan it hangs.
#[derive(Clone, Default)]
struct Host {
    plan: Arc<Mutex<VecDeque<Does>>>,
    asked: Arc<AtomicUsize>,
    live: Arc<AtomicUsize>,
}

/// A request that lives for as long as this.
struct Live(Arc<AtomicUsize>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Host {
    fn new(plan: impl IntoIterator<Item = Does>) -> Self {
        let plan: VecDeque<_> = plan.into_iter().collect();
        Self {
            plan: Arc::new(Mutex::new(plan)),
            ..Self::default()
        }
    }

    fn hint(&self) -> LocationHint {
        let host = self.clone();
        LocationHint::asked_by_default(Arc::new(http_fn(move |_| host.clone().exchange())))
    }

    async fn exchange(self) -> Result<Response<Bytes>, HttpError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.live.fetch_add(1, Ordering::Relaxed);
        let _live = Live(Arc::clone(&self.live));
        let does = self.plan.lock().unwrap().pop_front();
        let place = match does.unwrap_or(Does::Hang) {
            Does::Answer(place) => place,
            Does::AnswerAfter(delay, place) => {
                sleep(delay).await;
                place
            }
            Does::SayNothing => return Ok(Response::default()),
            Does::Refuse => return Err(HttpError::new(HttpErrorKind::Dial)),
            Does::Hang => pending().await,
            Does::Panic => panic!("the transport panics"),
        };
        let mut response = Response::default();
        // The hint is a matter of the header alone.
        *response.status_mut() = StatusCode::FORBIDDEN;
        let place = HeaderValue::from_static(place);
        response.headers_mut().insert(POINT_OF_PRESENCE, place);
        Ok(response)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }
}

#[test]
fn the_location_is_the_first_three_characters_of_the_point_of_presence() {
    let cases: [(&[u8], Option<&str>); 10] = [
        (b"FRA56-P3", Some("FRA")),
        (b"AMS", Some("AMS")),
        (b"gru1", Some("gru")),
        (b"A1B2", Some("A1B")),
        (b"", None),
        (b"AM", None),
        (b"A-S1", None),
        (b"AM 1", None),
        (b"A\"}1", None),
        ("ÄMS1".as_bytes(), None),
    ];
    for (place, expected) in cases {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(place).unwrap();
        headers.insert(POINT_OF_PRESENCE, value);
        assert_eq!(location(&headers).as_deref(), expected, "{place:?}");
    }
    assert_eq!(location(&HeaderMap::new()), None);
}

#[tokio::test(start_paused = true)]
async fn the_question_is_a_head_request_with_nothing_in_it() {
    let http = http_fn(|request| async move {
        assert_eq!(request.method(), Method::HEAD);
        assert_eq!(request.uri(), "https://hint.stream-io-video.com/");
        assert!(request.headers().is_empty() && request.body().is_empty());
        let mut response = Response::default();
        let place = HeaderValue::from_static("AMS1-P2");
        response.headers_mut().insert(POINT_OF_PRESENCE, place);
        Ok(response)
    });
    let hint = LocationHint::asked_by_default(Arc::new(http));
    assert_eq!(hint.get().await, "AMS");
}

#[tokio::test(start_paused = true)]
async fn three_failures_of_any_kind_are_enough() {
    let host = Host::new([Does::Refuse, Does::SayNothing, Does::Answer("-")]);
    let start = Instant::now();
    assert_eq!(host.hint().get().await, UNKNOWN_LOCATION);
    assert_eq!((host.asked(), start.elapsed()), (3, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn the_third_try_counts() {
    let host = Host::new([Does::Refuse, Does::SayNothing, Does::Answer("AMS1")]);
    assert_eq!(host.hint().get().await, "AMS");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_is_tried_three_times_for_two_seconds_and_waited_for_once() {
    let host = Host::new([]);
    let hint = host.hint();
    let start = Instant::now();
    assert_eq!(hint.get().await, UNKNOWN_LOCATION);
    assert_eq!(start.elapsed(), 2 * SECOND);
    for (tries, until) in [(2, 3990), (3, 4010), (3, 5990)] {
        sleep(Duration::from_millis(until).saturating_sub(start.elapsed())).await;
        assert_eq!((host.asked(), host.live()), (tries, 1), "after {until} ms");
    }
    sleep(20 * SECOND).await;
    assert_eq!((host.asked(), host.live()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_found_too_late_for_one_is_there_for_the_next() {
    let host = Host::new([Does::Hang, Does::AnswerAfter(SECOND, "AMS1")]);
    let hint = host.hint();
    assert_eq!(hint.get().await, UNKNOWN_LOCATION);
    let start = Instant::now();
    assert_eq!(hint.get().await, "AMS");
    assert_eq!((host.asked(), start.elapsed()), (2, SECOND));
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_it_is_fetched_ahead_waits_for_the_rest_alone() {
    let host = Host::new([Does::AnswerAfter(SECOND, "AMS1")]);
    let hint = host.hint();
    hint.prefetch();
    sleep(SECOND / 2).await;
    let start = Instant::now();
    assert_eq!(hint.get().await, "AMS");
    assert_eq!((host.asked(), start.elapsed()), (1, SECOND / 2));
}

#[tokio::test(start_paused = true)]
async fn fifty_at_once_ask_once() {
    let host = Host::new([Does::AnswerAfter(SECOND, "AMS1")]);
    let hint = Arc::new(host.hint());
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let hint = Arc::clone(&hint);
        callers.spawn(async move { hint.get().await });
    }
    assert_eq!(callers.join_all().await, vec!["AMS"; 50]);
    assert_eq!(host.asked(), 1);
    hint.prefetch();
    assert_eq!(hint.get().await, "AMS");
    assert_eq!(host.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_search_goes_on_without_who_began_it() {
    let host = Host::new([Does::AnswerAfter(SECOND, "AMS1")]);
    let hint = host.hint();
    let gave_up = timeout(SECOND / 2, hint.get()).await;
    assert!(gave_up.is_err());
    assert_eq!(hint.get().await, "AMS");
    assert_eq!(host.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_kept() {
    let host = Host::new([
        Does::Refuse,
        Does::Refuse,
        Does::Refuse,
        Does::Answer("AMS1"),
    ]);
    let hint = host.hint();
    assert_eq!(hint.get().await, UNKNOWN_LOCATION);
    assert_eq!(hint.get().await, "AMS");
    assert_eq!(host.asked(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_search_that_ended_without_a_word_is_begun_again() {
    let host = Host::new([Does::Panic, Does::Answer("AMS1")]);
    let hint = host.hint();
    assert_eq!(hint.get().await, UNKNOWN_LOCATION);
    yield_now().await;
    assert_eq!(hint.get().await, "AMS");
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_the_search_for_ever() {
    let host = Host::new([]);
    let hint = Arc::new(host.hint());
    let waiting = tokio::spawn({
        let hint = Arc::clone(&hint);
        async move { hint.get().await }
    });
    sleep(SECOND).await;
    let start = Instant::now();
    hint.stop().await;
    assert_eq!(host.live(), 0);
    assert_eq!(waiting.await.unwrap(), UNKNOWN_LOCATION);
    hint.prefetch();
    assert_eq!(hint.get().await, UNKNOWN_LOCATION);
    hint.stop().await;
    assert_eq!((host.asked(), start.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn the_search_ends_with_its_owner() {
    let host = Host::new([]);
    let hint = host.hint();
    hint.prefetch();
    sleep(SECOND).await;
    assert_eq!(host.live(), 1);
    drop(hint);
    yield_now().await;
    assert_eq!(host.live(), 0);
}

#[tokio::test]
async fn a_location_that_is_given_is_not_asked_for() {
    let hint = LocationHint::given("AMS".to_owned());
    hint.prefetch();
    assert_eq!(hint.get().await, "AMS");
}
