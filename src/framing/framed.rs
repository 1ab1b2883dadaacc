//! Events inside frames. Two streams may be interleaved in a file, lines may be cut, text may be escaped: only the lines
//! around an anchor are taken out of their frames.

use super::frame::{Framing, Piece};
use super::{Anchors, Bounds, Context, Event, Scan, Search, all_hits};
use memchr::memmem;
use std::borrow::Cow;

/// The interleaved streams of one file.
pub const STREAMS: usize = 2;

/// So many bytes of a line say whether it begins an event.
const ENOUGH: usize = 256;

/// As [`super::scan`], for the lines inside a frame. `done` says for each stream how far it was done with before, counted
/// from the beginning of `bytes`, and is taken on.
pub fn scan_framed(
    bytes: &[u8],
    end: bool,
    framing: Framing,
    anchors: &impl Anchors,
    bounds: Bounds,
    done: &mut [usize; STREAMS],
    mut visit: impl FnMut(Event<'_>),
) -> Scan {
    let line = if end { bytes.len() } else { memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1) };
    let framed = Framed { whole: &bytes[..line], end, framing, anchors, bounds };
    let mut from = *done.iter().min().unwrap_or(&0);
    let mut scratch = Vec::new();
    let mut open = [None; STREAMS];
    let mut candidates = Candidates::new(framed.whole, framing, anchors.hits(framed.whole), from);
    while let Some(hit) = candidates.next(from) {
        let at = framed.line_start(hit);
        let next = framed.next_line(at);
        let stream = framed.piece(at).stream;
        from = next;
        if at < done[stream] {
            continue;
        }
        let start = framed.start(at, stream, done[stream]);
        let stop = framed.collect(start, next, stream, &mut scratch);
        let closed = end || stop.is_some() || line - start > bounds.bytes;
        let hits = all_hits(anchors, &scratch);
        if hits.iter().any(|hit| hit.bits != 0) {
            visit(Event { text: &scratch, at: start, stream, closed, plain: false, hits: &hits });
        }
        if closed {
            done[stream] = stop.unwrap_or(line);
        } else {
            open[stream] = Some(start);
            done[stream] = line; // nothing more of this stream in these bytes
        }
    }
    for stream in 0..STREAMS {
        done[stream] = match open[stream] {
            Some(start) => start,
            None if end => line,
            None => framed.last_start(stream, done[stream]),
        };
    }
    Scan { done: *done.iter().min().unwrap_or(&0), line }
}

/// The places that are worth a look: anchors, and lines that may be cut. Each is searched for once, and only when the one
/// before it has been passed.
struct Candidates<'b, H> {
    whole: &'b [u8],
    framing: Framing,
    hits: H,
    anchor: Option<usize>,
    cuts: Vec<(memmem::Finder<'static>, Option<usize>)>,
    long: Option<usize>,
}

impl<'b, H: Search> Candidates<'b, H> {
    fn new(whole: &'b [u8], framing: Framing, mut hits: H, from: usize) -> Self {
        let cuts = framing.cuts().iter().map(|cut| {
            let finder = memmem::Finder::new(*cut);
            let first = finder.find(&whole[from..]).map(|at| from + at);
            (finder, first)
        });
        let anchor = hits.next(from).map(|hit| hit.at);
        let mut candidates = Self { whole, framing, hits, anchor, cuts: cuts.collect(), long: None };
        candidates.long = candidates.long(from);
        candidates
    }

    /// The first at or behind `from`, which only grows.
    fn next(&mut self, from: usize) -> Option<usize> {
        if self.anchor.is_some_and(|at| at < from) {
            self.anchor = self.hits.next(from).map(|hit| hit.at);
        }
        for (finder, at) in &mut self.cuts {
            if at.is_some_and(|at| at < from) {
                *at = finder.find(&self.whole[from..]).map(|at| from + at);
            }
        }
        if self.long.is_some_and(|at| at < from) {
            self.long = self.long(from);
        }
        self.cuts.iter().filter_map(|(_, at)| *at).chain(self.anchor).chain(self.long).min()
    }

    /// The next line that is so long that it may be cut.
    fn long(&self, from: usize) -> Option<usize> {
        let least = self.framing.cut_at();
        let rest = self.whole.get(from..).filter(|rest| rest.len() >= least)?;
        let mut line = 0;
        memchr::memchr_iter(b'\n', rest).find_map(|newline| {
            let found = (newline - line >= least).then_some(from + line);
            line = newline + 1;
            found
        })
    }
}

struct Framed<'b, A> {
    whole: &'b [u8],
    end: bool,
    framing: Framing,
    anchors: &'b A,
    bounds: Bounds,
}

impl<A: Anchors> Framed<'_, A> {
    /// The start of the event that the line at `at` belongs to, not before `floor`.
    fn start(&self, at: usize, stream: usize, floor: usize) -> usize {
        let reach = floor.max(at.saturating_sub(self.bounds.bytes));
        let mut start = at;
        let mut line = at;
        // whether the line before this one in the stream is cut, so that this one is its rest
        loop {
            let begins = Context::begins_anywhere(&self.head(start), |line| self.anchors.begins(line));
            let before = self.before(line, stream, reach);
            match before {
                Some((before, piece)) if !begins || piece.partial => {
                    start = before;
                    line = before;
                }
                _ => return start,
            }
        }
    }

    /// The line of the stream before the one at `at`, not before `reach`.
    fn before(&self, mut at: usize, stream: usize, reach: usize) -> Option<(usize, Piece<'_>)> {
        while at > reach {
            at = self.line_start(at - 1);
            let piece = self.piece(at);
            if at >= reach && piece.stream == stream {
                return Some((at, piece));
            }
        }
        None
    }

    /// Collects the text of the event that begins at `start` and goes at least up to `least`. Where the next one of the
    /// stream begins, if it does. A line whose rest is still to come is left out: half an id would be another one.
    fn collect(&self, start: usize, least: usize, stream: usize, text: &mut Vec<u8>) -> Option<usize> {
        text.clear();
        let mut context = Context::default();
        let (mut at, mut lines, mut joined, mut finished) = (start, 0, false, 0);
        while at < self.whole.len() {
            let piece = self.piece(at);
            if piece.stream == stream {
                let over = lines >= self.bounds.lines || text.len() >= self.bounds.bytes;
                let begins = || context.begins(&self.head(at), |line| self.anchors.begins(line));
                if at > start && (over && at >= least || !joined && at >= least && begins()) {
                    return Some(at);
                }
                if !joined {
                    context.push(&self.head(at));
                }
                text.extend_from_slice(&piece.content);
                joined = piece.partial;
                if !joined {
                    text.push(b'\n');
                    finished = text.len();
                }
                lines += 1;
            } else if at - start > self.bounds.bytes {
                return Some(at);
            }
            at = self.next_line(at);
        }
        if joined && !self.end && at - start <= self.bounds.bytes {
            text.truncate(finished);
        }
        None
    }

    /// Where the last event of a stream begins that was not looked at, since it holds no anchor so far.
    fn last_start(&self, stream: usize, floor: usize) -> usize {
        let line = self.whole.len();
        let reach = floor.max(line.saturating_sub(self.bounds.bytes));
        match self.before(line, stream, reach) {
            Some((at, _)) => self.start(at, stream, reach),
            None => line,
        }
    }

    /// The beginning of the line at `at`, put together again if it is cut early: enough to see whether it begins an event.
    fn head(&self, mut at: usize) -> Cow<'_, [u8]> {
        let Piece { stream, mut content, mut partial } = self.piece(at);
        while partial && content.len() < ENOUGH {
            at = self.next_line(at);
            if at >= self.whole.len() {
                break;
            }
            let piece = self.piece(at);
            if piece.stream == stream {
                content.to_mut().extend_from_slice(&piece.content);
                partial = piece.partial;
            }
        }
        content
    }

    fn piece(&self, at: usize) -> Piece<'_> {
        let rest = &self.whole[at..];
        self.framing.piece(&rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())])
    }

    fn line_start(&self, at: usize) -> usize {
        memchr::memrchr(b'\n', &self.whole[..at]).map_or(0, |newline| newline + 1)
    }

    fn next_line(&self, at: usize) -> usize {
        memchr::memchr(b'\n', &self.whole[at..]).map_or(self.whole.len(), |newline| at + newline + 1)
    }
}
