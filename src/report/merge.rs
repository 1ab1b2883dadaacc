//! Reports with the same request id, in whichever files they stand, are one response.

use super::ids::Ids;
use super::{Finding, Now, RequestId, WAIT};
use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is a response and was counted.
    Counted,
    /// It waits for the rest, or made up the rest of one that waits.
    Waits,
    /// Its response was counted before.
    Duplicate,
    /// It tells of a success.
    NoError,
}

/// How much a merger remembers.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Ids of the last responses that were counted; twice as many are known at times.
    pub counted: usize,
    /// How many of these are [saved](Merger::save).
    pub saved: usize,
    /// Responses that wait for the rest; beyond that the oldest is counted as it is.
    pub waiting: usize,
}

/// Merges findings by request id, within bounds: a window of ids that were counted, and those that still wait.
#[derive(Debug)]
pub struct Merger {
    /// Of responses that wait, or were counted: more than are kept over a restart, twice as many at the most.
    known: Ids,
    /// The last that were counted, oldest first.
    counted: VecDeque<u64>,
    bounds: Bounds,
    /// Those that wait, oldest first, and some gaps where others did.
    queue: VecDeque<Waiting>,
    /// How many wait.
    waits: usize,
    /// The place of the first in the queue, counted from the first that ever was.
    gone: u64,
    /// The places of those that wait, up to where somebody has asked for one.
    places: HashMap<u64, u64>,
    /// The place behind those.
    listed: u64,
    successes: VecDeque<(u64, u16)>,
}

#[derive(Debug)]
struct Waiting {
    until: Now,
    finding: Option<Finding>,
}

impl Waiting {
    fn hash(&self) -> Option<u64> {
        Some(self.finding.as_ref()?.id.as_ref()?.hash)
    }
}

/// What a merger keeps over a restart.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Saved {
    /// The window of ids counted, oldest first, eight bytes each.
    window: Vec<u8>,
    waiting: Vec<Finding>,
}

impl Saved {
    /// All findings kept, to translate their codes and label sets.
    pub fn findings_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.waiting.iter_mut()
    }
}

/// So many successes are remembered, for the status of a code that comes without one.
const MOST_SUCCESSES: usize = 256;

/// Beside one for each that waits there are so many gaps in the queue.
const MOST_GAPS: usize = 64;

impl Merger {
    /// A merger that remembers nothing yet.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            known: Ids::default(),
            counted: VecDeque::new(),
            bounds,
            queue: VecDeque::new(),
            waits: 0,
            gone: 0,
            places: HashMap::default(),
            listed: 0,
            successes: VecDeque::new(),
        }
    }

    /// Takes in a finding; `count` gets the responses that are complete.
    pub fn submit(&mut self, finding: &Finding, now: Now, count: impl FnMut(&Finding)) -> Outcome {
        self.make_room();
        let new = finding.id.as_ref().is_none_or(|id| self.meets(id.hash, finding.error()));
        self.submit_met(finding, new, now, count)
    }

    /// Forgets the oldest ids if there are too many.
    pub fn make_room(&mut self) {
        if self.known.added() > self.bounds.counted + self.waits {
            self.known.turn(self.queue.iter().filter_map(Waiting::hash));
        }
    }

    /// Whether nothing was told of an id before. That of an error is known from now on: what tells of it has to be
    /// [submitted](Self::submit_met) before [room is made](Self::make_room) for others. For many ids in a row it takes much
    /// less time than for each by itself: where one of them is has to be looked up in much memory, and a processor can wait
    /// for several at once.
    pub fn meets(&mut self, hash: u64, error: bool) -> bool {
        if error { self.known.insert(hash) } else { !self.known.contains(hash) }
    }

    /// As [`submit`](Self::submit), when it was asked before whether the id is [`new`](Self::meets).
    pub fn submit_met(&mut self, finding: &Finding, new: bool, now: Now, mut count: impl FnMut(&Finding)) -> Outcome {
        if new {
            return self.begin(finding, now, count);
        }
        let Some(hash) = finding.id.as_ref().map(|id| id.hash) else { return Outcome::NoError };
        let Some(waiting) = self.waiting(hash) else {
            return if finding.error() { Outcome::Duplicate } else { Outcome::NoError };
        };
        waiting.absorb(finding.clone());
        if !waiting.complete() {
            return Outcome::Waits;
        }
        self.take(hash).iter().for_each(&mut count);
        Outcome::Counted
    }

    /// Whether nothing is waited for: the first finding with an id is complete, or it has none and tells of an error. Its
    /// response is counted then, and remembered.
    pub fn counts(&mut self, finding: &Finding) -> bool {
        let counts = finding.complete() || finding.id.is_none() && finding.error();
        if counts {
            finding.id.iter().for_each(|id| self.remember(id.hash));
        }
        counts
    }

    /// Takes in the first finding with an id, or one without.
    fn begin(&mut self, finding: &Finding, now: Now, mut count: impl FnMut(&Finding)) -> Outcome {
        if !finding.error() {
            finding.id.iter().for_each(|id| self.success(id.hash, finding.status));
            return Outcome::NoError;
        }
        if self.counts(finding) {
            count(finding);
            return Outcome::Counted;
        }
        let asked = finding.id.as_ref().filter(|_| finding.status.is_none()).map(|id| id.hash);
        let known = self.successes.iter().find(|(hash, _)| asked == Some(*hash));
        if let Some((_, status)) = known {
            let finding = Finding { status: Some(*status), ..finding.clone() };
            return self.begin(&finding, now, count);
        }
        self.wait(finding, now + WAIT, count);
        Outcome::Waits
    }

    /// Lets a finding wait for the rest, if need be in the place of the oldest one that does.
    fn wait(&mut self, finding: &Finding, until: Now, mut count: impl FnMut(&Finding)) {
        while self.queue.front().is_some_and(|waiting| waiting.finding.is_none()) {
            self.next();
        }
        if self.queue.is_empty() || self.waits < self.bounds.waiting {
            self.waits += 1;
            self.queue.push_back(Waiting { until, finding: Some(finding.clone()) });
            return;
        }
        self.leave();
        self.queue.rotate_left(1);
        if let Some(Waiting { until: last, finding: Some(oldest) }) = self.queue.back_mut() {
            count(oldest);
            oldest.assign(finding);
            *last = until;
        }
    }

    /// Takes in a finding that has waited elsewhere: it is counted as it is, unless its response is known already.
    pub fn settle(&mut self, finding: &Finding, now: Now, mut count: impl FnMut(&Finding)) -> Outcome {
        let waited = finding.id.as_ref().map(|id| id.hash).filter(|hash| !self.known.contains(*hash));
        let outcome = self.submit(finding, now, &mut count);
        match (outcome, waited) {
            (Outcome::Waits, Some(hash)) => {
                self.take(hash).iter().for_each(count);
                Outcome::Counted
            }
            _ => outcome,
        }
    }

    /// The response with this id was counted before its id was read.
    pub fn known(&mut self, id: &RequestId) {
        if self.known.insert(id.hash) {
            self.remember(id.hash);
        } else {
            self.take(id.hash);
        }
    }

    /// Counts what has waited long enough.
    pub fn expire(&mut self, now: Now, mut count: impl FnMut(&Finding)) {
        while self.queue.front().is_some_and(|waiting| waiting.until <= now) {
            self.next().iter().for_each(&mut count);
        }
    }

    /// When [`expire`](Self::expire) has something to do.
    #[must_use]
    pub fn due(&self) -> Option<Now> {
        self.queue.front().map(|waiting| waiting.until)
    }

    /// Counts everything that waits: the end of the input.
    pub fn finish(&mut self, count: impl FnMut(&Finding)) {
        let all = std::mem::take(&mut self.queue);
        (self.waits, self.gone, self.listed) = (0, 0, 0);
        self.places.clear();
        all.iter().filter_map(|waiting| waiting.finding.as_ref()).for_each(count);
    }

    /// All findings that wait, to translate their codes.
    pub fn findings_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.queue.iter_mut().filter_map(|waiting| waiting.finding.as_mut())
    }

    /// What has to be kept over a restart.
    #[must_use]
    pub fn save(&self) -> Saved {
        let waiting = self.queue.iter().filter_map(|waiting| waiting.finding.clone());
        Saved { window: self.counted.iter().flat_map(|hash| hash.to_le_bytes()).collect(), waiting: waiting.collect() }
    }

    /// Takes up what was kept; what waited waits as long again.
    pub fn restore(&mut self, saved: &Saved, now: Now, mut count: impl FnMut(&Finding)) {
        for hash in saved.window.chunks_exact(8) {
            let hash = hash.iter().rev().fold(0, |hash, byte| hash << 8 | u64::from(*byte));
            if self.known.insert(hash) {
                self.remember(hash);
            }
        }
        for finding in &saved.waiting {
            self.submit(finding, now, &mut count);
        }
    }

    /// Takes the one at the front out of the queue, if it still waits.
    fn next(&mut self) -> Option<Finding> {
        self.leave();
        let finding = self.queue.pop_front()?.finding;
        self.waits -= usize::from(finding.is_some());
        finding
    }

    /// The one at the front will not be there any more, and if it still waits it is counted.
    fn leave(&mut self) {
        self.gone += 1;
        if let Some(hash) = self.queue.front().and_then(Waiting::hash) {
            if self.gone <= self.listed {
                self.places.remove(&hash);
            }
            self.remember(hash);
        }
        self.listed = self.listed.max(self.gone);
    }

    /// What waits with this id.
    fn waiting(&mut self, hash: u64) -> Option<&mut Finding> {
        self.list();
        let place = usize::try_from(self.places.get(&hash)? - self.gone).ok()?;
        self.queue.get_mut(place)?.finding.as_mut()
    }

    fn take(&mut self, hash: u64) -> Option<Finding> {
        self.list();
        let place = usize::try_from(self.places.remove(&hash)? - self.gone).ok()?;
        let finding = self.queue.get_mut(place)?.finding.take()?;
        self.waits -= 1;
        self.remember(hash);
        self.close_gaps();
        Some(finding)
    }

    /// Lets all that wait be found by their ids. Where bodies stand that tell of no status, many may wait of which
    /// nothing is told again.
    fn list(&mut self) {
        let from = usize::try_from(self.listed - self.gone).unwrap_or(usize::MAX).min(self.queue.len());
        let places = (self.listed..).zip(self.queue.range(from..));
        self.places.extend(places.filter_map(|(place, waiting)| Some((waiting.hash()?, place))));
        self.listed = self.gone + self.queue.len() as u64;
    }

    /// Nobody else would, where no time passes or the first one waits on.
    fn close_gaps(&mut self) {
        if self.queue.len() > 2 * self.waits + MOST_GAPS {
            self.queue.retain(|waiting| waiting.finding.is_some());
            (self.gone, self.listed) = (0, 0);
            self.places.clear();
        }
    }

    /// Remembers a known id as that of a response that was counted.
    fn remember(&mut self, hash: u64) {
        if self.counted.len() >= self.bounds.saved {
            self.counted.pop_front();
        }
        if self.bounds.saved > 0 {
            self.counted.push_back(hash);
        }
    }

    fn success(&mut self, hash: u64, status: Option<u16>) {
        if let Some(status) = status {
            self.successes.push_back((hash, status));
            if self.successes.len() > MOST_SUCCESSES {
                self.successes.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Code, Codes, Origin};
    use super::*;
    use crate::catalogue::Catalogue;
    use std::time::Duration;

    const BOUNDS: Bounds = Bounds { counted: 4, saved: 4, waiting: 2 };

    fn code(name: &str) -> Option<Code> {
        Codes::new(Catalogue::built_in(), 8).find(name)
    }

    fn finding(name: &str, status: Option<u16>, id: &str) -> Finding {
        let id = (!id.is_empty()).then(|| RequestId::new(id));
        Finding { code: code(name), status, id, origin: Origin { labels: 0, recogniser: 0 }, time: None, log: None }
    }

    type Told = (Option<Code>, Option<u16>);

    /// Submits, and says what became of it and what was counted.
    fn submit(merger: &mut Merger, finding: &Finding, now: u64) -> (Outcome, Vec<Told>) {
        let mut counted = Vec::new();
        let outcome = merger.submit(finding, Duration::from_secs(now), |f| counted.push((f.code, f.status)));
        (outcome, counted)
    }

    #[test]
    fn the_same_id_is_the_same_response() {
        let mut merger = Merger::new(BOUNDS);
        let whole = || finding("NoSuchKey", Some(404), "A");
        assert_eq!(submit(&mut merger, &whole(), 0), (Outcome::Counted, vec![(code("NoSuchKey"), Some(404))]));
        assert_eq!(submit(&mut merger, &whole(), 9), (Outcome::Duplicate, vec![]));
        assert_eq!(submit(&mut merger, &finding("NoSuchKey", Some(404), ""), 9).0, Outcome::Counted);
    }

    #[test]
    fn the_rest_may_come_later() {
        let mut merger = Merger::new(BOUNDS);
        assert_eq!(submit(&mut merger, &finding("", Some(403), "A"), 0), (Outcome::Waits, vec![]));
        let rest = submit(&mut merger, &finding("AccessDenied", None, "A"), 4);
        assert_eq!(rest, (Outcome::Counted, vec![(code("AccessDenied"), Some(403))]));
        assert_eq!(submit(&mut merger, &finding("", Some(404), "B"), 0).0, Outcome::Waits);
        let mut counted = Vec::new();
        assert_eq!(merger.due(), Some(WAIT));
        merger.expire(Duration::from_secs(5), |f| counted.push((f.code, f.status)));
        assert_eq!(counted, [(None, Some(404))]);
        assert_eq!(submit(&mut merger, &finding("NoSuchKey", Some(404), "B"), 6), (Outcome::Duplicate, vec![]));
    }

    #[test]
    fn a_success_is_no_report_but_gives_its_status_to_a_code() {
        let mut merger = Merger::new(BOUNDS);
        assert_eq!(submit(&mut merger, &finding("", Some(200), "A"), 0), (Outcome::NoError, vec![]));
        let code_only = submit(&mut merger, &finding("InternalError", None, "A"), 0);
        assert_eq!(code_only, (Outcome::Counted, vec![(code("InternalError"), Some(200))]));
        assert_eq!(submit(&mut merger, &finding("InternalError", None, "B"), 0).0, Outcome::Waits);
        assert_eq!(submit(&mut merger, &finding("", Some(200), "B"), 0).1, [(code("InternalError"), Some(200))]);
        assert_eq!(submit(&mut merger, &finding("", Some(204), ""), 0).0, Outcome::NoError);
    }

    #[test]
    fn memory_is_bounded_and_loses_no_response() {
        let mut merger = Merger::new(BOUNDS);
        let mut counted = 0;
        for number in 0..10 {
            counted += submit(&mut merger, &finding("", Some(503), &format!("W{number}")), 0).1.len();
        }
        assert_eq!(counted, 8);
        assert_eq!(merger.counted.len(), BOUNDS.counted);
        assert!(merger.known.len() <= 2 * (BOUNDS.counted + BOUNDS.waiting) + 2, "{}", merger.known.len());
        merger.finish(|_| counted += 1);
        assert_eq!(counted, 10);
    }

    #[test]
    fn the_last_ids_are_known_and_those_that_wait() {
        let mut merger = Merger::new(BOUNDS);
        submit(&mut merger, &finding("", Some(404), "waits"), 0);
        for number in 0..100 {
            let whole = |number: i32| finding("SlowDown", Some(503), &number.to_string());
            assert_eq!(submit(&mut merger, &whole(number), 0).0, Outcome::Counted);
            for last in (number - 3).max(0)..=number {
                assert_eq!(submit(&mut merger, &whole(last), 0).0, Outcome::Duplicate, "{last} of {number}");
            }
        }
        assert_eq!(submit(&mut merger, &finding("", Some(404), "waits"), 0).0, Outcome::Waits);
        assert_eq!(submit(&mut merger, &finding("NoSuchKey", None, "waits"), 0).1, [(code("NoSuchKey"), Some(404))]);
        assert_eq!(submit(&mut merger, &finding("NoSuchKey", None, "waits"), 0).0, Outcome::Duplicate);
    }

    #[test]
    fn responses_that_are_complete_leave_no_room_behind() {
        let mut merger = Merger::new(Bounds { counted: 4, saved: 4, waiting: 8 });
        let mut counted = submit(&mut merger, &finding("", Some(404), "first"), 0).1.len();
        for number in 0..10_000 {
            let id = format!("W{number}");
            counted += submit(&mut merger, &finding("", Some(503), &id), 0).1.len();
            if number % 3 > 0 {
                assert_eq!(submit(&mut merger, &finding("SlowDown", None, &id), 0).0, Outcome::Counted);
                counted += 1;
            }
            assert!(merger.queue.len() <= 3 * 8 + MOST_GAPS, "{}", merger.queue.len());
        }
        assert_eq!(merger.due(), Some(WAIT));
        merger.expire(WAIT, |_| counted += 1);
        assert_eq!((counted, merger.queue.len(), merger.waits), (10_001, 0, 0));
    }

    #[test]
    fn what_is_kept_is_taken_up() {
        let mut merger = Merger::new(BOUNDS);
        submit(&mut merger, &finding("NoSuchKey", Some(404), "A"), 0);
        submit(&mut merger, &finding("", Some(403), "B"), 0);
        let saved = merger.save();
        let mut again = Merger::new(BOUNDS);
        again.restore(&saved, Duration::ZERO, |_| unreachable!("nothing is counted twice"));
        assert_eq!(submit(&mut again, &finding("NoSuchKey", Some(404), "A"), 0).0, Outcome::Duplicate);
        assert_eq!(submit(&mut again, &finding("AccessDenied", None, "B"), 0).1, [(code("AccessDenied"), Some(403))]);
    }
}
