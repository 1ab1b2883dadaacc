//! The configuration: what may be said in a file, and what it means once it has been checked.

mod path_labels;
mod raw;

pub use path_labels::PathLabels;

use crate::catalogue::{Catalogue, Category, Entry, Owner, Retryable, Source};
use crate::framing::Framing;
use crate::recognise::{Custom, MOST_CUSTOM, Recogniser as _};
use crate::rules;
use crate::tail::StartAt;
use crate::tally::{LabelSet, Settings};
use raw::{RawCode, RawConfig, RawFormat, RawInput, RawStart};
use serde_saphyr::{Location, Spanned};
use std::path::Path;
use std::time::Duration;

/// What to do, checked.
#[derive(Debug, Default)]
pub struct Config {
    /// Which logs.
    pub inputs: Vec<Input>,
    /// Recognisers beside the built-in ones.
    pub recognisers: Vec<Custom>,
    /// Codes beside the built-in ones.
    pub codes: Vec<Entry>,
    /// What is bounded.
    pub limits: Limits,
    /// How series are shown.
    pub metrics: Settings,
    /// What is set of the alert rules.
    pub alerts: rules::Settings,
}

/// A group of logs.
#[derive(Debug)]
pub struct Input {
    /// Globs.
    pub paths: Vec<String>,
    /// Globs of what is left out.
    pub exclude: Vec<String>,
    /// What stands around the lines; found out if it is not said.
    pub framing: Option<Framing>,
    /// Where a file begins that was never seen before.
    pub start_at: StartAt,
    /// The labels of its series.
    pub labels: LabelSet,
    /// Labels taken from the path.
    pub path_labels: Option<PathLabels>,
}

impl Input {
    /// Logs at these globs, with nothing else said.
    #[must_use]
    pub fn at(paths: Vec<String>) -> Self {
        Self {
            paths,
            exclude: Vec::new(),
            framing: None,
            start_at: StartAt::Beginning,
            labels: Vec::new(),
            path_labels: None,
        }
    }
}

/// What a log has told may wait for its rest for some seconds; its series must be there then.
const LEAST_RETENTION: Duration = Duration::from_secs(60);

/// What is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line that is read, in bytes.
    pub line_bytes: usize,
    /// Unlisted codes that keep their own name.
    pub unlisted_codes: usize,
    /// Files that are held open.
    pub open_files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line_bytes: 1 << 20, unlisted_codes: 64, open_files: 512 }
    }
}

/// What is wrong with a configuration file, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{file}: {reason}; name a configuration file that can be read")]
    Unreadable {
        /// Which.
        file: String,
        /// Why not.
        reason: std::io::Error,
    },
    /// What it says cannot be.
    #[error("{file}:{line}: {reason}")]
    Wrong {
        /// Which.
        file: String,
        /// Where, from 1.
        line: u64,
        /// Why not.
        reason: String,
    },
}

/// A reason, and where.
type Wrong = (Location, String);

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When it cannot be read, is no YAML, has an unknown key, or a value that cannot be.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|reason| ConfigError::Unreadable { file: file.clone(), reason })?;
        Self::parse(&text, &file)
    }

    /// Checks the text of a file; `file` is its name for messages.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        let place = |(at, reason): Wrong| ConfigError::Wrong { file: file.to_owned(), line: at.line(), reason };
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let raw: RawConfig = serde_saphyr::from_str(text).map_err(|error| place(explain(&error)))?;
        Self::check(raw).map_err(place)
    }

    /// The further recognisers by name, each with the texts of which its lines have at least one.
    pub fn anchors(&self) -> impl Iterator<Item = (&str, &[&str])> {
        self.recognisers.iter().map(|custom| (custom.name(), custom.anchors()))
    }

    fn check(raw: RawConfig) -> Result<Self, Wrong> {
        let mut recognisers: Vec<Custom> = Vec::new();
        for raw in &raw.recognisers {
            let name = &raw.name.value;
            let form = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            if !form {
                return wrong(&raw.name, format!("the name {name:?} may have letters, digits, _ and - only"));
            }
            let taken = crate::recognise::BUILT_IN.iter().any(|other| other.name() == name);
            if taken || recognisers.iter().any(|other| other.name() == name) {
                return wrong(&raw.name, format!("there is a recogniser {name:?} already; give it another name"));
            }
            match Custom::new(name, &raw.pattern.value) {
                Ok(custom) => recognisers.push(custom),
                Err(error) => return wrong(&raw.pattern, format!("the pattern of {name:?} cannot be used: {error}")),
            }
            if recognisers.len() > MOST_CUSTOM {
                return wrong(&raw.name, format!("there are more than {MOST_CUSTOM} recognisers"));
            }
        }
        let mut codes: Vec<Entry> = Vec::new();
        for raw in &raw.codes {
            let entry = code(raw)?;
            if Catalogue::built_in().get(&entry.code).is_some() || codes.iter().any(|other| other.code == entry.code) {
                return wrong(&raw.code, format!("the code {} is known already", entry.code));
            }
            codes.push(entry);
        }
        Ok(Self {
            inputs: raw.inputs.into_iter().map(input).collect::<Result<_, _>>()?,
            recognisers,
            codes,
            limits: limits(&raw.limits)?,
            metrics: metrics(&raw.metrics)?,
            alerts: alerts(&raw.alerts)?,
        })
    }
}

fn wrong<T, V>(at: &Spanned<T>, reason: String) -> Result<V, Wrong> {
    Err((at.referenced, reason))
}

/// What the reader of YAML says, in the words of those who write a configuration.
fn explain(error: &serde_saphyr::Error) -> Wrong {
    let error = error.without_snippet();
    let location = error.location().unwrap_or(Location::UNKNOWN);
    let reason = match error {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            match nearest(field, expected.iter().copied()) {
                Some(near) => format!("unknown key {field:?}; did you mean {near:?}?"),
                None => format!("unknown key {field:?}; there are {}", expected.join(", ")),
            }
        }
        serde_saphyr::Error::SerdeUnknownVariant { variant, expected, .. } => none_of(variant, expected),
        serde_saphyr::Error::SerdeMissingField { field, .. } => format!("the key {field:?} is missing"),
        other => {
            let text = other.to_string();
            let text = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            plain(text.split(" at line ").next().unwrap_or_default())
        }
    };
    (location, reason)
}

/// What the reader of YAML says of its own terms.
fn plain(text: &str) -> String {
    if let Some(rest) = text.strip_prefix("duplicate mapping key: ") {
        return format!("the key {:?} stands here twice", rest.split(',').next().unwrap_or_default());
    }
    match text {
        "expected sequence start" => "a list is expected here, as in [\"a\", \"b\"]".to_owned(),
        "expected mapping start" => "keys with values are expected here, as in {key: value}".to_owned(),
        _ if text.starts_with("invalid u") => "a whole number is expected here".to_owned(),
        "invalid boolean" => "true or false is expected here".to_owned(),
        _ => text.to_owned(),
    }
}

/// The one that was meant, if it is near enough.
fn nearest<'a>(text: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.75; // Jaro-Winkler
    let ranked = all.map(|other| (strsim::jaro_winkler(other, text), other));
    ranked
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, near)| near)
}

fn none_of(text: &str, all: &[&str]) -> String {
    match nearest(text, all.iter().copied()) {
        Some(near) => format!("{text:?} cannot be here; did you mean {near:?}?"),
        None => format!("{text:?} cannot be here; it is one of {}", all.join(", ")),
    }
}

fn input(raw: RawInput) -> Result<Input, Wrong> {
    if raw.paths.value.is_empty() {
        return wrong(&raw.paths, "an input needs at least one path".to_owned());
    }
    for glob in raw.paths.value.iter().chain(&raw.exclude) {
        if let Err(error) = globset::Glob::new(glob) {
            return wrong(&raw.paths, format!("the glob {glob:?} cannot be used: {}", error.kind()));
        }
    }
    let labels = match raw.labels {
        Some(labels) => {
            for name in labels.value.keys() {
                if let Err(reason) = label_name(name) {
                    return wrong(&labels, reason);
                }
            }
            labels.value.into_iter().collect()
        }
        None => Vec::new(),
    };
    let path_labels = match raw.path_labels {
        Some(pattern) => match PathLabels::new(&pattern.value) {
            Ok(path_labels) => Some(path_labels),
            Err(reason) => return wrong(&pattern, reason),
        },
        None => None,
    };
    Ok(Input {
        paths: raw.paths.value,
        exclude: raw.exclude,
        framing: match raw.format {
            RawFormat::Auto => None,
            RawFormat::Plain => Some(Framing::Plain),
            RawFormat::Cri => Some(Framing::Cri),
            RawFormat::Docker => Some(Framing::Docker),
        },
        start_at: match raw.start_at {
            RawStart::Beginning => StartAt::Beginning,
            RawStart::End => StartAt::End,
        },
        labels,
        path_labels,
    })
}

/// Whether a label may have this name: by the rules of Prometheus, and not one that the metric has itself.
fn label_name(name: &str) -> Result<(), String> {
    let form = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !form {
        return Err(format!("{name:?} cannot be the name of a label: letters, digits and _ only, no digit first"));
    }
    if name.starts_with("__") || crate::tally::metrics::ERRORS.labels.contains(&name) {
        return Err(format!("the label {name:?} is taken; choose another name"));
    }
    Ok(())
}

fn code(raw: &RawCode) -> Result<Entry, Wrong> {
    let name = &raw.code.value;
    let form = (3..=64).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if !form {
        return wrong(
            &raw.code,
            format!(
                "{name:?} has not the form of a code: a capital letter, then letters, digits and dots, 3 to 64 in all"
            ),
        );
    }
    if let Some(status) = raw.status.as_ref().filter(|status| !(100..600).contains(&status.value)) {
        return wrong(status, format!("{} is no HTTP status", status.value));
    }
    Ok(Entry {
        code: name.clone(),
        status: raw.status.as_ref().map(|status| status.value),
        category: one_of(Some(&raw.category), Category::ALL, Category::Unknown)?,
        retryable: one_of(raw.retryable.as_ref(), Retryable::ALL, Retryable::Conditional)?,
        owner: one_of(raw.owner.as_ref(), Owner::ALL, Owner::App)?,
        source: Source::Config,
        aliases: String::new(),
        meaning_en: String::new(),
        remedy_en: String::new(),
        meaning_zh: String::new(),
        remedy_zh: String::new(),
    })
}

fn one_of<T: Copy + std::fmt::Display>(raw: Option<&Spanned<String>>, all: &[T], otherwise: T) -> Result<T, Wrong> {
    let Some(raw) = raw else { return Ok(otherwise) };
    let found = all.iter().find(|value| value.to_string() == raw.value);
    found.copied().map_or_else(
        || {
            let all: Vec<_> = all.iter().map(ToString::to_string).collect();
            let all: Vec<_> = all.iter().map(String::as_str).collect();
            wrong(raw, none_of(&raw.value, &all))
        },
        Ok,
    )
}

fn alerts(raw: &raw::RawAlerts) -> Result<rules::Settings, Wrong> {
    let mut settings = rules::Settings::default();
    for (name, value) in &raw.0 {
        settings.set(name, &value.value).or_else(|error| wrong(value, error.to_string()))?;
    }
    Ok(settings)
}

fn limits(raw: &raw::RawLimits) -> Result<Limits, Wrong> {
    let otherwise = Limits::default();
    let line_bytes = raw.line_bytes.as_ref().map_or(Ok(otherwise.line_bytes), |raw| {
        let bytes = size(&raw.value).filter(|bytes| (4096..=256 << 20).contains(bytes));
        bytes.map_or_else(|| wrong(raw, format!("{:?} is no size from 4KiB to 256MiB", raw.value)), Ok)
    })?;
    let within = |raw: &Option<Spanned<usize>>, least: usize, most: usize, otherwise: usize| match raw {
        Some(raw) if !(least..=most).contains(&raw.value) => {
            wrong(raw, format!("{} is not from {least} to {most}", raw.value))
        }
        Some(raw) => Ok(raw.value),
        None => Ok(otherwise),
    };
    Ok(Limits {
        line_bytes,
        unlisted_codes: within(&raw.unlisted_codes, 0, 10_000, otherwise.unlisted_codes)?,
        open_files: within(&raw.open_files, 1, 1_000_000, otherwise.open_files)?,
    })
}

fn metrics(raw: &raw::RawMetrics) -> Result<Settings, Wrong> {
    let otherwise = Settings::default();
    let or = |raw: &Option<Spanned<String>>, otherwise| raw.as_ref().map_or(Ok(otherwise), duration);
    let series_retention = or(&raw.series_retention, otherwise.series_retention)?;
    if let Some(raw) = raw.series_retention.as_ref().filter(|_| series_retention < LEAST_RETENTION) {
        return wrong(
            raw,
            format!(
                "{:?} is less than 1m; reports of a log that is gone may wait for their rest for some seconds",
                raw.value
            ),
        );
    }
    Ok(Settings {
        new_series_hold: or(&raw.new_series_hold, otherwise.new_series_hold)?,
        series_retention,
        created_timestamps: raw.created_timestamps.unwrap_or(otherwise.created_timestamps),
        ..otherwise
    })
}

fn duration(raw: &Spanned<String>) -> Result<Duration, Wrong> {
    humantime::parse_duration(&raw.value)
        .or_else(|error| wrong(raw, format!("{:?} is no duration such as 30s or 1h: {error}", raw.value)))
}

/// `65536`, `64KiB`, `1MiB`
fn size(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches(|last: char| last.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        _ => return None,
    };
    digits.trim().parse::<usize>().ok()?.checked_mul(1 << shift)
}
