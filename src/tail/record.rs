//! What is kept of the files across restarts: who they are and how far they were read, never what they say.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::SourceKey;
use super::identity::Mark;

/// A path as it is on disk; names need not be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawPath(Vec<u8>);

impl From<&Path> for RawPath {
    fn from(path: &Path) -> Self {
        Self(path.as_os_str().as_bytes().to_vec())
    }
}

impl RawPath {
    /// The path.
    pub fn to_path(&self) -> PathBuf {
        PathBuf::from(OsString::from_vec(self.0.clone()))
    }
}

/// Whose a rotated sibling is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// It was tailed to its end.
    Ours,
    /// It lay there already, or is a copy of what was tailed.
    Others,
}

/// A rotated sibling that is not to be read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Who it is.
    pub mark: Mark,
    /// Whose it is.
    pub owner: Owner,
}

/// In what state a file was when the record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordState {
    /// Tailed at its path.
    Live,
    /// Rotated away or deleted, and not known to be read to its end for good.
    Rotated,
    /// Gone; what is kept is the memory of its rotated siblings.
    Gone,
}

/// What is kept of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// The key that it had, and has again when it is restored.
    pub key: SourceKey,
    /// The path that matched.
    pub path: RawPath,
    /// Where the file was last found, if elsewhere: its rotated name, or what a link points to.
    pub at: Option<RawPath>,
    /// Index of the input that it belonged to.
    pub input: u32,
    /// In what state it was.
    pub state: RecordState,
    /// Who it is, and how far it was read.
    pub mark: Mark,
    /// The source that is to be read first, up to this size.
    pub after: Option<(SourceKey, u64)>,
    /// Seconds since there was a file at the path.
    pub gone_seconds: u64,
    /// Rotated siblings of the path that are not to be read again.
    pub history: Vec<Known>,
}
