//! What people and programs are shown of the state of the daemon: the values of the API, and the page made of them.
//!
//! Text that comes from logs, paths and labels is data here: JSON and the page's templates escape it, and the page's
//! script only sets it as text.

mod format;
mod page;
mod rows;
mod texts;

pub use crate::catalogue::Lang;
pub use page::{ICON, SCRIPT, STYLE, page};

use crate::catalogue::{Catalogue, Category, Entry, Owner, Retryable};
use crate::framing::Stamp;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// What happened within so many minutes counts as happening now.
pub const NOW_MINUTES: usize = 15;

/// A point in time, in milliseconds since 1970; written as in RFC 3339, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Time(pub i64);

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Stamp { millis: self.0, zoned: true }.fmt(f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How urgent an error of a category is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Work stands still until somebody acts.
    Critical,
    /// Work suffers.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// How urgent an error of this category is.
    #[must_use]
    pub const fn of(category: Category) -> Self {
        use Category::{
            Account, ClientRequest, ClockSkew, Conflict, Credentials, Encryption, Network, NotFound, Permission, Quota,
            Redirect, ServerError, Throttling, Unknown, Unsupported,
        };
        match category {
            Account | ServerError | Credentials | Encryption => Self::Critical,
            Throttling | ClockSkew | Quota | Permission | Network => Self::Warning,
            NotFound | Conflict | ClientRequest | Unsupported | Redirect | Unknown => Self::Info,
        }
    }

    /// As it is written in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// Everything that can be shown.
#[derive(Debug, Clone)]
pub struct View {
    /// `/api/v1/status`.
    pub status: Status,
    /// The last responses, newest first.
    pub reports: Vec<Report>,
    /// What is known of codes.
    pub catalogue: &'static Catalogue,
}

impl Default for View {
    fn default() -> Self {
        Self { status: Status::default(), reports: Vec::new(), catalogue: Catalogue::built_in() }
    }
}

/// How the daemon fares, and what it has counted.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Status {
    /// The version of the program.
    pub version: &'static str,
    /// What it was built from.
    pub revision: &'static str,
    /// When it was started.
    pub started: Time,
    /// The time of this answer.
    pub now: Time,
    /// Whether every file that was there at the start has been read to the end it had then.
    pub ready: bool,
    /// Whether what is shown is on disk.
    pub durable: bool,
    /// When the state was last written.
    pub last_commit: Option<Time>,
    /// How changes of files are noticed.
    pub watch_mode: &'static str,
    /// What is wrong with the daemon or its logs.
    pub warnings: Vec<Warning>,
    /// The errors of the last minutes.
    pub recent: RecentErrors,
    /// The errors by code and status, what is happening now first.
    pub errors: Vec<Errors>,
    /// The counters of the daemon's own work, by the names of their metrics without `obs_error_exporter_` and `_total`.
    pub counters: BTreeMap<&'static str, u64>,
    /// Bytes that were lost unread, by reason.
    pub lost_bytes: BTreeMap<String, u64>,
    /// Errors while logs were read, by operation.
    pub read_errors: BTreeMap<String, u64>,
    /// What is tailed.
    pub inputs: Vec<Input>,
    /// The tailed files.
    pub files: Files,
}

/// Something that is wrong with the daemon or its logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Which.
    pub kind: WarningKind,
    /// How many (files or bytes), where that says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// What can be wrong with the daemon or its logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// No file matches: nothing can be counted.
    NoFiles,
    /// What was there at the start is still being read.
    NotReady,
    /// So many files cannot be read.
    FilesFailing,
    /// So many bytes of logs are not read yet, which is more than those of a moment.
    Behind,
    /// The state cannot be written.
    StateFailing,
    /// No state is kept.
    NoState,
}

/// The errors of the last minutes.
#[derive(Debug, Clone, Serialize)]
pub struct RecentErrors {
    /// Of how many.
    pub minutes: usize,
    /// How many.
    pub count: u64,
    /// The worst of them.
    pub severity: Option<Severity>,
    /// By category, the newest first.
    pub categories: Vec<CategoryErrors>,
}

impl WarningKind {
    /// Whether there may be errors that nobody has seen yet.
    #[must_use]
    pub const fn hides_errors(self) -> bool {
        matches!(self, Self::NoFiles | Self::NotReady | Self::FilesFailing | Self::Behind)
    }
}

impl Default for RecentErrors {
    fn default() -> Self {
        Self { minutes: NOW_MINUTES, count: 0, severity: None, categories: Vec::new() }
    }
}

/// The errors of a category in the last minutes.
#[derive(Debug, Clone, Serialize)]
pub struct CategoryErrors {
    /// Which.
    pub category: Category,
    /// How urgent.
    pub severity: Severity,
    /// How many.
    pub count: u64,
    /// The newest.
    pub last_seen: Time,
    /// How many in each minute of the last hour, the current one last.
    pub per_minute: Vec<u32>,
}

/// The errors with one code and status.
#[derive(Debug, Clone, Serialize)]
pub struct Errors {
    /// The code, as the label has it.
    pub code: String,
    /// The status, as the label has it.
    pub status: String,
    /// The category.
    pub category: Category,
    /// How urgent.
    pub severity: Severity,
    /// Whether the same request may succeed later; nothing for a code that the catalogue lacks.
    pub retryable: Option<Retryable>,
    /// Who can put it right; nothing for a code that the catalogue lacks.
    pub owner: Option<Owner>,
    /// How many were counted, over all labels of inputs.
    pub count: u64,
    /// How many of them in the last minutes.
    pub recent: u64,
    /// The newest; nothing if that is not known any more.
    pub last_seen: Option<Time>,
    /// How many in each minute of the last hour, the current one last.
    pub per_minute: Vec<u32>,
}

/// An input of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Globs.
    pub paths: Vec<String>,
    /// Globs of what is left out.
    pub exclude: Vec<String>,
    /// The labels of its series.
    pub labels: BTreeMap<String, String>,
    /// Files that are tailed.
    pub files: u64,
    /// Bytes of them that are not read yet.
    pub lag: u64,
}

/// The tailed files.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Files {
    /// How many there are.
    pub total: u64,
    /// How many of them cannot be read.
    pub failing: u64,
    /// Bytes of all of them that are not read yet.
    pub lag: u64,
    /// Those that fail, then those with the most to be read, then the others by path; as many as were asked for.
    pub list: Vec<File>,
}

/// A tailed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its path; bytes that are no UTF-8 are replaced.
    pub path: String,
    /// The number of its input, from 0.
    pub input: usize,
    /// Bytes that are done with.
    pub position: u64,
    /// Bytes that it had when it was last looked at.
    pub size: u64,
    /// Bytes that were not read yet.
    pub lag: u64,
    /// How it is.
    pub state: FileState,
    /// What fails, if something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing: Option<&'static str>,
}

/// How a tailed file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileState {
    /// It is read as it grows.
    Live,
    /// It was renamed or deleted, and is read to its end.
    Rotated,
    /// It waits for its predecessor to be read.
    Waiting,
    /// It cannot be read at the moment.
    Failing,
}

impl FileState {
    /// As it is written in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Rotated => "rotated",
            Self::Waiting => "waiting",
            Self::Failing => "failing",
        }
    }
}

/// A response that was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// When, as far as that is known: by the log line if it gives a zone, else when it was read.
    pub time: Time,
    /// The time of the log line as it gives it, without a zone if it gives none.
    pub logged: Option<String>,
    /// The code, as the label has it.
    pub code: String,
    /// The status, as the label has it.
    pub status: String,
    /// The category.
    pub category: Category,
    /// How urgent.
    pub severity: Severity,
    /// The request id; nothing if the log gives none, or only its hash is known since a restart.
    pub request_id: Option<String>,
    /// The log that told of it first.
    pub file: Option<String>,
    /// What recognised it.
    pub recogniser: String,
    /// The labels of its input.
    pub labels: BTreeMap<String, String>,
}

/// The answer of `/api/v1/errors`.
#[derive(Debug, Serialize)]
pub struct Reports<'v> {
    /// The last responses, newest first.
    pub errors: &'v [Report],
}

/// The answer of `/api/v1/codes`.
#[derive(Debug, Serialize)]
pub struct Codes<'v> {
    /// All known codes.
    pub codes: &'v [Entry],
}

impl View {
    /// The last `limit` responses, for the API.
    #[must_use]
    pub fn reports(&self, limit: usize) -> Reports<'_> {
        Reports { errors: &self.reports[..limit.min(self.reports.len())] }
    }

    /// What is known of codes, for the API.
    #[must_use]
    pub fn codes(&self) -> Codes<'_> {
        Codes { codes: self.catalogue.entries() }
    }
}
