//! What the state record holds: positions, counters and what is still pending, never the text of a log line.

use super::observer::{LastTold, Observer};
use super::pipeline::{Pipeline, Stream};
use crate::report::{EventMemory, Finding, Now, Saved as SavedMerger};
use crate::tail::{FileRecord, SourceKey};
use crate::tally::Saved as SavedTally;
use serde::{Deserialize, Serialize};

/// The format of the record. A record of another one is set aside.
pub const VERSION: u32 = 2;

/// The whole record. One write holds all of it, so positions and counters cannot come apart.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Record {
    /// The names of the codes by their numbers in this record.
    names: Vec<String>,
    files: Vec<FileRecord>,
    streams: Vec<(SourceKey, Stream)>,
    merger: SavedMerger,
    tally: SavedTally,
    last_told: Vec<LastTold>,
}

impl Record {
    /// The record of what there is now.
    pub fn of<O: Observer>(pipeline: &Pipeline<O>, files: Vec<FileRecord>) -> Self {
        Self {
            names: pipeline.tally.codes.names(),
            files,
            streams: pipeline.streams.iter().map(|(key, stream)| (*key, stream.clone())).collect(),
            merger: pipeline.merger.save(),
            tally: pipeline.tally.save(),
            last_told: pipeline.observer.save(),
        }
    }

    /// As bytes.
    ///
    /// # Errors
    /// When it cannot be encoded, which only a lack of memory brings about.
    pub fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(self)
    }

    /// From bytes.
    ///
    /// # Errors
    /// When they are no record.
    pub fn decode(bytes: &[u8]) -> Result<Self, postcard::Error> {
        postcard::from_bytes(bytes)
    }

    /// Puts the pipeline where it was, and returns the positions for the tailer.
    pub fn restore<O: Observer>(self, pipeline: &mut Pipeline<O>, now: Now) -> Vec<FileRecord> {
        let translate = pipeline.tally.codes.translate(&self.names);
        let sets = pipeline.tally.restore(self.tally, &translate);
        let set = |old: u32| sets.get(&old).copied().unwrap_or(0);
        let renew = |finding: &mut Finding| {
            finding.code = finding.code.map(&translate);
            finding.origin.labels = set(finding.origin.labels);
        };
        let last_told = self.last_told.into_iter();
        pipeline.observer.restore(last_told.map(|last| LastTold { code: last.code.map(&translate), ..last }).collect());
        for (key, mut stream) in self.streams {
            stream.labels = set(stream.labels);
            stream.memory.iter_mut().flat_map(EventMemory::findings_mut).for_each(renew);
            stream.joins.findings_mut().for_each(renew);
            pipeline.streams.insert(key, stream);
        }
        let mut merger = self.merger;
        merger.findings_mut().for_each(renew);
        pipeline.resume(&merger, now);
        self.files
    }
}
