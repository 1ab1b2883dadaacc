//! Counters: of errors, and of the exporter's own work. [`metrics`] is the one list of what there is.

mod expose;
mod labels;
pub mod metrics;
mod openmetrics;
mod sets;

pub use expose::{Exemplar, Family, ProcessMetrics, Sample, text};
pub use labels::Labels;
pub use openmetrics::openmetrics;
pub use sets::LabelSet;

use crate::catalogue::{Catalogue, Source};
use crate::report::{Code, Codes, Finding, Kind, Now, RequestId};
use foldhash::HashMap;
use metrics::Metric;
use serde::{Deserialize, Serialize};
use sets::{SavedSet, Sets};
use std::cell::OnceCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::hash::{Hash, Hasher};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    labels: u32,
    code: Option<Code>,
    status: Option<u16>,
}

impl Hash for Key {
    /// As one number: see [`Kind`].
    fn hash<H: Hasher>(&self, state: &mut H) {
        let kind = Kind { code: self.code, status: self.status };
        state.write_u64(u64::from(self.labels).rotate_right(u32::BITS) ^ kind.number());
    }
}

#[derive(Debug, Clone, Default)]
struct Series {
    value: u64,
    /// When it was counted last.
    changed: Now,
    /// When it appeared, since 1970, if that was not together with its label set.
    created: Option<Duration>,
    /// The last error that has a request id, and when it was counted.
    example: Option<(RequestId, Now)>,
    /// Its labels, once somebody has asked for them: they stay the same as long as the codes do.
    labels: OnceCell<Labels>,
    /// Since when it is served. A series that nobody could know of is served as 0 before it is served with its value:
    /// `increase()` does not see the first error of a series that appears at 1.
    shown: Option<Now>,
    /// Somebody was given an answer with it as 0.
    seen: bool,
}

impl Series {
    /// Whether a scrape at `now` shows the value, and not 0.
    fn known(&self, now: Now, hold: Duration) -> bool {
        let held = |shown: Now| shown > Now::ZERO && (now <= shown || now < shown + hold);
        self.seen && !self.shown.is_some_and(held)
    }
}

/// What can be chosen about the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// A series that appears is held at 0 for so long after the first scrape that shows it.
    pub new_series_hold: Duration,
    /// Series whose label set no input and no log has are dropped after so long.
    pub series_retention: Duration,
    /// Whether it is told when each counter began.
    pub created_timestamps: bool,
    /// Whether the last request id of each series is remembered, to be shown as its exemplar.
    pub examples: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            new_series_hold: Duration::ZERO,
            series_retention: Duration::from_secs(3600),
            created_timestamps: false,
            examples: true,
        }
    }
}

/// All counters.
#[derive(Debug)]
pub struct Tally {
    /// The codes that label values are made of.
    pub codes: Codes,
    /// What was chosen.
    pub settings: Settings,
    /// The time since 1970 at which [`Now`] was zero.
    epoch: Duration,
    /// The time since 1970 at which all counters were at nothing.
    since: Duration,
    sets: Sets,
    series: HashMap<Key, Series>,
    own: BTreeMap<&'static str, BTreeMap<String, u64>>,
    /// Of which time the last answer is that somebody got.
    delivered: Option<Now>,
}

/// What a tally keeps over a restart.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Saved {
    since_millis: u64,
    sets: Vec<SavedSet>,
    series: Vec<SavedSeries>,
    own: Vec<(String, String, u64)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SavedSeries {
    labels: u32,
    code: Option<Code>,
    status: Option<u16>,
    value: u64,
    shown: bool,
    created_millis: Option<u64>,
}

impl Tally {
    /// Counters at nothing.
    #[must_use]
    pub fn new(codes: Codes, settings: Settings) -> Self {
        Self {
            codes,
            settings,
            epoch: Duration::ZERO,
            since: Duration::ZERO,
            sets: Sets::default(),
            series: HashMap::default(),
            own: BTreeMap::new(),
            delivered: None,
        }
    }

    /// Says at which time since 1970 [`Now`] is zero, before anything is counted or taken up.
    pub fn begin(&mut self, epoch: Duration) {
        self.epoch = epoch;
        self.since = self.clock(Now::ZERO);
    }

    /// The time since 1970, in whole milliseconds, as it is kept.
    fn clock(&self, now: Now) -> Duration {
        Duration::from_millis(millis(self.epoch + now))
    }

    /// The number of a label set, the same for the same labels.
    pub fn label_set(&mut self, labels: &LabelSet, now: Now) -> u32 {
        self.sets.number(labels, self.clock(now))
    }

    /// Lets the codes of the official table and of the configuration stand at 0 for a label set, from the first scrape on.
    pub fn announce(&mut self, labels: u32) {
        self.sets.announce(labels);
        for (code, entry) in self.codes.listed() {
            if matches!(entry.source, Source::Table | Source::Config) {
                let key = Key { labels, code: Some(code), status: entry.status };
                let series = self.series.entry(key).or_default();
                (series.shown, series.seen) = (Some(Now::ZERO), true);
            }
        }
    }

    /// The inputs have changed: what they [`announce`](Self::announce) is said anew.
    pub fn withdraw(&mut self) {
        self.sets.withdraw();
    }

    /// Takes up other codes beside the built-in ones, with room for `most` unlisted names. Counters go on under the
    /// names that they have. What is returned gives the number that a code has now for the one that it had.
    pub fn recode(&mut self, catalogue: Option<Catalogue>, most: usize) -> impl Fn(Code) -> Code + use<> {
        let names = self.codes.names();
        self.codes.renew(catalogue, most);
        let translate = self.codes.translate(&names);
        for (key, series) in std::mem::take(&mut self.series) {
            if series.value == 0 && series.shown == Some(Now::ZERO) {
                continue; // it was announced, and will be again if it is to be
            }
            let key = Key { code: key.code.map(&translate), ..key };
            let series = Series { labels: OnceCell::new(), ..series }; // another catalogue may have another category
            match self.series.entry(key) {
                Entry::Vacant(place) => _ = place.insert(series),
                Entry::Occupied(mut place) => {
                    let other = place.get_mut();
                    other.value += series.value;
                    other.changed = other.changed.max(series.changed);
                }
            }
        }
        translate
    }

    /// Counts a response.
    pub fn count(&mut self, finding: &Finding, now: Now) {
        self.count_all(finding.origin.labels, finding.kind(), 1, finding.id.as_ref(), now);
    }

    /// Counts responses of one kind, the last of which may have an id.
    pub fn count_all(&mut self, labels: u32, kind: Kind, responses: u64, id: Option<&RequestId>, now: Now) {
        let Kind { code, status } = kind;
        let key = Key { labels, code, status: self.codes.status(code, status) };
        let series = match self.series.get_mut(&key) {
            Some(series) => series,
            None => {
                let created = Some(self.clock(now));
                self.series.entry(key).or_insert(Series { created, ..Series::default() })
            }
        };
        series.value += responses;
        series.changed = now;
        if let Some(id) = id.filter(|_| self.settings.examples) {
            series.example = Some((id.clone(), now));
        }
        if code.is_some_and(|code| self.codes.entry(code).is_none()) {
            self.add(&metrics::UNLISTED, "", responses);
        }
    }

    /// Drops the series whose label set no input and no log (`used`) has had for the retention, once somebody has got
    /// their last values. False if there were none.
    pub fn retire(&mut self, now: Now, used: &HashSet<u32>) -> bool {
        let mut dropped = false;
        for set in self.sets.retired(now, used, self.settings.series_retention) {
            let hold = self.settings.new_series_hold;
            let got = |series: &Series| self.delivered.is_some_and(|at| series.changed <= at && series.known(at, hold));
            if self.series.iter().any(|(key, series)| key.labels == set && !got(series)) {
                continue;
            }
            self.series.retain(|key, _| key.labels != set);
            self.sets.remove(set);
            dropped = true;
        }
        dropped
    }

    /// Adds to a counter of the exporter's own work; `label` is the value of its label, if it has one. Adding nothing
    /// lets it stand at 0.
    pub fn add(&mut self, metric: &'static Metric, label: &str, amount: u64) {
        let values = self.own.entry(metric.name).or_default();
        match values.get_mut(label) {
            Some(value) => *value += amount,
            None => {
                values.insert(label.to_owned(), amount);
            }
        }
    }

    /// Takes back what was added.
    pub fn take_back(&mut self, metric: &'static Metric, label: &str, amount: u64) {
        if let Some(value) = self.own.get_mut(metric.name).and_then(|values| values.get_mut(label)) {
            *value = value.saturating_sub(amount);
        }
    }

    /// The value of a counter of the exporter's own work.
    #[must_use]
    pub fn own(&self, metric: &'static Metric, label: &str) -> u64 {
        self.own.get(metric.name).and_then(|values| values.get(label)).copied().unwrap_or(0)
    }

    /// Every (code, status, category) that was counted, with the number, over all label sets.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<(Option<Code>, Option<u16>), u64> {
        let mut totals = BTreeMap::new();
        for (key, series) in self.series.iter().filter(|(_, series)| series.value > 0) {
            *totals.entry((key.code, key.status)).or_insert(0) += series.value;
        }
        totals
    }

    /// Marks what the scrape that is being answered shows for the first time. False if there is nothing new.
    pub fn show(&mut self, now: Now) -> bool {
        let mut new = false;
        for series in self.series.values_mut().filter(|series| series.shown.is_none()) {
            series.shown = Some(now.max(Duration::from_nanos(1))); // zero stands for "known from the start"
            new = true;
        }
        new
    }

    /// Somebody got the answer of [`show`](Self::show) at `now`: what was in it for the first time may have its value
    /// in the next one, once that this is so has been kept. False if nothing was.
    pub fn seen(&mut self, now: Now) -> bool {
        self.delivered = self.delivered.max(Some(now));
        let mut new = false;
        for series in self.series.values_mut() {
            if !series.seen && series.shown.is_some_and(|shown| shown <= now.max(Duration::from_nanos(1))) {
                series.seen = true;
                new = true;
            }
        }
        new
    }

    /// The metrics of errors and of own counters as a scrape at `now` serves them.
    #[must_use]
    pub fn families(&self, now: Now) -> Vec<Family> {
        let mut families = vec![self.errors(now), self.info()];
        for metric in metrics::METRICS
            .iter()
            .filter(|metric| metric.kind == metrics::Kind::Counter && **metric != &metrics::ERRORS)
        {
            let mut samples: Vec<_> = self
                .own
                .get(metric.name)
                .into_iter()
                .flatten()
                .map(|(label, value)| {
                    Sample::new(metric.labels.iter().map(|name| (*name, label.as_str())), *value as f64)
                })
                .collect();
            if samples.is_empty() && metric.labels.is_empty() {
                samples.push(Sample::new([], 0.0));
            }
            if self.settings.created_timestamps {
                samples.iter_mut().for_each(|sample| sample.created = Some(self.since));
            }
            families.push(Family { metric, samples });
        }
        families
    }

    fn errors(&self, now: Now) -> Family {
        let mut sorted: Vec<_> = self.series.iter().filter(|(_, series)| series.shown.is_some()).collect();
        sorted.sort_unstable_by_key(|(key, _)| **key);
        let samples = sorted.into_iter().map(|(key, series)| {
            let known = series.known(now, self.settings.new_series_hold);
            Sample {
                labels: series.labels.get_or_init(|| self.labels(key)).clone(),
                value: if known { series.value as f64 } else { 0.0 },
                created: series
                    .created
                    .or_else(|| self.sets.created(key.labels))
                    .filter(|_| self.settings.created_timestamps),
                // of an error that the value does not tell of yet, nothing is told
                exemplar: series
                    .example
                    .as_ref()
                    .filter(|_| known)
                    .and_then(|(id, at)| Exemplar::new(id, self.clock(*at))),
            }
        });
        Family { metric: &metrics::ERRORS, samples: samples.collect() }
    }

    fn labels(&self, key: &Key) -> Labels {
        let status = key.status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
        let category = self.codes.category(key.code, key.status).as_str();
        let labels = [("code", self.codes.name(key.code)), ("status", status.as_str()), ("category", category)];
        Labels::new(labels.into_iter().chain(self.sets.labels(key.labels)))
    }

    fn info(&self) -> Family {
        let mut codes: Vec<_> =
            self.series.iter().filter(|(_, s)| s.shown.is_some()).filter_map(|(key, _)| key.code).collect();
        codes.sort_unstable();
        codes.dedup();
        let samples = codes.into_iter().filter_map(|code| self.codes.entry(code)).map(|entry| {
            let labels = [
                ("code", entry.code.as_str()),
                ("category", entry.category.as_str()),
                ("retryable", entry.retryable.as_str()),
                ("owner", entry.owner.as_str()),
            ];
            Sample::new(labels, 1.0)
        });
        Family { metric: &metrics::ERROR_INFO, samples: samples.collect() }
    }

    /// What has to be kept over a restart.
    #[must_use]
    pub fn save(&self) -> Saved {
        let series = self.series.iter().filter(|(_, series)| {
            series.value > 0 || series.seen && series.shown.is_some_and(|shown| shown > Now::ZERO)
        });
        Saved {
            since_millis: millis(self.since),
            sets: self.sets.save(),
            series: series
                .map(|(key, series)| SavedSeries {
                    labels: key.labels,
                    code: key.code,
                    status: key.status,
                    value: series.value,
                    shown: series.seen, // of what nobody is known to have seen at 0, a 0 is shown again
                    created_millis: series.created.map(millis),
                })
                .collect(),
            own: self
                .own
                .iter()
                .flat_map(|(name, values)| {
                    values.iter().map(|(label, value)| ((*name).to_owned(), label.clone(), *value))
                })
                .collect(),
        }
    }

    /// Takes up what was kept. Returns the numbers that the label sets have now, by the numbers they had.
    pub fn restore(&mut self, saved: Saved, translate: impl Fn(Code) -> Code) -> HashMap<u32, u32> {
        self.since = Duration::from_millis(saved.since_millis);
        let sets = self.sets.restore(&saved.sets);
        for series in saved.series {
            let Some(labels) = sets.get(&series.labels) else { continue };
            let key = Key { labels: *labels, code: series.code.map(&translate), status: series.status };
            let kept = self.series.entry(key).or_default();
            kept.value += series.value;
            kept.created = kept.created.max(series.created_millis.map(Duration::from_millis));
            if series.shown {
                (kept.shown, kept.seen) = (Some(Now::ZERO), true);
            }
        }
        for (name, label, value) in saved.own {
            if let Some(metric) = metrics::METRICS.iter().find(|metric| metric.name == name) {
                self.add(metric, &label, value);
            }
        }
        sets
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Origin;

    const EPOCH: Duration = Duration::from_secs(1_700_000_000);

    fn tally() -> Tally {
        let settings = Settings { created_timestamps: true, ..Settings::default() };
        let mut tally = Tally::new(Codes::new(Catalogue::built_in(), 8), settings);
        tally.begin(EPOCH);
        tally.label_set(&Vec::new(), Now::ZERO);
        tally
    }

    /// The values of the errors as a scrape shows them.
    fn values(tally: &Tally, now: Now) -> Vec<f64> {
        tally.errors(now).samples.iter().map(|sample| sample.value).collect()
    }

    /// After a crash.
    fn again(tally: &Tally) -> Tally {
        let mut next = self::tally();
        next.restore(tally.save(), |code| code);
        next
    }

    #[test]
    fn a_new_series_is_shown_at_0_until_somebody_has_got_it_so_and_that_is_kept() {
        let origin = Origin { labels: 0, recogniser: 0 };
        let at = Duration::from_secs;
        let mut tally = tally();
        tally.count(&Finding { code: None, status: Some(418), id: None, origin, time: None, log: None }, at(1));
        assert_eq!(values(&tally, at(1)), [0.0; 0]);
        assert!(tally.show(at(2)));
        assert_eq!(values(&tally, at(2)), [0.0]);
        // nobody got that answer, and then the process was killed
        assert_eq!(values(&tally, at(3)), [0.0]);
        let mut tally = again(&tally);
        assert_eq!(values(&tally, at(1)), [0.0; 0]);
        assert!(tally.show(at(2)));
        assert!(tally.seen(at(2)));
        assert!(!tally.seen(at(2)));
        assert_eq!(values(&tally, at(2)), [0.0]);
        assert_eq!(values(&tally, at(3)), [1.0]);
        assert_eq!(values(&again(&tally), at(0)), [1.0]);
    }
}
