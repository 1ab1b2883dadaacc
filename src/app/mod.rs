//! The only module that knows all the others.

mod board;
mod build;
mod engine;
pub mod log;
mod pipeline;
mod record;
pub mod scan;
pub mod serve;
mod watchman;

pub use pipeline::{Observer, Pipeline, Stream, Unobserved};

use crate::catalogue::Catalogue;
use crate::recognise::Recognisers;
use crate::report::{Bounds, Codes, Merger};
use crate::tally::Tally;
use std::time::Duration;

/// Unlisted codes that keep their own name, unless the configuration says otherwise.
pub const UNLISTED_CODES: usize = 64;

/// The longest line that is read, in bytes, unless the configuration says otherwise.
pub const LINE_BYTES: usize = 1 << 20;

/// A pipeline of the built-in parts that has seen nothing.
///
/// # Errors
/// When the anchors of the recognisers cannot be searched for.
pub fn pipeline<O: Observer>(bounds: Bounds, hold: Duration, observer: O) -> anyhow::Result<Pipeline<O>> {
    let codes = Codes::new(Catalogue::built_in(), UNLISTED_CODES);
    Ok(Pipeline::new(Recognisers::new()?, Tally::new(codes, hold), Merger::new(bounds), observer, LINE_BYTES))
}
