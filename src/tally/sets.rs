//! Label sets: what inputs and the paths of their logs add to series, by number.

use crate::report::Now;
use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// The labels that an input adds to its series, as names and values.
pub type LabelSet = Vec<(String, String)>;

/// The label sets that series have. A number is not given out again while the process runs.
#[derive(Debug, Default)]
pub struct Sets {
    sets: BTreeMap<u32, Set>,
    numbers: HashMap<LabelSet, u32>,
    next: u32,
}

#[derive(Debug)]
struct Set {
    labels: LabelSet,
    /// When it was first known, since 1970.
    created: Duration,
    /// An input has it, whatever files there are.
    announced: bool,
    /// Since when no log has it.
    unused: Option<Now>,
}

/// What is kept of a set over a restart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedSet {
    number: u32,
    labels: LabelSet,
    created_millis: u64,
}

impl Sets {
    /// The number of a set, the same for the same labels; one that is new was created at `created`.
    pub fn number(&mut self, labels: &LabelSet, created: Duration) -> u32 {
        if let Some(number) = self.numbers.get(labels) {
            return *number;
        }
        let number = self.next;
        self.next += 1;
        self.numbers.insert(labels.clone(), number);
        self.sets.insert(number, Set { labels: labels.clone(), created, announced: false, unused: None });
        number
    }

    /// An input has this set from now on, whatever files there are.
    pub fn announce(&mut self, number: u32) {
        if let Some(set) = self.sets.get_mut(&number) {
            set.announced = true;
        }
    }

    /// The inputs have changed: which sets they have is said anew.
    pub fn withdraw(&mut self) {
        self.sets.values_mut().for_each(|set| set.announced = false);
    }

    /// The labels of a set.
    pub fn labels(&self, number: u32) -> impl Iterator<Item = (&str, &str)> {
        let labels = self.sets.get(&number).map(|set| set.labels.as_slice()).unwrap_or_default();
        labels.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// When a set was first known, since 1970.
    pub fn created(&self, number: u32) -> Option<Duration> {
        self.sets.get(&number).map(|set| set.created)
    }

    /// The sets that no input and no log (`used`) has had for `retention`.
    pub fn retired(&mut self, now: Now, used: &HashSet<u32>, retention: Duration) -> Vec<u32> {
        let mut retired = Vec::new();
        for (number, set) in &mut self.sets {
            if set.announced || used.contains(number) {
                set.unused = None;
            } else if now.saturating_sub(*set.unused.get_or_insert(now)) >= retention {
                retired.push(*number);
            }
        }
        retired
    }

    /// Forgets a set.
    pub fn remove(&mut self, number: u32) {
        if let Some(set) = self.sets.remove(&number) {
            self.numbers.remove(&set.labels);
        }
    }

    /// What has to be kept over a restart.
    pub fn save(&self) -> Vec<SavedSet> {
        let saved = self.sets.iter().map(|(number, set)| SavedSet {
            number: *number,
            labels: set.labels.clone(),
            created_millis: u64::try_from(set.created.as_millis()).unwrap_or(u64::MAX),
        });
        saved.collect()
    }

    /// Takes up what was kept. The numbers that the sets have now, by those that they had.
    pub fn restore(&mut self, saved: &[SavedSet]) -> HashMap<u32, u32> {
        let numbers = saved
            .iter()
            .map(|saved| (saved.number, self.number(&saved.labels, Duration::from_millis(saved.created_millis))));
        numbers.collect()
    }
}
