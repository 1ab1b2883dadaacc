//! What may be set: names, units, defaults, and which values are possible.

use super::Period;
use regex::Regex;
use std::fmt;
use std::sync::LazyLock;

/// Something that may be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, without that of the alert.
    pub name: &'static str,
    /// What it is measured in, and so which values it may have.
    pub unit: Unit,
    /// Its value if nobody says otherwise.
    pub default: &'static str,
    /// What it does, in a few words.
    pub about: &'static str,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Errors per second.
    PerSecond,
    /// A number of events.
    Count,
    /// A factor.
    Factor,
    /// Bytes.
    Bytes,
    /// A duration that may be 0.
    Duration,
    /// A range of time that a query looks at.
    Range,
    /// The value of the label `severity`.
    Severity,
    /// `true` or `false`.
    Switch,
    /// Matchers of labels, as between the braces of a query.
    Matchers,
    /// Names of labels.
    Labels,
    /// A regular expression of Prometheus.
    Pattern,
    /// A URL or a path.
    Link,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PerSecond => "errors/s",
            Self::Count => "number",
            Self::Factor => "factor",
            Self::Bytes => "bytes",
            Self::Duration | Self::Range => "duration",
            Self::Severity => "word",
            Self::Switch => "true or false",
            Self::Matchers => "label matchers",
            Self::Labels => "label names",
            Self::Pattern => "regular expression",
            Self::Link => "URL or path",
        })
    }
}

/// What is not of one alert but of all.
pub static GENERAL: &[Parameter] = &[
    Parameter {
        name: "selector",
        unit: Unit::Matchers,
        default: "",
        about: "further label matchers for the errors, such as `cluster=\"a\",namespace=~\"shop-.*\"`",
    },
    Parameter {
        name: "exporter_selector",
        unit: Unit::Matchers,
        default: "",
        about: "further label matchers for `up` and for what the exporter says of itself",
    },
    Parameter {
        name: "exporter_job",
        unit: Unit::Pattern,
        default: ".*obs-error.*",
        about: "scrape jobs all of whose targets are exporters",
    },
    Parameter {
        name: "labels",
        unit: Unit::Labels,
        default: "namespace",
        about: "labels that are kept beside `job`: errors that differ in one of them alert apart",
    },
    Parameter {
        name: "runbook_base_url",
        unit: Unit::Link,
        default: "deploy/runbooks",
        about: "where the runbooks are; set it to the address under which people see that folder of your copy",
    },
];

impl Unit {
    /// The value as it is written into rules.
    ///
    /// # Errors
    /// What it should have been, where it cannot be one of this unit.
    pub(super) fn check(self, given: &str) -> Result<String, &'static str> {
        let given = given.trim();
        match self {
            Self::PerSecond | Self::Count | Self::Factor | Self::Bytes => match given.parse::<f64>() {
                Ok(number) if number.is_finite() && number >= 0.0 => Ok(number.to_string()),
                _ => Err("is no number of 0 or more, such as 0.5"),
            },
            Self::Duration => {
                let period = given.parse::<Period>();
                period.map(|period| period.to_string()).map_err(|()| "is no duration of Prometheus, such as 30s or 1h")
            }
            Self::Range => match given.parse::<Period>() {
                Ok(period) if !period.is_zero() => Ok(period.to_string()),
                _ => Err("is no duration of Prometheus above 0, such as 30s or 1h"),
            },
            Self::Severity if WORD.is_match(given) => Ok(given.to_owned()),
            Self::Severity => Err("is no word of letters, digits, _ and -, such as warning"),
            Self::Switch if matches!(given, "true" | "false") => Ok(given.to_owned()),
            Self::Switch => Err("is neither true nor false"),
            Self::Matchers => {
                matchers(given).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
            }
            Self::Labels => {
                let names = given.split(',').map(str::trim).filter(|name| !name.is_empty());
                let names: Vec<_> = names.filter(|name| *name != "job").collect();
                let good = names.iter().all(|name| LABEL.is_match(name) && !OWN.contains(name));
                if good { Ok(names.join(",")) } else { Err("are no names of labels, such as namespace,service") }
            }
            Self::Pattern if !given.is_empty() && Regex::new(given).is_ok() => Ok(given.to_owned()),
            Self::Pattern => Err("is no regular expression, such as obs-.*"),
            Self::Link if !given.is_empty() && !given.contains(FORBIDDEN) => Ok(given.trim_end_matches('/').to_owned()),
            Self::Link => Err("is no URL or path, such as https://git.example.com/obs-error-exporter/deploy/runbooks"),
        }
    }
}

/// Labels by which rules aggregate where they need it.
const OWN: [&str; 3] = ["code", "status", "category"];

/// Nothing of this stands in a link; braces would begin a template.
const FORBIDDEN: [char; 7] = ['{', '}', ' ', '"', '\'', '<', '\n'];

#[allow(clippy::expect_used, reason = "the patterns are constants, and tests use each of them")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is one")
}

static WORD: LazyLock<Regex> = LazyLock::new(|| pattern("^[A-Za-z][A-Za-z0-9_-]{0,62}$"));
static LABEL: LazyLock<Regex> = LazyLock::new(|| pattern("^[A-Za-z_][A-Za-z0-9_]*$"));
static MATCHER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\\n]|\\[\\"nt])*)"\s*(?:,|$)"#));

/// One condition on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matcher {
    /// The label.
    pub(super) label: String,
    operator: String,
    value: String, // as it was written, escapes included
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}\"{}\"", self.label, self.operator, self.value)
    }
}

/// `a="b", c=~"d|e"`
pub(super) fn matchers(text: &str) -> Result<Vec<Matcher>, &'static str> {
    let wrong = "are no label matchers, such as cluster=\"a\",namespace=~\"shop-.*\"";
    let mut rest = text;
    let mut all = Vec::new();
    while !rest.trim().is_empty() {
        let found = MATCHER.captures(rest).ok_or(wrong)?;
        let (label, operator, value) = (found[1].to_owned(), found[2].to_owned(), found[3].to_owned());
        if operator.ends_with('~') && Regex::new(&value.replace(r"\\", r"\").replace("\\\"", "\"")).is_err() {
            return Err("have a regular expression that cannot be one");
        }
        all.push(Matcher { label, operator, value });
        rest = &rest[found[0].len()..];
    }
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_and_written_in_one_way() {
        for (unit, given, written) in [
            (Unit::PerSecond, "0.10", "0.1"),
            (Unit::Bytes, "1e7", "10000000"),
            (Unit::Duration, "600s", "10m"),
            (Unit::Duration, "0", "0s"),
            (Unit::Severity, "sev-1", "sev-1"),
            (Unit::Switch, "false", "false"),
            (Unit::Matchers, r#" a = "b" , c=~"d|\"e\\." "#, r#"a="b",c=~"d|\"e\\.""#),
            (Unit::Matchers, "", ""),
            (Unit::Labels, "job, namespace ,service", "namespace,service"),
            (Unit::Labels, "", ""),
            (Unit::Link, "https://h/x/", "https://h/x"),
        ] {
            assert_eq!(unit.check(given).as_deref(), Ok(written), "{given}");
        }
        for (unit, bad) in [
            (Unit::PerSecond, "-1"),
            (Unit::Count, "NaN"),
            (Unit::Count, "many"),
            (Unit::Duration, "10"),
            (Unit::Range, "0s"),
            (Unit::Severity, "very bad"),
            (Unit::Severity, ""),
            (Unit::Switch, "yes"),
            (Unit::Matchers, "a"),
            (Unit::Matchers, "a=b"),
            (Unit::Matchers, r#"a="b"} or {c="d""#),
            (Unit::Matchers, r#"a=~"(""#),
            (Unit::Matchers, r#"a="b" c="d""#),
            (Unit::Labels, "a-b"),
            (Unit::Labels, "code"),
            (Unit::Pattern, "("),
            (Unit::Link, "{{ evil }}"),
        ] {
            assert!(unit.check(bad).is_err(), "{bad}");
        }
    }
}
