//! Runs seeds of the simulation: `sim --seeds 2000`, or one of them: `sim --seed 7 --journal FILE`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks through its standard streams"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use lexopt::prelude::{Long, ValueExt as _};
use video_sim::{Batch, run_all, run_watched};

/// How many lines of the journal are shown of a seed that broke.
const TAIL: usize = 60;

/// After how many seeds the memory is as large as it will ever be.
const WARM_UP: u64 = 500;

/// How much the memory may grow after that, in bytes: what an allocator keeps, and no leak.
const GROWTH: u64 = 8 * 1024 * 1024;

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
    let before = descriptors()?;
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
    let after = descriptors()?;
    if after != before {
        bail!("{before} descriptors were open before all seeds, {after} are after them");
    }
    let grown = memory()?.saturating_sub(base);
    println!(
        "{after} descriptors as before, {} KiB more memory than after {WARM_UP}",
        grown / 1024
    );
    if grown > GROWTH {
        bail!("the memory has grown by {grown} bytes since the first {WARM_UP} seeds");
    }
    Ok(true)
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
fn memory() -> anyhow::Result<u64> {
    let status = match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => status,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error).context("cannot see how much memory is used"),
    };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: u64 = kibibytes.context("the system does not tell")?.parse()?;
    Ok(kibibytes * 1024)
}

/// How many descriptors this process has open, where the system tells.
fn descriptors() -> anyhow::Result<usize> {
    match std::fs::read_dir("/proc/self/fd") {
        Ok(entries) => Ok(entries.count()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error).context("cannot count the open descriptors"),
    }
}
