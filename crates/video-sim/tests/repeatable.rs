//! One seed is one run, to the byte, in whatever process.
#![expect(clippy::expect_used, reason = "test helpers")]

use std::process::Command;

use video_sim::run;

const SEEDS: [u64; 6] = [3, 11, 101, 1_001, 4_242, 77_777];

/// The journal that another process writes.
fn journal_of_another_process(seed: u64) -> String {
    let name = format!("video-sim-{}-{seed}.journal", std::process::id());
    let path = std::env::temp_dir().join(name);
    let ended = Command::new(env!("CARGO_BIN_EXE_sim"))
        .args(["--seed", &seed.to_string(), "--journal"])
        .arg(&path)
        .output()
        .expect("the program runs");
    assert!(ended.status.success(), "{ended:?}");
    let journal = std::fs::read_to_string(&path).expect("a journal");
    std::fs::remove_file(&path).expect("the journal was there");
    journal
}

#[test]
fn one_seed_gives_the_same_journal_to_the_byte_in_every_process() {
    for seed in SEEDS {
        let here = run(seed, true);
        assert_eq!(here.broken, None, "seed {seed}");
        assert!(here.journal.lines().count() > 20, "seed {seed}");
        assert_eq!(here.journal, run(seed, true).journal, "seed {seed}, again");
        assert_eq!(
            here.journal,
            journal_of_another_process(seed),
            "seed {seed}"
        );
    }
}

#[test]
fn two_seeds_give_two_journals() {
    assert_ne!(run(3, true).journal, run(11, true).journal);
}

#[test]
fn keeping_no_journal_changes_nothing_of_the_run() {
    for seed in SEEDS {
        let (kept, forgotten) = (run(seed, true), run(seed, false));
        assert_eq!(forgotten.journal, "");
        assert_eq!(
            (kept.broken, kept.lived),
            (forgotten.broken, forgotten.lived)
        );
    }
}
