//! The record on disk: one file, replaced as a whole, that is either the old one or the new one whatever happens.
//!
//! Does not know what the bytes mean. A header says which format they have and lets a single changed bit be noticed.

mod committer;

pub use committer::{Committer, Done};

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const MAGIC: &[u8; 8] = b"OBSERREX";
const HEADER: usize = 8 + 4 + 8 + 8; // magic, version, length, checksum
/// No record is larger; a file that claims to be is damaged.
const LARGEST: u64 = 256 << 20;

/// Why a state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The folder or a file in it.
    #[error("state folder {}: cannot {doing}: {reason}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        reason: io::Error,
    },
    /// Another daemon holds the folder.
    #[error("state folder {}: in use by another obs-error-exporter; give each its own --state.path", .0.display())]
    InUse(PathBuf),
}

/// What a state folder held.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing: the first start.
    Nothing,
    /// The record that was written last.
    Record(Vec<u8>),
    /// Something that is no record of this release; it lies at the path now.
    SetAside {
        /// Why it could not be read.
        reason: String,
        /// Where it is.
        path: PathBuf,
    },
}

/// A state folder that this process holds.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    version: u32,
    lock: File,
}

impl Store {
    /// Opens a state folder, which is made if it is not there, for records of a format version.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written, or another process holds it.
    pub fn open(folder: &Path, version: u32) -> Result<(Self, Found), StateError> {
        let failed = |doing, path: &Path| {
            let path = path.to_owned();
            move |reason| StateError::Io { path, doing, reason }
        };
        fs::create_dir_all(folder).map_err(failed("make the folder", folder))?;
        let path = folder.join("lock");
        let lock = open_lock(&path).map_err(failed("open its lock", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::InUse(folder.to_owned())),
            Err(TryLockError::Error(reason)) => return Err(failed("lock it", &path)(reason)),
        }
        let store = Self { folder: folder.to_owned(), version, lock };
        let found = match read(&store.path(), version) {
            Ok(None) => Found::Nothing,
            Ok(Some(record)) => Found::Record(record),
            Err(reason) => store.set_aside(reason).map_err(failed("set the damaged state aside", &store.path()))?,
        };
        Ok((store, found))
    }

    /// Sets aside a record whose bytes are as they were written but make no sense to the caller.
    ///
    /// # Errors
    /// When the file cannot be renamed.
    pub fn set_aside(&self, reason: String) -> io::Result<Found> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        // never over one that was set aside in the same second
        let names = (0..100).map(|more| match more {
            0 => format!("state.bad-{now}"),
            more => format!("state.bad-{now}-{more}"),
        });
        let free = names.map(|name| self.folder.join(name)).find(|path| fs::symlink_metadata(path).is_err());
        let path = free.ok_or(io::ErrorKind::AlreadyExists)?;
        fs::rename(self.path(), &path)?;
        Ok(Found::SetAside { reason, path })
    }

    /// Replaces the record: it is on disk when this returns.
    ///
    /// # Errors
    /// When it could not be written; the old record is still there then.
    pub fn write(&mut self, record: &[u8]) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(HEADER + record.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(&(record.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&checksum(self.version, record).to_le_bytes());
        bytes.extend_from_slice(record);
        self.hold()?;
        let new = self.folder.join("state.new");
        let mut file = File::create(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.path())?;
        File::open(&self.folder)?.sync_all()
    }

    /// Makes and locks the folder again if it, or the lock in it, was deleted while we run.
    fn hold(&mut self) -> io::Result<()> {
        let path = self.folder.join("lock");
        let ours = self.lock.metadata()?;
        if fs::symlink_metadata(&path).is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let lock = open_lock(&path)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other(StateError::InUse(self.folder.clone())),
            TryLockError::Error(error) => error,
        })?;
        self.lock = lock;
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.folder.join("state")
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

fn checksum(version: u32, record: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(record, u64::from(version) << 32 | (record.len() as u64 & 0xffff_ffff))
}

fn read(path: &Path, version: u32) -> Result<Option<Vec<u8>>, String> {
    let there = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be looked at: {error}")),
        Ok(there) => there,
    };
    if !there.is_file() {
        return Err("not a file".to_owned()); // opening a named pipe would wait for a writer
    }
    if there.len() > LARGEST {
        return Err("too large".to_owned());
    }
    let mut file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    let mut bytes = vec![0; HEADER.min(usize::try_from(there.len()).unwrap_or(HEADER))];
    file.read_exact(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.starts_with(MAGIC) {
        // else it need not be held in memory to be refused
        file.take(LARGEST).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    }
    parse(&bytes, version).map(|record| Some(record.to_vec())).map_err(str::to_owned)
}

fn parse(bytes: &[u8], version: u32) -> Result<&[u8], &'static str> {
    let (header, record) = bytes.split_at_checked(HEADER).ok_or("too short")?;
    let field = |at: usize, length: usize| {
        header[at..at + length].iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    if &header[..8] != MAGIC {
        return Err("not a state file");
    }
    if field(8, 4) != u64::from(version) {
        return Err("written by another release");
    }
    if field(12, 8) != record.len() as u64 {
        return Err("cut off");
    }
    if field(20, 8) != checksum(version, record) {
        return Err("damaged (the checksum differs)");
    }
    Ok(record)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn open(folder: &Path) -> (Store, Found) {
        Store::open(folder, 1).unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/state");
        {
            let (mut store, found) = open(&path);
            assert_eq!(found, Found::Nothing);
            store.write(b"one").unwrap();
            store.write(b"two").unwrap();
        }
        assert_eq!(open(&path).1, Found::Record(b"two".to_vec()));
        assert!(!path.join("state.new").exists());
    }

    #[test]
    fn a_second_daemon_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let _first = open(folder.path());
        let error = Store::open(folder.path(), 1).unwrap_err();
        assert!(matches!(error, StateError::InUse(_)), "{error}");
    }

    #[test]
    fn every_single_changed_bit_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = open(folder.path());
        store.write(b"positions and counters").unwrap();
        let good = fs::read(folder.path().join("state")).unwrap();
        assert!(parse(&good, 1).is_ok());
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&bad, 1).is_err(), "bit {bit}");
        }
        for length in 0..good.len() {
            assert!(parse(&good[..length], 1).is_err(), "length {length}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_set_aside() {
        type Spoil = fn(&Path);
        let spoils: [Spoil; 4] = [
            |path| fs::write(path, b"").unwrap(),
            |path| fs::write(path, [0; 4096]).unwrap(),
            |path| fs::write(path, b"OBSERREX\x02\0\0\0").unwrap(),
            |path| {
                fs::create_dir(path).unwrap();
                fs::write(path.join("x"), b"x").unwrap();
            },
        ];
        for spoil in spoils {
            let folder = tempfile::tempdir().unwrap();
            spoil(&folder.path().join("state"));
            let (mut store, found) = open(folder.path());
            let Found::SetAside { path, .. } = found else { panic!("{found:?}") };
            assert!(path.exists());
            store.write(b"fresh").unwrap();
            drop(store);
            assert_eq!(open(folder.path()).1, Found::Record(b"fresh".to_vec()));
        }
    }

    #[test]
    fn a_deleted_folder_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let (mut store, _) = open(&path);
        fs::remove_dir_all(&path).unwrap();
        store.write(b"again").unwrap();
        assert!(path.join("state").exists());
        let error = Store::open(&path, 1).unwrap_err();
        assert!(matches!(error, StateError::InUse(_)), "{error}");
    }

    #[test]
    fn a_folder_that_another_daemon_took_is_left_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let (mut first, _) = open(&path);
        fs::remove_dir_all(&path).unwrap();
        let (mut second, _) = open(&path);
        second.write(b"second").unwrap();
        assert!(first.write(b"first").unwrap_err().to_string().contains("in use by another"));
        drop(second);
        first.write(b"first").unwrap();
    }

    #[test]
    fn nothing_that_was_set_aside_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..5 {
            fs::write(folder.path().join("state"), [number]).unwrap();
            assert!(matches!(open(folder.path()).1, Found::SetAside { .. }));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5 + 1); // and the lock
    }

    #[test]
    fn a_record_that_cannot_be_written_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = open(folder.path());
        store.write(b"old").unwrap();
        fs::create_dir(folder.path().join("state.new")).unwrap(); // a folder where the new file has to go
        assert!(store.write(b"new").is_err());
        assert_eq!(read(&folder.path().join("state"), 1).unwrap().unwrap(), b"old");
        fs::remove_dir(folder.path().join("state.new")).unwrap();
        store.write(b"new").unwrap();
    }
}
