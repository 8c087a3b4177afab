//! How far away the edges are.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tracing::debug;
use video_core::is_loopback;
use video_core::model::Edge;
use video_transport::{HttpTransport, carry_subscriber};

/// How latencies are measured.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use video_client::{LatencySettings, StreamVideoOptions};
///
/// let settings = LatencySettings::default()
///     .measurement_rounds(5)
///     .measurement_timeout(Duration::from_secs(2));
/// let options = StreamVideoOptions::default().latency_settings(settings);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "settings do nothing until given to the options"]
pub struct LatencySettings {
    /// How often each edge is asked. 3.
    pub rounds: u8,
    /// How long all rounds may take together. 3 s.
    pub timeout: Duration,
}

impl Default for LatencySettings {
    fn default() -> Self {
        Self {
            rounds: 3,
            timeout: Duration::from_secs(3),
        }
    }
}

impl LatencySettings {
    /// Sets how often each edge is asked.
    pub fn measurement_rounds(mut self, rounds: u8) -> Self {
        self.rounds = rounds;
        self
    }

    /// Sets how long all rounds may take together. Each has an equal share of it, to which it
    /// adds what those before it have left.
    pub fn measurement_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// How far away an edge is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EdgeLatency {
    /// The edge.
    pub edge: Edge,
    /// How long each round took until the whole answer was there, or `None`, which is worse than
    /// any time, if there was none in time or it was no success.
    ///
    /// The first has the time of connecting in it.
    pub samples: Vec<Option<Duration>>,
}

impl EdgeLatency {
    /// The sample in the middle, the worse one if there are two. `None` if the edge did not
    /// answer more than half of the time.
    #[must_use]
    pub fn median(&self) -> Option<Duration> {
        let mut samples = self.samples.clone();
        samples.sort_by_key(|sample| sample.unwrap_or(Duration::MAX));
        samples.get(samples.len() / 2).copied().flatten()
    }

    /// The best sample, or `None` if the edge did not answer.
    #[must_use]
    pub fn best(&self) -> Option<Duration> {
        self.samples.iter().flatten().min().copied()
    }
}

/// Measures all edges, one round after the other.
///
/// Each round ends with its share of the time at the latest, so that one edge that does not answer
/// does not take their samples from the others. Nothing runs any more when this returns.
#[expect(
    clippy::disallowed_methods,
    reason = "measures, and shares out the time"
)]
pub(crate) async fn measure(
    http: &Arc<dyn HttpTransport>,
    edges: Vec<Edge>,
    settings: LatencySettings,
) -> Vec<EdgeLatency> {
    let rounds = settings.rounds;
    let start = Instant::now();
    let targets: Vec<_> = edges.iter().map(target).collect();
    let mut samples = vec![Vec::with_capacity(rounds.into()); edges.len()];
    for round in 1..=rounds {
        let share = settings.timeout.saturating_mul(round.into()) / u32::from(rounds);
        let left = share.saturating_sub(start.elapsed());
        let took = one_round(http, &targets, left).await;
        for (samples, took) in samples.iter_mut().zip(took) {
            samples.push(took);
        }
    }
    let measured = edges.into_iter().zip(samples);
    measured
        .map(|(edge, samples)| EdgeLatency { edge, samples })
        .collect()
}

/// The edge with the best median, the first one if there are two.
pub(crate) fn best_of(measured: &[EdgeLatency]) -> Option<&Edge> {
    let answered = measured
        .iter()
        .filter_map(|measured| Some((measured.median()?, &measured.edge)));
    answered
        .min_by_key(|(median, _)| *median)
        .map(|(_, edge)| edge)
}

/// How long each target took, if it answered within the limit.
async fn one_round(
    http: &Arc<dyn HttpTransport>,
    targets: &[Option<Uri>],
    limit: Duration,
) -> Vec<Option<Duration>> {
    let mut took = vec![None; targets.len()];
    let mut waiting = targets.iter().enumerate();
    let mut running = JoinSet::new();
    let all = async {
        loop {
            while running.len() < MAX_PARALLEL
                && let Some((index, target)) = waiting.next()
            {
                if let Some(url) = target.clone() {
                    let http = Arc::clone(http);
                    let asking = async move { (index, sample(&*http, url).await) };
                    running.spawn(carry_subscriber(asking));
                }
            }
            match running.join_next().await {
                // Only a transport of a test panics.
                Some(sampled) => {
                    if let Ok((index, sample)) = sampled
                        && let Some(slot) = took.get_mut(index)
                    {
                        *slot = sample;
                    }
                }
                None => return,
            }
        }
    };
    if timeout(limit, all).await.is_err() {
        debug!(unfinished = running.len(), "measuring is out of time");
    }
    running.shutdown().await;
    took
}

#[expect(clippy::disallowed_methods, reason = "measures")]
async fn sample(http: &dyn HttpTransport, url: Uri) -> Option<Duration> {
    // Just what HTTP needs: the token and the key are for the service alone.
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = url;
    let start = Instant::now();
    let exchanged = http.exchange(request).await;
    let took = start.elapsed();
    match exchanged {
        Ok(response) if response.status().is_success() => Some(took),
        Ok(response) => {
            debug!(status = %response.status(), "an edge does not answer with success");
            None
        }
        Err(error) => {
            debug!(%error, "an edge does not answer");
            None
        }
    }
}

/// The address to measure, if it may be asked: over TLS, or on this machine.
fn target(edge: &Edge) -> Option<Uri> {
    let url = edge.latency_test_url.parse::<Uri>().ok();
    let url = url.filter(|url| match url.scheme_str() {
        Some("https") => url.host().is_some_and(|host| !host.is_empty()),
        Some("http") => url.host().is_some_and(is_loopback),
        _ => false,
    });
    if url.is_none() {
        debug!(
            edge = edge.id,
            "the edge has no address that can be measured"
        );
    }
    url
}

/// How many edges are asked at the same time.
const MAX_PARALLEL: usize = 32;

#[cfg(test)]
mod tests;
