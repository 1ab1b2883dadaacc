//! The daemon's own log, on standard error.
//!
//! A thread of its own writes it. Where nobody reads it, or the disk is full, lines are lost and nothing else: writing
//! neither blocks nor ends the daemon.

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, fmt};

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// `key=value`
    Logfmt,
    /// One JSON object a line
    Json,
}

/// The least important lines that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    /// Everything
    Debug,
    /// Transitions
    Info,
    /// What may need somebody
    Warn,
    /// What does not work
    Error,
}

/// Lines that wait to be written; beyond that they are lost.
const WAITING: usize = 4096;

/// Begins to log. What is logged before the guard is dropped is written, if that can be done.
///
/// # Errors
/// When somebody else logs already.
pub fn start(format: Format, level: Level) -> Result<WorkerGuard, TryInitError> {
    let (writer, guard) =
        NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING).finish(std::io::stderr());
    let level = match level {
        Level::Debug => LevelFilter::DEBUG,
        Level::Info => LevelFilter::INFO,
        Level::Warn => LevelFilter::WARN,
        Level::Error => LevelFilter::ERROR,
    };
    let layer = match format {
        Format::Logfmt => tracing_logfmt::builder().with_target(false).layer().with_writer(writer).boxed(),
        Format::Json => fmt::layer().json().flatten_event(true).with_target(false).with_writer(writer).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(level)).try_init()?;
    Ok(guard)
}
