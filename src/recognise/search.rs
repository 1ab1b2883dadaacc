//! One search for the anchors of all recognisers.
//!
//! Teddy, the SIMD search of `aho-corasick`, compares four bytes at every place of a log with the beginnings of all
//! patterns at once, which it keeps in eight buckets; the more its buckets hold that has little in common, the more often
//! it stops for nothing. So not the anchors are searched for, but a *window* of each: four bytes that are rare in logs,
//! which many anchors have in common. [`WINDOWS`] arranges them so that a bucket holds windows that look alike. Where one
//! is found, the anchors around it are compared.

use super::{BUILT_IN, Recogniser};
use crate::framing::{self, Bits, Hit, short};
use aho_corasick::{AhoCorasick, BuildError, MatchKind, packed};
use std::collections::BTreeMap;

/// The windows of the built-in anchors, a row for each bucket. That of a pattern is its number modulo eight, unless one
/// with the same low halves of its bytes (as `t id` and `t ID` have) has a bucket already.
const WINDOWS: [[&str; 4]; 8] = [
    ["ode:", "t-id", "ode>", "ode="],
    ["REST", "ode\\", "or '", "G: U"],
    ["de [", "t id", "t ID", " a `"],
    ["t-Id", ",url", "sCod", "eCod"],
    ["rXml", "||||", "An e", "xcee"],
    ["ode\"", "ode-", "ode&", ": OB"],
    ["eErr", "t Id", "(Ser", "Retr"],
    ["age:", "ror:", "tus:", "son:"],
];

/// Bytes of a window.
const WIDTH: usize = 4;

/// So many windows of configured recognisers go into one search more.
const MORE: usize = 48;

/// Finds the anchors of all recognisers.
pub struct Search {
    first: Part,
    more: Vec<Part>,
    numbers: Numbers,
}

/// The anchors of the built-in recognisers have numbers, those of one recogniser in a row.
#[derive(Default)]
struct Numbers {
    /// That of the first anchor of each recogniser.
    first: Vec<usize>,
    /// How far behind the beginning of each anchor its window begins.
    window: Vec<usize>,
}

/// An event, and where in it the anchors stand of the recogniser that is asked. What an anchor looks like within an
/// escaped string is found too, but is not at these places.
#[derive(Clone, Copy)]
pub struct Seen<'e, 'h> {
    /// The event.
    pub text: &'e [u8],
    hits: &'h [Hit],
    /// The number of the first anchor of the recogniser.
    first: usize,
    window: &'h [usize],
}

impl<'h> Seen<'_, 'h> {
    /// Where an anchor begins, by its place in the list of the recogniser.
    pub fn places(&self, anchor: usize) -> impl Iterator<Item = usize> + use<'h> {
        let bit = 1 << (self.first + anchor);
        let before = self.window[self.first + anchor];
        self.hits.iter().filter(move |hit| hit.literals & bit != 0).map(move |hit| hit.at - before)
    }

    /// Where an anchor begins for the first time.
    pub fn place(&self, anchor: usize) -> Option<usize> {
        self.places(anchor).next()
    }
}

impl Search {
    /// For `recognisers`, each of which has the bit of its place.
    pub fn new<'r>(recognisers: impl Iterator<Item = &'r dyn Recogniser>) -> Result<Self, BuildError> {
        let mut anchors: BTreeMap<Vec<u8>, Interest> = BTreeMap::new();
        let mut numbers = Numbers::default();
        let mut texts = Vec::new(); // by number
        for (number, recogniser) in recognisers.enumerate() {
            numbers.first.push(texts.len());
            for anchor in recogniser.anchors() {
                // the escaped form is how docker and loggers of JSON keep it
                for form in [anchor.as_bytes().to_vec(), escaped(anchor)] {
                    anchors.entry(form).or_default().bits |= 1 << number;
                }
                if number < BUILT_IN.len() {
                    anchors.entry(anchor.as_bytes().to_vec()).or_default().literals |= 1 << texts.len();
                    texts.push(anchor.as_bytes());
                }
            }
        }
        let rows = (0..WINDOWS[0].len()).flat_map(|place| WINDOWS.iter().map(move |bucket| bucket[place]));
        let mut windows: Vec<Window> = rows.map(|text| Window::new(text.as_bytes())).collect();
        let built_in = windows.len();
        numbers.window.resize(texts.len(), 0);
        for (text, interest) in anchors {
            let place = windows.iter().position(|window| short::find(&text, window.text.as_slice()).is_some());
            let place = place.unwrap_or_else(|| {
                windows.push(Window::new(rarest(&text)));
                windows.len() - 1
            });
            let before = windows[place].hold(&text, interest);
            for number in texts.iter().enumerate().filter(|(_, own)| **own == text).map(|(number, _)| number) {
                numbers.window[number] = before;
            }
        }
        let more: Vec<Window> = windows.split_off(built_in);
        let mut parts = Vec::new();
        let mut more = more.into_iter().peekable();
        while more.peek().is_some() {
            parts.push(Part::new(more.by_ref().take(MORE).collect())?);
        }
        Ok(Self { first: Part::new(windows)?, more: parts, numbers })
    }

    /// An event for the recogniser with a number, with all hits in it.
    pub fn seen<'e, 'h>(&'h self, text: &'e [u8], hits: &'h [Hit], number: usize) -> Seen<'e, 'h> {
        Seen { text, hits, first: self.numbers.first[number], window: &self.numbers.window }
    }

    /// Searches `bytes`.
    pub fn hits<'s>(&'s self, bytes: &'s [u8]) -> Heads<'s> {
        Heads {
            first: Head::of(&self.first, bytes),
            more: self.more.iter().map(|part| Head::of(part, bytes)).collect(),
        }
    }
}

/// All parts of the search in one text.
pub struct Heads<'s> {
    first: Head<'s>,
    more: Vec<Head<'s>>,
}

impl framing::Search for Heads<'_> {
    fn next(&mut self, from: usize) -> Option<Hit> {
        let mut next = self.first.next(from);
        for head in &mut self.more {
            next = match (next, head.next(from)) {
                (Some(one), Some(other)) if one.at == other.at => {
                    Some(Hit { at: one.at, bits: one.bits | other.bits, literals: one.literals | other.literals })
                }
                (Some(next), Some(other)) => Some(next.min(other)),
                (next, other) => next.or(other),
            };
        }
        next
    }

    fn place(&mut self, from: usize) -> Option<usize> {
        let mut place = self.first.place(from);
        for head in &mut self.more {
            place = place.into_iter().chain(head.place(from)).min();
        }
        place
    }
}

/// A part of the search in a text, and what it found last, which may still lie ahead.
struct Head<'s> {
    part: &'s Part,
    bytes: &'s [u8],
    /// Where the next window is, and its number; nothing is behind the last one.
    window: Option<(usize, usize)>,
    /// The next anchor, once somebody has asked for it.
    found: Option<Hit>,
    ended: bool,
}

impl<'s> Head<'s> {
    fn of(part: &'s Part, bytes: &'s [u8]) -> Self {
        Self { part, bytes, window: None, found: None, ended: false }
    }

    /// Where the next window is.
    fn place(&mut self, from: usize) -> Option<usize> {
        if !self.ended && self.window.is_none_or(|(at, _)| at < from) {
            self.window = self.part.window(self.bytes, from);
            self.ended = self.window.is_none();
        }
        self.window.map(|(at, _)| at)
    }

    /// The next window with an anchor around it.
    fn next(&mut self, mut from: usize) -> Option<Hit> {
        loop {
            let at = self.place(from)?;
            let (_, number) = self.window?;
            if let Some(found) = self.found.filter(|found| found.at == at) {
                return Some(found);
            }
            let Interest { bits, literals } = self.part.windows[number].anchors_at(self.bytes, at);
            if bits != 0 {
                self.found = Some(Hit { at, bits, literals });
                return self.found;
            }
            from = at + 1;
        }
    }
}

struct Part {
    finder: Finder,
    windows: Vec<Window>, // by the number of the pattern
}

enum Finder {
    Packed(packed::Searcher), // SIMD, where the processor has it
    Automaton(AhoCorasick),
}

impl Part {
    fn new(windows: Vec<Window>) -> Result<Self, BuildError> {
        let patterns = || windows.iter().map(|window| &window.text);
        let packed =
            packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).builder().extend(patterns()).build();
        let finder = match packed {
            Some(searcher) => Finder::Packed(searcher),
            None => Finder::Automaton(AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(patterns())?),
        };
        Ok(Self { finder, windows })
    }

    /// Where the next window is, and its number.
    fn window(&self, bytes: &[u8], from: usize) -> Option<(usize, usize)> {
        let found = match &self.finder {
            Finder::Packed(searcher) => searcher.find_in(bytes, (from..bytes.len()).into())?,
            Finder::Automaton(automaton) => automaton.find(aho_corasick::Input::new(bytes).range(from..))?,
        };
        Some((found.start(), found.pattern().as_usize()))
    }
}

struct Window {
    text: Vec<u8>,
    anchors: Vec<Anchor>,
}

struct Anchor {
    /// The eight bytes next to the window, before and behind it, as far as they belong to the anchor: a mask and what is
    /// there under it. Those of most anchors differ there from what was found.
    near: [(u64, u64); 2],
    before: Box<[u8]>,
    behind: Box<[u8]>,
    interest: Interest,
}

/// Bytes that are compared at once.
const NEAR: usize = 8;

/// The last bytes before a place, of which the last is the highest; zeros where there are none.
fn near_before(bytes: &[u8]) -> u64 {
    match bytes.last_chunk::<NEAR>() {
        Some(near) => u64::from_le_bytes(*near),
        None => bytes.iter().fold(0, |near, byte| near >> 8 | u64::from(*byte) << 56),
    }
}

/// The first bytes behind a place, of which the first is the lowest; zeros where there are none.
fn near_behind(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<NEAR>() {
        Some(near) => u64::from_le_bytes(*near),
        None => bytes.iter().rev().fold(0, |near, byte| near << 8 | u64::from(*byte)),
    }
}

/// A mask of so many bytes from the lowest on.
fn lowest(bytes: usize) -> u64 {
    u64::MAX.checked_shr(8 * u32::try_from(NEAR.saturating_sub(bytes)).unwrap_or(0)).unwrap_or(0)
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Interest {
    bits: Bits,
    literals: Bits,
}

impl Window {
    fn new(text: &[u8]) -> Self {
        Self { text: text.to_vec(), anchors: Vec::new() }
    }

    /// Takes in an anchor; returns how much of it stands before the window.
    fn hold(&mut self, anchor: &[u8], interest: Interest) -> usize {
        let at = short::find(anchor, self.text.as_slice()).unwrap_or_default();
        let (before, behind) = (&anchor[..at], &anchor[at + self.text.len()..]);
        let (last, first) = (lowest(before.len()).reverse_bits(), lowest(behind.len()));
        let near = [(last, near_before(before)), (first, near_behind(behind) & first)];
        self.anchors.push(Anchor { near, before: before.into(), behind: behind.into(), interest });
        at
    }

    /// Who is interested in the anchors that have this window at `at`.
    fn anchors_at(&self, bytes: &[u8], at: usize) -> Interest {
        let (before, behind) = (&bytes[..at], &bytes[at + self.text.len()..]);
        let near = [near_before(before), near_behind(behind)];
        let mut all = Interest::default();
        for anchor in &self.anchors {
            let [(last, ends), (first, begins)] = anchor.near;
            let may = (near[0] & last) == ends && (near[1] & first) == begins;
            if may && before.ends_with(&anchor.before) && behind.starts_with(&anchor.behind) {
                all.bits |= anchor.interest.bits;
                all.literals |= anchor.interest.literals;
            }
        }
        all
    }
}

/// The window of an anchor that has none of the built-in ones: the bytes that are rarest in logs.
fn rarest(anchor: &[u8]) -> &[u8] {
    let common = |window: &&[u8]| window.iter().map(|byte| u32::from(short::commonness(*byte))).sum::<u32>();
    anchor.windows(WIDTH.min(anchor.len())).min_by_key(common).unwrap_or(anchor)
}

/// A text as it stands within a string of JSON, with the characters escaped that are dangerous in HTML.
fn escaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'<' => out.extend(b"\\u003c"),
            b'>' => out.extend(b"\\u003e"),
            b'&' => out.extend(b"\\u0026"),
            b'\t' => out.extend(b"\\t"),
            byte => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;
    use crate::framing::Search as _;

    fn search() -> Search {
        Search::new(BUILT_IN.iter().copied()).expect("the built-in anchors can be searched for")
    }

    #[test]
    fn one_pass_finds_all_built_in_anchors() {
        let search = search();
        let simd = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
        assert!(!simd || matches!(search.first.finder, Finder::Packed(_)));
        let without: Vec<_> = search.more.iter().flat_map(|part| &part.windows).map(|window| &window.text).collect();
        assert!(without.is_empty(), "anchors without a window in the table, found by a second pass: {without:?}");
    }

    #[test]
    fn every_window_is_of_use() {
        for window in &search().first.windows {
            let text = String::from_utf8_lossy(&window.text);
            assert!(!window.anchors.is_empty(), "no anchor has {text:?}");
            assert!(window.text.len() >= WIDTH, "{text:?}");
        }
    }

    #[test]
    fn anchors_are_found_with_all_who_want_them() {
        let search = search();
        for (number, recogniser) in BUILT_IN.iter().enumerate() {
            for (place, anchor) in recogniser.anchors().iter().enumerate() {
                let text = format!("2026-11-22 12:00:00 x{anchor}y and more text than a vector of the search holds");
                let mut found = search.hits(text.as_bytes());
                let mut hits = Vec::new();
                while let Some(hit) = found.next(hits.last().map_or(0, |last: &Hit| last.at + 1)) {
                    hits.push(hit);
                }
                assert!(hits.iter().any(|hit| hit.bits & 1 << number != 0), "{}: {anchor:?}", recogniser.name());
                let seen = search.seen(text.as_bytes(), &hits, number);
                assert_eq!(seen.place(place), text.find(anchor), "{}: {anchor:?}", recogniser.name());
            }
        }
        assert_eq!(search.hits(b"node: a code of conduct, ode: node=1 mode>2").next(0), None);
    }
}
