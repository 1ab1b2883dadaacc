//! Files: which there are, which of them is which, and their bytes in order, once.
//!
//! Knows files, inodes, rotation and offsets; knows nothing of OBS, metrics or HTTP. The file is the queue: the tailer
//! keeps no bytes between turns, only positions, and shows a consumer again what it did not take.

use std::path::Path;

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
    /// Nothing, ever: the file was rotated away, deleted or replaced and has been read to its end.
    End,
}

/// Takes the bytes of the tailed files.
pub trait Consumer {
    /// A file is tailed from now on. `follows` names the source whose place it takes (rotation, replacement), so that
    /// what hung over at the end of that one can be completed by the beginning of this one.
    /// `input` is the index of the input whose glob matched.
    fn opened(&mut self, source: SourceKey, input: usize, path: &Path, follows: Option<SourceKey>);

    /// Bytes of `source` that begin at offset `at`, where the last call left off. Returns how many of them are done
    /// with; the rest is shown again, with what has come behind it. With [`Behind::End`] everything is done with,
    /// whatever is returned. Once it is shown `line_bytes` bytes or more, the consumer takes at least one.
    fn take(&mut self, source: SourceKey, at: u64, bytes: &[u8], behind: Behind) -> usize;

    /// The file was truncated in place: it is read from offset 0 again. Bytes that were shown and not taken are gone.
    fn truncated(&mut self, source: SourceKey);

    /// The file is no longer tailed.
    fn closed(&mut self, source: SourceKey);
}
