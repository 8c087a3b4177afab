//! Measuring, in virtual time.
#![expect(clippy::disallowed_methods, reason = "tests measure virtual time")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Response, StatusCode};
use serde_json::json;
use tokio::time::sleep;
use video_transport::test_util::http_fn;
use video_transport::{HttpError, HttpErrorKind};

use super::*;

const MS: Duration = Duration::from_millis(1);
const FOR_EVER: Duration = Duration::from_secs(1 << 32);

/// What is asked for, how often at once, and at once right now.
#[derive(Clone, Default)]
struct Seen {
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
    live: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

struct Live(Arc<AtomicUsize>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Seen {
    /// A world in which the answer of a host comes after what `delay` says, for the host and how
    /// often it was asked before.
    fn world(&self, delay: impl Fn(&str, usize) -> Duration + Send + Sync + 'static) -> Http {
        let (seen, delay) = (self.clone(), Arc::new(delay));
        Arc::new(http_fn(move |request| {
            let (seen, delay) = (seen.clone(), Arc::clone(&delay));
            async move {
                assert_eq!(request.method(), http::Method::GET);
                assert!(request.headers().is_empty() && request.body().is_empty());
                let host = request.uri().host().unwrap_or_default().to_owned();
                let count = {
                    let mut asked = seen.asked.lock().unwrap();
                    let count = asked.entry(host.clone()).or_default();
                    *count += 1;
                    *count - 1
                };
                let live = seen.live.fetch_add(1, Ordering::Relaxed) + 1;
                seen.most.fetch_max(live, Ordering::Relaxed);
                let _live = Live(Arc::clone(&seen.live));
                sleep(delay(&host, count)).await;
                let mut response = Response::default();
                match host.as_str() {
                    "broken" => return Err(HttpError::new(HttpErrorKind::Exchange)),
                    "refuses" => *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE,
                    _ => {}
                }
                Ok(response)
            }
        }))
    }

    fn asked(&self, host: &str) -> usize {
        self.asked.lock().unwrap().get(host).copied().unwrap_or(0)
    }

    fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }
}

type Http = Arc<dyn HttpTransport>;

fn edge(id: &str, url: &str) -> Edge {
    serde_json::from_value(json!({ "id": id, "latency_test_url": url })).unwrap()
}

/// Edges that are hosts.
fn edges(hosts: &[&str]) -> Vec<Edge> {
    let of = |host: &&str| edge(host, &format!("https://{host}/ping?x=1"));
    hosts.iter().map(of).collect()
}

fn latency(samples: &[Option<u64>]) -> EdgeLatency {
    EdgeLatency {
        edge: edge("a", ""),
        samples: samples
            .iter()
            .map(|ms| ms.map(Duration::from_millis))
            .collect(),
    }
}

#[test]
fn the_median_takes_what_is_missing_for_the_worst() {
    let cases: [(&[_], _, _); 8] = [
        (&[Some(30), Some(10), Some(20)], Some(20), Some(10)),
        (&[Some(30), None, Some(20)], Some(30), Some(20)),
        (&[None, Some(30), None], None, Some(30)),
        (&[Some(10), Some(20)], Some(20), Some(10)),
        (&[Some(10), None], None, Some(10)),
        (&[Some(10)], Some(10), Some(10)),
        (&[None, None, None], None, None),
        (&[], None, None),
    ];
    for (samples, median, best) in cases {
        let measured = latency(samples);
        let ms = |ms: u64| Duration::from_millis(ms);
        assert_eq!(measured.median(), median.map(ms), "{samples:?}");
        assert_eq!(measured.best(), best.map(ms), "{samples:?}");
    }
}

#[test]
fn the_best_edge_has_the_best_median_and_not_the_best_sample() {
    let mut measured = [
        latency(&[None, None, None]),
        latency(&[Some(1), Some(50), Some(60)]),
        latency(&[Some(20), Some(20), None]),
        latency(&[Some(20), Some(20), Some(20)]),
    ];
    for (index, measured) in measured.iter_mut().enumerate() {
        measured.edge.id = index.to_string();
    }
    assert_eq!(best_of(&measured).unwrap().id, "2");
    assert_eq!(best_of(&measured[..2]).unwrap().id, "1");
    assert_eq!(best_of(&measured[..1]), None);
    assert_eq!(best_of(&[]), None);
}

#[tokio::test(start_paused = true)]
async fn rounds_follow_each_other_and_edges_are_asked_side_by_side() {
    let seen = Seen::default();
    let http = seen.world(|host, count| match host {
        "near" => 10 * MS,
        _ => 100 * MS + 10 * MS * u32::try_from(count).unwrap(),
    });
    let start = Instant::now();
    let settings = LatencySettings::default();
    let measured = measure(&http, edges(&["far", "near"]), settings).await;
    assert_eq!(start.elapsed(), 330 * MS);
    let ids: Vec<_> = measured.iter().map(|measured| &*measured.edge.id).collect();
    assert_eq!(ids, ["far", "near"]);
    let far = [Some(100 * MS), Some(110 * MS), Some(120 * MS)];
    assert_eq!(measured[0].samples, far);
    assert_eq!(measured[1].samples, [Some(10 * MS); 3]);
    assert_eq!((seen.asked("far"), seen.asked("near")), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn an_edge_that_fails_has_no_sample() {
    let seen = Seen::default();
    let http = seen.world(|_, _| 10 * MS);
    let mut all = edges(&["broken", "refuses", "fine"]);
    for url in [
        "",
        "/ping",
        "ftp://fine/",
        "https:///ping",
        "http://fine/",
        "http://10.0.0.1/",
    ] {
        all.push(edge("odd", url));
    }
    all.push(edge("here", "http://127.0.0.1:9/ping"));
    let measured = measure(&http, all, LatencySettings::default()).await;
    for measured in measured {
        let expected = match measured.edge.id.as_str() {
            "fine" | "here" => Some(10 * MS),
            _ => None,
        };
        assert_eq!(measured.samples, [expected; 3], "{:?}", measured.edge);
    }
    assert_eq!((seen.asked("broken"), seen.asked("refuses")), (3, 3));
    assert_eq!((seen.asked("fine"), seen.asked("10.0.0.1")), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_finished_in_its_round_is_dropped_and_takes_nothing_from_the_others() {
    let seen = Seen::default();
    let http = seen.world(|host, count| match (host, count) {
        ("hangs", _) | ("stumbles", 0) => FOR_EVER,
        _ => 10 * MS,
    });
    let start = Instant::now();
    let all = edges(&["hangs", "stumbles", "fine"]);
    let measured = measure(&http, all, LatencySettings::default()).await;
    assert_eq!(start.elapsed(), 3000 * MS);
    assert_eq!(seen.live(), 0, "something still runs");
    let fine = Some(10 * MS);
    assert_eq!(measured[0].samples, [None; 3]);
    assert_eq!(measured[1].samples, [None, fine, fine]);
    assert_eq!(measured[2].samples, [fine; 3]);
    assert_eq!((seen.asked("hangs"), seen.asked("fine")), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_round_has_its_share_and_what_was_left_before() {
    let seen = Seen::default();
    let http = seen.world(|_, count| if count == 0 { 10 * MS } else { 1500 * MS });
    let start = Instant::now();
    let measured = measure(&http, edges(&["a"]), LatencySettings::default()).await;
    let slow = Some(1500 * MS);
    // The second ends at 1.51 s, and of the third 3 s are the end.
    assert_eq!(measured[0].samples, [Some(10 * MS), slow, None]);
    assert_eq!((seen.asked("a"), start.elapsed()), (3, 3000 * MS));
}

#[tokio::test(start_paused = true)]
async fn any_settings_can_be_followed() {
    let of = |rounds, timeout| {
        let settings = LatencySettings::default().measurement_rounds(rounds);
        settings.measurement_timeout(timeout)
    };
    let cases = [
        (of(0, 3000 * MS), 0, 0),
        (of(1, 3000 * MS), 1, 1),
        (of(7, 100 * MS), 7, 7),
        (of(255, Duration::MAX), 255, 255),
        (of(2, Duration::ZERO), 2, 0),
        (of(2, 15 * MS), 2, 0),
    ];
    for (settings, samples, answered) in cases {
        let seen = Seen::default();
        let http = seen.world(|_, _| 10 * MS);
        let measured = measure(&http, edges(&["a"]), settings).await;
        let took = &measured[0].samples;
        assert_eq!(took.len(), samples, "{settings:?}");
        assert_eq!(took.iter().flatten().count(), answered, "{settings:?}");
        assert_eq!(seen.live(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn many_edges_are_asked_a_bounded_number_at_a_time() {
    let seen = Seen::default();
    let http = seen.world(|_, _| 10 * MS);
    let all = vec![edge("a", "https://a/"); 100];
    let settings = LatencySettings::default().measurement_rounds(1);
    let measured = measure(&http, all, settings).await;
    assert!(
        measured
            .iter()
            .all(|measured| measured.samples == [Some(10 * MS)])
    );
    assert_eq!(seen.most.load(Ordering::Relaxed), MAX_PARALLEL);
}

#[tokio::test(start_paused = true)]
async fn giving_up_drops_the_requests() {
    let seen = Seen::default();
    let http = seen.world(|_, _| FOR_EVER);
    let measuring = measure(&http, edges(&["a", "b"]), LatencySettings::default());
    assert!(timeout(500 * MS, measuring).await.is_err());
    tokio::task::yield_now().await;
    assert_eq!((seen.asked("a"), seen.live()), (1, 0));
}
