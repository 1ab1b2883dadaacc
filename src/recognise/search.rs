//! One search for the anchors of all recognisers.
//!
//! Teddy, the SIMD search of `aho-corasick`, compares four bytes at every place of a log with the beginnings of all
//! patterns at once, which it keeps in eight buckets; the more its buckets hold that has little in common, the more often
//! it stops for nothing. So not the anchors are searched for, but a *window* of each: four bytes that are rare in logs,
//! which many anchors have in common. [`WINDOWS`] arranges them so that a bucket holds windows that look alike. Where one
//! is found, the anchors around it are compared.

use super::Recogniser;
use crate::framing::{Bits, short};
use aho_corasick::{AhoCorasick, BuildError, MatchKind, packed};
use std::collections::BTreeMap;

/// The windows of the built-in anchors, a row for each bucket. That of a pattern is its number modulo eight, unless one
/// with the same low halves of its bytes (as `t id` and `t ID` have) has a bucket already.
const WINDOWS: [[&str; 4]; 8] = [
    ["ode:", "ode=", "ode>", "ode-"],
    ["ode\"", "ode\\", "ode&", ",url"],
    ["tus:", "||||", "G: U", "xcee"],
    ["t-id", "t-Id", "t id", "t Id"],
    ["eCod", "sCod", "eErr", "rXml"],
    ["de [", "or '", ": OB", "t ID"],
    ["An e", "(Ser", "REST", "Retr"],
    ["son:", "age:", "n a `", "ror:"],
];

/// Bytes of a window.
const WIDTH: usize = 4;

/// So many windows of configured recognisers go into one search more.
const MORE: usize = 48;

/// Finds the anchors of all recognisers.
pub struct Search {
    first: Part,
    more: Vec<Part>,
}

impl Search {
    /// For `recognisers`, each of which has the bit of its place.
    pub fn new<'r>(recognisers: impl Iterator<Item = &'r dyn Recogniser>) -> Result<Self, BuildError> {
        let mut anchors: BTreeMap<Vec<u8>, Bits> = BTreeMap::new();
        for (number, recogniser) in recognisers.enumerate() {
            for anchor in recogniser.anchors() {
                // the escaped form is how docker and loggers of JSON keep it
                for form in [anchor.as_bytes().to_vec(), escaped(anchor)] {
                    *anchors.entry(form).or_default() |= 1 << number;
                }
            }
        }
        let rows = (0..WINDOWS[0].len()).flat_map(|place| WINDOWS.iter().map(move |bucket| bucket[place]));
        let mut windows: Vec<Window> = rows.map(|text| Window::new(text.as_bytes())).collect();
        let built_in = windows.len();
        for (text, bits) in anchors {
            let place = windows.iter().position(|window| short::find(&text, &window.text).is_some());
            let place = place.unwrap_or_else(|| {
                windows.push(Window::new(rarest(&text)));
                windows.len() - 1
            });
            windows[place].hold(&text, bits);
        }
        let more: Vec<Window> = windows.split_off(built_in);
        let mut parts = Vec::new();
        let mut more = more.into_iter().peekable();
        while more.peek().is_some() {
            parts.push(Part::new(more.by_ref().take(MORE).collect())?);
        }
        Ok(Self { first: Part::new(windows)?, more: parts })
    }

    /// Searches `bytes`: what it returns says where the next anchor at or behind a place is, and whose. The place only
    /// grows from call to call.
    pub fn hits<'s>(&'s self, bytes: &'s [u8]) -> impl FnMut(usize) -> Option<(usize, Bits)> + 's {
        let mut first = Head::of(&self.first);
        let mut more: Vec<Head<'s>> = self.more.iter().map(Head::of).collect();
        move |from| {
            let mut next = first.next(bytes, from);
            for head in &mut more {
                next = match (next, head.next(bytes, from)) {
                    (Some((at, bits)), Some((other, more))) if at == other => Some((at, bits | more)),
                    (Some(next), Some(other)) => Some(next.min(other)),
                    (next, other) => next.or(other),
                };
            }
            next
        }
    }
}

/// A part of the search and what it found last, which may still lie ahead.
struct Head<'s> {
    part: &'s Part,
    found: Option<(usize, Bits)>,
    ended: bool,
}

impl<'s> Head<'s> {
    fn of(part: &'s Part) -> Self {
        Self { part, found: None, ended: false }
    }

    fn next(&mut self, bytes: &[u8], from: usize) -> Option<(usize, Bits)> {
        if !self.ended && self.found.is_none_or(|(at, _)| at < from) {
            self.found = self.part.next(bytes, from);
            self.ended = self.found.is_none();
        }
        self.found
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

    fn next(&self, bytes: &[u8], mut from: usize) -> Option<(usize, Bits)> {
        loop {
            let found = match &self.finder {
                Finder::Packed(searcher) => searcher.find_in(bytes, (from..bytes.len()).into())?,
                Finder::Automaton(automaton) => automaton.find(aho_corasick::Input::new(bytes).range(from..))?,
            };
            let at = found.start();
            let bits = self.windows[found.pattern().as_usize()].anchors_at(bytes, at);
            if bits != 0 {
                return Some((at, bits));
            }
            from = at + 1;
        }
    }
}

struct Window {
    text: Vec<u8>,
    anchors: Vec<Anchor>,
}

struct Anchor {
    before: Vec<u8>,
    behind: Vec<u8>,
    bits: Bits,
}

impl Window {
    fn new(text: &[u8]) -> Self {
        Self { text: text.to_vec(), anchors: Vec::new() }
    }

    fn hold(&mut self, anchor: &[u8], bits: Bits) {
        let at = short::find(anchor, &self.text).unwrap_or_default();
        let behind = anchor[at + self.text.len()..].to_vec();
        self.anchors.push(Anchor { before: anchor[..at].to_vec(), behind, bits });
    }

    /// The bits of the anchors that have this window at `at`.
    fn anchors_at(&self, bytes: &[u8], at: usize) -> Bits {
        let (before, behind) = (&bytes[..at], &bytes[at + self.text.len()..]);
        let there = |anchor: &&Anchor| before.ends_with(&anchor.before) && behind.starts_with(&anchor.behind);
        self.anchors.iter().filter(there).fold(0, |bits, anchor| bits | anchor.bits)
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
    use super::super::BUILT_IN;
    use super::*;

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
            for anchor in recogniser.anchors() {
                let text = format!("2026-11-22 12:00:00 x{anchor}y and more text than a vector of the search holds");
                let mut hits = search.hits(text.as_bytes());
                let mut bits = 0;
                let mut from = 0;
                while let Some((at, more)) = hits(from) {
                    bits |= more;
                    from = at + 1;
                }
                assert!(bits & 1 << number != 0, "{}: {anchor:?}", recogniser.name());
            }
        }
        assert_eq!(search.hits(b"node: a code of conduct, ode: node=1 mode>2")(0), None);
    }
}
