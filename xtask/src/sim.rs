//! `sim`: the deterministic simulation of `video-sim`.

use xshell::{Shell, cmd};

use crate::flags::Sim;

/// How many seeds gate a change.
const GATE: &str = "2000";

/// Runs what is asked for, built for speed.
pub(crate) fn run(sh: &Shell, flags: &Sim) -> anyhow::Result<()> {
    let args = arguments(flags);
    cmd!(
        sh,
        "cargo run --quiet --release --locked -p video-sim --bin sim -- {args...}"
    )
    .run()?;
    Ok(())
}

/// Runs the seeds that gate a change. The build for development is there already, and its slowness
/// costs less than another build.
pub(crate) fn gate(sh: &Shell) -> anyhow::Result<()> {
    cmd!(
        sh,
        "cargo run --quiet --locked -p video-sim --bin sim -- --seeds {GATE}"
    )
    .run()?;
    Ok(())
}

fn arguments(flags: &Sim) -> Vec<String> {
    let numbers = [
        ("--seeds", flags.seeds),
        ("--from", flags.from),
        ("--threads", flags.threads.map(|count| count as u64)),
        ("--patience", flags.patience.map(|count| count as u64)),
        ("--seed", flags.seed),
    ];
    let given = numbers
        .into_iter()
        .filter_map(|(name, value)| Some([name.to_owned(), value?.to_string()]));
    let journal = flags.journal.iter().map(|file| {
        let file = file.display().to_string();
        ["--journal".to_owned(), file]
    });
    given.chain(journal).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_given_is_handed_on() {
        let flags = Sim {
            seeds: None,
            from: None,
            threads: None,
            patience: None,
            seed: Some(7),
            journal: Some("a.journal".into()),
        };
        assert_eq!(arguments(&flags), ["--seed", "7", "--journal", "a.journal"]);
    }
}
