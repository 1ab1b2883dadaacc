//! Commands and flags.

use crate::catalogue;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Finds Huawei Cloud OBS errors in the logs of the services that call OBS, and serves them to Prometheus.
#[derive(Debug, Parser)]
#[command(name = "obs-error-exporter", version, max_term_width = 120)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read logs to their end and print the OBS errors in them
    Scan(Scan),
    /// Say what error codes mean and what to do
    Explain(Explain),
    /// List all known error codes
    Codes(Codes),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  obs-error-exporter scan /var/log/shop\n  \
    kubectl logs deploy/shop --since=1h | obs-error-exporter scan -\n  \
    obs-error-exporter scan --output json '/var/log/**/OBS-SDK.log*'")]
pub struct Scan {
    /// Files (also .gz), globs, folders, or - for standard input (the default)
    #[arg(value_name = "FILE|GLOB|DIR|-")]
    pub logs: Vec<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = ScanOutput::Table)]
    pub output: ScanOutput,
    /// Language of the texts
    #[arg(long, value_enum, default_value_t = Lang::En)]
    pub lang: Lang,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScanOutput {
    /// For people
    Table,
    /// For programs
    Json,
    /// As a daemon would serve it
    Prometheus,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  obs-error-exporter explain SlowDown InArrearOrInsufficientBalance --lang zh")]
pub struct Explain {
    /// Error codes, as OBS spells them
    #[arg(value_name = "CODE", required = true)]
    pub codes: Vec<String>,
    /// Language of the texts
    #[arg(long, value_enum, default_value_t = Lang::En)]
    pub lang: Lang,
}

#[derive(Debug, clap::Args)]
pub struct Codes {
    /// How to print them
    #[arg(long, value_enum, default_value_t = CodesOutput::Table)]
    pub output: CodesOutput,
    /// Language of the texts in a table or Markdown; JSON and CSV have both
    #[arg(long, value_enum, default_value_t = Lang::En)]
    pub lang: Lang,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CodesOutput {
    /// For people
    Table,
    /// Everything, for programs
    Json,
    /// Everything, for spreadsheets
    Csv,
    /// For documents
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// English
    En,
    /// Chinese
    Zh,
}

impl From<Lang> for catalogue::Lang {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::Zh => Self::Zh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_sound() {
        Args::command().debug_assert();
    }
}
