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
    #[serde(skip)]
    since: Now,
}

impl Begun {
    fn fits(&self, key: Key, more: &Finding) -> bool {
        self.key == key && self.finding.agrees(more)
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
            Link::Begins(key) => {
                self.finish(key, &mut out);
                self.push(key, finding, now, out);
            }
            Link::Follows(key) => {
                match self.place(|begun| begun.key == key && !begun.told && begun.lacks_all_of(&finding)) {
                    Some(place) => {
                        self.begun[place].finding.absorb(finding);
                        self.begun[place].since = now;
                    }
                    None if finding.error() => {
                        self.finish(key, &mut out);
                        self.push(key, finding, now, out);
                    }
                    None => {}
                }
            }
            Link::Ends(key) => {
                let usual = |begun: &Begun| expected.is_some() && begun.finding.status == expected;
                let place = self
                    .place(|begun| !begun.told && begun.fits(key, &finding) && usual(begun))
                    .or_else(|| self.place(|begun| !begun.told && begun.fits(key, &finding)))
                    .or_else(|| self.place(|begun| begun.fits(key, &finding)));
                match place.map(|place| self.begun.remove(place)) {
                    Some(begun) if begun.told => out(Joined::Late(finding)),
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

    /// Gives out what has waited long enough.
    pub fn expire(&mut self, now: Now, mut out: impl FnMut(Finding)) {
        for begun in &mut self.begun {
            if !begun.told && now >= begun.since + WAIT {
                begun.told = true;
                out(begun.finding.clone());
            }
        }
        self.begun.retain(|begun| !begun.told || now < begun.since + REMEMBERED);
    }

    /// When [`expire`](Self::expire) has something to give.
    #[must_use]
    pub fn due(&self) -> Option<Now> {
        self.begun.iter().filter(|begun| !begun.told).map(|begun| begun.since + WAIT).min()
    }

    /// Gives out everything: the end of the input.
    pub fn finish_all(&mut self, mut out: impl FnMut(Finding)) {
        for begun in self.begun.drain(..).filter(|begun| !begun.told) {
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
            if begun.key == key && !begun.told {
                out(Joined::Response(begun.finding.clone()));
            }
            begun.key != key
        });
    }

    fn push(&mut self, key: Key, finding: Finding, now: Now, mut out: impl FnMut(Joined)) {
        if self.begun.len() >= MOST {
            let oldest = self.begun.remove(0);
            if !oldest.told {
                out(Joined::Response(oldest.finding));
            }
        }
        self.begun.push(Begun { key, finding, told: false, since: now });
    }
}
