//! `rules`.

use super::args::{self, RulesFormat};
use super::config::read;
use super::output;
use crate::catalogue::Catalogue;
use crate::rules::{Format, render};
use anyhow::Context as _;
use std::process::ExitCode;

/// Prints the alert rules.
pub fn run(args: &args::Rules) -> anyhow::Result<ExitCode> {
    let config = read(args.config_file.as_deref())?;
    let mut settings = config.alerts;
    for text in &args.set {
        settings.assign(text).context("--set")?;
    }
    let format = match args.format {
        RulesFormat::Prometheus => Format::Prometheus,
        RulesFormat::Operator => Format::Operator,
    };
    let text = render(&Catalogue::with(config.codes), &settings, args.lang.into(), format);
    output::print(&text).context("cannot print")?;
    Ok(ExitCode::SUCCESS)
}
