//! Reports in different events of one log that tell of one response: a status line and then a code line, the lines of
//! one thread, the last attempt and the call that failed with it.

use super::{Finding, Now, WAIT};
use crate::recognise::{Key, Link};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// So many responses of one log may be begun at a time; then the oldest is taken as it is.
const MOST: usize = 64;

/// How long a response that was taken as it is remembered, so that its rest, when it comes late, is not another one.
const REMEMBERED: Duration = Duration::from_secs(600);

/// The responses that a log has begun to tell of.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Joins {
    begun: Vec<Begun>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Begun {
    key: Key,
    finding: Finding,
    /// Given out already, because its rest did not come in time.
    told: bool,
    /// Not a response as long as nothing more is told of it.
    tentative: bool,
    #[serde(skip)]
    since: Now,
}

impl Begun {
    fn fits(&self, key: Key, more: &Finding) -> bool {
        self.key == key && self.finding.agrees(more)
    }

    fn goes_on(&mut self, finding: Finding, now: Now) {
        self.finding.absorb(finding);
        self.since = now;
        self.tentative = false;
    }

    /// Takes in what comes after it was given out. If it had an id then, the rest is found by that.
    fn late(&mut self, rest: Finding) -> Joined {
        let known = self.finding.id.is_some();
        self.finding.absorb(rest);
        if known { Joined::Response(self.finding.clone()) } else { Joined::Late(self.finding.clone()) }
    }

    /// Nobody was told of it who has to be.
    fn due(&self) -> bool {
        !self.told && !self.tentative
    }

    fn lacks_some_of(&self, more: &Finding) -> bool {
        (self.finding.code.is_none() && more.code.is_some())
            || (self.finding.status.is_none() && more.status.is_some())
            || (self.finding.id.is_none() && more.id.is_some())
    }

    fn lacks_all_of(&self, more: &Finding) -> bool {
        (self.finding.code.is_none() || more.code.is_none())
            && (self.finding.status.is_none() || more.status.is_none())
            && (self.finding.id.is_none() || more.id.is_none())
    }
}

/// Where a finding goes that no other event can add to.
pub enum Joined {
    /// A response, as far as this log tells of it.
    Response(Finding),
    /// The rest of a response that was given out before: only its request id is news.
    Late(Finding),
}

impl Joins {
    /// Takes in a finding with its link; `out` gets what nothing more is expected for. `expected` is the status that a
    /// code usually comes with: of several responses begun under a key, the one with that status is the code's.
    pub fn apply(
        &mut self,
        link: Link,
        finding: Finding,
        expected: Option<u16>,
        now: Now,
        mut out: impl FnMut(Joined),
    ) {
        match link {
            Link::Alone => out(Joined::Response(finding)),
            Link::Starts { key, taking } => {
                let mut finding = finding;
                if let Some(place) = taking.and_then(|taking| self.place(|begun| begun.fits(taking, &finding))) {
                    finding.absorb(self.begun.remove(place).finding);
                }
                self.push(key, finding, now, out);
            }
            Link::Begins(key) | Link::Opens(key) => {
                self.finish(key, &mut out);
                self.push(key, finding, now, out);
                if let (Link::Opens(_), Some(begun)) = (link, self.begun.last_mut()) {
                    begun.tentative = true;
                }
            }
            Link::Follows(key) => {
                let lacks = |begun: &Begun| begun.key == key && begun.lacks_all_of(&finding);
                let place = self.place(|begun| !begun.told && lacks(begun)).or_else(|| self.place(lacks));
                match place.and_then(|place| self.begun.get_mut(place)) {
                    Some(begun) if begun.told => out(begun.late(finding)),
                    Some(begun) => begun.goes_on(finding, now),
                    None if finding.error() => {
                        self.finish(key, &mut out);
                        self.push(key, finding, now, out);
                    }
                    None if finding.status.is_some() => self.finish(key, &mut out), // its writer has gone on to a success
                    None => {}
                }
            }
            Link::Adds(key) => {
                let adds = |begun: &Begun| !begun.told && begun.fits(key, &finding) && begun.lacks_some_of(&finding);
                if let Some(place) = self.place(adds) {
                    self.begun[place].goes_on(finding, now);
                }
            }
            Link::Ends(key) => {
                let usual = |begun: &Begun| expected.is_some() && begun.finding.status == expected;
                let place = self
                    .place(|begun| !begun.told && begun.fits(key, &finding) && usual(begun))
                    .or_else(|| self.place(|begun| !begun.told && begun.fits(key, &finding)))
                    .or_else(|| self.place(|begun| begun.fits(key, &finding)));
                match place.map(|place| self.begun.remove(place)) {
                    Some(mut begun) if begun.told => out(begun.late(finding)),
                    Some(begun) => {
                        let mut whole = begun.finding;
                        whole.absorb(finding);
                        out(Joined::Response(whole));
                    }
                    None => out(Joined::Response(finding)),
                }
            }
        }
    }

    /// Adds what the event that has begun a response tells of it since, as it goes on. False if there is none that waits:
    /// one that was given out only gets to know it so that it is not taken for another.
    pub fn goes_on(&mut self, link: Link, more: &Finding) -> bool {
        let (Link::Starts { key, .. } | Link::Begins(key) | Link::Opens(key) | Link::Follows(key)) = link else {
            return false;
        };
        let fits = |begun: &Begun| begun.fits(key, more);
        let place = self.place(|begun| !begun.told && fits(begun)).or_else(|| self.place(fits));
        place.and_then(|place| self.begun.get_mut(place)).is_some_and(|begun| {
            begun.finding.absorb(more.clone());
            !begun.told
        })
    }

    /// Gives out what has waited long enough.
    pub fn expire(&mut self, now: Now, mut out: impl FnMut(Finding)) {
        for begun in self.begun.iter_mut().filter(|begun| begun.due() && now >= begun.since + WAIT) {
            out(begun.finding.clone());
            begun.told = true;
        }
        self.begun.retain(|begun| begun.due() || now < begun.since + REMEMBERED);
    }

    /// When [`expire`](Self::expire) has something to give.
    #[must_use]
    pub fn due(&self) -> Option<Now> {
        self.begun.iter().filter(|begun| begun.due()).map(|begun| begun.since + WAIT).min()
    }

    /// Gives out everything: the end of the input.
    pub fn finish_all(&mut self, mut out: impl FnMut(Finding)) {
        for begun in self.begun.drain(..).filter(Begun::due) {
            out(begun.finding);
        }
    }

    /// Takes over what another log has begun: the one whose place this one takes.
    pub fn inherit(&mut self, from: &mut Self) {
        let mut begun = std::mem::take(&mut from.begun);
        begun.append(&mut self.begun);
        self.begun = begun;
    }

    /// All findings kept, to translate their codes and label sets.
    pub fn findings_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.begun.iter_mut().map(|begun| &mut begun.finding)
    }

    /// The newest that fits.
    fn place(&self, fits: impl Fn(&Begun) -> bool) -> Option<usize> {
        self.begun.iter().rposition(fits)
    }

    fn finish(&mut self, key: Key, out: &mut impl FnMut(Joined)) {
        self.begun.retain(|begun| {
            if begun.key == key && begun.due() {
                out(Joined::Response(begun.finding.clone()));
            }
            begun.key != key
        });
    }

    fn push(&mut self, key: Key, finding: Finding, now: Now, mut out: impl FnMut(Joined)) {
        if self.begun.len() >= MOST {
            let oldest = self.begun.remove(0);
            if oldest.due() {
                out(Joined::Response(oldest.finding));
            }
        }
        self.begun.push(Begun { key, finding, told: false, tentative: false, since: now });
    }
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;
    use crate::report::{Origin, RequestId};

    fn finding(status: Option<u16>, id: Option<&str>) -> Finding {
        let origin = Origin { labels: 0, recogniser: 0 };
        Finding { code: None, status, id: id.map(RequestId::new), origin, time: None, log: None }
    }

    /// Status and id of what comes out of links that are applied one after the other, then of the rest.
    fn told(links: &[(Link, Option<u16>, Option<&str>)]) -> [Vec<(Option<u16>, bool)>; 2] {
        let mut joins = Joins::default();
        let (mut at_once, mut at_the_end) = (Vec::new(), Vec::new());
        for (link, status, id) in links {
            joins.apply(*link, finding(*status, *id), None, Now::ZERO, |joined| {
                if let Joined::Response(finding) = joined {
                    at_once.push((finding.status, finding.id.is_some()));
                }
            });
        }
        joins.finish_all(|finding| at_the_end.push((finding.status, finding.id.is_some())));
        [at_once, at_the_end]
    }

    #[test]
    fn what_only_opens_is_a_response_when_more_is_told() {
        let opens = (Link::Opens(1), Some(503), None);
        assert_eq!(told(&[opens]), [vec![], vec![]]);
        assert_eq!(told(&[opens, opens]), [vec![], vec![]]);
        assert_eq!(told(&[opens, (Link::Adds(1), None, Some("id"))]), [vec![], vec![(Some(503), true)]]);
        assert_eq!(told(&[opens, (Link::Ends(1), None, Some("id"))]), [vec![(Some(503), true)], vec![]]);
    }

    #[test]
    fn what_only_adds_is_nothing_by_itself() {
        assert_eq!(told(&[(Link::Adds(1), Some(404), None)]), [vec![], vec![]]);
        let begins = (Link::Begins(1), Some(403), None);
        assert_eq!(told(&[begins, (Link::Adds(1), Some(404), Some("id"))]), [vec![], vec![(Some(403), false)]]);
        assert_eq!(told(&[begins, (Link::Adds(1), Some(403), Some("id"))]), [vec![], vec![(Some(403), true)]]);
    }

    #[test]
    fn a_success_leaves_an_older_response_as_it_is() {
        let links = [
            (Link::Follows(1), Some(502), None),
            (Link::Follows(1), Some(200), None),
            (Link::Follows(1), None, Some("id of the success")),
        ];
        assert_eq!(told(&links), [vec![(Some(502), false)], vec![]]);
    }

    #[test]
    fn what_opens_is_not_remembered_for_ever() {
        for (after, counted) in [(WAIT, 1), (REMEMBERED, 0)] {
            let mut joins = Joins::default();
            joins.apply(Link::Opens(1), finding(Some(503), None), None, Now::ZERO, |_| {});
            assert_eq!(joins.due(), None, "nothing is to be given out");
            joins.expire(after, |_| panic!("nothing was told of it"));
            joins.apply(Link::Adds(1), finding(None, Some("id")), None, after, |_| {});
            let mut out = 0;
            joins.finish_all(|_| out += 1);
            assert_eq!(out, counted, "after {after:?}");
        }
    }

    #[test]
    fn what_has_begun_goes_on_while_it_waits() {
        let mut joins = Joins::default();
        let more = finding(Some(503), Some("id"));
        assert!(!joins.goes_on(Link::Begins(1), &more), "none has begun");
        joins.apply(Link::Begins(1), finding(Some(503), None), None, Now::ZERO, |_| {});
        assert!(!joins.goes_on(Link::Begins(2), &more) && !joins.goes_on(Link::Alone, &more));
        assert!(joins.goes_on(Link::Begins(1), &more));
        let mut given = Vec::new();
        joins.expire(WAIT, |finding| given.push(finding.id.is_some()));
        assert_eq!(given, [true]);
        assert!(!joins.goes_on(Link::Begins(1), &more), "it was given out");
    }

    #[test]
    fn what_follows_late_is_no_other_response() {
        let mut joins = Joins::default();
        joins.apply(Link::Begins(1), finding(Some(503), None), None, Now::ZERO, |_| {});
        let mut given = 0;
        joins.expire(WAIT, |_| given += 1);
        assert_eq!(given, 1);
        let mut late = Vec::new();
        joins.apply(Link::Follows(1), finding(None, Some("id")), None, WAIT, |joined| {
            late.push(matches!(joined, Joined::Late(_)));
        });
        joins.apply(Link::Ends(1), finding(Some(503), Some("id")), None, WAIT, |joined| {
            late.push(matches!(joined, Joined::Late(_)));
        });
        assert_eq!(late, [true, false], "the id is news, then it is known and says the rest");
        joins.finish_all(|_| panic!("it was given out before"));
    }
}
