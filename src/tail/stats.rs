//! What the tailer tells of itself: numbers, the state of each file, and what happened.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::watch::WatchMode;

/// Numbers since the tailer was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Files tailed now.
    pub files: usize,
    /// Files held open now.
    pub open: usize,
    /// Bytes that were read (each once).
    pub read_bytes: u64,
    /// Files that were rotated away.
    pub rotations: u64,
    /// Files that were truncated in place.
    pub truncations: u64,
    /// Bytes known to be lost unread, by reason.
    pub lost_bytes: BTreeMap<&'static str, u64>,
    /// Failures, by what was tried.
    pub read_errors: BTreeMap<&'static str, u64>,
    /// How changes are noticed.
    pub watch_mode: WatchMode,
}

/// One tailed file, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStatus<'a> {
    /// The path that matched.
    pub path: &'a std::path::Path,
    /// Index of its input.
    pub input: usize,
    /// Bytes done with.
    pub position: u64,
    /// Size when it was last looked at.
    pub size: u64,
    /// Bytes that were not shown yet.
    pub lag: u64,
    /// `live`, `rotated`, `waiting` (for its predecessor), or what fails.
    pub state: &'static str,
}

/// Something happened to a file. One for each transition, none for each line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A file is tailed from now on, from this offset.
    Opened {
        /// The file.
        path: PathBuf,
        /// Where reading begins.
        at: u64,
    },
    /// The file was renamed or replaced, and is read to its end.
    Rotated {
        /// The path that it had.
        path: PathBuf,
    },
    /// The file was truncated in place.
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// The file was deleted.
    Gone {
        /// The path that it had.
        path: PathBuf,
    },
    /// The file was read to its end and is no longer tailed.
    Finished {
        /// The path that it had.
        path: PathBuf,
    },
    /// The path matches a glob and is not read.
    Skipped {
        /// The path.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// Bytes were lost unread.
    Lost {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: &'static str,
        /// How many.
        bytes: u64,
    },
    /// Something fails from now on.
    Failing {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// What the system said.
        error: String,
    },
    /// It works again.
    Recovered {
        /// The file.
        path: PathBuf,
    },
    /// Changes are noticed in another way from now on.
    WatchModeChanged {
        /// The new way.
        mode: WatchMode,
    },
}

/// Counts and events on their way out.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub read_bytes: u64,
    pub rotations: u64,
    pub truncations: u64,
    pub lost_bytes: BTreeMap<&'static str, u64>,
    pub read_errors: BTreeMap<&'static str, u64>,
    pub events: Vec<Event>,
}

/// Events that nobody fetched are kept up to this number.
const EVENTS: usize = 4096;

impl Ledger {
    pub fn tell(&mut self, event: Event) {
        if self.events.len() < EVENTS {
            self.events.push(event);
        }
    }

    pub fn lose(&mut self, path: &std::path::Path, reason: &'static str, bytes: u64) {
        debug_assert!(super::LOST.contains(&reason), "{reason} is not in the list");
        if bytes > 0 {
            *self.lost_bytes.entry(reason).or_default() += bytes;
            self.tell(Event::Lost { path: path.to_owned(), reason, bytes });
        }
    }

    pub fn fail(&mut self, operation: &'static str) {
        debug_assert!(super::OPERATIONS.contains(&operation), "{operation} is not in the list");
        *self.read_errors.entry(operation).or_default() += 1;
    }
}
