//! The command line: what is asked for goes to `app`, what comes back is printed.

mod args;
mod check;
mod codes;
mod config;
mod output;
mod rules;
mod scan;
mod serve;
mod shell;
mod terminal;

use args::{Args, Command};
use clap::Parser;
use std::process::ExitCode;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Healthcheck(args) => serve::healthcheck(&args),
        Command::Scan(args) => Ok(scan::run(&args)),
        Command::Explain(args) => codes::explain(&args),
        Command::Codes(args) => codes::list(&args),
        Command::Check(args) => check::run(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Dashboard(args) => rules::dashboard(&args),
    };
    done.unwrap_or_else(|error| {
        output::complain(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
