//! Durations as Prometheus writes them.

use std::fmt;
use std::str::FromStr;

/// A duration of a rule, in milliseconds: `30s`, `10m`, `1h30m`, `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(u64);

/// The units, the longest first; a year and a week are written only where nothing is left over.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// No duration of a rule is longer.
const LONGEST: u64 = 365 * 24 * 3_600_000;

impl Period {
    /// Whole and broken seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Whether it is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl FromStr for Period {
    type Err = ();

    /// Each unit at most once, the longest first, as Prometheus has it; at most a year.
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "0" {
            return Ok(Self(0));
        }
        let mut rest = text;
        let mut units = UNITS.iter();
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let amount: u64 = rest[..digits].parse().map_err(|_| ())?;
            rest = &rest[digits..];
            let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let (_, length) = units.find(|(unit, _)| *unit == &rest[..letters]).ok_or(())?;
            total = amount.checked_mul(*length).and_then(|more| total.checked_add(more)).ok_or(())?;
            rest = &rest[letters..];
        }
        if text.is_empty() || total > LONGEST { Err(()) } else { Ok(Self(total)) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut left = self.0;
        for (unit, length) in UNITS {
            // as Prometheus: 36h is no 1d12h
            let whole = matches!(unit, "y" | "w" | "d");
            if left >= length && (!whole || left.is_multiple_of(length)) {
                write!(f, "{}{unit}", left / length)?;
                left %= length;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_and_written_as_prometheus_does() {
        for (given, written) in [
            ("0", "0s"),
            ("0s", "0s"),
            ("600s", "10m"),
            ("90m", "1h30m"),
            ("36h", "36h"),
            ("24h", "1d"),
            ("7d", "1w"),
            ("1h30m", "1h30m"),
            ("1500ms", "1s500ms"),
            ("365d", "1y"),
        ] {
            assert_eq!(given.parse::<Period>().unwrap().to_string(), written, "{given}");
        }
        for bad in ["", "5", "m", "-5m", "5 m", "5m1h", "5m5m", "1.5h", "5min", "2y", "99999999999999999999s", "5µs"] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }
}
