//! One file for each family of clients: an event in, reports out. No I/O, no clock, no memory: what hangs together over
//! several events is told by the [`Link`] of a report and joined by `report`.
//!
//! A new client is one file here, one line in [`BUILT_IN`], and one pair of files under `tests/recognise/`.

mod fields;
mod http_dump;
mod json;
mod keys;
mod logfmt;
mod obs_go;
mod obs_python;
mod xml;

use crate::framing;
use aho_corasick::{AhoCorasick, MatchKind, packed};

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
    /// How it hangs together with reports of other events of the same log.
    pub link: Link,
}

impl<'e> Report<'e> {
    /// A report that has nothing yet.
    #[must_use]
    pub fn at(at: usize) -> Self {
        Self { code: None, status: None, request_id: None, at, link: Link::Alone }
    }

    /// Nothing is missing: code, status and request id are there.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.code.is_some() && self.status.is_some() && self.request_id.is_some()
    }
}

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
    /// Goes on with the response begun last under this key that lacks what this report has; begins one if there is none.
    Follows(Key),
    /// The last that is told of the response begun last under this key that it does not contradict; stands alone if
    /// there is none.
    Ends(Key),
}

/// Recognises the reports of one family of clients.
pub trait Recogniser: Sync + Send {
    /// The name, as the label `recogniser` has it.
    fn name(&self) -> &str;

    /// Literals of which every event of this family has at least one. Rare ones keep the rest of the log fast.
    fn anchors(&self) -> &[&str];

    /// Whether a line without a time stamp begins an event since a report of this family begins with it.
    fn begins(&self, line: &[u8]) -> bool {
        let _ = line;
        false
    }

    /// Takes the reports out of an event that has at least one of the anchors.
    fn read<'e>(&self, event: &'e [u8], found: &mut Vec<Report<'e>>);
}

/// The built-in recognisers, in the order in which they are asked.
pub const BUILT_IN: &[&dyn Recogniser] =
    &[&obs_python::ObsPython, &obs_go::ObsGo, &http_dump::HttpDump, &xml::Xml, &json::Json, &logfmt::Logfmt];

/// All recognisers, and one search for all their anchors.
pub struct Recognisers {
    all: Vec<&'static dyn Recogniser>,
    interested: Vec<u64>, // by pattern: the bit of its recogniser
    search: Search,
}

enum Search {
    Packed(packed::Searcher), // SIMD, where the processor has it
    Automaton(AhoCorasick),
}

impl Recognisers {
    /// The built-in recognisers.
    ///
    /// # Errors
    /// When the anchors cannot be searched for at once, which a test of the built-in ones rules out.
    pub fn new() -> Result<Self, aho_corasick::BuildError> {
        let all = BUILT_IN.to_vec();
        let mut patterns = Vec::new();
        let mut interested = Vec::new();
        for (number, recogniser) in all.iter().enumerate() {
            for anchor in recogniser.anchors() {
                patterns.push(*anchor);
                interested.push(1 << number);
            }
        }
        let search = match packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(&patterns)
            .build()
        {
            Some(searcher) => Search::Packed(searcher),
            None => Search::Automaton(AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&patterns)?),
        };
        Ok(Self { all, interested, search })
    }

    /// The recogniser with a number, if there is one.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&'static dyn Recogniser> {
        self.all.get(number).copied()
    }

    /// The names, by number.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|recogniser| recogniser.name())
    }

    /// The reports of an event, each with the number of its recogniser. `interested` holds the bits of those to ask.
    pub fn read<'e>(&self, event: &'e [u8], interested: u64, found: &mut Vec<(u8, Report<'e>)>) {
        let mut reports = Vec::new();
        for (number, recogniser) in (0_u8..).zip(&self.all) {
            if interested & (1 << number) != 0 {
                recogniser.read(event, &mut reports);
                found.extend(reports.drain(..).map(|report| (number, report)));
            }
        }
    }
}

impl framing::Anchors for Recognisers {
    fn next(&self, bytes: &[u8], from: usize) -> Option<(usize, usize, u64)> {
        let found = match &self.search {
            Search::Packed(searcher) => searcher.find_in(bytes, (from..bytes.len()).into())?,
            Search::Automaton(automaton) => automaton.find(aho_corasick::Input::new(bytes).range(from..))?,
        };
        Some((found.start(), found.end(), self.interested[found.pattern().as_usize()]))
    }

    fn begins(&self, line: &[u8]) -> bool {
        self.all.iter().any(|recogniser| recogniser.begins(line))
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_there_is_a_bit_for_each() {
        let recognisers = Recognisers::new().expect("the built-in anchors can be searched for");
        let mut names: Vec<_> = recognisers.names().collect();
        assert!(names.len() <= 64);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BUILT_IN.len());
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
