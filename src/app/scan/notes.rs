//! Which responses a scan lists, and what it notes of them.

use super::timeline::Timeline;
use super::when::Zone;
use crate::app::Observer;
use crate::catalogue::Category;
use crate::framing::Stamp;
use crate::report::{Codes, Finding, Kind, RequestId};
use foldhash::HashMap;

/// Request ids listed for each code and status.
const IDS: usize = 3;

/// Which responses are wanted; all, if nothing is said. A response without a time is wanted whatever the time: what
/// cannot be judged is not hidden.
#[derive(Debug)]
pub struct Filter {
    /// From this moment on, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Before this moment.
    pub until: Option<i64>,
    /// With one of these codes.
    pub codes: Vec<String>,
    /// Of one of these categories.
    pub categories: Vec<Category>,
    /// The zone of stamps that name none.
    pub zone: Zone,
}

impl Default for Filter {
    fn default() -> Self {
        Self { since: None, until: None, codes: Vec::new(), categories: Vec::new(), zone: Zone::local() }
    }
}

impl Filter {
    /// Whether it leaves out anything.
    fn chooses(&self) -> bool {
        !self.codes.is_empty() || !self.categories.is_empty() || self.bounds_time()
    }

    fn wants(&self, codes: &Codes, finding: &Finding) -> bool {
        let named = self.codes.is_empty() || self.codes.iter().any(|code| code == codes.name(finding.code));
        let status = codes.status(finding.code, finding.status);
        let of = self.categories.is_empty() || self.categories.contains(&codes.category(finding.code, status));
        named && of && self.in_time(finding)
    }

    fn in_time(&self, finding: &Finding) -> bool {
        if !self.bounds_time() {
            return true;
        }
        let Some(moment) = finding.time.map(|time| self.zone.moment(time)) else { return true };
        self.since.is_none_or(|since| moment >= since) && self.until.is_none_or(|until| moment < until)
    }

    /// Whether it chooses by time.
    #[must_use]
    pub fn bounds_time(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }
}

/// When something was told of: the moment, and the stamp that says it.
pub type At = (i64, Stamp);

/// What is listed of a code and status beside its count.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The earliest time.
    pub first: Option<At>,
    /// The latest time.
    pub last: Option<At>,
    /// Some request ids.
    pub ids: Vec<String>,
    /// How many when.
    pub timeline: Timeline,
}

impl Seen {
    /// Adds a time: most often one later than all before.
    fn at(&mut self, moment: i64, stamp: Stamp) {
        let Stamp { millis, zoned } = stamp;
        match (&mut self.first, &mut self.last) {
            (Some(_), Some((last, at))) if (moment, millis, zoned) >= (*last, at.millis, at.zoned) => {
                // one by one: a processor has to wait before it reads as a whole what it has just written in parts
                *last = moment;
                at.millis = millis;
                at.zoned = zoned;
            }
            (Some(first), _) => *first = (moment, stamp).min(*first),
            _ => (self.first, self.last) = (Some((moment, stamp)), Some((moment, stamp))),
        }
        self.timeline.add(moment);
    }

    /// Adds what another one has.
    pub fn absorb(&mut self, other: Self) {
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = [self.last, other.last].into_iter().flatten().max();
        self.ids.extend(other.ids);
        self.ids.truncate(IDS);
        self.timeline.absorb(other.timeline);
    }
}

/// Notes when responses were told of.
#[derive(Debug, Default)]
pub struct Notes {
    /// Which are wanted.
    pub filter: Filter,
    /// What was seen of those.
    pub seen: HashMap<Kind, Seen>,
    /// Responses that are not wanted.
    pub left_out: u64,
    /// Wanted ones.
    pub counted: u64,
    /// Those of them without a time.
    pub timeless: u64,
}

impl Notes {
    fn chosen(&mut self, codes: &Codes, finding: &Finding) -> bool {
        let wanted = self.filter.wants(codes, finding);
        self.left_out += u64::from(!wanted);
        wanted
    }
}

impl Observer for Notes {
    #[inline]
    fn wants(&mut self, codes: &Codes, finding: &Finding) -> bool {
        !self.filter.chooses() || self.chosen(codes, finding)
    }

    #[inline]
    fn counted(&mut self, finding: &Finding) {
        self.counted += 1;
        let seen = match self.seen.get_mut(&finding.kind()) {
            Some(seen) => seen, // without making room for one more
            None => self.seen.entry(finding.kind()).or_default(),
        };
        match finding.time {
            Some(time) => seen.at(self.filter.zone.moment(time), time),
            None => self.timeless += 1,
        }
        if seen.ids.len() < IDS
            && let Some(text) = finding.id.as_ref().and_then(RequestId::text)
        {
            seen.ids.push(text.to_owned());
        }
    }
}
