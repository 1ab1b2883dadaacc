//! The only module that knows all the others.

mod board;
mod build;
pub mod check;
mod engine;
pub mod explain;
pub mod log;
mod observer;
mod overview;
mod pipeline;
mod plan;
mod recent;
mod record;
mod reload;
mod rulebook;
pub mod scan;
pub mod serve;
mod systemd;
mod watchman;

pub use observer::{LastTold, Observer, Unobserved};
pub use pipeline::{Pipeline, Plan, Stream};
pub use record::Record;
pub use reload::Load;

use crate::catalogue::Catalogue;
use crate::config::{Config, Input};
use crate::recognise::Recognisers;
use crate::report::{Bounds, Codes, Merger};
use crate::tally::Tally;

/// A pipeline that has seen nothing, and the inputs that are left to be tailed.
///
/// # Errors
/// When the anchors of the recognisers cannot be searched for.
pub fn pipeline<O: Observer>(config: Config, bounds: Bounds, observer: O) -> anyhow::Result<(Pipeline<O>, Vec<Input>)> {
    let catalogue = if config.codes.is_empty() {
        Catalogue::built_in()
    } else {
        // a catalogue lives as long as the process: there is one for each configuration, and reloads are rare
        Box::leak(Box::new(Catalogue::with(config.codes)))
    };
    let codes = Codes::new(catalogue, config.limits.unlisted_codes);
    let recognisers = Recognisers::new(config.recognisers)?;
    let tally = Tally::new(codes, config.metrics);
    Ok((Pipeline::new(recognisers, tally, Merger::new(bounds), observer, config.limits.line_bytes), config.inputs))
}
