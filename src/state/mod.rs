//! The record on disk: one file, replaced as a whole, that is either the old one or the new one whatever happens.
//!
//! Does not know what the bytes mean. A header says which format they have and lets a single changed bit be noticed.

mod committer;

pub use committer::{Committer, Done};

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
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
    #[error("state folder {}: cannot {doing}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: io::Error,
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
    _lock: File,
}

impl Store {
    /// Opens a state folder, which is made if it is not there, for records of a format version.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written, or another process holds it.
    pub fn open(folder: &Path, version: u32) -> Result<(Self, Found), StateError> {
        let failed = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| StateError::Io { path, doing, source }
        };
        fs::create_dir_all(folder).map_err(failed("make the folder", folder))?;
        let path = folder.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed("open its lock", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed("lock it", &path)(source)),
        }
        let store = Self { folder: folder.to_owned(), version, _lock: lock };
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
        let path = self.folder.join(format!("state.bad-{now}"));
        fs::rename(self.path(), &path)?;
        Ok(Found::SetAside { reason, path })
    }

    /// Replaces the record: it is on disk when this returns.
    ///
    /// # Errors
    /// When it could not be written; the old record is still there then.
    pub fn write(&self, record: &[u8]) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(HEADER + record.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(&(record.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&checksum(self.version, record).to_le_bytes());
        bytes.extend_from_slice(record);
        // the folder may have been deleted while we run
        fs::create_dir_all(&self.folder)?;
        let new = self.folder.join("state.new");
        let mut file = File::create(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.path())?;
        File::open(&self.folder)?.sync_all()
    }

    fn path(&self) -> PathBuf {
        self.folder.join("state")
    }
}

fn checksum(version: u32, record: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(record, u64::from(version) << 32 | (record.len() as u64 & 0xffff_ffff))
}

fn read(path: &Path, version: u32) -> Result<Option<Vec<u8>>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be opened: {error}")),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
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
            let (store, found) = open(&path);
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
        let (store, _) = open(folder.path());
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
            let (store, found) = open(folder.path());
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
        let (store, _) = open(&path);
        fs::remove_dir_all(&path).unwrap();
        store.write(b"again").unwrap();
        assert!(path.join("state").exists());
    }

    #[test]
    fn a_record_that_cannot_be_written_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        store.write(b"old").unwrap();
        fs::create_dir(folder.path().join("state.new")).unwrap(); // a folder where the new file has to go
        assert!(store.write(b"new").is_err());
        assert_eq!(read(&folder.path().join("state"), 1).unwrap().unwrap(), b"old");
        fs::remove_dir(folder.path().join("state.new")).unwrap();
        store.write(b"new").unwrap();
    }
}
