//! Runs seeds: one, or many on a few threads, with an eye on those that hang.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::log::Log;
use crate::panics;
use crate::plan::Plan;
use crate::world::{Peace, World};

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
    /// What became of the clients in the end, if nothing broke.
    pub peace: Peace,
}

impl Run {
    /// A run of which no more is known than that it broke.
    fn broken(log: &Log, words: String) -> Self {
        Self {
            journal: log.text(),
            broken: Some(words),
            lived: Duration::ZERO,
            peace: Peace::default(),
        }
    }
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
    /// What became of the clients of all runs in the end.
    pub peace: Peace,
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
        self.peace.add(next.peace);
        self.took += next.took;
        self
    }
}

/// How long one seed may take in real time.
const HANGS: Duration = Duration::from_secs(20);

/// Runs one seed. The same seed gives the same run, to the byte.
#[must_use]
pub fn run(seed: u64, keep_journal: bool) -> Run {
    caught(&Log::new(keep_journal), |log| live(seed, log))
}

/// Runs one seed and keeps its journal, also that of one that does not end. Its thread then goes on.
#[must_use]
pub fn run_watched(seed: u64) -> Run {
    watched(HANGS, move |log| caught(log, |log| live(seed, log)))
}

/// What a thread that is watched hands over.
const ONE_RUN: usize = 1;

fn watched(limit: Duration, live: impl FnOnce(&Log) -> Run + Send + 'static) -> Run {
    let (log, (done, run)) = (Log::new(true), mpsc::sync_channel(ONE_RUN));
    let kept = log.clone();
    // Nobody is left to be told if it took too long.
    thread::spawn(move || done.send(live(&kept)).unwrap_or_default());
    let run = run.recv_timeout(limit);
    run.unwrap_or_else(|_| Run::broken(&log, hangs(limit)))
}

fn hangs(limit: Duration) -> String {
    format!("does not end within {limit:?}")
}

/// The journal outlives a panic.
fn caught(log: &Log, live: impl FnOnce(&Log) -> Run) -> Run {
    let mut run = catch_unwind(AssertUnwindSafe(|| live(log))).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        let words = words.unwrap_or("without a word");
        Run::broken(log, format!("panicked: {words}"))
    });
    // What was still alive at the end may have panicked when it was dropped.
    run.broken = run.broken.or_else(panics::seen);
    run
}

fn live(seed: u64, log: &Log) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return Run::broken(log, format!("there is no runtime: {error}")),
    };
    runtime.block_on(async {
        let plan = Plan::of(seed);
        let world = World::new(seed, &plan, log.clone());
        let clock = world.clock();
        let lived = world.live(plan).await;
        Run {
            journal: log.text(),
            lived: clock.elapsed(),
            peace: lived.as_ref().cloned().unwrap_or_default(),
            broken: lived.err(),
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
            shared.note(seed, Run::broken(&Log::new(false), hangs(HANGS)));
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
            let run = run(seed, false);
            lock(&self.running)[number] = None;
            self.note(seed, run);
        }
    }

    fn note(&self, seed: u64, run: Run) {
        let mut summary = lock(&self.summary);
        summary.seeds += 1;
        summary.lived += run.lived;
        summary.peace.add(run.peace);
        summary.broken.extend(run.broken.map(|words| (seed, words)));
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

    #[test]
    fn a_run_that_panics_has_its_journal() {
        let run = caught(&Log::new(true), |log| {
            log.clone().line(Duration::ZERO, "the last word");
            std::panic::resume_unwind(Box::new("on purpose"))
        });
        assert_eq!(run.broken.as_deref(), Some("panicked: on purpose"));
        assert!(run.journal.contains("the last word"));
    }

    #[test]
    fn a_run_that_does_not_end_is_given_up_and_has_its_journal() {
        let run = watched(Duration::from_millis(200), |log| {
            log.clone().line(Duration::ZERO, "the last word");
            loop {
                thread::park();
            }
        });
        assert!(run.broken.expect("it hangs").contains("does not end"));
        assert!(run.journal.contains("the last word"));
    }
}
