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

pub use events::{Bounds, Event, Scan, scan};
pub use frame::Framing;
pub use framed::{STREAMS, scan_framed};
pub use lines::{Context, lines, stamped};
pub use stamp::Stamp;
pub use text::{Decoded, clean};

/// A bit for each party that is interested in an anchor.
pub type Bits = u128;

/// Finds the literals that make a line worth a look.
pub trait Anchors {
    /// Searches `bytes`: what it returns says where the next literal at or behind a place is (some byte of it), with a bit
    /// for each party interested in it. The place only grows from call to call.
    fn hits<'s>(&'s self, bytes: &'s [u8]) -> impl FnMut(usize) -> Option<(usize, Bits)> + 's;

    /// Whether a line without a time stamp begins an event all the same, because a known report begins so.
    fn begins(&self, line: &[u8]) -> bool;
}
