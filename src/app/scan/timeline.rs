//! How many responses there were when: counts in intervals, which become wider as the time that they span grows.

/// More intervals are not kept: far more than a line of a terminal has columns.
const MOST: usize = 512;

/// Counts over time, in bounded memory whatever the order and the span.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// An interval is 2^shift milliseconds long.
    shift: u32,
    /// Intervals with their counts, in order.
    counts: Vec<(i64, u64)>,
    /// The place of the interval that something was counted in last: a log mostly goes on there.
    place: usize,
}

impl Timeline {
    /// Counts something at a time, in milliseconds since 1970.
    pub fn add(&mut self, at: i64) {
        let interval = at >> self.shift;
        match self.counts.get_mut(self.place) {
            Some((at, counted)) if *at == interval => *counted += 1,
            _ => self.count(interval, 1),
        }
    }

    fn count(&mut self, interval: i64, count: u64) {
        self.place = self.place_of(interval);
        match self.counts.get_mut(self.place) {
            Some((at, counted)) if *at == interval => *counted += count,
            _ => self.counts.insert(self.place, (interval, count)),
        }
        while self.counts.len() > MOST {
            self.widen();
        }
    }

    /// Where an interval stands, or would.
    fn place_of(&self, interval: i64) -> usize {
        let at = |place: usize| self.counts.get(place).map(|(at, _)| *at);
        match (at(self.place), self.counts.last()) {
            (Some(at), _) if at == interval => self.place,
            (_, Some((last, _))) if interval > *last => self.counts.len(),
            _ => self.counts.partition_point(|(at, _)| *at < interval),
        }
    }

    /// Adds what another one has counted.
    pub fn absorb(&mut self, mut other: Self) {
        while self.shift < other.shift {
            self.widen();
        }
        while other.shift < self.shift {
            other.widen();
        }
        for (interval, count) in other.counts {
            let interval = interval >> self.shift.saturating_sub(other.shift); // it may have been widened meanwhile
            self.count(interval, count);
        }
    }

    fn widen(&mut self) {
        self.shift += 1;
        self.counts.iter_mut().for_each(|(interval, _)| *interval >>= 1);
        self.counts.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            earlier.1 += if same { later.1 } else { 0 };
            same
        });
    }

    /// The counts between two times, in so many equal parts.
    #[must_use]
    pub fn columns(&self, from: i64, to: i64, columns: usize) -> Vec<u64> {
        let mut parts = vec![0; columns];
        let span = i128::from(to - from) + 1;
        for (interval, count) in &self.counts {
            let offset = i128::from((interval << self.shift).clamp(from, to) - from);
            let part = usize::try_from(offset * columns as i128 / span).unwrap_or(0);
            if let Some(part) = parts.get_mut(part) {
                *part += count;
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_however_long_it_goes_on() {
        let mut timeline = Timeline::default();
        for at in 0..10_000 {
            timeline.add((at * 7919) % 10_000 * 3_600_000); // more than a year, in no order
        }
        let columns = timeline.columns(0, 9_999 * 3_600_000, 10);
        assert_eq!(columns.iter().sum::<u64>(), 10_000);
        assert!(timeline.counts.len() <= MOST);
        assert!(columns.iter().all(|count| (900..=1100).contains(count)), "{columns:?}");
    }

    #[test]
    fn parts_have_their_place() {
        let mut timeline = Timeline::default();
        for at in [100, 100, 150, 199] {
            timeline.add(at);
        }
        assert_eq!(timeline.columns(100, 199, 4), [2, 0, 1, 1]);
        assert_eq!(timeline.columns(100, 100, 3), [4, 0, 0]);
        let mut other = Timeline::default();
        (0..2000).for_each(|at| other.add(at));
        timeline.absorb(other);
        assert_eq!(timeline.columns(0, 1999, 1), [2004]);
    }
}
