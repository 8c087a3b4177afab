//! Runs seeds of the simulation: `sim --seeds 2000`, or one of them: `sim --seed 7 --journal FILE`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks through its standard streams"
)]

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use lexopt::prelude::{Long, ValueExt as _};
use video_sim::{Batch, run_all, run_watched};

/// How many lines of the journal are shown of a seed that broke.
const TAIL: usize = 60;

/// After how many seeds the memory is as large as it will ever be.
const WARM_UP: u64 = 500;

/// What an allocator may keep after that, in bytes, however many seeds there are.
const NOISE: u64 = 2 * 1024 * 1024;

/// How much each seed after that may add, in bytes. It is 8 in a run of 100,000.
const GROWTH_PER_SEED: u64 = 64;

fn main() -> ExitCode {
    match start() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("sim: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Tells whether everything held.
fn start() -> anyhow::Result<bool> {
    let mut batch = Batch::new(2_000);
    let (mut seed, mut journal) = (None, None::<PathBuf>);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("seeds") => batch.seeds = args.value()?.parse()?,
            Long("from") => batch.from = args.value()?.parse()?,
            Long("threads") => batch.threads = args.value()?.parse()?,
            Long("patience") => batch.patience = args.value()?.parse()?,
            Long("seed") => seed = Some(args.value()?.parse()?),
            Long("journal") => journal = Some(args.value()?.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    match seed {
        Some(seed) => one(seed, journal),
        None if journal.is_some() => bail!("a journal is that of one seed: give `--seed`"),
        None => many(batch),
    }
}

fn one(seed: u64, journal: Option<PathBuf>) -> anyhow::Result<bool> {
    let run = run_watched(seed);
    if let Some(path) = journal {
        std::fs::write(&path, &run.journal)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    match run.broken {
        None => {
            println!("seed {seed}: everything held in {:?}", run.lived);
            Ok(true)
        }
        Some(broken) => {
            show(seed, &broken, &run.journal);
            Ok(false)
        }
    }
}

fn many(batch: Batch) -> anyhow::Result<bool> {
    let (first, rest) = batch.split(WARM_UP);
    let mut summary = run_all(first);
    let base = memory()?;
    if summary.broken.len() < batch.patience {
        summary = summary.and(run_all(rest));
    }
    let seconds = summary.took.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown, rounded")]
    let rate = summary.seeds as f64 / seconds;
    println!(
        "{} seeds, {:.1} hours lived in {seconds:.1} s, {rate:.0} seeds/s, {} broken",
        summary.seeds,
        summary.lived.as_secs_f64() / 3600.0,
        summary.broken.len(),
    );
    let peace = summary.peace;
    println!(
        "in peace {} clients were to be connected and are, {} were not to be; excused: {} with wishes in no known order, {} failed for good",
        peace.connected,
        peace.unwished,
        peace.uncertain,
        peace.failed.values().sum::<u64>(),
    );
    for (excuse, count) in &peace.failed {
        println!("  {count}: {excuse}");
    }
    for (seed, broken) in &summary.broken {
        println!("seed {seed}: {broken}");
    }
    if let Some((seed, broken)) = summary.broken.first() {
        let again = run_watched(*seed);
        show(*seed, broken, &again.journal);
        if again.broken.as_ref() != Some(broken) {
            let other = again.broken.unwrap_or_else(|| "nothing".to_owned());
            eprintln!("seed {seed}: a second run broke {other}: a run is not repeatable");
        }
        return Ok(false);
    }
    let warm = batch.seeds.saturating_sub(WARM_UP);
    let growth = Growth::between(base, memory()?, warm);
    println!("{growth}");
    Ok(growth.is_allowed())
}

/// What became of the memory while seeds were run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    /// All seeds were needed to warm up.
    TooFewSeeds,
    /// The system does not tell.
    Unknown,
    Judged {
        bytes: u64,
        seeds: u64,
    },
}

impl Growth {
    fn between(before: Option<u64>, after: Option<u64>, seeds: u64) -> Self {
        match (before, after) {
            _ if seeds == 0 => Self::TooFewSeeds,
            (Some(before), Some(after)) => Self::Judged {
                bytes: after.saturating_sub(before),
                seeds,
            },
            _ => Self::Unknown,
        }
    }

    fn is_allowed(self) -> bool {
        match self {
            Self::TooFewSeeds | Self::Unknown => true,
            Self::Judged { bytes, seeds } => bytes <= allowance(seeds),
        }
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooFewSeeds => write!(
                f,
                "memory is not judged: the first {WARM_UP} seeds fill what the program keeps"
            ),
            Self::Unknown => f.write_str("memory is not judged: the system does not tell"),
            Self::Judged { bytes, seeds } => write!(
                f,
                "{} KiB more memory after {seeds} seeds than after the first {WARM_UP}, of {} KiB allowed",
                bytes / 1024,
                allowance(seeds) / 1024
            ),
        }
    }
}

/// By how much memory may grow in so many seeds.
fn allowance(seeds: u64) -> u64 {
    NOISE.saturating_add(seeds.saturating_mul(GROWTH_PER_SEED))
}

fn show(seed: u64, broken: &str, journal: &str) {
    let lines: Vec<_> = journal.lines().collect();
    for line in lines.iter().skip(lines.len().saturating_sub(TAIL)) {
        eprintln!("{line}");
    }
    eprintln!("seed {seed}: {broken}");
    eprintln!("see it all with `cargo xtask sim --seed {seed} --journal FILE`");
}

/// How many bytes of memory this process has, where the system tells.
fn memory() -> anyhow::Result<Option<u64>> {
    let status = match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => status,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("cannot see how much memory is used"),
    };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: u64 = kibibytes.context("the system does not tell")?.parse()?;
    Ok(Some(kibibytes * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_grows_with_the_seeds_is_noticed() {
        let growth = |bytes, seeds| Growth::between(Some(NOISE), Some(NOISE + bytes), seeds);
        assert!(growth(NOISE, 1).is_allowed());
        assert!(growth(NOISE + 64 * 99_500, 99_500).is_allowed());
        assert!(!growth(NOISE + 65 * 99_500, 99_500).is_allowed());
        assert!(Growth::between(Some(NOISE), Some(0), 1).is_allowed());
    }

    #[test]
    fn memory_is_not_judged_without_a_seed_after_the_warm_up_or_a_word_of_the_system() {
        let few = Growth::between(Some(0), Some(u64::MAX), 0);
        let unknown = Growth::between(None, Some(u64::MAX), 1);
        assert_eq!((few, unknown), (Growth::TooFewSeeds, Growth::Unknown));
        for growth in [few, unknown] {
            assert!(growth.is_allowed() && growth.to_string().contains("not judged"));
        }
    }
}
