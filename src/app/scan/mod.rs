//! One shot: files read to their end, and what was found in them.

mod files;
mod interrupt;
mod notes;
mod open;
mod timeline;
mod when;

pub use files::{Input, Unreadable, advice, expand};
pub use interrupt::Interrupt;
pub use notes::{At, Filter};
pub use timeline::Timeline;
pub use when::Zone;

use super::Pipeline;
use crate::catalogue::Entry;
use crate::config::Config;
use crate::framing::Stamp;
use crate::report::{Bounds, Kind, Now};
use crate::tail::{Behind, Consumer, SourceKey};
use crate::tally::metrics;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;

use notes::{Notes, Seen};

/// A scan remembers many more ids than a daemon has to: it may be given files of months at once.
const BOUNDS: Bounds = Bounds { counted: 2 << 20, saved: 0, waiting: 1 << 20 };

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
    /// What the catalogue knows of the code.
    #[serde(skip)]
    pub entry: Option<&'static Entry>,
    /// The moments of `first` and `last`.
    #[serde(skip)]
    pub span: Option<Span>,
    /// How many when.
    #[serde(skip)]
    pub timeline: Timeline,
}

/// From when to when: moments in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
}

impl Span {
    fn over(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }
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
    /// From when to when they were.
    #[serde(skip)]
    pub span: Option<Span>,
    /// The zone to show times in; nothing if the logs name zones, so that UTC is right.
    #[serde(skip)]
    pub zone: Option<Zone>,
    /// Responses that the filter left out.
    #[serde(skip)]
    pub left_out: u64,
    /// Responses that are listed whatever their time, which the logs do not tell.
    #[serde(skip)]
    pub timeless: u64,
    /// The same as a daemon would serve it.
    #[serde(skip)]
    pub families: Vec<crate::tally::Family>,
}

impl Report {
    /// A moment as the logs show times: `2026-11-22 13:10:36`.
    #[must_use]
    pub fn shown(&self, moment: i64) -> String {
        let stamp = self.zone.as_ref().map_or(Stamp { millis: moment, zoned: true }, |zone| zone.shown(moment));
        let text = stamp.to_string().replace('T', " ");
        text.split('.').next().unwrap_or_default().to_owned()
    }
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
        Self::filtered(config, Filter::default())
    }

    /// A scanner that counts some responses only.
    ///
    /// # Errors
    /// As [`super::pipeline()`].
    pub fn filtered(config: Config, filter: Filter) -> anyhow::Result<Self> {
        let notes = Notes { filter, ..Notes::default() };
        let (mut pipeline, _) = super::pipeline(config, BOUNDS, notes)?;
        pipeline.tally.settings.examples = false; // the notes have some
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

    /// Responses counted so far.
    #[must_use]
    pub fn counted(&self) -> u64 {
        self.pipeline.observer.counted
    }

    /// What was found in all of them.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.pipeline.finish();
        let Pipeline { mut tally, observer, .. } = self.pipeline;
        tally.show(Now::ZERO);
        tally.seen(Now::ZERO); // there is one answer only
        let Notes { filter, seen, left_out, timeless, .. } = observer;
        let mut zoned = false;
        let mut notes: HashMap<Kind, Seen> = HashMap::new();
        let mut seen: Vec<_> = seen.into_iter().collect();
        seen.sort_by_key(|(of, _)| *of); // so that the same logs always give the same answer
        for (Kind { code, status }, seen) in seen {
            zoned |= [seen.first, seen.last].into_iter().flatten().any(|(_, stamp)| stamp.zoned);
            // a status that was not logged is the catalogue's, so two notes may be of one row
            let status = tally.codes.status(code, status);
            notes.entry(Kind { code, status }).or_default().absorb(seen);
        }
        let mut errors: Vec<Row> = tally
            .totals()
            .into_iter()
            .map(|((code, status), count)| {
                let seen = notes.remove(&Kind { code, status }).unwrap_or_default();
                Row {
                    code: tally.codes.name(code).to_owned(),
                    status: status.map_or_else(|| "unknown".to_owned(), |status| status.to_string()),
                    category: tally.codes.category(code, status),
                    count,
                    first: seen.first.map(|(_, stamp)| stamp.to_string()),
                    last: seen.last.map(|(_, stamp)| stamp.to_string()),
                    request_ids: seen.ids,
                    entry: code.and_then(|code| tally.codes.entry(code)),
                    span: seen.first.zip(seen.last).map(|((first, _), (last, _))| Span { first, last }),
                    timeline: seen.timeline,
                }
            })
            .collect();
        errors.sort_by(|one, other| {
            (one.category, other.count, &one.code).cmp(&(other.category, one.count, &other.code))
        });
        Report {
            span: errors.iter().filter_map(|row| row.span).reduce(Span::over),
            zone: (!zoned).then_some(filter.zone),
            left_out,
            timeless,
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
