//! What was counted lately, for people: the last responses, and when the logs told of each code. The counters are the
//! tally's.

use super::observer::{LastTold, Observer};
use crate::framing::Stamp;
use crate::report::{Code, Finding, Kind};
use foldhash::{HashMap, HashMapExt as _};
use std::cell::OnceCell;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// So many responses are remembered.
pub const RESPONSES: usize = 256;

/// For so many minutes it is remembered how often a code was told of.
pub const MINUTES: usize = 60;

const MINUTE: i64 = 60_000;

/// The zones of the earth lie within so many milliseconds of UTC.
const ZONES: i64 = 14 * 60 * MINUTE;

/// A response that was counted.
#[derive(Debug, Clone)]
pub struct Counted {
    /// When, as far as that is known, in milliseconds since 1970.
    pub at: i64,
    /// What is known of it.
    pub finding: Finding,
}

/// When a code was told of.
#[derive(Debug, Clone)]
pub struct Activity {
    /// The last time, in milliseconds since 1970.
    pub last: i64,
    /// The minute, since 1970, of the newest count in `counts`.
    newest: i64,
    /// The count of each minute, at the place of its number modulo the length.
    counts: [u32; MINUTES],
}

/// What was counted lately.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    last: VecDeque<Counted>,
    activity: HashMap<Kind, Activity>,
}

/// Notes what is counted.
#[derive(Debug)]
pub struct Recorder {
    /// The time of the turn that is under way, in milliseconds since 1970.
    pub wall: i64,
    recent: Recent,
    /// The last snapshot, as long as it is like that.
    snapshot: OnceCell<Arc<Recent>>,
}

impl Activity {
    fn new(last: i64) -> Self {
        Self { last, newest: last.div_euclid(MINUTE), counts: [0; MINUTES] }
    }

    fn place(minute: i64) -> usize {
        usize::try_from(minute.rem_euclid(MINUTES as i64)).unwrap_or(0)
    }

    fn note(&mut self, at: i64, times: u32) {
        self.last = self.last.max(at);
        let minute = at.div_euclid(MINUTE);
        let passed = (minute - self.newest).clamp(0, MINUTES as i64);
        for step in 0..passed {
            self.counts[Self::place(minute - step)] = 0;
        }
        self.newest = self.newest.max(minute);
        if self.newest - minute < MINUTES as i64 {
            let count = &mut self.counts[Self::place(minute)];
            *count = count.saturating_add(times);
        }
    }

    /// Takes over what another one has noted.
    fn add(&mut self, other: &Self) {
        for (minutes_before, count) in (0..).zip(other.minutes(other.last).iter().rev()) {
            self.note(other.last - minutes_before * MINUTE, *count);
        }
        self.last = self.last.max(other.last);
    }

    /// The counts of the last minutes, the minute of `now` last.
    pub fn minutes(&self, now: i64) -> [u32; MINUTES] {
        let last = now.div_euclid(MINUTE);
        let mut minutes = [0; MINUTES];
        for (minute, count) in (last + 1 - MINUTES as i64..).zip(&mut minutes) {
            if minute <= self.newest && self.newest - minute < MINUTES as i64 {
                *count = self.counts[Self::place(minute)];
            }
        }
        minutes
    }
}

impl Recent {
    /// The last responses, the one counted last first.
    pub fn last(&self) -> impl Iterator<Item = &Counted> {
        self.last.iter().rev()
    }

    /// When each code was told of.
    pub fn activity(&self) -> impl Iterator<Item = (Kind, &Activity)> {
        self.activity.iter().map(|(kind, activity)| (*kind, activity))
    }

    /// The same with other numbers for codes and recognisers.
    pub fn renewed(&self, code: &dyn Fn(Code) -> Code, recogniser: &dyn Fn(u8) -> u8) -> Self {
        let mut renewed = Self { last: self.last.clone(), activity: HashMap::new() };
        for Counted { finding, .. } in &mut renewed.last {
            finding.code = finding.code.map(code);
            finding.origin.recogniser = recogniser(finding.origin.recogniser);
        }
        for (kind, activity) in &self.activity {
            // names for which there is no room any more are one from now on
            match renewed.activity.entry(Kind { code: kind.code.map(code), ..*kind }) {
                Entry::Vacant(place) => drop(place.insert(activity.clone())),
                Entry::Occupied(mut place) => place.get_mut().add(activity),
            }
        }
        renewed
    }

    fn note(&mut self, finding: &Finding, wall: i64) {
        let at = happened(finding.time, wall);
        match self.activity.get_mut(&finding.kind()) {
            Some(activity) => activity.note(at, 1), // without making room for one more
            None => self.activity.entry(finding.kind()).or_insert_with(|| Activity::new(at)).note(at, 1),
        }
        if self.last.len() < RESPONSES {
            self.last.push_back(Counted { at, finding: finding.clone() });
            return;
        }
        self.last.rotate_left(1); // the oldest one is written over
        if let Some(oldest) = self.last.back_mut() {
            oldest.at = at;
            oldest.finding.assign(finding);
        }
    }
}

impl Recorder {
    /// One that has noted nothing at `wall`, in milliseconds since 1970.
    pub fn new(wall: i64) -> Self {
        Self { wall, recent: Recent::default(), snapshot: OnceCell::new() }
    }

    /// What was counted until now.
    pub fn snapshot(&self) -> Arc<Recent> {
        Arc::clone(self.snapshot.get_or_init(|| Arc::new(self.recent.clone())))
    }

    /// What was counted until now, to be changed.
    fn recent(&mut self) -> &mut Recent {
        self.snapshot.take();
        &mut self.recent
    }
}

impl Observer for Recorder {
    const LOGS: bool = true;

    fn counted(&mut self, finding: &Finding) {
        let wall = self.wall;
        self.recent().note(finding, wall);
    }

    fn save(&self) -> Vec<LastTold> {
        let activity = self.recent.activity.iter();
        let kept = activity.map(|(kind, activity)| {
            let over = (self.wall - activity.last) / MINUTE >= MINUTES as i64;
            let minutes = if over { Vec::new() } else { activity.minutes(activity.last).to_vec() };
            LastTold { code: kind.code, status: kind.status, millis: activity.last, minutes }
        });
        kept.collect()
    }

    fn restore(&mut self, kept: Vec<LastTold>) {
        let recent = self.recent();
        for LastTold { code, status, millis, minutes } in kept {
            let activity = recent.activity.entry(Kind { code, status }).or_insert_with(|| Activity::new(millis));
            for (minutes_before, count) in (0..).zip(minutes.iter().rev()) {
                activity.note(millis - minutes_before * MINUTE, *count);
            }
            activity.last = activity.last.max(millis);
        }
    }

    fn renew(&mut self, code: &dyn Fn(Code) -> Code, recogniser: &dyn Fn(u8) -> u8) {
        *self.recent() = self.recent.renewed(code, recogniser);
    }
}

/// When a response was given whose line has this stamp and was read at `wall`: at the latest when it was read. A stamp
/// without a zone may be hours off, and is believed only if it is old wherever it was written: what was read just now
/// would otherwise look old in one zone and be in the future in another.
fn happened(stamp: Option<Stamp>, wall: i64) -> i64 {
    match stamp {
        Some(stamp) if stamp.zoned => stamp.millis.min(wall),
        Some(stamp) if wall - stamp.millis > ZONES => stamp.millis,
        _ => wall,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Origin;

    fn finding(time: Option<Stamp>) -> Finding {
        let origin = Origin { labels: 0, recogniser: 0 };
        Finding { code: None, status: Some(503), id: None, origin, time, log: None }
    }

    fn minutes(recent: &Recent, now: i64) -> Vec<(usize, u32)> {
        let (_, activity) = recent.activity().next().unwrap_or_else(|| unreachable!("something was counted"));
        activity.minutes(now).into_iter().enumerate().filter(|(_, count)| *count > 0).collect()
    }

    #[test]
    fn the_last_hour_is_known_by_minutes() {
        let mut recorder = Recorder::new(0);
        for (minute, count) in [(100, 2), (101, 1), (159, 3)] {
            for _ in 0..count {
                recorder.wall = minute * MINUTE + 5;
                recorder.counted(&finding(None));
            }
        }
        let recent = recorder.snapshot();
        assert_eq!(minutes(&recent, 159 * MINUTE), [(0, 2), (1, 1), (59, 3)]);
        assert_eq!(minutes(&recent, 160 * MINUTE), [(0, 1), (58, 3)]);
        assert_eq!(minutes(&recent, 300 * MINUTE), []);
        recorder.wall = 161 * MINUTE;
        recorder.counted(&finding(None));
        assert_eq!(minutes(&recorder.snapshot(), 161 * MINUTE), [(57, 3), (59, 1)]);
        assert_eq!(minutes(&recent, 159 * MINUTE), [(0, 2), (1, 1), (59, 3)], "a snapshot changed");
        // told late of what was long ago, and of what was a little ago
        for minute in [99, 160] {
            recorder.counted(&finding(Some(Stamp { millis: minute * MINUTE, zoned: true })));
        }
        assert_eq!(minutes(&recorder.snapshot(), 161 * MINUTE), [(57, 3), (58, 1), (59, 1)]);
    }

    #[test]
    fn the_time_of_a_response_is_never_in_the_future_and_never_that_of_an_unknown_zone() {
        let wall = 1000 * 60 * MINUTE;
        let hours = |hours: i64| wall + hours * 60 * MINUTE;
        for (hour, zoned, wanted) in
            [(-2, true, -2), (2, true, 0), (-2, false, 0), (-8, false, 0), (8, false, 0), (-15, false, -15)]
        {
            let stamp = Stamp { millis: hours(hour), zoned };
            assert_eq!(happened(Some(stamp), wall), hours(wanted), "{hour} {zoned}");
        }
        assert_eq!(happened(None, wall), wall);
    }

    #[test]
    fn so_many_responses_are_remembered_and_the_times_are_kept() {
        let mut recorder = Recorder::new(0);
        for millis in 0..1000 {
            recorder.wall = millis;
            recorder.counted(&finding(None));
        }
        let recent = recorder.snapshot();
        assert_eq!(recent.last().map(|counted| counted.at).collect::<Vec<_>>(), (744..1000).rev().collect::<Vec<_>>());
        let mut next = Recorder::new(0);
        next.restore(recorder.save());
        assert_eq!(
            next.snapshot().activity().map(|(kind, activity)| (kind, activity.last)).collect::<Vec<_>>(),
            [(Kind { code: None, status: Some(503) }, 999)]
        );
        assert_eq!(minutes(&next.snapshot(), 1000), [(59, 1000)]);
        recorder.wall = MINUTES as i64 * MINUTE + 999;
        next = Recorder::new(0);
        next.restore(recorder.save());
        assert_eq!(minutes(&next.snapshot(), 1000), []);
    }
}
