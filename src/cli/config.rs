//! The configuration file, where a command takes one.

use crate::config::Config;
use std::path::Path;

/// The configuration of a file; the default one without.
pub fn read(file: Option<&Path>) -> anyhow::Result<Config> {
    Ok(file.map(Config::read).transpose()?.unwrap_or_default())
}
