//! Reports inside one event, and the last event of a file, which may still grow.

use super::{Finding, Now, QUIET};
use crate::recognise::Link;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// What one event tells: of one response, almost always.
pub type Groups = SmallVec<[Group; 2]>;

/// What one event tells of one response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What is known.
    pub finding: Finding,
    /// How it hangs together with other events.
    pub link: Link,
    /// Where in the event its first report stands, in bytes.
    pub at: usize,
    /// It has something of a report without an id, which may belong to another one whose id is still to come.
    pub guessed: bool,
}

impl Group {
    /// What one report of an event tells.
    #[must_use]
    pub fn new(finding: Finding, link: Link, at: usize) -> Self {
        Self { finding, link, at, guessed: false }
    }

    /// Nothing that may still come with the event could add to it or change it.
    fn whole(&self) -> bool {
        self.finding.complete() && self.finding.id.is_some() && !self.guessed
    }
}

/// Merges reports of one event: the same request id is the same response, and what has no id goes to the first that it
/// does not contradict. So a code counts once in an event, and different ids are different responses.
#[must_use]
pub fn group(mut reports: Groups) -> Groups {
    // where two contradict each other the first of the text holds: it is the one that was counted if the second came late
    if reports.len() < 2 {
        return reports;
    }
    // what tells of a success takes a code only from who has no other status for it
    reports.sort_by_key(|report| (!report.finding.error(), report.finding.id.is_none(), report.at));
    let mut groups = Groups::new();
    for report in reports {
        let place = groups.iter_mut().find(|group| {
            let same = match (&group.finding.id, &report.finding.id) {
                (Some(one), Some(other)) => one.hash == other.hash, // whatever else the two say
                _ => group.finding.agrees(&report.finding),
            };
            same && (group.link == Link::Alone || report.link == Link::Alone)
        });
        match place {
            Some(group) => {
                if group.link == Link::Alone {
                    group.link = report.link;
                }
                group.at = group.at.min(report.at);
                group.guessed |= group.finding.id.is_none() || report.finding.id.is_none();
                group.finding.absorb(report.finding);
            }
            None => groups.push(report),
        }
    }
    groups.sort_by_key(|group| group.at);
    groups
}

/// What was taken out of the open event of a file, so that it is not taken again when the event has grown and is read
/// once more; and what waits for the event to end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct EventMemory {
    start: u64,
    told: Vec<Told>,
    held: Vec<Held>,
    /// Since when the held groups have not changed; not kept over a restart, where they are read again.
    #[serde(skip)]
    since: Now,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Told {
    at: usize,
    finding: Finding,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Held {
    at: usize,
    finding: Finding,
    link: Link,
}

/// So many reports of one event are remembered; what an event tells beyond that is taken without a look back.
const MOST: usize = 256;

impl EventMemory {
    /// Takes in the groups of the event that begins at the offset `start`, and gives `take` those that are ready: all of
    /// an event that is `closed`, of an open one those that nothing can be added to. `more` gets those that have come to
    /// know more since they were taken, and whether that is their request id.
    pub fn event(
        &mut self,
        start: u64,
        closed: bool,
        groups: Groups,
        now: Now,
        mut more: impl FnMut(Group, bool),
        mut take: impl FnMut(Group),
    ) {
        if self.start != start {
            self.start = start;
            self.told.clear();
        }
        self.held.clear();
        self.since = now;
        let ids: SmallVec<[u64; 2]> =
            groups.iter().filter_map(|group| group.finding.id.as_ref()).map(|id| id.hash).collect();
        let before = self.told.len();
        for group in groups {
            let covers = self
                .told
                .iter()
                .position(|told| told.covers(&group))
                .or_else(|| self.told[..before].iter().position(|told| told.was_misread(&group, &ids)));
            if let Some(told) = covers.and_then(|place| self.told.get_mut(place)) {
                if let Some(id) = told.goes_on(&group.finding) {
                    more(group, id);
                }
            } else if closed || group.whole() && self.held.is_empty() {
                // behind one that is still held, which may turn out to be a part of its text, it keeps its place
                if !closed && self.told.len() < MOST {
                    self.told.push(Told { at: group.at, finding: group.finding.clone() });
                }
                take(group);
            } else if self.held.len() < MOST {
                self.held.push(Held { at: group.at, finding: group.finding, link: group.link });
            }
        }
    }

    /// Goes on to the event that begins at the offset `start`, which is closed and of which nothing has to be remembered.
    /// False if something of it was taken before.
    #[inline]
    pub fn passes(&mut self, start: u64) -> bool {
        if self.told.is_empty() && self.held.is_empty() {
            self.start = start;
            return true;
        }
        self.passes_from(start)
    }

    #[cold]
    fn passes_from(&mut self, start: u64) -> bool {
        if self.start == start && !self.told.is_empty() {
            return false;
        }
        self.start = start;
        self.told.clear();
        self.held.clear();
        true
    }

    /// The event ends here, whatever it may have lacked: nothing of it will be read again.
    pub fn end(&mut self, mut take: impl FnMut(Group)) {
        for held in self.held.drain(..) {
            take(held.into());
        }
        self.told.clear();
        self.start = u64::MAX;
    }

    /// Gives out what has waited long enough for the event to go on.
    pub fn quiet(&mut self, now: Now, mut take: impl FnMut(Group)) {
        if !self.held.is_empty() && now >= self.since + QUIET {
            for held in self.held.drain(..) {
                self.told.push(Told { at: held.at, finding: held.finding.clone() });
                take(held.into());
            }
        }
    }

    /// When [`quiet`](Self::quiet) has something to give.
    #[must_use]
    pub fn due(&self) -> Option<Now> {
        (!self.held.is_empty()).then_some(self.since + QUIET)
    }

    /// All findings kept, to translate their codes and label sets.
    pub fn findings_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.told.iter_mut().map(|told| &mut told.finding).chain(self.held.iter_mut().map(|held| &mut held.finding))
    }
}

impl Told {
    fn covers(&self, group: &Group) -> bool {
        self.told_of(group)
            && match (&self.finding.id, &group.finding.id) {
                (Some(one), Some(other)) => one.hash == other.hash,
                (Some(_), None) => self.at == group.at,
                (None, _) => self.at == group.at || self.finding.agrees(&group.finding),
            }
    }

    /// An error is not told of by what was a success when it was taken, and counted nothing.
    fn told_of(&self, group: &Group) -> bool {
        self.finding.error() || !group.finding.error()
    }

    /// Takes over what is read now, so that it covers no other response. Whether it has an id that it was taken without,
    /// if it knows more of an error than before.
    fn goes_on(&mut self, now: &Finding) -> Option<bool> {
        let id = now.id.as_ref().filter(|id| self.finding.id.as_ref().is_none_or(|own| own.hash != id.hash));
        let more = id.is_some()
            || self.finding.code.is_none() && now.code.is_some()
            || self.finding.status.is_none() && now.status.is_some();
        self.finding.code = now.code.or(self.finding.code);
        self.finding.status = now.status.or(self.finding.status);
        if let Some(id) = id {
            self.finding.id = Some(id.clone());
        }
        (more && self.finding.error()).then_some(id.is_some())
    }

    /// It was read at the same place before the lines came that hold the right id, and the one it got then, out of a
    /// message, is none of the `ids` that the event has now.
    fn was_misread(&self, group: &Group, ids: &[u64]) -> bool {
        self.told_of(group) && self.at == group.at && self.finding.id.as_ref().is_some_and(|id| !ids.contains(&id.hash))
    }
}

impl From<Held> for Group {
    fn from(held: Held) -> Self {
        Self::new(held.finding, held.link, held.at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Code, Codes, Origin, RequestId};
    use super::*;
    use crate::catalogue::Catalogue;
    use smallvec::smallvec;
    use std::time::Duration;

    fn code(name: &str) -> Option<Code> {
        Codes::new(Catalogue::built_in(), 8).find(name)
    }

    fn report(at: usize, name: &str, status: Option<u16>, id: Option<&str>) -> Group {
        let origin = Origin { labels: 0, recogniser: 0 };
        let finding = Finding { code: code(name), status, id: id.map(RequestId::new), origin, time: None, log: None };
        Group::new(finding, Link::Alone, at)
    }

    fn told(groups: &[Group]) -> Vec<(Option<Code>, Option<u16>, bool)> {
        groups.iter().map(|g| (g.finding.code, g.finding.status, g.finding.id.is_some())).collect()
    }

    #[test]
    fn a_code_counts_once_in_an_event() {
        let groups = group(smallvec![report(0, "NoSuchKey", None, None), report(9, "NoSuchKey", Some(404), None)]);
        assert_eq!(told(&groups), [(code("NoSuchKey"), Some(404), false)]);
    }

    #[test]
    fn a_status_and_a_code_in_an_event_are_one_response() {
        let groups = group(smallvec![report(0, "", Some(400), None), report(9, "EntityTooLarge", None, None)]);
        assert_eq!(told(&groups), [(code("EntityTooLarge"), Some(400), false)]);
    }

    #[test]
    fn the_status_of_a_success_is_for_a_code_that_has_no_other() {
        let told_of = |reports: &[Group]| told(&group(reports.iter().cloned().collect()));
        let [code_alone, error] = [report(0, "EntityTooLarge", None, None), report(9, "", Some(400), None)];
        let success = report(20, "", Some(200), Some("AAAAAAAA"));
        let code = code("EntityTooLarge");
        assert_eq!(told_of(&[code_alone.clone(), success.clone()]), [(code, Some(200), true)]);
        let both = [(code, Some(400), false), (None, Some(200), true)];
        assert_eq!(told_of(&[code_alone, error, success]), both);
    }

    #[test]
    fn different_ids_and_different_codes_are_different_responses() {
        let ids = vec![report(0, "SlowDown", None, Some("AAAAAAAA")), report(9, "SlowDown", None, Some("BBBBBBBB"))];
        assert_eq!(group(ids.into()).len(), 2);
        assert_eq!(group(smallvec![report(0, "SlowDown", None, None), report(9, "NoSuchKey", None, None)]).len(), 2);
    }

    /// Shows the memory an event, and returns what it gave out.
    fn show(memory: &mut EventMemory, closed: bool, reports: Vec<Group>, now: u64) -> (usize, usize) {
        let (mut known, mut taken) = (0, 0);
        memory.event(
            100,
            closed,
            group(reports.into()),
            Duration::from_secs(now),
            |_, id| known += usize::from(id),
            |_| taken += 1,
        );
        (taken, known)
    }

    #[test]
    fn what_is_whole_is_taken_at_once_and_not_again() {
        let mut memory = EventMemory::default();
        let whole = || vec![report(0, "NoSuchKey", Some(404), Some("AAAAAAAA"))];
        assert_eq!(show(&mut memory, false, whole(), 0), (1, 0));
        assert_eq!(show(&mut memory, false, whole(), 0), (0, 0));
        assert_eq!(show(&mut memory, true, whole(), 0), (0, 0));
    }

    #[test]
    fn what_may_grow_waits_for_the_end_of_the_event_or_for_quiet() {
        let half = || vec![report(0, "NoSuchKey", Some(404), None)];
        let mut memory = EventMemory::default();
        assert_eq!(show(&mut memory, false, half(), 0), (0, 0));
        assert_eq!(show(&mut memory, true, half(), 0), (1, 0));

        let mut memory = EventMemory::default();
        show(&mut memory, false, half(), 10);
        let mut taken = 0;
        memory.quiet(Duration::from_millis(10_900), |_| taken += 1);
        assert_eq!((taken, memory.due()), (0, Some(Duration::from_secs(11))));
        memory.quiet(Duration::from_secs(11), |_| taken += 1);
        assert_eq!((taken, memory.due()), (1, None));
        // its id comes late: the response is the same, but from now on it is known by its id
        let late = vec![report(0, "NoSuchKey", Some(404), Some("AAAAAAAA"))];
        assert_eq!(show(&mut memory, true, late, 12), (0, 1));
    }

    /// How many responses an event tells of that is read twice, with a while of quiet in between.
    fn in_two_parts(before: Vec<Group>, after: Vec<Group>) -> usize {
        let mut memory = EventMemory::default();
        let (mut taken, _) = show(&mut memory, false, before, 0);
        memory.quiet(QUIET, |group| taken += usize::from(group.finding.error()));
        taken + show(&mut memory, true, after, 2).0
    }

    #[test]
    fn a_success_that_was_taken_is_not_the_error_that_comes() {
        let success = || report(0, "", Some(200), Some("AAAAAAAA"));
        assert_eq!(in_two_parts(vec![success()], vec![success()]), 0);
        assert_eq!(in_two_parts(vec![success()], vec![success(), report(9, "InternalError", None, None)]), 1);
        assert_eq!(in_two_parts(vec![success()], vec![report(0, "InternalError", Some(200), Some("BBBBBBBB"))]), 1);
    }

    #[test]
    fn what_was_taken_covers_one_response() {
        let status = || report(0, "", Some(400), None);
        let code = || report(9, "BadDigest", None, None);
        let other = || report(20, "TooManyBuckets", None, None);
        assert_eq!(in_two_parts(vec![status()], vec![status(), code()]), 1);
        assert_eq!(in_two_parts(vec![status()], vec![status(), code(), other()]), 2);
        assert_eq!(in_two_parts(vec![status(), code()], vec![status(), code(), other()]), 2);
    }

    #[test]
    fn the_end_gives_out_what_waits() {
        let mut memory = EventMemory::default();
        show(&mut memory, false, vec![report(0, "NoSuchKey", None, None)], 0);
        let mut taken = 0;
        memory.end(|_| taken += 1);
        memory.end(|_| taken += 1);
        assert_eq!(taken, 1);
    }
}
