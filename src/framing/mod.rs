//! Bytes to lines, lines to events.
//!
//! An *event* is one line of a log with its continuation lines: those that start with no time stamp, level or prefix of
//! their own (a stack trace, a pretty-printed body). Everything here works on a slice of bytes and keeps nothing: no
//! I/O, no clock. What the events mean is the business of the recognisers; they say which literals are worth a look
//! ([`Anchors`]) and which lines of theirs begin an event although they bear no time stamp.

mod events;
mod frame;
mod framed;
mod lines;
pub mod short;
mod stamp;
mod text;

pub use events::{Bounds, Event, Scan, Visitor, scan};
pub use frame::Framing;
pub use framed::{STREAMS, scan_framed};
pub use lines::{Context, dated, lines, stamped};
pub use stamp::{Minute, Stamp};
pub use text::{Decoded, clean};

use smallvec::SmallVec;

/// A bit for each party that is interested in an anchor.
pub type Bits = u128;

/// A place where literals were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Some byte of them.
    pub at: usize,
    /// A bit for each party that is interested in one of them.
    pub bits: Bits,
    /// A bit for each literal, if whoever searches gives them numbers.
    pub literals: Bits,
}

/// Finds the literals that make a line worth a look.
pub trait Anchors {
    /// Searches `bytes`.
    fn hits<'s>(&'s self, bytes: &'s [u8]) -> impl Search + 's;

    /// Whether a line without a time stamp begins an event all the same, because a known report begins so.
    fn begins(&self, line: &[u8]) -> bool;
}

/// Says where literals stand. The place that it is asked for only grows from call to call.
pub trait Search {
    /// The next literals at or behind a place.
    fn next(&mut self, from: usize) -> Option<Hit>;

    /// Where the next literals at or behind a place may stand: none stands before that. It costs less to know.
    fn place(&mut self, from: usize) -> Option<usize> {
        self.next(from).map(|hit| hit.at)
    }
}

impl<F: FnMut(usize) -> Option<Hit>> Search for F {
    fn next(&mut self, from: usize) -> Option<Hit> {
        self(from)
    }
}

/// All hits in a text.
pub fn all_hits(anchors: &impl Anchors, text: &[u8]) -> Hits {
    let mut found = Hits::new();
    let mut hits = anchors.hits(text);
    let mut from = 0;
    while let Some(hit) = hits.next(from) {
        from = hit.at + 1; // one literal may begin within another
        found.push(hit);
    }
    found
}

/// The hits of one event.
pub type Hits = SmallVec<[Hit; 8]>;
