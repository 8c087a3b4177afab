#![doc = include_str!("../README.md")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks through its standard streams"
)]

mod args;
#[cfg(feature = "emulator")]
mod emulate;

use std::process::ExitCode;

use args::Command;

/// The status for arguments that make no sense.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let command = match Command::from_env() {
        Ok(command) => command,
        Err(error) => {
            eprintln!("video: {error}\nTry `video --help`.");
            return ExitCode::from(USAGE);
        }
    };
    match command {
        Command::Help => println!("{}", args::HELP),
        Command::Version => println!("video {}", env!("CARGO_PKG_VERSION")),
        #[cfg(feature = "emulator")]
        Command::Emulate(emulate) => {
            if let Err(error) = emulate::run(&emulate) {
                eprintln!("video: {error:#}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
