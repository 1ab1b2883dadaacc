//! The flags of `check`.

use super::Language;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status: 0 if it can be used; 1 if not: file, line and reason are printed. That a glob matches nothing is no error: \
its files may come.

Examples:
  obs-error-exporter check --config.file obs-error-exporter.yaml
  obs-error-exporter check --logs '/var/log/pods/*/*/*.log'")]
pub struct Check {
    /// Configuration file
    #[arg(long = "config.file", value_name = "FILE", env = "OBS_ERROR_EXPORTER_CONFIG_FILE")]
    pub config_file: Option<PathBuf>,
    /// Further logs, as `serve` would be given them; repeatable
    #[arg(long, value_name = "GLOB", env = "OBS_ERROR_EXPORTER_LOGS")]
    pub logs: Vec<String>,
    #[command(flatten)]
    pub language: Language,
}
