//! One shot: files read to their end, and what was found in them.

mod files;

pub use files::{Input, Unreadable, expand};

use super::{Observer, Pipeline};
use crate::config::Config;
use crate::framing::Stamp;
use crate::report::{Bounds, Code, Finding, Now};
use crate::tail::{Behind, Consumer, SourceKey};
use crate::tally::metrics;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;

/// Request ids listed for each code and status.
const IDS: usize = 3;

/// A scan remembers many more ids than a daemon has to: it may be given files of months at once.
const BOUNDS: Bounds = Bounds { counted: 4 << 20, waiting: 1 << 20 };

/// What is listed of a code and status beside its count.
#[derive(Debug, Clone, Default)]
struct Seen {
    first: Option<Stamp>,
    last: Option<Stamp>,
    ids: Vec<String>,
}

/// Notes when responses were told of.
#[derive(Debug, Default)]
struct Notes(HashMap<(Option<Code>, Option<u16>), Seen>);

impl Observer for Notes {
    fn counted(&mut self, finding: &Finding) {
        let seen = self.0.entry((finding.code, finding.status)).or_default();
        if let Some(time) = finding.time {
            seen.first = Some(seen.first.map_or(time, |first| first.min(time)));
            seen.last = Some(seen.last.map_or(time, |last| last.max(time)));
        }
        if seen.ids.len() < IDS
            && let Some(text) = finding.id.as_ref().and_then(|id| id.text.as_deref())
        {
            seen.ids.push(text.to_owned());
        }
    }
}

/// The responses with one code and status.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Row {
    /// The code, as the label has it.
    pub code: String,
    /// The status, as the label has it.
    pub status: String,
    /// The category, as the label has it.
    pub category: crate::catalogue::Category,
    /// How many.
    pub count: u64,
    /// The earliest time stamp.
    pub first: Option<String>,
    /// The latest time stamp.
    pub last: Option<String>,
    /// Some of their request ids.
    pub request_ids: Vec<String>,
}

/// What a scan has found.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Report {
    /// The responses, the worst category first, then the most frequent.
    pub errors: Vec<Row>,
    /// Files that were read.
    pub files: u64,
    /// Lines that were read.
    pub lines: u64,
    /// Bytes that were read, after decompression.
    pub bytes: u64,
    /// Reports of responses that were counted already.
    pub duplicates: u64,
    /// Codes that the catalogue lacks.
    pub unlisted_codes: Vec<String>,
    /// The same as a daemon would serve it.
    #[serde(skip)]
    pub families: Vec<crate::tally::Family>,
}

/// Reads logs one after the other.
pub struct Scanner {
    pipeline: Pipeline<Notes>,
    buffer: Vec<u8>,
    files: u64,
    last: Option<SourceKey>,
}

impl Scanner {
    /// A scanner that has read nothing.
    ///
    /// # Errors
    /// As [`super::pipeline()`].
    pub fn new(config: Config) -> anyhow::Result<Self> {
        let (pipeline, _) = super::pipeline(config, BOUNDS, Notes::default())?;
        Ok(Self { pipeline, buffer: vec![0; 256 * 1024], files: 0, last: None })
    }

    /// Reads a log to its end. `continues` says that it goes on where the one before it ended, as rotated files do.
    ///
    /// # Errors
    /// When it cannot be read; what was read of it until then counts.
    pub fn read(&mut self, path: &Path, continues: bool, mut log: impl Read) -> io::Result<()> {
        let key = SourceKey(self.files);
        let follows = self.last.filter(|_| continues);
        self.pipeline.opened(key, 0, path, follows);
        if let Some(before) = self.last.replace(key) {
            self.pipeline.closed(before);
        }
        self.files += 1;
        let (mut at, mut kept) = (0_u64, 0);
        let result = loop {
            if kept == self.buffer.len() {
                self.buffer.resize(kept * 2, 0); // a long line; the pipeline bounds it
            }
            match log.read(&mut self.buffer[kept..]) {
                Ok(0) => break Ok(()),
                Ok(read) => {
                    let whole = kept + read;
                    let done = self.pipeline.take(key, at, &self.buffer[..whole], Behind::More).min(whole);
                    self.buffer.copy_within(done..whole, 0);
                    at += done as u64;
                    kept = whole - done;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.pipeline.take(key, at, &self.buffer[..kept], Behind::End);
        result
    }

    /// What was found in all of them.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.pipeline.finish();
        let Pipeline { mut tally, observer, .. } = self.pipeline;
        tally.show(Now::ZERO);
        tally.seen(Now::ZERO); // there is one answer only
        let mut notes: HashMap<(Option<Code>, Option<u16>), Seen> = HashMap::new();
        for ((code, logged), seen) in observer.0 {
            // a status that was not logged is the catalogue's, so two notes may be of one row
            let noted = notes.entry((code, tally.codes.status(code, logged))).or_default();
            noted.first = [noted.first, seen.first].into_iter().flatten().min();
            noted.last = [noted.last, seen.last].into_iter().flatten().max();
            noted.ids.extend(seen.ids);
            noted.ids.truncate(IDS);
        }
        let mut errors: Vec<Row> = tally
            .totals()
            .into_iter()
            .map(|((code, status), count)| {
                let seen = notes.remove(&(code, status)).unwrap_or_default();
                Row {
                    code: tally.codes.name(code).to_owned(),
                    status: status.map_or_else(|| "unknown".to_owned(), |status| status.to_string()),
                    category: tally.codes.category(code, status),
                    count,
                    first: seen.first.map(|stamp| stamp.to_string()),
                    last: seen.last.map(|stamp| stamp.to_string()),
                    request_ids: seen.ids,
                }
            })
            .collect();
        errors.sort_by(|one, other| {
            (one.category, other.count, &one.code).cmp(&(other.category, one.count, &other.code))
        });
        Report {
            errors,
            files: self.files,
            lines: tally.own(&metrics::READ_LINES, ""),
            bytes: tally.own(&metrics::READ_BYTES, ""),
            duplicates: tally.own(&metrics::DUPLICATES, ""),
            unlisted_codes: tally.codes.unlisted().to_vec(),
            families: tally.families(Now::from_secs(1)),
        }
    }
}
