//! A log that grows, read as the daemon reads it: what is there is shown to the pipeline, what it does not take is shown
//! again with what has come behind it.

use obs_error_exporter::app::{Observer, Pipeline, Record};
use obs_error_exporter::config::Config;
use obs_error_exporter::report::{Bounds, Finding, Now};
use obs_error_exporter::tail::{Behind, Consumer, SourceKey};
use std::collections::BTreeMap;
use std::path::Path;

/// Counts by code and status, as the labels have them.
pub type Counts = BTreeMap<(String, String), u64>;

/// Every response that was counted.
#[derive(Debug, Default)]
pub struct Seen(pub Vec<Finding>);

impl Observer for Seen {
    fn counted(&mut self, finding: &Finding) {
        self.0.push(finding.clone());
    }
}

/// How many ids are remembered: more than any test has.
const BOUNDS: Bounds = Bounds { counted: 1 << 20, saved: 1 << 20, waiting: 1 << 20 };

const LOG: SourceKey = SourceKey(0);

/// A pipeline and one log.
pub struct Daemon {
    pub pipeline: Pipeline<Seen>,
    /// So much of the log is done with.
    done: usize,
}

impl Daemon {
    pub fn new() -> Self {
        let (mut pipeline, _) = obs_error_exporter::app::pipeline(Config::default(), BOUNDS, Seen::default()).unwrap();
        pipeline.opened(LOG, 0, Path::new("x.log"), None);
        Self { pipeline, done: 0 }
    }

    /// The log is now so long.
    pub fn show(&mut self, log: &[u8], length: usize, behind: Behind) {
        let bytes = &log[self.done..length];
        let done = self.pipeline.take(LOG, self.done as u64, bytes, behind);
        assert!(done <= bytes.len(), "{done} of {} bytes are done with", bytes.len());
        self.done += done;
    }

    pub fn tick(&mut self, now: Now) {
        self.pipeline.tick(now);
    }

    /// Everything that has to be kept goes to disk and is taken up by another process.
    pub fn restart(self) -> Self {
        let now = self.pipeline.now;
        let record = Record::of(&self.pipeline, Vec::new()).encode().unwrap();
        let mut next = Self::new();
        next.pipeline.streams.clear();
        next.pipeline.now = now;
        Record::decode(&record).unwrap().restore(&mut next.pipeline, now);
        next.pipeline.opened(LOG, 0, Path::new("x.log"), None);
        next.done = self.done;
        next
    }

    /// The log has ended, and nothing else will come.
    pub fn finish(mut self, log: &[u8]) -> Pipeline<Seen> {
        self.show(log, log.len(), Behind::End);
        self.pipeline.finish();
        self.pipeline
    }
}

/// What was counted.
pub fn counts<O: Observer>(pipeline: &Pipeline<O>) -> Counts {
    let codes = &pipeline.tally.codes;
    let totals = pipeline.tally.totals().into_iter();
    let label = |status: Option<u16>| status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
    totals.map(|((code, status), count)| ((codes.name(code).to_owned(), label(status)), count)).collect()
}

/// What is counted in a log that is there as a whole.
pub fn whole(log: &[u8]) -> Counts {
    counts(&Daemon::new().finish(log))
}

/// What is counted in a log that grows by pieces of these lengths, over and over.
pub fn in_pieces(log: &[u8], pieces: &[usize], behind: Behind) -> Counts {
    let mut daemon = Daemon::new();
    let mut length = 0;
    for piece in pieces.iter().cycle() {
        length += piece.max(&1);
        if length >= log.len() {
            break;
        }
        daemon.show(log, length, behind);
    }
    counts(&daemon.finish(log))
}
