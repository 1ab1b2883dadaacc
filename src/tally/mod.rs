//! Counters: of errors, and of the exporter's own work. [`metrics`] is the one list of what there is.

mod expose;
pub mod metrics;

pub use expose::{CONTENT_TYPE, Family, ProcessMetrics, Sample, text};

use crate::catalogue::Source;
use crate::report::{Code, Codes, Finding, Now};
use foldhash::HashMap;
use metrics::Metric;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The labels that an input adds to its series, as names and values.
pub type LabelSet = Vec<(String, String)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    labels: u32,
    code: Option<Code>,
    status: Option<u16>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Series {
    value: u64,
    /// Since when it is served. A series that nobody could know of is served as 0 before it is served with its value:
    /// `increase()` does not see the first error of a series that appears at 1.
    shown: Option<Now>,
    /// Somebody was given an answer with it as 0.
    seen: bool,
}

/// All counters.
#[derive(Debug)]
pub struct Tally {
    /// The codes that label values are made of.
    pub codes: Codes,
    sets: Vec<LabelSet>,
    series: HashMap<Key, Series>,
    own: BTreeMap<&'static str, BTreeMap<String, u64>>,
    hold: Duration,
}

/// What a tally keeps over a restart.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Saved {
    sets: Vec<LabelSet>,
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
}

impl Tally {
    /// Counters at nothing. A series that appears is held at 0 for `hold` after the first scrape that shows it.
    #[must_use]
    pub fn new(codes: Codes, hold: Duration) -> Self {
        Self { codes, sets: Vec::new(), series: HashMap::default(), own: BTreeMap::new(), hold }
    }

    /// The number of a label set, the same for the same labels.
    pub fn label_set(&mut self, labels: &LabelSet) -> u32 {
        let place = self.sets.iter().position(|set| set == labels).unwrap_or_else(|| {
            self.sets.push(labels.clone());
            self.sets.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// Lets the codes of the official table and of the configuration stand at 0 for a label set, from the first scrape on.
    pub fn announce(&mut self, labels: u32) {
        for (code, entry) in self.codes.listed() {
            if matches!(entry.source, Source::Table | Source::Config) {
                let key = Key { labels, code: Some(code), status: entry.status };
                let series = self.series.entry(key).or_default();
                (series.shown, series.seen) = (Some(Now::ZERO), true);
            }
        }
    }

    /// Counts a response.
    pub fn count(&mut self, finding: &Finding) {
        let status = self.codes.status(finding.code, finding.status);
        let key = Key { labels: finding.origin.labels, code: finding.code, status };
        self.series.entry(key).or_default().value += 1;
        if finding.code.is_some_and(|code| self.codes.entry(code).is_none()) {
            self.add(&metrics::UNLISTED, "", 1);
        }
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
            families.push(Family { metric, samples });
        }
        families
    }

    fn errors(&self, now: Now) -> Family {
        let mut sorted: Vec<_> = self.series.iter().filter(|(_, series)| series.shown.is_some()).collect();
        sorted.sort_by_key(|(key, _)| **key);
        let samples = sorted.into_iter().map(|(key, series)| {
            let held = |shown: Now| shown > Now::ZERO && (now <= shown || now < shown + self.hold);
            let known = series.seen && !series.shown.is_some_and(held);
            let status = key.status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
            let category = self.codes.category(key.code, key.status).as_str();
            let labels = [("code", self.codes.name(key.code)), ("status", status.as_str()), ("category", category)];
            let set = self.sets.get(key.labels as usize).into_iter().flatten();
            let set = set.map(|(name, value)| (name.as_str(), value.as_str()));
            Sample::new(labels.into_iter().chain(set), if known { series.value as f64 } else { 0.0 })
        });
        Family { metric: &metrics::ERRORS, samples: samples.collect() }
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
            sets: self.sets.clone(),
            series: series
                .map(|(key, series)| SavedSeries {
                    labels: key.labels,
                    code: key.code,
                    status: key.status,
                    value: series.value,
                    shown: series.seen, // of what nobody is known to have seen at 0, a 0 is shown again
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
    pub fn restore(&mut self, saved: Saved, translate: impl Fn(Code) -> Code) -> Vec<u32> {
        let sets: Vec<u32> = saved.sets.iter().map(|set| self.label_set(set)).collect();
        for series in saved.series {
            let Some(labels) = sets.get(series.labels as usize) else { continue };
            let key = Key { labels: *labels, code: series.code.map(&translate), status: series.status };
            let kept = self.series.entry(key).or_default();
            kept.value += series.value;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::report::Origin;

    fn tally() -> Tally {
        let mut tally = Tally::new(Codes::new(Catalogue::built_in(), 8), Duration::ZERO);
        tally.label_set(&Vec::new());
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
        tally.count(&Finding { code: None, status: Some(418), id: None, origin, time: None });
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
