//! `completions` and `man`: both come from the definitions of commands and flags.

use super::args::{Args, Completions, Man, Shell};
use super::output;
use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::generate;
use clap_complete::shells::{Bash, Fish, Zsh};
use std::process::ExitCode;

/// Prints the completions of a shell. Those of bash name a command whose name has a hyphen in two ways and so complete
/// none of its flags (<https://github.com/clap-rs/clap/issues/6421>); here they get one name.
pub fn completions(args: &Completions) -> anyhow::Result<ExitCode> {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    let mut text = Vec::new();
    match args.shell {
        Shell::Bash => generate(Bash, &mut command, &name, &mut text),
        Shell::Zsh => generate(Zsh, &mut command, &name, &mut text),
        Shell::Fish => generate(Fish, &mut command, &name, &mut text),
    }
    let mut text = String::from_utf8_lossy(&text).into_owned();
    if args.shell == Shell::Bash {
        text = text.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"));
    }
    output::print(&text).context("cannot print")?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a manual page for the program and one for each command.
pub fn man(args: &Man) -> anyhow::Result<ExitCode> {
    let folder = args.folder.display();
    anyhow::ensure!(args.folder.is_dir(), "{folder}: there is no such folder; make it first, as with mkdir -p");
    clap_mangen::generate_to(Args::command(), &args.folder)
        .with_context(|| format!("{folder}: the pages cannot be written"))?;
    Ok(ExitCode::SUCCESS)
}
