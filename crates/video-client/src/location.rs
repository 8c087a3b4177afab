//! Where the user is, as the network sees it.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tracing::debug;
use video_transport::{HttpTransport, carry_subscriber};

use crate::call::UNKNOWN_LOCATION;

/// Where the user is: given, or found out once and kept.
///
/// It is found out by asking a content delivery network which of its places answers. Nothing
/// fails if that is not to be had: the location is then [`UNKNOWN_LOCATION`].
#[derive(Debug)]
pub(crate) struct LocationHint {
    source: Source,
    slot: Mutex<Slot>,
}

#[derive(Debug)]
enum Source {
    Given(String),
    Asked {
        http: Arc<dyn HttpTransport>,
        url: Uri,
    },
}

#[derive(Debug)]
enum Slot {
    Empty,
    Asked(Asking),
    Stopped,
}

/// One round of tries, under way or over. Those who wait for it share it, and it goes on without
/// them.
#[derive(Debug)]
struct Asking {
    progress: watch::Receiver<Progress>,
    task: AbortOnDropHandle<()>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Progress {
    UnderWay,
    Failed,
    Found(String),
}

impl LocationHint {
    /// A location that the application knows. Nothing is asked.
    pub(crate) fn given(location: String) -> Self {
        Self::from(Source::Given(location))
    }

    /// A location to be found out by asking at `url`.
    pub(crate) fn asked(http: Arc<dyn HttpTransport>, url: Uri) -> Self {
        Self::from(Source::Asked { http, url })
    }

    /// A location to be found out where Stream's service answers.
    pub(crate) fn asked_by_default(http: Arc<dyn HttpTransport>) -> Self {
        Self::asked(http, Uri::from_static(DEFAULT_URL))
    }

    /// Begins to find out, without waiting. Needs a runtime.
    pub(crate) fn prefetch(&self) {
        self.begin();
    }

    /// The location. If it is not known yet it is found out, for which this waits at most
    /// [`PATIENCE`]; later it is for the next one.
    ///
    /// Cancel safe: what has begun goes on.
    pub(crate) async fn get(&self) -> String {
        if let Source::Given(location) = &self.source {
            return location.clone();
        }
        let found = async {
            let mut progress = self.begin()?;
            let over = progress
                .wait_for(|progress| *progress != Progress::UnderWay)
                .await
                .ok()?;
            match &*over {
                Progress::Found(location) => Some(location.clone()),
                Progress::UnderWay | Progress::Failed => None,
            }
        };
        let found = timeout(PATIENCE, found).await.ok().flatten();
        found.unwrap_or_else(|| UNKNOWN_LOCATION.to_owned())
    }

    /// Ends what is under way, for ever.
    pub(crate) async fn stop(&self) {
        let slot = mem::replace(&mut *self.slot(), Slot::Stopped);
        if let Slot::Asked(asking) = slot {
            asking.task.abort();
            // Aborted: what it was doing is of no interest any more.
            drop(asking.task.await);
        }
    }

    /// Joins the round that is under way or has found the location, else begins one.
    fn begin(&self) -> Option<watch::Receiver<Progress>> {
        let Source::Asked { http, url } = &self.source else {
            return None;
        };
        let mut slot = self.slot();
        match &*slot {
            Slot::Stopped => return None,
            Slot::Asked(asking) if asking.is_of_use() => return Some(asking.progress.clone()),
            Slot::Asked(_) | Slot::Empty => {}
        }
        let asking = Asking::start(Arc::clone(http), url.clone());
        let progress = asking.progress.clone();
        *slot = Slot::Asked(asking);
        Some(progress)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Source> for LocationHint {
    fn from(source: Source) -> Self {
        Self {
            source,
            slot: Mutex::new(Slot::Empty),
        }
    }
}

impl Asking {
    #[expect(
        clippy::disallowed_methods,
        reason = "asks for the location, owned by the client"
    )]
    fn start(http: Arc<dyn HttpTransport>, url: Uri) -> Self {
        let (sender, progress) = watch::channel(Progress::UnderWay);
        let task = tokio::spawn(carry_subscriber(async move {
            let found = ask(&*http, &url).await;
            // Nobody may be waiting.
            drop(sender.send(found.map_or(Progress::Failed, Progress::Found)));
        }));
        Self {
            progress,
            task: AbortOnDropHandle::new(task),
        }
    }

    /// Whether this has found the location or still may.
    fn is_of_use(&self) -> bool {
        match &*self.progress.borrow() {
            Progress::Found(_) => true,
            Progress::Failed => false,
            // It may have ended without a word, with the runtime that it was started on.
            Progress::UnderWay => !self.task.is_finished(),
        }
    }
}

/// Tries up to [`TRIES`] times, one right after the other.
async fn ask(http: &dyn HttpTransport, url: &Uri) -> Option<String> {
    for attempt in 0..TRIES {
        // Just what HTTP needs: the host belongs to somebody else.
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::HEAD;
        *request.uri_mut() = url.clone();
        match timeout(TRY_TIMEOUT, http.exchange(request)).await {
            // The status does not matter, the host has nothing to give but the header.
            Ok(Ok(response)) => {
                if let Some(location) = location(response.headers()) {
                    debug!(location, "found the location");
                    return Some(location);
                }
                debug!(attempt, "the answer holds no location");
            }
            Ok(Err(error)) => debug!(attempt, %error, "could not ask for the location"),
            Err(_) => debug!(attempt, "nobody tells the location in time"),
        }
    }
    None
}

/// The first three characters of the name of the place that answered, such as `FRA56-P3`.
fn location(headers: &HeaderMap) -> Option<String> {
    let place = headers.get(POINT_OF_PRESENCE)?.as_bytes();
    let code = str::from_utf8(place.get(..CODE_LEN)?).ok()?;
    let is_code = code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then(|| code.to_owned())
}

const DEFAULT_URL: &str = "https://hint.stream-io-video.com";

/// Protocol: names the place of the content delivery network that answered.
const POINT_OF_PRESENCE: &str = "x-amz-cf-pop";
const CODE_LEN: usize = 3;

const TRIES: u32 = 3;
const TRY_TIMEOUT: Duration = Duration::from_secs(2);

/// How long somebody waits for the location. Shorter than all tries together, so that a host that
/// does not answer costs a join no more than one of them.
const PATIENCE: Duration = TRY_TIMEOUT;

#[cfg(test)]
mod tests;
