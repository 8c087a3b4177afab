//! What all tasks of a coordinator share.

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

use crate::clock::VirtualWallClock;
use crate::config::Config;
use crate::fault::{Fault, FaultPlace, Faults};
use crate::hub::Hub;
use crate::journal::{Entry, Journal, Redactor};

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) clock: VirtualWallClock,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) redactor: Redactor,
    hub: Mutex<Hub>,
    panics: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(config: Config, clock: VirtualWallClock, seed: u64) -> Self {
        let journal = Journal::new(clock.clone(), config.journal_capacity);
        Self {
            redactor: Redactor::new(&config.secret),
            config,
            clock,
            faults: Faults::default(),
            hub: Mutex::new(Hub::new(seed, journal.clone())),
            journal,
            panics: AtomicUsize::new(0),
        }
    }

    /// The state. Never held over an await.
    pub(crate) fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault that this occasion meets. It is journalled here.
    pub(crate) fn fault(&self, place: FaultPlace, method: &str, path: &str) -> Option<Fault> {
        let fault = self.faults.take(place, method, path)?;
        self.journal.write(Entry::FaultApplied {
            place: place.to_string(),
            fault: fault.to_string(),
        });
        Some(fault)
    }

    pub(crate) fn panics(&self) -> usize {
        self.panics.load(Ordering::Relaxed)
    }
}

/// Tasks that end with their owner.
#[derive(Default)]
pub(crate) struct Tasks {
    set: JoinSet<()>,
}

impl Tasks {
    pub(crate) fn spawn(
        &mut self,
        shared: &Shared,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.reap(shared);
        self.set.spawn(task);
    }

    /// Forgets the tasks that have ended and counts those that panicked.
    pub(crate) fn reap(&mut self, shared: &Shared) {
        while let Some(ended) = self.set.try_join_next() {
            note(shared, ended);
        }
    }

    /// Waits until all tasks have ended.
    pub(crate) async fn join(&mut self, shared: &Shared) {
        while let Some(ended) = self.set.join_next().await {
            note(shared, ended);
        }
    }
}

fn note(shared: &Shared, ended: Result<(), tokio::task::JoinError>) {
    let Err(error) = ended else { return };
    if let Ok(panic) = error.try_into_panic() {
        shared.panics.fetch_add(1, Ordering::Relaxed);
        tracing::error!(
            panic = text_of(&*panic),
            "a task of the coordinator panicked"
        );
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
