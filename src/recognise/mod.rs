//! One file for each family of clients: an event in, reports out. No I/O, no clock, no memory: what hangs together over
//! several events is told by the [`Link`] of a report and joined by `report`.
//!
//! A new client is one file here, one line in [`BUILT_IN`], and one pair of files under `tests/recognise/`.

mod access_log;
mod aws_go;
mod aws_java;
mod aws_js;
mod boto;
mod custom;
mod fields;
mod hadoop_obsa;
mod http_dump;
mod json;
mod keys;
mod logfmt;
mod minio;
mod names;
mod obs_c;
mod obs_dotnet;
mod obs_go;
mod obs_java;
mod obs_node;
mod obs_php;
mod obs_python;
mod obsfs;
mod obsutil;
mod owned;
mod s3cmd;
mod search;
mod terraform;
mod xml;

pub use custom::{Custom, CustomError};

use crate::framing::{self, Bits, Hit};
use search::Search;
pub use search::Seen;
use smallvec::SmallVec;

/// What one log event tells of one response. At least one field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report<'e> {
    /// The error code as it was logged: it has a code's form, but whether it is one the catalogue decides.
    pub code: Option<&'e str>,
    /// The HTTP status, 100 to 599.
    pub status: Option<u16>,
    /// The request id of OBS.
    pub request_id: Option<&'e str>,
    /// Where in the event it was found, in bytes: tells apart two reports that are alike.
    pub at: usize,
    /// Where its text ends, if that is not with its line or string: what others find in it is part of its message.
    pub until: usize,
    /// How it hangs together with reports of other events of the same log.
    pub link: Link,
    /// It counts only if the catalogue has its code: applications have fields and words like these for their own errors.
    pub doubtful: bool,
}

impl<'e> Report<'e> {
    /// A report that has nothing yet.
    #[must_use]
    pub fn at(at: usize) -> Self {
        Self { code: None, status: None, request_id: None, at, until: 0, link: Link::Alone, doubtful: false }
    }

    /// Nothing is missing: code, status and request id are there.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.code.is_some() && self.status.is_some() && self.request_id.is_some()
    }
}

/// The reports of one event: one, almost always.
pub type Reports<'e> = SmallVec<[Report<'e>; 2]>;

/// The reports of one event, each with the number of its recogniser.
pub type Found<'e> = SmallVec<[(u8, Report<'e>); 2]>;

/// What a [`Link`] is known by within one log: a hash of whatever the log joins its lines by (thread, operation, …).
pub type Key = u64;

/// How reports in different events of one log belong together, where the format spreads one response over several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Link {
    /// Nothing else in this log has to be joined.
    Alone,
    /// Begins a response that later lines complete; several may be begun under one key at a time. What `taking` has
    /// begun, if anything, goes over into it.
    Starts {
        /// What later lines are joined by.
        key: Key,
        /// A key under which an earlier line of the same attempt may stand.
        taking: Option<Key>,
    },
    /// Begins a response; an older one under this key is complete, since its writer has gone on to this one.
    Begins(Key),
    /// The same, but it is a response only if more is told of it: many a program writes such a line.
    Opens(Key),
    /// Goes on with the response begun last under this key that lacks what this report has; begins one if there is none,
    /// or, with the status of a success, leaves it at those that were begun.
    Follows(Key),
    /// Adds to the response begun last under this key that it does not contradict; nothing by itself.
    Adds(Key),
    /// The last that is told of the response begun last under this key that it does not contradict; stands alone if
    /// there is none.
    Ends(Key),
}

/// Recognises the reports of one family of clients.
pub trait Recogniser: Sync + Send {
    /// The name, as the label `recogniser` has it.
    fn name(&self) -> &str;

    /// Literals of which every event of this family has at least one. The more they say the better: only events that hold
    /// one are shown to [`read`](Self::read). Each holds a window of the table in `search.rs`.
    fn anchors(&self) -> &[&str];

    /// Whether a line without a time stamp begins an event since a report of this family begins with it.
    fn begins(&self, line: &[u8]) -> bool {
        let _ = line;
        false
    }

    /// Whether all lines of a shape are one to it, but for the request id: lines that differ in nothing but times, numbers
    /// and ids (`app/pipeline/shapes.rs`). So are they to who asks of digits only whether they are some, where they are
    /// no status.
    fn by_shape(&self) -> bool {
        false
    }

    /// Takes the reports out of an event that has at least one of the anchors.
    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>);
}

/// The built-in recognisers, in the order in which they are asked.
pub const BUILT_IN: &[&dyn Recogniser] = &[
    &obs_python::ObsPython,
    &obs_go::ObsGo,
    &obs_java::ObsJava,
    &obs_c::ObsC,
    &obs_node::ObsNode,
    &obs_dotnet::ObsDotnet,
    &hadoop_obsa::HadoopObsa,
    &obsfs::Obsfs,
    &obs_php::ObsPhp,
    &obsutil::Obsutil,
    &terraform::Terraform,
    &aws_go::AwsGo,
    &aws_java::AwsJava,
    &aws_js::AwsJs,
    &boto::Boto,
    &minio::Minio,
    &s3cmd::S3cmd,
    &access_log::AccessLog,
    &http_dump::HttpDump,
    &xml::Xml,
    &json::Json,
    &logfmt::Logfmt,
];

/// All recognisers, and one search for all their anchors.
pub struct Recognisers {
    custom: Vec<Custom>,
    search: Search,
    /// Those to which lines of a shape are one.
    by_shape: Bits,
}

/// So many recognisers of a configuration have a bit beside the built-in ones.
pub const MOST_CUSTOM: usize = Bits::BITS as usize - BUILT_IN.len();

impl Recognisers {
    /// The built-in recognisers, and up to [`MOST_CUSTOM`] of a configuration.
    ///
    /// # Errors
    /// When the anchors cannot be searched for at once, which a test of the built-in ones rules out.
    pub fn new(custom: Vec<Custom>) -> Result<Self, aho_corasick::BuildError> {
        let all = BUILT_IN.iter().copied().chain(custom.iter().map(|custom| custom as &dyn Recogniser));
        let search = Search::new(all)?;
        let mut recognisers = Self { custom, search, by_shape: 0 };
        let by_shape = recognisers.all().enumerate().filter(|(_, recogniser)| recogniser.by_shape());
        recognisers.by_shape = by_shape.fold(0, |bits, (number, _)| bits | 1 << number);
        Ok(recognisers)
    }

    /// The recogniser with a number, if there is one.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&dyn Recogniser> {
        match BUILT_IN.get(number) {
            Some(recogniser) => Some(*recogniser),
            None => self.custom.get(number - BUILT_IN.len()).map(|custom| custom as &dyn Recogniser),
        }
    }

    /// The names, by number.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all().map(Recogniser::name)
    }

    fn all(&self) -> impl Iterator<Item = &dyn Recogniser> {
        BUILT_IN.iter().copied().chain(self.custom.iter().map(|custom| custom as &dyn Recogniser))
    }

    /// Whether what is found in a line with these hits is found in all lines of its shape.
    #[must_use]
    pub fn by_shape(&self, hits: &[Hit]) -> bool {
        self.custom.is_empty() && hits.iter().all(|hit| hit.bits & !self.by_shape == 0)
    }

    /// The reports of an event, each with the number of its recogniser. `hits` are all that there are in it.
    pub fn read<'e>(&self, event: &'e [u8], hits: &[Hit], found: &mut Found<'e>) {
        let mut reports = Reports::new();
        let mut left = hits.iter().fold(0, |bits, hit| bits | hit.bits);
        while left != 0 {
            let number = left.trailing_zeros();
            left &= left - 1;
            if let Some(recogniser) = self.get(number as usize) {
                recogniser.read(self.search.seen(event, hits, number as usize), &mut reports);
                for report in reports.drain(..) {
                    found.push((u8::try_from(number).unwrap_or(u8::MAX), report));
                }
            }
        }
        if !found.is_empty() {
            owned::settle(event, found);
        }
    }

    /// What one recogniser reads in a text, whosever text it may be.
    pub fn ask<'e>(&self, number: usize, text: &'e [u8]) -> Reports<'e> {
        let mut found = Reports::new();
        if let Some(recogniser) = self.get(number) {
            recogniser.read(self.search.seen(text, &framing::all_hits(self, text), number), &mut found);
        }
        found
    }
}

impl framing::Anchors for Recognisers {
    fn hits<'s>(&'s self, bytes: &'s [u8]) -> impl framing::Search + 's {
        self.search.hits(bytes)
    }

    fn begins(&self, line: &[u8]) -> bool {
        self.all().any(|recogniser| recogniser.begins(line))
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
pub(crate) mod tests {
    use super::*;

    /// What a built-in recogniser alone reads in a text.
    pub fn ask<'e>(recogniser: &dyn Recogniser, text: &'e [u8]) -> Reports<'e> {
        let number = BUILT_IN.iter().position(|built_in| built_in.name() == recogniser.name());
        let recognisers = Recognisers::new(Vec::new()).expect("the built-in anchors can be searched for");
        recognisers.ask(number.expect("it is built in"), text)
    }

    #[test]
    fn names_are_distinct_and_there_is_a_bit_for_each() {
        let recognisers = Recognisers::new(Vec::new()).expect("the built-in anchors can be searched for");
        let mut names: Vec<_> = recognisers.names().collect();
        assert!(names.len() + 50 <= Bits::BITS as usize, "there is room for recognisers of a configuration");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BUILT_IN.len());
    }

    /// In the lines of a shape numbers and hexadecimal names may differ: that makes no anchor, and unmakes none.
    #[test]
    fn no_anchor_has_anything_of_what_differs_in_a_shape() {
        let any = |run: &str, of: fn(&u8) -> bool| run.as_bytes().iter().all(of);
        for (recogniser, anchor) in
            BUILT_IN.iter().flat_map(|one| one.anchors().iter().map(move |anchor| (one, anchor)))
        {
            let runs: Vec<_> = anchor.split(|next: char| !next.is_ascii_alphanumeric()).collect();
            for (place, run) in runs.iter().enumerate().filter(|(_, run)| !run.is_empty()) {
                let whole = place > 0 && place + 1 < runs.len(); // else more may stand before or behind it
                let number = any(run, u8::is_ascii_digit) && !(whole && run.len() == 3);
                let small = any(run, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) && !(whole && run.len() < 4);
                let capital = any(run, |byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')) && !(whole && run.len() < 16);
                assert!(!number && !small && !capital, "{}: {run:?} in {anchor:?}", recogniser.name());
            }
        }
    }

    #[test]
    fn anchors_are_long_enough_to_be_rare() {
        for recogniser in BUILT_IN {
            for anchor in recogniser.anchors() {
                assert!(anchor.len() >= 5, "{}: {anchor:?}", recogniser.name());
            }
        }
    }
}
