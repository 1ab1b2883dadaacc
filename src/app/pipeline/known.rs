//! Lines like one that was read before: in a storm of errors nearly all. What was found in the first is not looked for in
//! the others; see [`Shapes`](super::shapes::Shapes).

use super::shapes::Told;
use super::{Observer, Pipeline, Stream};
use crate::framing::{self, Event, Stamp, Visitor};
use crate::recognise::{Link, Report};
use crate::report::{Finding, Group, Kind, Origin, RequestId};
use smallvec::SmallVec;
use std::ops::Range;

/// What all lines of a shape tell of: one of the [`Sums`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Known(usize);

/// What known lines tell of, and how much of it was counted lately: to add it up takes much less time than to look for its
/// counter each time.
#[derive(Debug, Default)]
pub(super) struct Sums {
    all: Vec<Sum>,
    /// Those that are not in the tally yet.
    begun: Vec<usize>,
}

/// More of them are not kept. There are some for each code that is logged, by client and status.
const MOST_SUMS: usize = 1 << 12;

/// One code and status, as one recogniser tells of it.
#[derive(Debug)]
struct Sum {
    kind: Kind,
    recogniser: u8,
    /// How many lines told of it.
    reports: u64,
    /// How many responses were counted.
    responses: u64,
    /// Where the request id of the last of these stands; nowhere if none has one.
    id: Range<usize>,
}

impl Sum {
    /// Nothing is counted yet.
    fn of(kind: Kind, recogniser: u8) -> Self {
        Self { kind, recogniser, reports: 0, responses: 0, id: 0..0 }
    }
}

impl Sums {
    /// The one of a finding, if there is room.
    fn of(&mut self, finding: &Finding) -> Option<Known> {
        let (kind, recogniser) = (finding.kind(), finding.origin.recogniser);
        let place = self.all.iter().position(|sum| (sum.kind, sum.recogniser) == (kind, recogniser));
        if place.is_none() && self.all.len() < MOST_SUMS {
            self.all.push(Sum::of(kind, recogniser));
            return Some(Known(self.all.len() - 1));
        }
        place.map(Known)
    }

    /// A line has told of one.
    fn tell(&mut self, known: Known) -> &mut Sum {
        let sum = &mut self.all[known.0];
        if sum.reports == 0 {
            self.begun.push(known.0);
        }
        sum.reports += 1;
        sum
    }
}

impl<O: Observer> Pipeline<O> {
    /// Forgets what is known of lines: recognisers or codes are others from now on.
    pub fn forget_lines(&mut self) {
        self.shapes.clear();
        self.sums = Sums::default();
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
        let Some(what) = self.sums.of(&group.finding) else { return };
        self.shapes.learn(event.text, first.at, telling, Told { id, what });
    }

    /// Counts what lines tell of that are known.
    fn count(&mut self, stream: &mut Stream, bytes: &[u8], lines: &mut SmallVec<[Line; AT_ONCE]>) {
        self.merger.make_room();
        self.changed = true;
        for line in &mut *lines {
            let error = self.sums.all[line.what.0].kind.error();
            line.new = line.id.is_empty() || self.merger.meets(line.hash, error);
        }
        let origin = Origin { labels: stream.labels, recogniser: 0 };
        // one for all, and lent: other threads would have to be told who has a log
        let log = if O::LOGS { stream.log.take() } else { None };
        let mut finding = Finding { code: None, status: None, id: None, origin, time: None, log };
        for line in lines.drain(..) {
            let text = &bytes[line.at.clone()];
            let Sum { kind, recogniser, .. } = self.sums.all[line.what.0];
            (finding.code, finding.status, finding.origin.recogniser) = (kind.code, kind.status, recogniser);
            match &mut finding.id {
                id if line.id.is_empty() => *id = None,
                Some(id) => id.set(&text[line.id.clone()], line.hash),
                id => *id = Some(RequestId::new(&text[line.id.clone()])),
            }
            if O::TIMES {
                finding.time = self.minute.stamp(text).or_else(|| Stamp::above(&bytes[..line.at.start]));
            }
            if line.new && self.merger.counts(&finding) {
                self.add(&finding, &line);
            } else {
                self.tell_of(&finding);
                self.submit_met(&finding, line.new);
            }
        }
        if O::LOGS {
            stream.log = finding.log;
        }
    }

    /// Counts a response as one of its sum.
    fn add(&mut self, finding: &Finding, line: &Line) {
        let sum = self.sums.tell(line.what);
        if self.observer.wants(&self.tally.codes, finding) {
            sum.responses += 1;
            if !line.id.is_empty() {
                sum.id = line.at.start + line.id.start..line.at.start + line.id.end;
            }
            self.observer.counted(finding);
        }
    }

    /// Tells the tally of what was counted in `bytes`, which are of the log with these labels.
    fn add_up(&mut self, labels: u32, bytes: &[u8]) {
        while let Some(place) = self.sums.begun.pop() {
            let sum = &mut self.sums.all[place];
            let Sum { kind, recogniser, reports, responses, id } =
                std::mem::replace(sum, Sum::of(sum.kind, sum.recogniser));
            if responses > 0 {
                let id = Some(&bytes[id]).filter(|id| !id.is_empty()).map(RequestId::new);
                self.tally.count_all(labels, kind, responses, id.as_ref(), self.now);
            }
            self.told_by(recogniser, reports);
        }
    }
}

/// So many lines are counted together: see [`Merger::meets`](crate::report::Merger::meets).
const AT_ONCE: usize = 64;

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

    /// Counts what was not yet.
    fn count(&mut self) {
        if !self.known.is_empty() {
            self.pipeline.count(self.stream, self.bytes, &mut self.known);
        }
    }

    /// All was shown.
    pub fn finish(mut self) {
        self.count();
        self.pipeline.add_up(self.stream.labels, self.bytes);
    }

    /// Takes in the line that begins at `at` if it is known; `hit` is where in it the first anchor stands.
    fn take(&mut self, whole: &[u8], at: usize, hit: usize) -> Option<usize> {
        let text = &whole[at..];
        let (length, told) = self.pipeline.shapes.find(text, hit)?;
        let (line, behind) = text.split_at(length);
        let id = told.id.clone().unwrap_or_default();
        let hash = RequestId::hash_of(&line[id.clone()]);
        let what = told.what;
        if !framing::dated(behind) || !self.stream.memory[0].passes(self.start + at as u64) {
            return None; // it may go on, or something of it was counted already
        }
        if self.known.len() == AT_ONCE {
            self.count();
        }
        self.known.push(Line { at: at..at + length, id, hash, new: false, what });
        Some(at + length)
    }
}

impl<O: Observer> Visitor for Lines<'_, O> {
    fn guessed(&mut self, whole: &[u8], at: usize) -> Option<usize> {
        let hit = self.pipeline.shapes.guess(&whole[at..])?;
        self.take(whole, at, hit)
    }

    fn known(&mut self, whole: &[u8], at: usize, hit: usize) -> Option<usize> {
        let end = self.take(whole, at, hit - at)?;
        self.pipeline.shapes.hint(&whole[at..], hit - at);
        Some(end)
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
    use crate::app::Plan;
    use crate::config::Config;
    use crate::report::{Bounds, Now};
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
        lines.finish();
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

    #[test]
    fn what_is_added_up_is_of_the_log_that_told_of_it() {
        let bounds = Bounds { counted: 1 << 10, saved: 1 << 10, waiting: 1 << 10 };
        let (mut pipeline, _) = pipeline(Config::default(), bounds, Unobserved).unwrap();
        let plan = |team: &str| Plan { labels: vec![("team".into(), team.into())], ..Plan::default() };
        pipeline.inputs = vec![plan("blue"), plan("red")];
        let log = |numbers: Range<u64>| numbers.map(|number| LINES[0](number) + "\n").collect::<String>();
        for (input, numbers) in [(0, 0..100), (1, 100..300), (0, 300..400)] {
            let source = SourceKey(numbers.start);
            pipeline.opened(source, input, Path::new("app.log"), None);
            let log = log(numbers) + "2026-11-22 12:48:00 INFO and then something else\n";
            pipeline.take(source, 0, log.as_bytes(), Behind::More);
        }
        pipeline.finish();
        pipeline.tally.show(Now::ZERO);
        pipeline.tally.seen(Now::ZERO);
        let families = pipeline.tally.families(Now::from_secs(1));
        let errors = families.iter().find(|family| *family.metric == metrics::ERRORS).unwrap();
        let told: Vec<_> = errors.samples.iter().filter(|sample| sample.value > 0.0).collect();
        for (sample, (team, last)) in told.iter().zip([("blue", 399), ("red", 299)]) {
            assert!(sample.labels.as_str().contains(team), "{:?}", sample.labels);
            assert_eq!(sample.value, 200.0);
            assert_eq!(sample.exemplar.as_ref().unwrap().request_id, RequestId::new(&format!("{last:032X}")));
        }
        assert_eq!(told.len(), 2);
        let reports: u64 = pipeline.recognisers.names().map(|name| pipeline.tally.own(&metrics::REPORTS, name)).sum();
        assert_eq!(reports, 400);
    }
}
