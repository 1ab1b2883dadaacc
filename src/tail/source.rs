//! One tailed file, and how the next piece of it is shown.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{OFlags, SeekFrom};

use super::identity::{EDGE, HEAD, Kind, Mark, Print, ReadAt, Stat};
use super::unpack::Unpacker;
use super::{Behind, Consumer, SourceKey, rotation};

/// The buffer is never smaller than this.
pub const BUFFER: usize = 256 * 1024;
/// Holes shorter than this are read as the zeros that they stand for.
const HOLE: u64 = 64 * 1024;
/// Longer than the clock of any file system takes for a tick, in nanoseconds (FAT: two seconds).
const TICK: i64 = 2_100_000_000;
/// How much is decompressed at once on the way to a position.
const SKIP: usize = 1 << 20;

/// Where the bytes come from.
pub enum Reader {
    /// The file.
    Plain(File),
    /// The decompressed file.
    Packed(Box<Unpacker>),
}

impl ReadAt for File {
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match FileExt::read_at(self, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(got) => filled += got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What was read counts; the error comes again if it stays.
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

impl Reader {
    /// What the open file is.
    pub fn stat(&self) -> io::Result<Stat> {
        let file = match self {
            Self::Plain(file) => file,
            Self::Packed(unpacker) => unpacker.file(),
        };
        Ok(Stat::from(&file.metadata()?))
    }
}

impl ReadAt for Reader {
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::Plain(file) => ReadAt::read_at(file, buffer, offset),
            Self::Packed(unpacker) => unpacker.read_at(buffer, offset),
        }
    }
}

/// Opens a regular file for reading, and nothing else: it never blocks on a pipe and never becomes our terminal.
pub fn open(path: &Path) -> io::Result<(File, Stat)> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
    let stat = Stat::from(&file.metadata()?);
    if stat.kind == Kind::Regular {
        Ok((file, stat))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, stat.kind.as_str()))
    }
}

/// Whether the file is still where it was matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is tailed at its path.
    Live,
    /// It was renamed, deleted or replaced at this moment, and is read to its end.
    Rotated {
        /// When that was noticed.
        since: Duration,
    },
}

/// One tailed file.
pub struct Source {
    /// Its name towards the consumer.
    pub key: SourceKey,
    /// Index of the input that it belongs to.
    pub input: usize,
    /// The path that matched.
    pub path: PathBuf,
    /// Where the file is, if elsewhere: its rotated name, or what a link points to.
    pub at: Option<PathBuf>,
    /// Who it is, and how far it was read.
    pub mark: Mark,
    /// Whether it is still where it was matched.
    pub state: State,
    /// The source that is to be read first, up to this size.
    pub after: Option<(SourceKey, u64)>,
    /// The open file, if it is open.
    pub reader: Option<Reader>,
    /// When it was last read: the one that rests longest is closed first.
    pub used: u64,
    /// When it was last read; what grows by little behind a long half line is not read again at once.
    pub read: Duration,
    /// When it was last seen to grow.
    pub grown: Duration,
    /// Whether it waits in the queue of those that have bytes to be read.
    pub queued: bool,
    /// The time of the last write does not tell whether the file was written to since: the clock of file systems
    /// ticks slowly, and the last look came right after a write (or in an earlier run).
    pub doubtful: bool,
    /// It was restored, and not compared with what is there since.
    pub restored: bool,
    /// The bytes that follow come after a hole: zeros at their beginning belong to it.
    pub after_hole: bool,
    /// What fails, if something does; said once.
    pub trouble: Option<&'static str>,
}

/// How a step of reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// All that is there was shown.
    CaughtUp,
    /// There is more.
    More,
    /// The file does not go on from what was read: it was truncated, and perhaps written anew.
    Broken,
}

/// What a step of reading did.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// How it ended.
    pub step: Step,
    /// Bytes that were read.
    pub bytes: u64,
    /// Bytes that were skipped because they stand in a hole.
    pub hole: u64,
    /// Bytes that were dropped because the consumer would not take them.
    pub refused: u64,
}

impl Source {
    /// Whether it was renamed, deleted or replaced.
    pub fn is_rotated(&self) -> bool {
        matches!(self.state, State::Rotated { .. })
    }

    /// Whether the file is a compressed one.
    pub fn is_packed(&self) -> bool {
        self.is_rotated() && rotation::packing(self.place().as_os_str().as_bytes()).1.is_some()
    }

    /// Where the file is to be found.
    pub fn place(&self) -> &Path {
        self.at.as_deref().filter(|_| self.is_rotated()).unwrap_or(&self.path)
    }

    /// Whether the file is where it was last found.
    pub fn is_at_its_place(&self) -> bool {
        std::fs::metadata(self.place()).is_ok_and(|meta| {
            let stat = Stat::from(&meta);
            stat.id == self.mark.id && !self.mark.reborn(&stat)
        })
    }

    /// Whether the file, or the one at this path if none is open, still holds what was read.
    pub fn holds_what_was_read(&mut self, at: &Path) -> io::Result<bool> {
        match &mut self.reader {
            Some(reader) => self.mark.is_in(reader),
            None => self.mark.is_in(&mut open(at)?.0),
        }
    }

    /// Whether the open file still begins as it did. The bytes before the position are compared with each piece; they
    /// may well be the same in a file that was written anew.
    pub fn begins_as_it_did(&mut self) -> io::Result<bool> {
        let mut bytes = [0; HEAD];
        let Some(Reader::Plain(file)) = &mut self.reader else { return Ok(true) };
        let head = &mut bytes[..self.mark.head.len()];
        Ok(ReadAt::read_at(file, head, 0)? == head.len() && self.mark.head.begins(head))
    }

    /// Shows the next piece to the consumer. `ending` says that the file will not grow any more.
    pub fn show(
        &mut self,
        buffer: &mut Vec<u8>,
        line_bytes: usize,
        ending: bool,
        consumer: &mut impl Consumer,
    ) -> io::Result<Shown> {
        let mut shown = Shown { step: Step::CaughtUp, bytes: 0, hole: 0, refused: 0 };
        let from = self.begin();
        let Some(reader) = &mut self.reader else { return Err(io::Error::other("not open")) };
        let stat = reader.stat()?;
        let size = match reader {
            Reader::Plain(file) => {
                if stat.size < self.mark.seen {
                    return Ok(Shown { step: Step::Broken, ..shown });
                }
                self.mark.size = stat.size;
                if stat.sparse && stat.size > self.mark.seen {
                    shown.hole = skip_hole(file, &mut self.mark, stat.size)?;
                    self.after_hole |= shown.hole > 0;
                }
                stat.size
            }
            Reader::Packed(unpacker) => {
                if !unpacker.skip_to(from, SKIP)? {
                    return Ok(Shown { step: Step::More, bytes: SKIP as u64, ..shown });
                }
                let size = unpacker.end().unwrap_or(u64::MAX);
                if size < self.mark.seen {
                    return Ok(Shown { step: Step::Broken, ..shown });
                }
                size
            }
        };
        if size == self.mark.seen && !ending {
            return Ok(shown);
        }
        let limit = line_bytes + BUFFER;
        let from = self.begin();
        self.make_room(buffer, from, limit);
        let want = usize::try_from(size - from).unwrap_or(usize::MAX).min(buffer.len());
        let Some(reader) = &mut self.reader else { return Ok(shown) };
        let got = reader.read_at(&mut buffer[..want], from)?;
        let unpacked = match reader {
            Reader::Plain(_) => None,
            Reader::Packed(unpacker) => Some(unpacker.end()),
        };
        let end = from + got as u64;
        if end < self.mark.seen || !self.holds(&buffer[..got], from) {
            return Ok(Shown { step: Step::Broken, ..shown });
        }
        let more = match unpacked {
            None => end < size,
            Some(known_end) => {
                let more = known_end != Some(end);
                self.mark.size = if more { self.mark.size.max(end) } else { end };
                more
            }
        };
        self.mark.modified = stat.modified;
        self.doubtful = just_now(stat.modified);
        shown.bytes = end - self.mark.seen;
        if self.after_hole {
            shown.hole += self.skip_zeros(&buffer[..got], from);
        }
        let bytes = &buffer[offset(self.mark.position, from)..got];
        let behind = match (more, ending) {
            (true, _) => Behind::More,
            (false, true) => Behind::End,
            (false, false) => Behind::Nothing,
        };
        let mut taken = consumer.take(self.key, self.mark.position, bytes, behind).min(bytes.len());
        if behind == Behind::End {
            taken = bytes.len();
        } else if behind == Behind::More && taken == 0 && buffer.len() >= limit && got == buffer.len() {
            // The consumer breaks its word; one file must not stand still for that.
            taken = bytes.len();
            shown.refused = taken as u64;
        }
        let full = behind == Behind::More && taken == 0;
        self.mark.position += taken as u64;
        self.mark.seen = end;
        self.remember(&buffer[..got], from);
        if full && buffer.len() < limit {
            let larger = (buffer.len() * 2).min(limit);
            buffer.resize(larger, 0);
        }
        shown.step = if more { Step::More } else { Step::CaughtUp };
        Ok(shown)
    }

    /// Where the next piece is read from: a little before the position, so that what stands there can be compared.
    fn begin(&self) -> u64 {
        if self.mark.seen <= HEAD as u64 { 0 } else { self.mark.position.saturating_sub(EDGE as u64) }
    }

    /// Sees to it that what was shown and not taken fits into the buffer, and something behind it.
    fn make_room(&mut self, buffer: &mut Vec<u8>, from: u64, limit: usize) {
        let need = offset(self.mark.seen, from).saturating_add(BUFFER / 4);
        if need <= buffer.len() {
            return;
        }
        if need <= limit.max(BUFFER) + BUFFER {
            buffer.resize(need, 0);
        } else {
            // Only a record that is not ours could say so: the bytes are shown again from the position.
            self.mark.seen = self.mark.position;
            self.mark.before_seen = self.mark.before_position;
        }
    }

    /// Whether what was read from the file begins with what is known of it.
    fn holds(&self, bytes: &[u8], from: u64) -> bool {
        let upto = |end: u64| bytes.get(..offset(end, from)).unwrap_or(bytes);
        (from > 0 || self.mark.head.begins(bytes))
            && self.mark.before_position.ends(upto(self.mark.position))
            && self.mark.before_seen.ends(upto(self.mark.seen))
    }

    fn remember(&mut self, bytes: &[u8], from: u64) {
        if from == 0 && self.mark.head.len() < HEAD {
            self.mark.head = Print::of(bytes);
        }
        let edge = |end: u64| {
            let end = offset(end, from).min(bytes.len());
            Print::of(&bytes[end.saturating_sub(EDGE)..end])
        };
        self.mark.before_position = edge(self.mark.position);
        self.mark.before_seen = edge(self.mark.seen);
    }

    fn skip_zeros(&mut self, bytes: &[u8], from: u64) -> u64 {
        let rest = &bytes[offset(self.mark.position, from)..];
        let zeros = rest.iter().take_while(|&&byte| byte == 0).count();
        self.after_hole = zeros == rest.len();
        self.mark.position += zeros as u64;
        zeros as u64
    }
}

/// Whether a write was so short ago that another one may bear the same time, or lies in the future of our clock.
pub fn just_now(modified: i64) -> bool {
    let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return true };
    let age = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX).saturating_sub(modified);
    age < TICK
}

fn offset(at: u64, from: u64) -> usize {
    usize::try_from(at.saturating_sub(from)).unwrap_or(usize::MAX)
}

/// Moves the mark behind a hole that begins where it stands. A half line before it is dropped with it.
fn skip_hole(file: &File, mark: &mut Mark, size: u64) -> io::Result<u64> {
    let data = match rustix::fs::seek(file, SeekFrom::Data(mark.seen)) {
        Ok(data) => data.min(size),
        Err(rustix::io::Errno::NXIO) => size,
        // A file system that knows no holes.
        Err(_) => return Ok(0),
    };
    if data < mark.seen.saturating_add(HOLE) {
        return Ok(0);
    }
    let skipped = data - mark.position;
    (mark.position, mark.seen) = (data, data);
    (mark.before_position, mark.before_seen) = (Print::EMPTY, Print::EMPTY);
    Ok(skipped)
}
