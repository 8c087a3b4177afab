//! Runs seeds: one, or many on a few threads, with an eye on those that hang.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::log::Log;
use crate::plan::Plan;
use crate::world::World;

/// How one seed went.
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// What happened, line by line, if it was wished for.
    pub journal: String,
    /// The invariant that did not hold.
    pub broken: Option<String>,
    /// How much time passed, in the world of the run.
    pub lived: Duration,
}

/// Which seeds are run, and how.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Batch {
    /// The first seed.
    pub from: u64,
    /// How many seeds.
    pub seeds: u64,
    /// On how many threads.
    pub threads: usize,
    /// After how many broken seeds it stops.
    pub patience: usize,
}

impl Batch {
    /// The first so many seeds of this batch, and the others.
    #[must_use]
    pub fn split(self, first: u64) -> (Self, Self) {
        let seeds = first.min(self.seeds);
        let (from, rest) = (self.from.saturating_add(seeds), self.seeds - seeds);
        let others = Self {
            from,
            seeds: rest,
            ..self
        };
        (Self { seeds, ..self }, others)
    }

    /// So many seeds from 0 on, on two threads, until the first that is broken.
    #[must_use]
    pub fn new(seeds: u64) -> Self {
        Self {
            from: 0,
            seeds,
            threads: 2,
            patience: 1,
        }
    }
}

/// How many seeds went.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// How many were run.
    pub seeds: u64,
    /// Those that broke an invariant, with the invariant, in order.
    pub broken: Vec<(u64, String)>,
    /// How much time passed, in the worlds of all runs.
    pub lived: Duration,
    /// How much time passed here.
    pub took: Duration,
}

impl Summary {
    /// This batch and the one after it.
    #[must_use]
    pub fn and(mut self, next: Self) -> Self {
        self.seeds += next.seeds;
        self.broken.extend(next.broken);
        self.lived += next.lived;
        self.took += next.took;
        self
    }
}

/// How long one seed may take in real time.
const HANGS: Duration = Duration::from_secs(20);

/// Runs one seed. The same seed gives the same run, to the byte.
#[must_use]
pub fn run(seed: u64, keep_journal: bool) -> Run {
    let living = AssertUnwindSafe(|| live(seed, keep_journal));
    catch_unwind(living).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        Run {
            journal: String::new(),
            broken: Some(format!("panicked: {}", words.unwrap_or("without a word"))),
            lived: Duration::ZERO,
        }
    })
}

fn live(seed: u64, keep_journal: bool) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            return Run {
                journal: String::new(),
                broken: Some(format!("there is no runtime: {error}")),
                lived: Duration::ZERO,
            };
        }
    };
    runtime.block_on(async {
        let plan = Plan::of(seed);
        let world = World::new(seed, &plan, Log::new(keep_journal));
        let clock = world.clock();
        let (journal, lived) = world.live(plan).await;
        Run {
            journal,
            broken: lived.err(),
            lived: clock.elapsed(),
        }
    })
}

/// What the threads of a batch share.
struct Shared {
    batch: Batch,
    next: AtomicU64,
    stop: AtomicBool,
    summary: Mutex<Summary>,
    /// The seed of each thread, and since when it runs.
    running: Mutex<Vec<Option<(u64, Instant)>>>,
}

/// Runs many seeds.
///
/// A seed that does not end stops the batch and is broken, though its thread goes on.
#[must_use]
pub fn run_all(batch: Batch) -> Summary {
    let began = now();
    let shared = Arc::new(Shared {
        batch,
        next: AtomicU64::new(batch.from),
        stop: AtomicBool::new(false),
        summary: Mutex::default(),
        running: Mutex::new(vec![None; batch.threads]),
    });
    let mut threads: Vec<_> = (0..batch.threads)
        .map(|number| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.work(number))
        })
        .collect();
    while threads.iter().any(|thread| !thread.is_finished()) {
        thread::park_timeout(Duration::from_millis(20));
        if let Some(seed) = shared.hanging() {
            shared.stop.store(true, Ordering::Relaxed);
            shared.note(
                seed,
                Some(format!("does not end within {HANGS:?}")),
                Duration::ZERO,
            );
            threads.clear();
        }
    }
    let mut summary = std::mem::take(&mut *lock(&shared.summary));
    summary.broken.sort();
    summary.took = began.elapsed();
    summary
}

impl Shared {
    fn work(&self, number: usize) {
        let Batch { from, seeds, .. } = self.batch;
        while !self.stop.load(Ordering::Relaxed) {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= from.saturating_add(seeds) {
                break;
            }
            lock(&self.running)[number] = Some((seed, now()));
            let Run { broken, lived, .. } = run(seed, false);
            lock(&self.running)[number] = None;
            self.note(seed, broken, lived);
        }
    }

    fn note(&self, seed: u64, broken: Option<String>, lived: Duration) {
        let mut summary = lock(&self.summary);
        summary.seeds += 1;
        summary.lived += lived;
        summary.broken.extend(broken.map(|words| (seed, words)));
        if summary.broken.len() >= self.batch.patience {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn hanging(&self) -> Option<u64> {
        let running = lock(&self.running);
        let hangs = |(_, since): &&(u64, Instant)| since.elapsed() > HANGS;
        running.iter().flatten().find(hangs).map(|(seed, _)| *seed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(
    clippy::disallowed_methods,
    reason = "measures how long seeds take in real time, of which no run knows"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_runs_each_of_its_seeds_once_and_adds_up() {
        let (first, rest) = Batch::new(5).split(2);
        assert_eq!((first.seeds, rest.from, rest.seeds), (2, 2, 3));
        let (none, all) = (rest.split(9).1, rest.split(0).1);
        assert_eq!((none.seeds, all.seeds), (0, 3));
        let (two, three) = (run_all(first), run_all(rest));
        let lived = (0..5).map(|seed| run(seed, false).lived).sum();
        let all = two.and(three);
        assert_eq!((all.seeds, all.lived), (5, lived));
        assert_eq!(all.broken, []);
    }
}
