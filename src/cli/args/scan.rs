//! The flags of `scan`.

use super::{Color, Language};
use crate::catalogue::Category;
use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Times of --since and --until: how long ago (90m, 1h, 2d), 13:00, 2026-11-22, 2026-11-22T13:00, 2026-11-22T13:00:00Z. \
A response is judged by the time stamp of its log line; one that has none is listed whatever its time.

Categories, the worst first: account, server_error, throttling, credentials, clock_skew, encryption, quota, permission, \
network, not_found, conflict, client_request, unsupported, redirect, unknown.

Exit status: 0; 1 if --fail-on names what was found; 2 for flags and configurations that cannot be meant; 3 if \
something that was named could not be read (the rest is scanned); 130 if Ctrl-C ended the reading (what was found \
until then is printed).

Examples:
  kubectl logs deploy/shop --since=1h | obs-error-exporter scan -
  kubectl logs -f deploy/shop | obs-error-exporter scan -          (until Ctrl-C)
  obs-error-exporter scan --since 2h --category throttling,account /var/log/shop
  obs-error-exporter scan --output markdown '/var/log/**/OBS-SDK.log*' >> incident.md
  obs-error-exporter scan --fail-on any smoke-test.log")]
pub struct Scan {
    /// Files (also compressed by gzip or zstd), globs, folders, or - for standard input (the default)
    #[arg(value_name = "FILE|GLOB|DIR|-")]
    pub logs: Vec<PathBuf>,
    /// Only responses from this time on
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only responses before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Zone of time stamps that name none, and of --since and --until: UTC, local, +08:00, Asia/Shanghai
    #[arg(long, value_name = "ZONE", default_value = "local")]
    pub timezone: String,
    /// Only these codes; repeatable
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub code: Vec<String>,
    /// Only codes of these categories; repeatable
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',', value_parser = category(), hide_possible_values = true)]
    pub category: Vec<Category>,
    /// Only the N most frequent codes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub top: Option<u32>,
    /// Exit with 1 if errors of these categories were found, or "any"; repeatable
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',', value_parser = fail_on(), hide_possible_values = true)]
    pub fail_on: Vec<FailOn>,
    /// Configuration file, for its recognisers and codes
    #[arg(long = "config.file", value_name = "FILE", env = "OBS_ERROR_EXPORTER_CONFIG_FILE")]
    pub config_file: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = ScanOutput::Table)]
    pub output: ScanOutput,
    #[command(flatten)]
    pub language: Language,
    /// Colours; "auto" means on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScanOutput {
    /// For people
    Table,
    /// For programs
    Json,
    /// As a daemon would serve it
    Prometheus,
    /// For tickets and reports
    Markdown,
}

/// What makes a scan fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// Any error.
    Any,
    /// Errors of a category.
    Category(Category),
}

fn names() -> impl Iterator<Item = &'static str> {
    Category::ALL.iter().map(|category| category.as_str())
}

fn named(name: &str) -> Option<Category> {
    Category::ALL.iter().copied().find(|category| category.as_str() == name)
}

fn category() -> impl TypedValueParser<Value = Category> {
    PossibleValuesParser::new(names()).map(|name| named(&name).unwrap_or(Category::Unknown))
}

fn fail_on() -> impl TypedValueParser<Value = FailOn> {
    PossibleValuesParser::new(std::iter::once("any").chain(names()))
        .map(|name| named(&name).map_or(FailOn::Any, FailOn::Category))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cli::args::Args;
    use clap::CommandFactory as _;

    #[test]
    fn the_help_names_the_categories_in_their_order() {
        let command = Args::command();
        let scan = command.find_subcommand("scan").unwrap();
        let help = scan.get_after_help().unwrap().to_string();
        let all: Vec<_> = names().collect();
        assert!(help.contains(&format!("the worst first: {}.", all.join(", "))), "{help}");
    }
}
