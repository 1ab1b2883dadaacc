//! Which file is which: by inode as long as it can be trusted, and by content where it cannot.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of the beginning of a file that its head fingerprint covers at most.
pub const HEAD: usize = 1024;
/// Bytes before a position that its fingerprint covers at most.
pub const EDGE: usize = 256;

/// What the kernel calls a file. An inode is used again once its file is deleted, so this alone proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
}

/// What kind of thing a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file: the only kind that is read.
    Regular,
    /// A folder.
    Directory,
    /// A named pipe: opening one may block, reading one takes its bytes from somebody else.
    Fifo,
    /// A socket.
    Socket,
    /// A character or block device.
    Device,
}

impl Kind {
    /// The kind in one word, for the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "file",
            Self::Directory => "directory",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::Device => "device",
        }
    }
}

/// What one look at a file says.
#[derive(Debug, Clone, Copy)]
pub struct Stat {
    /// Device and inode.
    pub id: FileId,
    /// When the inode was made (nanoseconds since 1970), where the file system knows.
    pub created: Option<u64>,
    /// Last write, in nanoseconds since 1970.
    pub modified: i64,
    /// Last change of the inode (links, mode), in nanoseconds since 1970.
    pub changed: i64,
    /// Size in bytes.
    pub size: u64,
    /// Whether it takes less room than its size, so that it may hold holes.
    pub sparse: bool,
    /// Names that it has; 0 for a deleted file that is held open.
    pub links: u64,
    /// What kind of thing it is.
    pub kind: Kind,
}

impl From<&Metadata> for Stat {
    fn from(meta: &Metadata) -> Self {
        let kind = meta.file_type();
        let nanos = |secs: i64, nanos: i64| secs.saturating_mul(1_000_000_000).saturating_add(nanos);
        let created = meta.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Self {
            id: FileId { dev: meta.dev(), ino: meta.ino() },
            created: created.and_then(|since| u64::try_from(since.as_nanos()).ok()),
            modified: nanos(meta.mtime(), meta.mtime_nsec()),
            changed: nanos(meta.ctime(), meta.ctime_nsec()),
            size: meta.len(),
            sparse: meta.blocks().saturating_mul(512) < meta.len(),
            links: meta.nlink(),
            kind: if kind.is_file() {
                Kind::Regular
            } else if kind.is_dir() {
                Kind::Directory
            } else if kind.is_fifo() {
                Kind::Fifo
            } else if kind.is_socket() {
                Kind::Socket
            } else {
                Kind::Device
            },
        }
    }
}

/// The fingerprint of a few bytes. That of no bytes matches everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print {
    len: u16,
    hash: u64,
}

impl Print {
    /// The fingerprint of no bytes.
    pub const EMPTY: Self = Self { len: 0, hash: 0 };

    /// The fingerprint of these bytes, of which there are at most `HEAD`.
    pub fn of(bytes: &[u8]) -> Self {
        let bytes = &bytes[..bytes.len().min(HEAD)];
        if bytes.is_empty() {
            return Self::EMPTY;
        }
        Self { len: u16::try_from(bytes.len()).unwrap_or(u16::MAX), hash: xxh3_64(bytes) }
    }

    /// How many bytes it covers.
    pub fn len(self) -> usize {
        usize::from(self.len)
    }

    /// Whether it covers nothing, so that it proves nothing.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Whether it is the fingerprint of the first bytes of these.
    pub fn begins(self, bytes: &[u8]) -> bool {
        self.is_empty() || bytes.get(..self.len()).is_some_and(|bytes| xxh3_64(bytes) == self.hash)
    }

    /// Whether it is the fingerprint of the last bytes of these.
    pub fn ends(self, bytes: &[u8]) -> bool {
        self.is_empty() || bytes.len().checked_sub(self.len()).is_some_and(|from| xxh3_64(&bytes[from..]) == self.hash)
    }
}

/// Something whose bytes can be read at an offset.
pub trait ReadAt {
    /// Fills as much of `buffer` as there are bytes from `offset` on, and says how many those are.
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// What is known of a file: who it is, how far it was read, and what stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Device and inode.
    pub id: FileId,
    /// When the inode was made, where the file system knows.
    pub created: Option<u64>,
    /// Last write when it was last looked at and found to be the same file.
    pub modified: i64,
    /// Size when it was last looked at.
    pub size: u64,
    /// Fingerprint of its beginning; grows with the file up to `HEAD` bytes.
    pub head: Print,
    /// Up to here its bytes are done with.
    pub position: u64,
    /// Fingerprint of the bytes just before `position`.
    pub before_position: Print,
    /// Up to here its bytes were shown.
    pub seen: u64,
    /// Fingerprint of the bytes just before `seen`.
    pub before_seen: Print,
}

impl Mark {
    /// The mark of a file of which nothing was read.
    pub fn unread(stat: &Stat) -> Self {
        let Stat { id, created, modified, size, .. } = *stat;
        Self { id, created, modified, size, ..Self::nowhere() }
    }

    /// The mark of a file of which nothing was read, with the fingerprint of its beginning.
    pub fn beginning(stat: &Stat, file: &mut impl ReadAt) -> io::Result<Self> {
        let mut bytes = [0; HEAD];
        let got = file.read_at(&mut bytes, 0)?;
        Ok(Self { head: Print::of(&bytes[..got]), ..Self::unread(stat) })
    }

    /// The mark of no file.
    pub fn nowhere() -> Self {
        Self {
            id: FileId { dev: 0, ino: 0 },
            created: None,
            modified: i64::MIN,
            size: 0,
            head: Print::EMPTY,
            position: 0,
            before_position: Print::EMPTY,
            seen: 0,
            before_seen: Print::EMPTY,
        }
    }

    /// The mark of a file whose first `size` bytes count as read.
    pub fn read_up_to(stat: &Stat, size: u64, file: &mut impl ReadAt) -> io::Result<Self> {
        let mut mark = Self::unread(stat);
        let mut bytes = [0; HEAD];
        let head = usize::try_from(size).unwrap_or(HEAD).min(HEAD);
        let got = file.read_at(&mut bytes[..head], 0)?;
        mark.head = Print::of(&bytes[..got]);
        mark.before_position = Self::edge(size, file)?;
        mark.before_seen = mark.before_position;
        (mark.position, mark.seen) = (size, size);
        Ok(mark)
    }

    fn edge(end: u64, file: &mut impl ReadAt) -> io::Result<Print> {
        let mut bytes = [0; EDGE];
        let len = usize::try_from(end).unwrap_or(EDGE).min(EDGE);
        let got = file.read_at(&mut bytes[..len], end - len as u64)?;
        Ok(if got == len { Print::of(&bytes[..got]) } else { Print::EMPTY })
    }

    /// Whether the file begins as the marked one did and holds the same bytes before the position and before the end
    /// of what was seen. True of any file if nothing was seen yet: see [`Mark::proves`].
    pub fn is_in(&self, file: &mut impl ReadAt) -> io::Result<bool> {
        let mut bytes = [0; HEAD];
        let head = (self.head, self.head.len() as u64);
        let (position, seen) = ((self.before_position, self.position), (self.before_seen, self.seen));
        // what another one covers already is not read again
        let prints: &[(Print, u64)] = match seen {
            _ if head.1 == self.seen => &[head],
            _ if position == seen => &[head, seen],
            _ => &[head, position, seen],
        };
        for &(print, end) in prints {
            let part = &mut bytes[..print.len()];
            let Some(from) = end.checked_sub(print.len() as u64) else { return Ok(false) };
            if file.read_at(part, from)? < print.len() || !print.ends(part) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether equal content says that a file is this one.
    pub fn proves(&self) -> bool {
        !self.head.is_empty()
    }

    /// Whether the inode is surely another one under the same number.
    pub fn reborn(&self, found: &Stat) -> bool {
        matches!((self.created, found.created), (Some(then), Some(now)) if then != now)
    }
}

/// How what is at a path now goes on from what was tailed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// The same file, nothing new.
    Same,
    /// The same file, with more bytes.
    Grown,
    /// The same file was cut, and perhaps written anew.
    Truncated,
    /// Another file has its place.
    Replaced,
    /// There is no file.
    Gone,
}

/// Compares what was tailed with what is there. `content` says whether the fingerprints were found in the file that is
/// there; `None` if nobody looked. A file that is as long as before but was written to since deserves a look.
pub fn continuity(known: &Mark, found: Option<&Stat>, content: Option<bool>) -> Continuity {
    let Some(found) = found else { return Continuity::Gone };
    if found.id != known.id {
        return Continuity::Replaced;
    }
    let same_content = content == Some(true) && known.proves();
    if known.reborn(found) && !same_content {
        return Continuity::Replaced;
    }
    // A log that is shorter than before was cut, unless only its end is missing, as after a power cut.
    if found.size < known.seen || found.size < known.size && !same_content || content == Some(false) {
        Continuity::Truncated
    } else if found.size > known.seen {
        Continuity::Grown
    } else {
        Continuity::Same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(ino: u64, size: u64, created: u64) -> Stat {
        let (id, created) = (FileId { dev: 1, ino }, Some(created));
        Stat { id, created, size, modified: 0, changed: 0, sparse: false, links: 1, kind: Kind::Regular }
    }

    #[test]
    fn continuity_knows_all_ways_to_go_on() {
        let known = Mark { size: 10, seen: 10, position: 8, head: Print::of(b"abc"), ..Mark::unread(&stat(7, 10, 5)) };
        for (found, content, expected) in [
            (None, None, Continuity::Gone),
            (Some(stat(7, 10, 5)), None, Continuity::Same),
            (Some(stat(7, 11, 5)), None, Continuity::Grown),
            (Some(stat(7, 9, 5)), None, Continuity::Truncated),
            (Some(stat(7, 11, 5)), Some(false), Continuity::Truncated),
            (Some(stat(7, 10, 5)), Some(false), Continuity::Truncated),
            (Some(stat(8, 11, 5)), None, Continuity::Replaced),
            (Some(stat(8, 11, 5)), Some(true), Continuity::Replaced),
            (Some(stat(7, 11, 6)), None, Continuity::Replaced),
            (Some(stat(7, 11, 6)), Some(true), Continuity::Grown),
        ] {
            assert_eq!(continuity(&known, found.as_ref(), content), expected, "{found:?} {content:?}");
        }
    }

    #[test]
    fn a_file_that_lost_only_what_was_not_read_yet_is_not_read_again() {
        let known = Mark { size: 20, seen: 10, head: Print::of(b"abc"), ..Mark::unread(&stat(7, 20, 5)) };
        assert_eq!(continuity(&known, Some(&stat(7, 15, 5)), None), Continuity::Truncated);
        assert_eq!(continuity(&known, Some(&stat(7, 15, 5)), Some(true)), Continuity::Grown);
    }

    #[test]
    fn prints_cover_what_they_say() {
        assert!(Print::EMPTY.begins(b"") && Print::EMPTY.ends(b"x"));
        assert_eq!(Print::of(b""), Print::EMPTY);
        let print = Print::of(b"abc");
        assert!(print.begins(b"abcd") && print.ends(b"xabc"));
        assert!(!print.begins(b"ab") && !print.ends(b"abcx"));
        assert_eq!(Print::of(&[7; 5000]).len(), HEAD);
    }
}
