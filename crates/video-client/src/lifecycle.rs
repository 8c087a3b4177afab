//! Foreground and background: closes the connection that nobody needs, and mutes what should not
//! be seen or heard.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;
use video_core::CallCid;
use video_transport::{EventChannel, carry_subscriber};

use crate::guarded::guarded;

/// Whether the user sees the program. Told to [`StreamVideo::set_lifecycle`].
///
/// [`StreamVideo::set_lifecycle`]: crate::StreamVideo::set_lifecycle
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lifecycle {
    /// The user sees the program.
    #[default]
    Foreground,
    /// The program is out of sight.
    Background,
}

/// A source of media in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaSource {
    /// The camera.
    Camera,
    /// The microphone.
    Microphone,
}

/// What a media engine lets the client do with the media of a call that is going on.
///
/// A call of it that takes longer than 5 s is given up, and one that panics has failed.
#[async_trait]
pub trait ActiveCallMedia: Send + Sync + 'static {
    /// Whether the source is on.
    async fn is_on(&self, source: MediaSource) -> bool;

    /// Turns the source on or off.
    ///
    /// # Errors
    ///
    /// Whatever went wrong. It is logged, and what could not be turned off is not turned on later.
    async fn turn(&self, source: MediaSource, on: bool) -> Result<(), MediaError>;
}

/// What an [`ActiveCallMedia`] may fail with.
pub type MediaError = Box<dyn std::error::Error + Send + Sync>;

/// What happens in the background.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BackgroundPolicy {
    pub(crate) keep_connection: bool,
    pub(crate) mute_camera: bool,
    pub(crate) mute_microphone: bool,
}

impl BackgroundPolicy {
    fn mutes(self) -> impl Iterator<Item = MediaSource> {
        let camera = self.mute_camera.then_some(MediaSource::Camera);
        let microphone = self.mute_microphone.then_some(MediaSource::Microphone);
        camera.into_iter().chain(microphone)
    }
}

/// A call that is going on, for as long as this lives and the client is not told to disconnect. It
/// keeps the connection open in the background.
#[must_use = "the call is active only for as long as this lives"]
pub struct ActiveCall {
    entry: Entry,
    wishes: Arc<watch::Sender<Wish>>,
}

impl ActiveCall {
    /// The call.
    #[must_use]
    pub fn cid(&self) -> &CallCid {
        &self.entry.cid
    }
}

impl Drop for ActiveCall {
    fn drop(&mut self) {
        self.wishes
            .send_modify(|wish| wish.calls.retain(|entry| !entry.is(&self.entry)));
    }
}

/// One call that is going on.
#[derive(Clone)]
struct Entry {
    cid: CallCid,
    media: Arc<dyn ActiveCallMedia>,
}

impl Entry {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.media, &other.media)
    }
}

#[derive(Clone, Default)]
struct Wish {
    lifecycle: Lifecycle,
    /// Whether the application wants a pause, whatever the lifecycle.
    paused: bool,
    calls: Vec<Entry>,
    /// Counts what was told.
    revision: u64,
}

impl Wish {
    fn pauses(&self, policy: BackgroundPolicy) -> bool {
        let in_background = self.lifecycle == Lifecycle::Background;
        self.paused || (in_background && self.calls.is_empty() && !policy.keep_connection)
    }
}

/// Keeps the connection and the media as the lifecycle wants them.
pub(crate) struct LifecycleKeeper {
    events: Arc<dyn EventChannel>,
    policy: BackgroundPolicy,
    wishes: Arc<watch::Sender<Wish>>,
    task: Mutex<Task>,
}

enum Task {
    NotNeeded,
    Running {
        fulfilled: watch::Receiver<u64>,
        task: AbortOnDropHandle<()>,
    },
    Stopped,
}

impl LifecycleKeeper {
    pub(crate) fn new(events: Arc<dyn EventChannel>, policy: BackgroundPolicy) -> Self {
        Self {
            events,
            policy,
            wishes: Arc::new(watch::Sender::new(Wish::default())),
            task: Mutex::new(Task::NotNeeded),
        }
    }

    /// Tells the lifecycle, and waits until everything is as it wants.
    pub(crate) async fn set(&self, lifecycle: Lifecycle) {
        let told = self.tell(|wish| wish.lifecycle = lifecycle);
        self.fulfilled(told).await;
    }

    /// Tells that the application wants a pause, and waits until there is one.
    pub(crate) async fn pause(&self) {
        let told = self.tell(|wish| wish.paused = true);
        self.fulfilled(told).await;
    }

    /// Tells that the application wants no pause any more, and waits until the connection is told,
    /// unless the background wants the pause to last.
    pub(crate) async fn resume(&self) {
        let told = self.tell(|wish| wish.paused = false);
        let lasts = self.wishes.borrow().pauses(self.policy);
        if !lasts {
            self.fulfilled(told).await;
        }
    }

    /// Tells the task, which is started if need be, and gives the number of what was told.
    fn tell(&self, change: impl FnOnce(&mut Wish)) -> u64 {
        let mut revision = 0;
        self.wishes.send_modify(|wish| {
            change(wish);
            wish.revision += 1;
            revision = wish.revision;
        });
        self.start();
        revision
    }

    /// Waits until all is as it was told.
    async fn fulfilled(&self, revision: u64) {
        if let Some(mut fulfilled) = self.start() {
            // Fails only if the client is shut down.
            drop(fulfilled.wait_for(|done| *done >= revision).await);
        }
    }

    /// A new wish to connect ends a pause that the application wanted. A disconnect need not: from then
    /// on there is nothing to pause or to resume.
    pub(crate) fn end_pause(&self) {
        self.wishes
            .send_if_modified(|wish| std::mem::take(&mut wish.paused));
    }

    pub(crate) fn activate(&self, cid: CallCid, media: Arc<dyn ActiveCallMedia>) -> ActiveCall {
        let entry = Entry { cid, media };
        self.wishes
            .send_modify(|wish| wish.calls.push(entry.clone()));
        ActiveCall {
            entry,
            wishes: Arc::clone(&self.wishes),
        }
    }

    pub(crate) fn active_calls(&self) -> Vec<CallCid> {
        let wish = self.wishes.borrow();
        wish.calls.iter().map(|entry| entry.cid.clone()).collect()
    }

    /// No call is going on any more, whatever the guards say.
    pub(crate) fn forget_calls(&self) {
        self.wishes.send_if_modified(|wish| {
            let modified = !wish.calls.is_empty();
            wish.calls.clear();
            modified
        });
    }

    /// Ends the task, for ever.
    pub(crate) async fn stop(&self) {
        let task = std::mem::replace(&mut *self.task(), Task::Stopped);
        if let Task::Running { task, .. } = task {
            task.abort();
            // Aborted: what it was doing is of no interest any more.
            drop(task.await);
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the lifecycle keeper, owned by the client"
    )]
    fn start(&self) -> Option<watch::Receiver<u64>> {
        let mut task = self.task();
        match &*task {
            Task::Running { fulfilled, .. } => Some(fulfilled.clone()),
            Task::Stopped => None,
            Task::NotNeeded => {
                let (sender, fulfilled) = watch::channel(0);
                let keeper = Keeper {
                    events: Arc::clone(&self.events),
                    policy: self.policy,
                    wishes: self.wishes.subscribe(),
                    fulfilled: sender,
                    paused: false,
                    seen: Vec::new(),
                    muted: Vec::new(),
                };
                let spawned = tokio::spawn(carry_subscriber(keeper.run()));
                *task = Task::Running {
                    fulfilled: fulfilled.clone(),
                    task: AbortOnDropHandle::new(spawned),
                };
                Some(fulfilled)
            }
        }
    }

    fn task(&self) -> std::sync::MutexGuard<'_, Task> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task: makes things as the last wish wants them, one wish after another.
struct Keeper {
    events: Arc<dyn EventChannel>,
    policy: BackgroundPolicy,
    wishes: watch::Receiver<Wish>,
    fulfilled: watch::Sender<u64>,
    /// Whether this closed the connection.
    paused: bool,
    /// The calls that have been muted in this stay in the background, as far as was needed.
    seen: Vec<Entry>,
    /// What this turned off.
    muted: Vec<(Entry, MediaSource)>,
}

const MEDIA_LIMIT: Duration = Duration::from_secs(5);

impl Keeper {
    async fn run(mut self) {
        let mut revision = 0;
        loop {
            let wish = self.wishes.borrow_and_update().clone();
            self.connection(&wish, wish.revision != revision).await;
            revision = wish.revision;
            // Of calls that are over nothing is kept.
            let goes_on = |entry: &Entry| wish.calls.iter().any(|call| call.is(entry));
            self.seen.retain(goes_on);
            self.muted.retain(|(entry, _)| goes_on(entry));
            match wish.lifecycle {
                Lifecycle::Background => self.mute(&wish.calls).await,
                Lifecycle::Foreground => self.restore().await,
            }
            self.fulfilled.send_replace(revision);
            drop(wish);
            if self.wishes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Pauses whenever it is told to, because a connect may have come in between; resumes what it
    /// has paused.
    async fn connection(&mut self, wish: &Wish, told: bool) {
        let pause = wish.pauses(self.policy);
        let was_paused = std::mem::replace(&mut self.paused, pause);
        match pause {
            true if told || !was_paused => {
                // A newer wish need not wait for the close. That goes on all the same.
                let mut newer = self.wishes.clone();
                tokio::select! {
                    biased;
                    () = self.events.pause() => {}
                    _ = newer.wait_for(|wish| !wish.pauses(self.policy)) => {}
                }
            }
            false if was_paused => self.events.resume().await,
            _ => {}
        }
    }

    async fn mute(&mut self, calls: &[Entry]) {
        for entry in calls {
            if self.seen.iter().any(|seen| seen.is(entry)) {
                continue;
            }
            self.seen.push(entry.clone());
            for source in self.policy.mutes() {
                if is_on(entry, source).await && turn(entry, source, false).await {
                    self.muted.push((entry.clone(), source));
                }
            }
        }
    }

    async fn restore(&mut self) {
        self.seen.clear();
        for (entry, source) in std::mem::take(&mut self.muted) {
            turn(&entry, source, true).await;
        }
    }
}

async fn is_on(entry: &Entry, source: MediaSource) -> bool {
    match timeout(MEDIA_LIMIT, guarded(entry.media.is_on(source))).await {
        Ok(Ok(is_on)) => return is_on,
        Ok(Err(error)) => warn!(cid = %entry.cid, ?source, %error, "the media can not be asked"),
        Err(_) => warn!(cid = %entry.cid, ?source, "the media did not answer in time"),
    }
    false
}

/// Tells whether it was done.
async fn turn(entry: &Entry, source: MediaSource, on: bool) -> bool {
    let (cid, turned) = (&entry.cid, guarded(entry.media.turn(source, on)));
    match timeout(MEDIA_LIMIT, turned).await {
        Ok(Ok(Ok(()))) => return true,
        Ok(Ok(Err(error))) => warn!(%cid, ?source, on, %error, "the media could not be turned"),
        Ok(Err(error)) => warn!(%cid, ?source, on, %error, "the media could not be turned"),
        Err(_) => warn!(%cid, ?source, on, "the media could not be turned in time"),
    }
    false
}

impl fmt::Debug for ActiveCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ActiveCall").field(&self.entry.cid).finish()
    }
}

impl fmt::Debug for LifecycleKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LifecycleKeeper")
            .field("lifecycle", &self.wishes.borrow().lifecycle)
            .field("active_calls", &self.active_calls())
            .finish_non_exhaustive()
    }
}
