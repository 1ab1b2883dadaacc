//! Events around anchors: most of a log is passed over without looking at its lines.

use super::lines::dated;
use super::text::BOM;
use super::{Anchors, Context, Hit, Hits, Search as _};

/// How large an event may grow; what is behind begins a new stretch of the same event.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Lines of an event.
    pub lines: usize,
    /// Bytes of an event.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { lines: 512, bytes: 64 * 1024 }
    }
}

/// One line of a log with its continuation lines.
#[derive(Debug, Clone, Copy)]
pub struct Event<'b> {
    /// The lines, with their line feeds.
    pub text: &'b [u8],
    /// Where the text begins in the scanned bytes.
    pub at: usize,
    /// Which of the interleaved streams of the file it is of.
    pub stream: usize,
    /// False for the last event of the bytes: lines that belong to it may still come.
    pub closed: bool,
    /// It is known to hold neither colours nor NULs; else it may.
    pub plain: bool,
    /// The anchors in it, with places in the text.
    pub hits: &'b [Hit],
}

/// Who is shown the events of a scan.
pub trait Visitor {
    /// Takes in the line that begins at `at`, if it is an event by itself which is known to be like one before it. `hit`
    /// is where the first anchor in it stands. Where the line ends, or nothing if it has to be looked at as any other.
    fn known(&mut self, whole: &[u8], at: usize, hit: usize) -> Option<usize> {
        let _ = (whole, at, hit);
        None
    }

    /// As [`known`](Self::known), of the line behind one that was: where an anchor stands in it was not looked for.
    fn guessed(&mut self, whole: &[u8], at: usize) -> Option<usize> {
        let _ = (whole, at);
        None
    }

    /// Takes in an event.
    fn event(&mut self, event: Event<'_>);
}

impl<F: FnMut(Event<'_>)> Visitor for F {
    fn event(&mut self, event: Event<'_>) {
        self(event);
    }
}

/// What came of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan {
    /// Bytes that are done with. Behind them stands the last event of the bytes, which may go on, and a line that has
    /// no end yet.
    pub done: usize,
    /// Where the unfinished line begins.
    pub line: usize,
}

/// Shows `visitor` every event of `bytes` that holds an anchor. `bytes` begin at a line start. With `end` nothing comes
/// behind them: the last event is closed and the last line needs no line feed.
pub fn scan(bytes: &[u8], end: bool, anchors: &impl Anchors, bounds: Bounds, visitor: &mut impl Visitor) -> Scan {
    let line = if end { bytes.len() } else { memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1) };
    let whole = &bytes[..line];
    let mut floor = 0; // the end of the last event that was visited
    let mut hits = anchors.hits(whole);
    let mut inside = Hits::new();
    let mut from = 0;
    while let Some(place) = hits.place(from) {
        let hit_line = line_start(whole, floor, place);
        if let Some(mut stop) = visitor.known(whole, hit_line, place) {
            while let Some(next) = visitor.guessed(whole, stop) {
                stop = next;
            }
            (floor, from) = (stop, stop);
            continue;
        }
        let Some(hit) = hits.next(place) else { break };
        if hit.at != place {
            from = hit.at; // nothing was there, and this one may be in another line
            continue;
        }
        let at = event_start(whole, floor, hit_line, hit.at, anchors, bounds);
        let alone = one_line(whole, at, hit.at);
        let (stop, open) =
            alone.map_or_else(|| event_end(whole, at, hit.at, anchors, bounds), |(stop, _)| (stop, false));
        let plain = alone.is_some_and(|(_, plain)| plain);
        inside.clear();
        let mut next = Some(hit);
        while let Some(hit) = next.filter(|hit| hit.at < stop) {
            inside.push(Hit { at: hit.at - at, ..hit });
            next = hits.next(hit.at + 1); // one anchor may begin within another
        }
        from = stop;
        visitor.event(Event { text: &whole[at..stop], at, stream: 0, closed: end || !open, plain, hits: &inside });
        if open && !end {
            return Scan { done: at, line };
        }
        floor = stop;
    }
    let last = || line_start(whole, floor, line.saturating_sub(1).max(floor));
    let done = if end { line } else { event_start(whole, floor, last(), line, anchors, bounds) };
    Scan { done, line }
}

/// The start of the event that the line at `hit_line` belongs to, in which `hit` stands: back to a line that begins an
/// event wherever it stands, then forth again past bare bodies, which begin one only if nothing announced them.
fn event_start(
    whole: &[u8],
    floor: usize,
    hit_line: usize,
    hit: usize,
    anchors: &impl Anchors,
    bounds: Bounds,
) -> usize {
    let reach = floor.max(hit.saturating_sub(bounds.bytes));
    if dated(&whole[hit_line..]) {
        return hit_line;
    }
    let mut start = hit_line;
    let mut count = 0;
    while start > reach
        && count < bounds.lines
        && !Context::begins_anywhere(line_at(whole, start), |line| anchors.begins(line))
    {
        let before = line_start(whole, floor, start - 1);
        if before < reach {
            break;
        }
        start = before;
        count += 1;
    }
    let mut context = Context::default();
    let mut at = start;
    while at < hit_line {
        let line = line_at(whole, at);
        if at > start && context.begins(line, |line| anchors.begins(line)) {
            start = at;
            context = Context::default();
        }
        context.push(line);
        at = next_line(whole, at);
    }
    if hit_line > start
        && hit_line < whole.len()
        && context.begins(line_at(whole, hit_line), |line| anchors.begins(line))
    {
        start = hit_line;
    }
    start
}

/// Where the line of `hit` ends, if it is an event by itself since it begins at `at` and the next one has a date, and
/// whether it is known to be plain: as most events are, and the quickest way to know.
fn one_line(whole: &[u8], at: usize, hit: usize) -> Option<(usize, bool)> {
    let text = &whole[at..];
    let found = memchr::memchr3(b'\n', 0x1b, 0, text)?;
    let plain = text[found] == b'\n' && !text.starts_with(BOM);
    let end = if text[found] == b'\n' { found } else { found + memchr::memchr(b'\n', &text[found..])? };
    (at + end >= hit && dated(&text[end + 1..])).then_some((at + end + 1, plain))
}

/// Where the event that begins at `at` ends (not before the line of `hit`), and whether it only ends because the bytes
/// do.
fn event_end(whole: &[u8], at: usize, hit: usize, anchors: &impl Anchors, bounds: Bounds) -> (usize, bool) {
    let mut context = Context::default();
    let mut before: Option<&[u8]> = None; // most events end before anybody asks what their last line said
    let mut line = at;
    let mut count = 0;
    while line < whole.len() {
        let over = count >= bounds.lines || line - at >= bounds.bytes;
        if line > hit && (over || dated(&whole[line..])) {
            return (line, false);
        }
        if let Some(before) = before {
            context.push(before);
        }
        let text = line_at(whole, line);
        if line > hit && context.begins(text, |line| anchors.begins(line)) {
            return (line, false);
        }
        before = Some(text);
        line = (line + text.len() + 1).min(whole.len());
        count += 1;
    }
    (whole.len(), true)
}

fn line_start(whole: &[u8], floor: usize, at: usize) -> usize {
    memchr::memrchr(b'\n', &whole[floor..at]).map_or(floor, |newline| floor + newline + 1)
}

fn line_at(whole: &[u8], at: usize) -> &[u8] {
    let rest = &whole[at..];
    &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
}

fn next_line(whole: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &whole[at..]).map_or(whole.len(), |newline| at + newline + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Word(&'static str);

    impl Anchors for Word {
        fn hits<'s>(&'s self, bytes: &'s [u8]) -> impl super::super::Search + 's {
            |from| {
                let at = from + memchr::memmem::find(&bytes[from..], self.0.as_bytes())?;
                Some(Hit { at, bits: 1, literals: 1 })
            }
        }

        fn begins(&self, line: &[u8]) -> bool {
            line.starts_with(b"Code:")
        }
    }

    fn events(text: &str, end: bool) -> (Vec<(String, bool)>, Scan) {
        let mut found = Vec::new();
        let scan = scan(text.as_bytes(), end, &Word("HIT"), Bounds::default(), &mut |event: Event<'_>| {
            found.push((String::from_utf8_lossy(event.text).into_owned(), event.closed));
        });
        (found, scan)
    }

    #[test]
    fn an_event_is_a_line_with_its_continuation() {
        let text = "2026-11-22 a\n  x\n2026-11-22 b\n  HIT\n  y\n2026-11-22 c\n";
        let (found, scan) = events(text, false);
        assert_eq!(found, [("2026-11-22 b\n  HIT\n  y\n".into(), true)]);
        assert_eq!(scan, Scan { done: text.len() - 13, line: text.len() });
    }

    #[test]
    fn the_last_event_stays_open_and_is_not_done_with() {
        let text = "2026-11-22 a\n2026-11-22 HIT\n x\n y";
        let (found, scan) = events(text, false);
        assert_eq!(found, [("2026-11-22 HIT\n x\n".into(), false)]);
        assert_eq!(scan, Scan { done: 13, line: text.len() - 2 });
        let (found, scan) = events(text, true);
        assert_eq!(found, [("2026-11-22 HIT\n x\n y".into(), true)]);
        assert_eq!(scan.done, text.len());
    }

    #[test]
    fn two_anchors_in_one_event_are_one_visit() {
        let (found, _) = events("2026-11-22 HIT\n HIT\n2026-11-22 HIT\n", false);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn nothing_found_leaves_the_last_event() {
        let (found, scan) = events("2026-11-22 a\n x\n2026-11-22 b\n z\n", false);
        assert!(found.is_empty());
        assert_eq!(scan.done, 16);
        assert_eq!(events("", false).1, Scan { done: 0, line: 0 });
        assert_eq!(events("half", false).1, Scan { done: 0, line: 0 });
        assert_eq!(events("half", true).1, Scan { done: 4, line: 4 });
    }

    #[test]
    fn a_bare_body_is_an_event_of_its_own() {
        let text = "<?xml version=\"1.0\"?>\n<Error>HIT</Error>\n<?xml version=\"1.0\"?>\n<Error>HIT</Error>\n";
        assert_eq!(events(text, true).0.len(), 2);
        let text = "2026-11-22 response:\n<Error>HIT</Error>\n";
        assert_eq!(events(text, true).0, [(text.into(), true)]);
    }

    #[test]
    fn an_endless_event_is_cut() {
        let text = format!("2026-11-22 HIT\n{}", " x HIT\n".repeat(2000));
        let (found, scan) = events(&text, false);
        assert!(found.len() > 2, "{}", found.len());
        assert!(found.iter().all(|(text, _)| text.lines().count() <= 512));
        assert!(text.len() - scan.done <= 64 * 1024);
    }
}
