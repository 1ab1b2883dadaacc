//! From reports to responses: what several reports tell of one response is counted once.
//!
//! Three steps, each with its own memory: reports inside one event ([`EventMemory`]), reports in different events of one
//! log that the format joins by a key ([`Joins`]), and reports anywhere that carry the same request id ([`Merger`]).

mod codes;
mod event;
mod id;
mod ids;
mod joins;
mod merge;

pub use codes::{Code, Codes, Kind};
pub use event::{EventMemory, Group, Groups, group};
pub use id::RequestId;
pub use joins::{Joined, Joins};
pub use merge::{Bounds, Merger, Outcome, Saved};

use crate::framing::Stamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// A reading of the clock that only goes forward: time since the process began.
pub type Now = Duration;

/// How long a report waits for the rest of what is told of its response.
pub const WAIT: Duration = Duration::from_secs(5);

/// How long the last event of a file stays open for continuation lines before what it tells is taken as it is.
pub const QUIET: Duration = Duration::from_secs(1);

/// Where a finding was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The label set that its series gets.
    pub labels: u32,
    /// The number of the recogniser.
    pub recogniser: u8,
}

/// A log, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its path; bytes that are no UTF-8 are replaced.
    pub path: String,
    /// Names and values of the labels that its series have beside those of the error.
    pub labels: Vec<(String, String)>,
}

/// What is known of one response so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The error code.
    pub code: Option<Code>,
    /// The HTTP status as it was logged.
    pub status: Option<u16>,
    /// The request id.
    pub id: Option<RequestId>,
    /// Where it was found first.
    pub origin: Origin,
    /// The time stamp of the log line.
    #[serde(skip)]
    pub time: Option<Stamp>,
    /// The log where it was found first; known as long as this process runs.
    #[serde(skip)]
    pub log: Option<Arc<Log>>,
}

impl Finding {
    /// Of which kind the response is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind { code: self.code, status: self.status }
    }

    /// Nothing is missing.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.code.is_some() && self.status.is_some()
    }

    /// It tells of an error: a code, or a status of 300 or more. What a log tells of a success is no report, but may
    /// give the status to a code that is told without one.
    #[must_use]
    pub fn error(&self) -> bool {
        self.kind().error()
    }

    /// Both can be of one response: no field has two values.
    fn agrees(&self, other: &Self) -> bool {
        agree(self.code.as_ref(), other.code.as_ref())
            && agree(self.status.as_ref(), other.status.as_ref())
            && agree(self.id.as_ref().map(|id| &id.hash), other.id.as_ref().map(|id| &id.hash))
    }

    /// Becomes the same as another one. It is not counted again who has the log if that is the same one, since other
    /// threads might have to be told.
    pub fn assign(&mut self, other: &Self) {
        let same = match (&self.log, &other.log) {
            (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs),
            _ => false,
        };
        let log = if same { self.log.take() } else { other.log.clone() };
        let Self { code, status, origin, time, .. } = *other;
        *self = Self { code, status, id: other.id.clone(), origin, time, log };
    }

    /// Takes over what it lacks.
    fn absorb(&mut self, other: Self) {
        self.code = self.code.or(other.code);
        self.status = self.status.or(other.status);
        match (&mut self.id, other.id) {
            (None, id) => self.id = id,
            (Some(mine), Some(theirs)) => mine.recall(theirs),
            (Some(_), None) => {}
        }
        self.time = self.time.or(other.time);
        if self.log.is_none() {
            self.log = other.log;
        }
    }
}

fn agree<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}
