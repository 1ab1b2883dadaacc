//! The arguments of `completions` and `man`.

use clap::ValueEnum;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  obs-error-exporter completions bash > /etc/bash_completion.d/obs-error-exporter
  obs-error-exporter completions zsh > /usr/local/share/zsh/site-functions/_obs-error-exporter
  obs-error-exporter completions fish > ~/.config/fish/completions/obs-error-exporter.fish")]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  obs-error-exporter man /usr/local/share/man/man1")]
pub struct Man {
    /// Folder to write them to: a page for each command
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}
