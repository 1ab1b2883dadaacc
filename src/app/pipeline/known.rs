//! Lines like one that was read before: in a storm of errors nearly all. What was found in the first is not looked for in
//! the others; see [`Shapes`](super::shapes::Shapes).

use super::shapes::Told;
use super::{Observer, Pipeline, Stream};
use crate::framing::{self, Event, Stamp, Visitor};
use crate::recognise::{Link, Report};
use crate::report::{Code, Finding, Group, Origin, RequestId};
use smallvec::SmallVec;
use std::ops::Range;

/// What all lines of a shape tell of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    code: Option<Code>,
    status: Option<u16>,
    recogniser: u8,
}

impl<O: Observer> Pipeline<O> {
    /// Forgets what is known of lines: recognisers or codes are others from now on.
    pub fn forget_lines(&mut self) {
        self.shapes.clear();
    }

    /// Remembers what an event tells of, if that is what one report says and the event is a line by itself.
    pub(super) fn learn(&mut self, event: &Event<'_>, report: &Report<'_>, group: &Group) {
        let alone = event.plain && group.link == Link::Alone && self.recognisers.by_shape(event.hits);
        let Some(first) = event.hits.first().filter(|_| alone) else { return };
        let place = |piece: &str| piece.as_ptr().addr().wrapping_sub(event.text.as_ptr().addr());
        let id = report.request_id.map(|id| place(id)..place(id) + id.len());
        if id.as_ref().is_some_and(|id| event.text.get(id.clone()).is_none()) {
            return; // it was put together from the text
        }
        let telling = report.code.map_or(first.at, place);
        let Finding { code, status, origin, .. } = group.finding;
        let what = Known { code, status, recogniser: origin.recogniser };
        self.shapes.learn(event.text, first.at, telling, Told { id, what });
    }

    /// Counts what lines tell of that are known.
    fn count(&mut self, stream: &mut Stream, bytes: &[u8], lines: &mut SmallVec<[Line; AT_ONCE]>) {
        self.merger.make_room();
        for line in &mut *lines {
            line.new = line.id.is_empty() || self.merger.meets(line.hash, line.what.error());
        }
        let origin = Origin { labels: stream.labels, recogniser: 0 };
        // one for all, and lent: other threads would have to be told who has a log
        let log = if O::LOGS { stream.log.take() } else { None };
        let mut finding = Finding { code: None, status: None, id: None, origin, time: None, log };
        for line in lines.drain(..) {
            let text = &bytes[line.at.clone()];
            (finding.code, finding.status, finding.origin.recogniser) = line.what.parts();
            match &mut finding.id {
                id if line.id.is_empty() => *id = None,
                Some(id) => id.set(&text[line.id], line.hash),
                id => *id = Some(RequestId::new(&text[line.id])),
            }
            if O::TIMES {
                finding.time = self.minute.stamp(text).or_else(|| Stamp::above(&bytes[..line.at.start]));
            }
            self.tell_of(&finding);
            self.submit_met(&finding, line.new);
        }
        if O::LOGS {
            stream.log = finding.log;
        }
    }
}

impl Known {
    fn parts(self) -> (Option<Code>, Option<u16>, u8) {
        (self.code, self.status, self.recogniser)
    }

    /// As [`Finding::error`].
    fn error(&self) -> bool {
        self.code.is_some() || self.status.is_some_and(|status| status >= 300)
    }
}

/// So many lines are counted together: see [`Merger::meets`](crate::report::Merger::meets).
const AT_ONCE: usize = 32;

/// A line that is known and not counted yet.
#[derive(Debug)]
struct Line {
    /// Where it stands.
    at: Range<usize>,
    /// Where in it the request id stands; nowhere if it has none.
    id: Range<usize>,
    /// That of the id.
    hash: u64,
    /// Nothing was told of its response before.
    new: bool,
    what: Known,
}

/// The events of a log whose lines stand in no frame.
pub(super) struct Lines<'p, O> {
    pipeline: &'p mut Pipeline<O>,
    stream: &'p mut Stream,
    /// The offset at which the bytes begin.
    start: u64,
    bytes: &'p [u8],
    known: SmallVec<[Line; AT_ONCE]>,
}

impl<'p, O: Observer> Lines<'p, O> {
    pub fn new(pipeline: &'p mut Pipeline<O>, stream: &'p mut Stream, start: u64, bytes: &'p [u8]) -> Self {
        Self { pipeline, stream, start, bytes, known: SmallVec::new() }
    }

    /// Counts what was not yet: to be called when all was shown.
    pub fn count(&mut self) {
        if self.known.is_empty() {
            return;
        }
        self.pipeline.count(self.stream, self.bytes, &mut self.known);
    }
}

impl<O: Observer> Visitor for Lines<'_, O> {
    fn guessed(&mut self, whole: &[u8], at: usize) -> Option<usize> {
        let hit = self.pipeline.shapes.guess(&whole[at..])?;
        self.known(whole, at, at + hit)
    }

    fn known(&mut self, whole: &[u8], at: usize, hit: usize) -> Option<usize> {
        let text = &whole[at..];
        let (length, told) = self.pipeline.shapes.find(text, hit - at)?;
        let (line, behind) = text.split_at(length);
        let id = told.id.clone().unwrap_or_default();
        let hash = RequestId::hash_of(&line[id.clone()]);
        let what = told.what;
        if !framing::dated(behind) || !self.stream.memory[0].passes(self.start + at as u64, self.pipeline.now) {
            return None; // it may go on, or something of it was counted already
        }
        if self.known.len() == AT_ONCE {
            self.count();
        }
        self.known.push(Line { at: at..at + length, id, hash, new: false, what });
        Some(at + length)
    }

    fn event(&mut self, event: Event<'_>) {
        self.count();
        let around = |own: Option<Stamp>| own.or_else(|| Stamp::above(&self.bytes[..event.at]));
        self.pipeline.event(self.stream, self.start + event.at as u64, &event, around);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::super::{Unobserved, pipeline};
    use super::*;
    use crate::config::Config;
    use crate::report::Bounds;
    use crate::tail::{Behind, Consumer as _, SourceKey};
    use crate::tally::metrics;
    use std::path::Path;

    fn read(pipeline: &mut Pipeline<Unobserved>, log: &str) {
        pipeline.opened(SourceKey(0), 0, Path::new("app.log"), None);
        pipeline.take(SourceKey(0), 0, log.as_bytes(), Behind::End);
        pipeline.closed(SourceKey(0));
    }

    fn counted(pipeline: &Pipeline<Unobserved>) -> u64 {
        pipeline.tally.totals().values().sum()
    }

    /// Whether the first line of a log is like one before it; then it is counted.
    fn is_known(pipeline: &mut Pipeline<Unobserved>, log: &str) -> bool {
        let hit = framing::all_hits(&*pipeline.recognisers, log.as_bytes()).first().unwrap().at;
        let mut stream = Stream::default();
        let mut lines = Lines::new(pipeline, &mut stream, 0, log.as_bytes());
        let known = lines.known(log.as_bytes(), 0, hit).is_some();
        lines.count();
        known
    }

    /// A line that tells of an error, the number of which is in its time, its id and in between.
    type Line = fn(u64) -> String;

    const LINES: [Line; 6] = [
        |number| {
            format!(
                "2026-11-22 12:47:{:02} ERROR [worker-{}] x: obs: service returned error: Status=503 Service Unavailable, Code=SlowDown, Message=m, RequestId={number:032X}",
                number % 60,
                number % 10
            )
        },
        |number| {
            format!(
                "2026-11-22 12:47:{:02} ERROR [worker-{}] PUT answered 403: <?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>m</Message><RequestId>{number:032X}</RequestId></Error>",
                number % 60,
                number % 10
            )
        },
        |number| {
            format!(
                "2026-11-22 12:47:{:02} ERROR [worker-{}] An error occurred (NoSuchKey) when calling the GetObject operation: m",
                number % 60,
                number % 10
            )
        },
        |number| {
            format!(
                "2026-11-22 12:47:{:02} ERROR [worker-{}] x.AmazonS3Exception: m (Service: Amazon S3; Status Code: 404; Error Code: NoSuchKey; Request ID: {number:032X}; S3 Extended Request ID: null; Proxy: null)",
                number % 60,
                number % 10
            )
        },
        |number| {
            format!(
                "2026-11-22 12:47:{:02} ERROR [worker-{}] failed errorCode=SlowDown status=503 requestId={number:032X} attempt=3",
                number % 60,
                number % 10
            )
        },
        |number| {
            format!(
                "2026-11-22 12:47:{:02},206|process:1|thread:{}|ERROR|HTTP(s)+XML|OBS_LOGGER|_parse_xml_internal,1048|exceptional obs response:status:404,reason:Not Found,code:NoSuchKey,message:m,requestId:{number:032X}|",
                number % 60,
                1000 + number
            )
        },
    ];

    /// Reads the first of some lines, and then shows the others to see which are known.
    fn known(line: Line) -> (Vec<bool>, u64) {
        let bounds = Bounds { counted: 1 << 16, saved: 1 << 16, waiting: 1 << 10 };
        let (mut pipeline, _) = pipeline(Config::default(), bounds, Unobserved).unwrap();
        read(&mut pipeline, &format!("{}\n2026-11-22 12:48:00 INFO x\n", line(1)));
        let mut known = Vec::new();
        for number in 2..10 {
            let log = format!("{}\n2026-11-22 12:48:00 INFO and then something else\n", line(number));
            known.push(is_known(&mut pipeline, &log));
        }
        pipeline.finish();
        (known, counted(&pipeline))
    }

    #[test]
    fn what_was_found_in_a_line_is_known_of_lines_like_it() {
        for line in LINES {
            assert_eq!(known(line), (vec![true; 8], 9), "{}", line(1));
        }
    }

    #[test]
    fn a_line_that_may_go_on_is_looked_at() {
        let (mut pipeline, _) =
            pipeline(Config::default(), Bounds { counted: 16, saved: 16, waiting: 16 }, Unobserved).unwrap();
        let go = LINES[0];
        read(&mut pipeline, &format!("{}\n2026-11-22 12:48:00 INFO x\n", go(1)));
        for behind in ["", "\tat x\n2026-11-22 12:48:00 INFO and more\n", "<?xml version=\"1.0\"?> and more of it\n"] {
            let log = format!("{}\n{behind}", go(2));
            assert!(!is_known(&mut pipeline, &log), "{behind}");
        }
    }

    #[test]
    fn what_was_counted_before_is_a_duplicate() {
        let (mut pipeline, _) =
            pipeline(Config::default(), Bounds { counted: 16, saved: 16, waiting: 16 }, Unobserved).unwrap();
        let log: String = [1, 2, 3, 2, 1, 4].map(|number| LINES[0](number) + "\n").concat();
        read(&mut pipeline, &log);
        assert_eq!(counted(&pipeline), 4);
        assert_eq!(pipeline.tally.own(&metrics::DUPLICATES, ""), 2);
    }
}
