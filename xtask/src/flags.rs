//! The command line.

use std::path::PathBuf;

xflags::xflags! {
    /// Runs the project's tasks.
    cmd xtask {
        /// Runs the tests: with nextest if it is installed, else with cargo; then the doc tests.
        cmd test {
            /// Runs only tests whose name contains one of these words, and no doc tests.
            repeated filter: String
        }
        /// Runs everything that gates a change, and prints the metrics.
        cmd ci {
            /// Runs one step only: tidy, fmt, clippy, test, doc, features, lessons, sim, deny, typos, metrics.
            optional step: String
        }
        /// Formats the sources and applies what clippy can mend by itself.
        cmd fixup {}
        /// Checks the layers and the layout of the sources.
        cmd tidy {}
        /// Checks that each crate builds with each of its features, and that the layers stand alone.
        cmd features {}
        /// Runs the tests against WebSocket servers that others wrote; installs those with npm and pip.
        cmd foreign {}
        /// Runs the tests that claim promises and tells which promises are kept.
        cmd lessons {
            /// Prints the result as JSON.
            optional --json
            /// Reports the promises of one stage only.
            optional --stage stage: String
        }
        /// Feeds arbitrary inputs to what a peer can reach, if cargo-fuzz is installed.
        cmd fuzz {
            /// Runs one target only.
            optional target: String
            /// How long each target runs; 60 seconds if not given.
            optional --seconds seconds: u64
        }
        /// Changes what decides, line by line, and sees whether a test notices, if cargo-mutants is installed.
        cmd mutants {
            /// Runs only these files of its table: paths, or the ends of paths.
            repeated file: String
        }
        /// Runs the simulation: many seeds, or one of them. A failure prints its seed.
        cmd sim {
            /// How many seeds; 2000 unless told otherwise.
            optional --seeds seeds: u64
            /// The first of them; 0 unless told otherwise.
            optional --from from: u64
            /// On how many threads; 2 unless told otherwise.
            optional --threads threads: usize
            /// After how many broken seeds it stops; 1 unless told otherwise.
            optional --patience patience: usize
            /// Runs this one seed only.
            optional --seed seed: u64
            /// Writes down what happened with that seed.
            optional --journal file: PathBuf
        }
        /// Prints crate counts and file sizes, against their targets.
        cmd metrics {
            /// Also times a clean release build of video-client.
            optional --build
        }
        /// Runs the benchmarks; if all of them, also writes docs/PERFORMANCE.md.
        cmd bench {
            /// Runs only the benchmarks of these names: round-trips, arrival, events, events-8, ring,
            /// allocations, memory, refused, lost-server, request, build.
            repeated name: String
        }
        /// Folds the fragments of docs/changelog.d into docs/CHANGELOG.md.
        cmd changelog {
            /// The version that is about to be released.
            required version: String
        }
    }
}
