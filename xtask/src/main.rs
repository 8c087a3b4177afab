//! The project's tasks: `cargo xtask --help` lists them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks through its standard streams"
)]

mod bench;
mod changelog;
mod ci;
mod features;
mod finding;
mod flags;
mod foreign;
mod fuzz;
mod lessons;
mod manifest;
mod metrics;
mod mutants;
mod sim;
mod sizes;
mod source;
mod standalone;
mod test;
mod tidy;
mod tree;
mod workspace;

use std::process::ExitCode;

use xshell::Shell;

use crate::flags::XtaskCmd;
use crate::workspace::Workspace;

fn main() -> ExitCode {
    match run(flags::Xtask::from_env_or_exit()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: flags::Xtask) -> anyhow::Result<()> {
    let sh = Shell::new()?;
    let workspace = Workspace::find();
    sh.change_dir(workspace.root());
    match flags.subcommand {
        XtaskCmd::Test(flags) => test::run(&sh, &flags.filter),
        XtaskCmd::Ci(flags) => ci::run(&sh, &workspace, flags.step.as_deref()),
        XtaskCmd::Fixup(_) => ci::fixup(&sh),
        XtaskCmd::Tidy(_) => tidy::run(&sh, &workspace),
        XtaskCmd::Features(_) => features::run(&sh, &workspace),
        XtaskCmd::Foreign(_) => foreign::run(&sh, &workspace),
        XtaskCmd::Lessons(flags) => {
            lessons::run(&sh, &workspace, flags.stage.as_deref(), flags.json)
        }
        XtaskCmd::Fuzz(flags) => fuzz::run(&sh, &workspace, flags.target.as_deref(), flags.seconds),
        XtaskCmd::Mutants(flags) => mutants::run(&sh, &flags.file),
        XtaskCmd::Sim(flags) => sim::run(&sh, &flags),
        XtaskCmd::Metrics(flags) => metrics::run(&sh, &workspace, flags.build),
        XtaskCmd::Bench(flags) => bench::run(&sh, &workspace, &flags.name),
        XtaskCmd::Changelog(flags) => changelog::run(&workspace, &flags.version),
    }
}
