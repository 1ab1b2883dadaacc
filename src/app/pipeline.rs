//! From the bytes of files to counters: the hot path, without locks, clocks or I/O.

mod consumer;
mod known;
mod shapes;

use super::observer::Observer;
use crate::config::PathLabels;
use crate::framing::{self, Bounds, Decoded, Event, Framing, Minute, STREAMS, Scan, Stamp, all_hits};
use crate::recognise::{Found, Recognisers};
use crate::report::{
    self, EventMemory, Finding, Group, Groups, Joined, Joins, Log, Merger, Now, Origin, Outcome, RequestId,
};
use crate::tail::{self, Behind, SourceKey};
use crate::tally::{LabelSet, Tally, metrics};
use known::{Known, Lines, Sums};
use serde::{Deserialize, Serialize};
use shapes::Shapes;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// What is remembered of one log: the position itself is the tailer's.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stream {
    /// The label set of its series.
    pub labels: u32,
    /// What stands around its lines, once that is known.
    framing: Option<Framing>,
    /// The last event of each stream that is interleaved in it, which may go on.
    pub memory: [EventMemory; STREAMS],
    /// Up to which offset each interleaved stream is done with.
    done: [u64; STREAMS],
    /// Responses that the log has begun to tell of.
    pub joins: Joins,
    /// Up to where bytes and lines were counted.
    seen: u64,
    /// Where the last whole line ends.
    line_end: u64,
    /// In the middle of a line that is longer than the limit.
    skipping: bool,
    /// The log that has taken its place.
    successor: Option<SourceKey>,
    /// What it is called.
    #[serde(skip)]
    log: Option<Arc<Log>>,
}

impl Stream {
    /// When what waits in it is due.
    fn due(&self) -> Option<Now> {
        self.memory.iter().filter_map(EventMemory::due).chain(self.joins.due()).min()
    }
}

/// What is planned for the logs of an input.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The labels of its series.
    pub labels: LabelSet,
    /// Labels taken from the paths of its logs.
    pub path_labels: Option<PathLabels>,
    /// What stands around the lines; found out if it is not said.
    pub framing: Option<Framing>,
}

/// The whole way from bytes to counters.
pub struct Pipeline<O> {
    /// What recognises reports.
    pub recognisers: Arc<Recognisers>,
    /// The counters.
    pub tally: Tally,
    /// Merges by request id.
    pub merger: Merger,
    /// What is remembered of each log.
    pub streams: HashMap<SourceKey, Stream>,
    /// Who is told of counted responses.
    pub observer: O,
    /// What is planned for each input.
    pub inputs: Vec<Plan>,
    /// The longest line that is read, in bytes.
    pub line_bytes: usize,
    /// The time of the turn that is under way.
    pub now: Now,
    due: Option<Now>,
    /// What is known of lines that are like one another.
    shapes: Shapes<Known>,
    /// What was counted of them and is not in the tally yet.
    sums: Sums,
    /// When the last such line was written.
    minute: Minute,
    /// Reports by recogniser that the tally was not told of yet.
    told: Vec<u64>,
    /// Something was counted or read since this was last set to false.
    pub changed: bool,
}

impl<O: Observer> Pipeline<O> {
    /// A pipeline that has seen nothing.
    pub fn new(recognisers: Recognisers, tally: Tally, merger: Merger, observer: O, line_bytes: usize) -> Self {
        Self {
            recognisers: Arc::new(recognisers),
            tally,
            merger,
            streams: HashMap::new(),
            observer,
            inputs: Vec::new(),
            line_bytes,
            now: Now::ZERO,
            due: None,
            shapes: Shapes::default(),
            sums: Sums::default(),
            minute: Minute::default(),
            told: Vec::new(),
            changed: true,
        }
    }

    /// Lets the counters of the exporter's own work stand at 0 whose labels are known: `increase()` sees the first loss.
    pub fn announce(&mut self) {
        let recognisers = Arc::clone(&self.recognisers);
        for name in recognisers.names() {
            self.tally.add(&metrics::REPORTS, name, 0);
        }
        for reason in tail::LOST {
            self.tally.add(&metrics::LOST_BYTES, reason, 0);
        }
        for operation in tail::OPERATIONS {
            self.tally.add(&metrics::READ_ERRORS, operation, 0);
        }
    }

    /// Counts what has waited long enough for its rest.
    pub fn tick(&mut self, now: Now) {
        self.now = now;
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        let mut streams = std::mem::take(&mut self.streams);
        for stream in streams.values_mut() {
            let Stream { memory, joins, .. } = stream;
            for memory in memory {
                memory.quiet(now, |group| self.join(joins, group));
            }
            joins.expire(now, |finding| self.settle(&finding));
        }
        self.streams = streams;
        let (mut counting, merger) = self.counting();
        merger.expire(now, |finding| counting.count(finding));
        self.tell();
        self.due = self.streams.values().filter_map(Stream::due).chain(self.merger.due()).min();
    }

    /// Takes up what was kept of the merger; the streams have been put in their places before.
    pub fn resume(&mut self, merger: &report::Saved, now: Now) {
        let (mut counting, own) = self.counting();
        own.restore(merger, now, |finding| counting.count(finding));
        self.due = self.streams.values().filter_map(Stream::due).chain(self.merger.due()).min();
    }

    /// Drops the series that nothing can count any more: see [`Tally::retire`].
    pub fn retire(&mut self, now: Now) {
        let used = self.streams.values().map(|stream| stream.labels).collect();
        if self.tally.retire(now, &used) {
            self.changed = true;
        }
    }

    /// When [`tick`](Self::tick) has something to do.
    #[must_use]
    pub fn due(&self) -> Option<Now> {
        self.due
    }

    /// Counts everything that waits: nothing more will come.
    pub fn finish(&mut self) {
        for (_, mut stream) in std::mem::take(&mut self.streams) {
            self.end(&mut stream);
            stream.joins.finish_all(|finding| self.submit(&finding));
        }
        let (mut counting, merger) = self.counting();
        merger.finish(|finding| counting.count(finding));
        self.tell();
    }

    /// One event of a log that begins at the offset `start`. `around` is asked for the time of one that does not tell it
    /// with its zone, and gets what it tells.
    fn event(
        &mut self,
        stream: &mut Stream,
        start: u64,
        event: &Event<'_>,
        around: impl FnOnce(Option<Stamp>) -> Option<Stamp>,
    ) {
        let text = if event.plain { Cow::Borrowed(event.text) } else { framing::clean(event.text) };
        let mut found = Found::new();
        match &text {
            Cow::Borrowed(text) => self.recognisers.read(text, event.hits, &mut found),
            Cow::Owned(text) => self.recognisers.read(text, &all_hits(&*self.recognisers, text), &mut found),
        }
        if found.is_empty() {
            return;
        }
        let time = if O::TIMES { time_of(&text, around) } else { None };
        let sole = found.first().filter(|_| found.len() == 1).map(|(_, report)| *report);
        let mut reports = Groups::new();
        for (recogniser, report) in found {
            let codes = &mut self.tally.codes;
            if report.doubtful && report.code.is_none_or(|name| !codes.lists(name)) {
                continue;
            }
            let finding = Finding {
                code: report.code.and_then(|name| codes.find(name)),
                status: report.status,
                id: report.request_id.map(RequestId::new),
                origin: Origin { labels: stream.labels, recogniser },
                time,
                log: if O::LOGS { stream.log.clone() } else { None },
            };
            if finding.code.is_some() || finding.status.is_some() || finding.id.is_some() {
                reports.push(Group::new(finding, report.link, report.at));
            }
        }
        let Stream { memory, joins, .. } = stream;
        let (mut later, mut ready) = (Vec::new(), Groups::new());
        let groups = report::group(reports);
        if let (Some(report), [group]) = (sole, groups.as_slice()) {
            self.learn(event, &report, group);
        }
        memory[event.stream].event(
            start,
            event.closed,
            groups,
            self.now,
            |group, id| later.push((group, id)),
            |group| ready.push(group),
        );
        for (group, id) in later {
            self.goes_on(joins, group, id);
        }
        for group in ready {
            self.join(joins, group);
        }
        self.due = self.due.into_iter().chain(stream.due()).min();
    }

    /// Counts a report of its recogniser.
    fn tell_of(&mut self, finding: &Finding) {
        if finding.error() {
            self.told_by(finding.origin.recogniser, 1);
        }
    }

    fn told_by(&mut self, recogniser: u8, reports: u64) {
        let recogniser = usize::from(recogniser);
        if self.told.len() <= recogniser {
            self.told.resize(recogniser + 1, 0);
        }
        self.told[recogniser] += reports;
    }

    /// Takes in what an event has told of a response since that was taken, and whether its request `id` is news: as long
    /// as the response waits for its rest, this is it.
    fn goes_on(&mut self, joins: &mut Joins, group: Group, id: bool) {
        if joins.goes_on(group.link, &group.finding) {
            return;
        }
        match group.finding.id {
            Some(id_read) if id => self.merger.known(&id_read),
            Some(_) => self.submit(&group.finding),
            None => {}
        }
    }

    fn join(&mut self, joins: &mut Joins, group: Group) {
        self.tell_of(&group.finding);
        let expected = self.tally.codes.status(group.finding.code, None);
        let now = self.now;
        joins.apply(group.link, group.finding, expected, now, |joined| match joined {
            Joined::Response(finding) => self.submit(&finding),
            Joined::Late(finding) => finding.id.iter().for_each(|id| self.merger.known(id)),
        });
    }

    /// Adds what [`join`](Self::join) has seen to the counters, at the end of each piece of work.
    fn tell(&mut self) {
        for (number, reports) in self.told.iter_mut().enumerate().filter(|(_, reports)| **reports > 0) {
            if let Some(recogniser) = self.recognisers.get(number) {
                self.tally.add(&metrics::REPORTS, recogniser.name(), std::mem::take(reports));
            }
        }
    }

    fn submit(&mut self, finding: &Finding) {
        let now = self.now;
        let (mut counting, merger) = self.counting();
        let outcome = merger.submit(finding, now, |finding| counting.count(finding));
        self.note(outcome);
    }

    /// As [`Merger::submit_met`] says.
    fn submit_met(&mut self, finding: &Finding, new: bool) {
        let now = self.now;
        let (mut counting, merger) = self.counting();
        let outcome = merger.submit_met(finding, new, now, |finding| counting.count(finding));
        self.note(outcome);
    }

    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Duplicate => self.tally.add(&metrics::DUPLICATES, "", 1),
            Outcome::Waits => self.due = self.due.into_iter().chain(self.merger.due()).min(),
            Outcome::Counted | Outcome::NoError => {}
        }
    }

    /// What has waited for the rest in its own log does not wait for another log once more.
    fn settle(&mut self, finding: &Finding) {
        let now = self.now;
        let (mut counting, merger) = self.counting();
        if merger.settle(finding, now, |finding| counting.count(finding)) == Outcome::Duplicate {
            self.tally.add(&metrics::DUPLICATES, "", 1);
        }
    }

    fn counting(&mut self) -> (Counting<'_, O>, &mut Merger) {
        self.changed = true;
        (Counting { now: self.now, tally: &mut self.tally, observer: &mut self.observer }, &mut self.merger)
    }

    /// Bytes and lines that were not shown before.
    fn measure(&mut self, stream: &mut Stream, at: u64, bytes: &[u8]) {
        let fresh = usize::try_from(stream.seen.saturating_sub(at)).unwrap_or(usize::MAX);
        if let Some(fresh) = bytes.get(fresh..).filter(|fresh| !fresh.is_empty()) {
            let lines = memchr::memchr_iter(b'\n', fresh).count();
            self.tally.add(&metrics::READ_BYTES, "", fresh.len() as u64);
            self.tally.add(&metrics::READ_LINES, "", lines as u64);
            stream.seen = at + bytes.len() as u64;
            self.changed = true;
        }
    }

    /// The bytes of a stream; how many are done with.
    fn read(&mut self, stream: &mut Stream, at: u64, bytes: &[u8], behind: Behind) -> usize {
        self.measure(stream, at, bytes);
        let end = behind == Behind::End;
        if end {
            // the file is gone, and with it a half line that was shown before
            self.lose("rotated", stream.seen.saturating_sub(stream.line_end.max(at + bytes.len() as u64)));
        }
        let mut from = 0;
        if stream.skipping {
            from = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |newline| newline + 1);
            stream.skipping = !bytes[..from].ends_with(b"\n") && !end;
            self.lose("overlong", from as u64);
        }
        let (rest, start) = (&bytes[from..], at + from as u64);
        if stream.framing.is_none() {
            let undecided = !end && rest.len() < Framing::UNDECIDED;
            stream.framing = Framing::detect(rest).or((!undecided).then_some(Framing::Plain));
        }
        let Some(framing) = stream.framing else { return from };
        let scan = self.scan(stream, start, rest, end, framing);
        stream.line_end = start + scan.line as u64;
        if end {
            self.end(stream);
            return bytes.len();
        }
        let mut done = scan.done;
        if done == 0 && rest.len() >= self.line_bytes {
            done = self.overlong(stream, scan.line, rest.len());
        }
        from + done
    }

    /// Shows the recognisers the events in `bytes`, which begin at the offset `start`.
    fn scan(&mut self, stream: &mut Stream, start: u64, bytes: &[u8], end: bool, framing: Framing) -> Scan {
        let recognisers = Arc::clone(&self.recognisers);
        let bounds = Bounds::default();
        match framing {
            Framing::Plain => {
                let mut lines = Lines::new(self, stream, start, bytes);
                let scan = framing::scan(bytes, end, &*recognisers, bounds, &mut lines);
                lines.finish();
                scan
            }
            Framing::Utf16Le | Framing::Utf16Be => {
                let decoded = Decoded::new(bytes, framing);
                let scan = framing::scan(&decoded.text, end, &*recognisers, bounds, &mut |event: Event<'_>| {
                    let around = |own: Option<Stamp>| own.or_else(|| Stamp::above(&decoded.text[..event.at]));
                    self.event(stream, start + decoded.place(event.at) as u64, &event, around);
                });
                Scan { done: decoded.place(scan.done), line: decoded.place(scan.line) }
            }
            Framing::Cri | Framing::Docker => {
                let length = bytes.len();
                let mut done = stream
                    .done
                    .map(|done| usize::try_from(done.saturating_sub(start)).map_or(length, |done| done.min(length)));
                let scan = framing::scan_framed(bytes, end, framing, &*recognisers, bounds, &mut done, |event| {
                    let around = |own: Option<Stamp>| Stamp::find(&bytes[event.at..]).or(own); // the runtime's
                    self.event(stream, start + event.at as u64, &event, around);
                });
                stream.done = done.map(|done| start + done as u64);
                scan
            }
        }
    }

    /// More bytes than a line may have, and none is done with: the last event ends where the unfinished line begins, and
    /// if that is all there is, the line is skipped.
    fn overlong(&mut self, stream: &mut Stream, line: usize, length: usize) -> usize {
        self.end(stream);
        if line > 0 {
            return line;
        }
        stream.skipping = true;
        self.lose("overlong", length as u64);
        length
    }

    /// The open events of a stream end here.
    fn end(&mut self, stream: &mut Stream) {
        let Stream { memory, joins, .. } = stream;
        for memory in memory {
            memory.end(|group| self.join(joins, group));
        }
    }

    /// Bytes that are known to be lost unread.
    pub fn lose(&mut self, reason: &str, bytes: u64) {
        if bytes > 0 {
            self.tally.add(&metrics::LOST_BYTES, reason, bytes);
            self.changed = true;
        }
    }

    fn with(&mut self, source: SourceKey, act: impl FnOnce(&mut Self, &mut Stream)) {
        if let Some(mut stream) = self.streams.remove(&source) {
            act(self, &mut stream);
            self.streams.insert(source, stream);
            self.tell();
        }
    }
}

/// The time of an event, `around` which there may be one if it tells none with its zone.
fn time_of(text: &[u8], around: impl FnOnce(Option<Stamp>) -> Option<Stamp>) -> Option<Stamp> {
    let own = Stamp::of_event(text);
    if own.is_some_and(|own| own.zoned) { own } else { around(own) }
}

struct Counting<'p, O> {
    now: Now,
    tally: &'p mut Tally,
    observer: &'p mut O,
}

impl<O: Observer> Counting<'_, O> {
    fn count(&mut self, finding: &Finding) {
        if self.observer.wants(&self.tally.codes, finding) {
            self.tally.count(finding, self.now);
            self.observer.counted(finding);
        }
    }
}
