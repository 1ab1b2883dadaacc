//! Files: which there are, which of them is which, and their bytes in order, once.
//!
//! Knows files, inodes, rotation and offsets; knows nothing of OBS, metrics or HTTP. The file is the queue: the tailer
//! keeps no bytes between turns, only positions, and shows a consumer again what it did not take.
//!
//! A file is known by device, inode and time of birth while they can be trusted, and by fingerprints of its beginning,
//! of the bytes before the position and of those before what was seen last. A rotated file is nominated by its name and
//! accepted by content: it goes on from what was read, or it is new since the last look, was written after the last
//! write that is known, and is no copy. All its bytes at the time its successor appears are shown before the first byte
//! of that one; [`Behind::End`] follows when it has been quiet for a while.
//!
//! What cannot be exact:
//! - what a writer puts into a file between the copy and the truncation of copytruncate is lost for everybody; so is
//!   what is deleted or truncated before any look at it. What is known to be lost is counted;
//! - two files made within one tick of the clock of the file system, one of which begins with all of the other, cannot
//!   be told from a file and its copy; so it is where the file system does not know when a file was made;
//! - a file that was rotated while it was empty, filled by a late writer, and compressed before the next look;
//! - a log that was rotated away before it was looked at for the first time and whose rotated name no glob matches;
//! - the last line of a rotated file that matches a glob itself and lay there at the first start is not shown as
//!   complete before its newline comes: such a file may be a live log as well;
//! - holes of sparse files are skipped, and counted as lost.

mod discover;
mod family;
mod history;
mod identity;
mod look;
mod paths;
mod reading;
mod record;
mod rotation;
mod source;
mod stats;
mod succession;
mod tailer;
mod truncation;
mod unpack;
mod watch;
mod whereabouts;

use std::path::Path;
use std::time::Duration;

pub use discover::{Discovery, Found, Walk};
pub use identity::{Continuity, FileId, Mark, Print, Stat, continuity};
pub use record::{FileRecord, Known, Owner, RawPath, RecordState};
pub use rotation::bases as rotated_from;
pub use stats::{Event, FileStatus, Stats};
pub use tailer::{Tailer, Turn};
pub use watch::WatchMode;

/// What to tail, and within which limits.
#[derive(Debug, Clone)]
pub struct Options {
    /// What to tail.
    pub inputs: Vec<InputOptions>,
    /// Longest line; the buffer grows so far.
    pub line_bytes: usize,
    /// Files held open at most; the limit of the process is respected too.
    pub open_files: usize,
    /// Whether the kernel is asked to tell of changes; if not, files are only looked at in intervals.
    pub notify: bool,
    /// How often files are looked at when the kernel does not tell of changes.
    pub poll_interval: Duration,
    /// A renamed or deleted file that was read to its end is let go when it has not grown for so long.
    pub quiet_after_rotation: Duration,
    /// A deleted file is let go after so long at the latest, so that the disk is given back.
    pub max_hold: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            inputs: Vec::new(),
            line_bytes: 1 << 20,
            open_files: 512,
            notify: true,
            poll_interval: Duration::from_secs(1),
            quiet_after_rotation: Duration::from_secs(5),
            max_hold: Duration::from_secs(300),
        }
    }
}

/// A group of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputOptions {
    /// Globs (`**` allowed). A folder stands for the files in it, `folder/**` for those below it too.
    pub paths: Vec<String>,
    /// Globs of files to leave out; one without a `/` is matched against the name alone.
    pub exclude: Vec<String>,
    /// Where files begin that were never seen before.
    pub start_at: StartAt,
}

/// Where a file begins that was never seen before, if it is there when its input is read for the first time. One that
/// appears later always begins at its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartAt {
    /// At its first byte.
    #[default]
    Beginning,
    /// At the line that is written next.
    End,
}

/// Why a tailer cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// A glob is wrong.
    #[error("glob {glob:?} cannot be used")]
    Glob {
        /// The glob as it was given.
        glob: String,
        /// What is wrong.
        source: globset::Error,
    },
}

/// Names a tailed file for as long as it is tailed. Numbers are not used again within a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct SourceKey(pub u64);

/// What stands behind the bytes that a consumer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// More bytes are there already and follow at once.
    More,
    /// Nothing yet: this was the end of the file when it was read.
    Nothing,
    /// Nothing, ever: the file was rotated away, deleted or replaced and has been read to its end. This comes when the
    /// file has been quiet for a while, which may be after the first bytes of the file that took its place.
    End,
}

/// The reasons for which bytes are lost.
pub const LOST: &[&str] = &["held_too_long", "hole", "overlong", "rotated", "truncated", "unreadable"];

/// What may fail while files are looked for and read.
pub const OPERATIONS: &[&str] = &["list", "open", "read", "stat"];

/// Takes the bytes of the tailed files.
pub trait Consumer {
    /// A file is tailed from now on. It is said again of a source that was restored after a restart, and of
    /// all when the inputs change with the configuration: what is known of it stays. `follows` names the source whose place it takes (rotation, replacement), so that
    /// what hung over at the end of that one can be completed by the beginning of this one.
    /// `input` is the index of the input whose glob matched.
    fn opened(&mut self, source: SourceKey, input: usize, path: &Path, follows: Option<SourceKey>);

    /// Bytes of `source` that begin at offset `at`: where the last call left off, or behind a hole of a sparse file,
    /// which is skipped together with the half line before it. Returns how many of them are done
    /// with; the rest is shown again, with what has come behind it. With [`Behind::End`] everything is done with,
    /// whatever is returned; if less is shown than before, the rest is gone. Once it is shown `line_bytes` bytes or more, the consumer takes at least one.
    fn take(&mut self, source: SourceKey, at: u64, bytes: &[u8], behind: Behind) -> usize;

    /// The file was truncated in place: it is read from offset 0 again. Bytes that were shown and not taken are gone; it
    /// is the consumer who knows whether they told it something.
    fn truncated(&mut self, source: SourceKey);

    /// The file is no longer tailed.
    fn closed(&mut self, source: SourceKey);
}
