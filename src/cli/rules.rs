//! `rules` and `dashboard`.

use super::args::{self, RulesFormat};
use super::config::read;
use super::output;
use crate::catalogue::Catalogue;
use crate::rules::{Format, Settings, render};
use anyhow::Context as _;
use std::path::Path;
use std::process::ExitCode;

/// Prints the alert rules.
pub fn run(args: &args::Rules) -> anyhow::Result<ExitCode> {
    let (codes, settings) = settings(args.config_file.as_deref(), &args.set)?;
    let format = match args.format {
        RulesFormat::Prometheus => Format::Prometheus,
        RulesFormat::Operator => Format::Operator,
    };
    let text = render(&codes, &settings, args.language.get(), format);
    output::print(&text).context("cannot print")?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the Grafana dashboard.
pub fn dashboard(args: &args::Dashboard) -> anyhow::Result<ExitCode> {
    let (codes, settings) = settings(args.config_file.as_deref(), &args.set)?;
    output::print(&crate::dashboard::render(&codes, settings.runbooks())).context("cannot print")?;
    Ok(ExitCode::SUCCESS)
}

/// The codes of the configuration, and what it and the flags set; the flags win.
fn settings(file: Option<&Path>, set: &[String]) -> anyhow::Result<(Catalogue, Settings)> {
    let config = read(file)?;
    let mut settings = config.alerts;
    for text in set {
        settings.assign(text).context("--set")?;
    }
    Ok((Catalogue::with(config.codes), settings))
}
