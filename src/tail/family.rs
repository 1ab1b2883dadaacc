//! The rotated siblings of a path: nominated by name, known or unknown by content.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::ops::Deref;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirEntryExt, FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use foldhash::HashMap;

use super::identity::{EDGE, FileId, HEAD, Kind, Mark, ReadAt, Stat};
use super::paths::PathMap;
use super::record::{Known, Owner};
use super::rotation::{self, Packing};
use super::{source, unpack};

/// Siblings of one path that are remembered when they are found, and when they are gone: those written last.
pub const HISTORY: usize = 16;

/// A file whose name nominates it as a rotated file of a path.
#[derive(Debug, Clone)]
pub struct Sibling {
    /// Where it is.
    pub path: PathBuf,
    /// What is there.
    pub stat: Stat,
    /// Whether it is compressed.
    pub packed: Option<Packing>,
}

/// A folder whose files are being renamed is listed again so many times, until it has stood still for a look.
const TRIES: usize = 20;
/// A folder that was written to so long ago shows it in its time stamp when it is written to again.
const RESTING: Duration = Duration::from_secs(2);

impl Sibling {
    /// Opens it, also when it has been renamed since it was found.
    ///
    /// # Errors
    /// When it is no longer in its folder, or cannot be opened.
    pub fn open(&self) -> io::Result<(File, Stat)> {
        let mut at = Some(self.path.clone());
        let folder = self.path.parent().unwrap_or(Path::new(""));
        for _ in 0..TRIES {
            if let Some(path) = &at
                && let Ok((file, stat)) = source::open(path)
                && stat.id == self.stat.id
            {
                return Ok((file, stat));
            }
            at = list(folder).by_inode.get(&self.stat.id.ino).map(|name| folder.join(name));
        }
        source::open(&self.path) // what stands there now is compared by the caller
    }
}

/// The siblings of a path, oldest first.
#[derive(Debug)]
pub struct Family {
    siblings: Vec<Sibling>,
    /// Whether these are all: the folder stood still while it was listed. While files are renamed, one may be missed.
    pub settled: bool,
}

impl Deref for Family {
    type Target = [Sibling];

    fn deref(&self) -> &[Sibling] {
        &self.siblings
    }
}

/// What comes of opening a file by its inode.
#[derive(Debug)]
pub enum Opened {
    /// It is there.
    Here(PathBuf, File, Stat),
    /// There is none, or it cannot be opened.
    Nowhere,
    /// It is renamed faster than it can be looked for.
    Moving,
}

/// The names in a folder.
#[derive(Debug, Default)]
struct Listing {
    /// By the names of the logs that they could be rotated files of.
    by_base: HashMap<OsString, Vec<OsString>>,
    /// By inode.
    by_inode: HashMap<u64, OsString>,
    /// The inodes of those names.
    inodes: HashMap<OsString, u64>,
    /// Whether none of them changed while the folder was read.
    settled: bool,
    /// What the folder was like (`None` inside: it was not there) if it had rested for long enough that every later
    /// change of its names shows.
    rested: Option<Option<Rest>>,
    /// Some that may be rotated files are links: what they lead to may change while the folder rests.
    links: bool,
}

/// A folder as it was while it rested: equal only as long as no name in it has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    id: FileId,
    modified: i64,
    changed: i64,
}

/// Listings of folders, each read once. Lives as long as one pass, so that ten thousand rotations in one folder do not
/// read it ten thousand times.
#[derive(Debug, Default)]
pub struct Listings {
    folders: PathMap<Listing>,
}

impl Listings {
    /// The siblings of a path, and of the file that it points to.
    pub fn family(&mut self, path: &Path, real: Option<&Path>) -> Family {
        let mut siblings: Vec<Sibling> = Vec::new();
        let mut settled = true;
        for path in [Some(path), real].into_iter().flatten() {
            let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { continue };
            let mut found = None;
            for _ in 0..TRIES {
                found = self.listing(folder).look(folder, name);
                if found.is_some() {
                    break;
                }
                self.folders.remove(folder); // it has changed since it was listed
            }
            let found = found.unwrap_or_else(|| self.listing(folder).look_once(folder, name).0);
            settled &= self.listing(folder).settled;
            for sibling in found {
                if !siblings.iter().any(|other| other.stat.id == sibling.stat.id) {
                    siblings.push(sibling);
                }
            }
        }
        siblings.sort_by(|a, b| a.stat.modified.cmp(&b.stat.modified).then_with(|| b.path.cmp(&a.path)));
        Family { siblings, settled }
    }

    /// Where in the folder of `path` there is a file with this inode, whatever its name.
    pub fn by_inode(&mut self, path: &Path, inode: u64) -> Option<PathBuf> {
        let folder = path.parent()?;
        self.listing(folder).by_inode.get(&inode).map(|name| folder.join(name))
    }

    /// Opens the file with this inode in the folder of `path`, whatever its name, also when it has been renamed since it
    /// was listed.
    pub fn open_inode(&mut self, path: &Path, id: FileId) -> Opened {
        let Some(folder) = path.parent() else { return Opened::Nowhere };
        let mut before = None;
        for _ in 0..TRIES {
            let at = self.by_inode(path, id.ino);
            let Some(at) = at.filter(|at| before.as_ref() != Some(at)) else {
                // the same name for another file as before: numbers in listings mean nothing in this file system
                return Opened::Nowhere;
            };
            match source::open(&at) {
                Ok((file, stat)) if stat.id == id => return Opened::Here(at, file, stat),
                _ => _ = self.folders.remove(folder),
            }
            before = Some(at);
        }
        Opened::Moving
    }

    /// All folders that were listed, if they rested then: what is beside the logs in them stays the same for as long as
    /// each [`Rest::of`] does.
    pub fn rested(&self) -> Option<Vec<(PathBuf, Option<Rest>)>> {
        let resting = self.folders.iter();
        resting.map(|(folder, listing)| Some((folder.to_owned(), listing.rested.filter(|_| !listing.links)?))).collect()
    }

    fn listing(&mut self, folder: &Path) -> &Listing {
        if !self.folders.contains(folder) {
            self.folders.insert(folder.to_owned(), list_settled(folder));
        }
        self.folders.entry(folder)
    }
}

impl Listing {
    /// The siblings of a name, if each name still stands for the file that it stood for when the folder was listed: while
    /// files are renamed, one may be missed and another be seen twice.
    fn look(&self, folder: &Path, name: &OsStr) -> Option<Vec<Sibling>> {
        let (siblings, still) = self.look_once(folder, name);
        still.then_some(siblings)
    }

    fn look_once(&self, folder: &Path, name: &OsStr) -> (Vec<Sibling>, bool) {
        let mut still = true;
        let mut siblings = Vec::new();
        for name in self.by_base.get(name).into_iter().flatten() {
            let path = folder.join(name);
            let listed = self.inodes.get(name).copied();
            let link = fs::symlink_metadata(&path).map(|meta| meta.ino()).ok();
            still &= link == listed;
            let Ok(meta) = fs::metadata(&path) else { continue };
            let stat = Stat::from(&meta);
            if stat.kind == Kind::Regular {
                let packed = rotation::packing(name.as_bytes()).1;
                siblings.push(Sibling { path, stat, packed });
            }
        }
        (siblings, still)
    }
}

/// Lists a folder again if it may have changed meanwhile, until it has stood still: a file that is renamed behind the
/// place where the kernel is reading is in no listing at all.
fn list_settled(folder: &Path) -> Listing {
    let before = Rest::of(folder);
    let mut listing = list(folder);
    listing.rested = Some(before).filter(|_| before.is_none_or(Rest::is_long) && Rest::of(folder) == before);
    listing.settled = listing.rested.is_some();
    for _ in 0..TRIES {
        if listing.settled {
            break;
        }
        let again = list(folder);
        let settled = again.inodes == listing.inodes;
        listing = Listing { settled, ..again };
    }
    listing
}

impl Rest {
    /// What a folder is like now.
    pub fn of(folder: &Path) -> Option<Self> {
        let stat = Stat::from(&fs::metadata(folder).ok()?);
        Some(Self { id: stat.id, modified: stat.modified, changed: stat.changed })
    }

    /// Whether a name has last changed long enough ago for the next change to bear another time.
    fn is_long(self) -> bool {
        let at = UNIX_EPOCH + Duration::from_nanos(u64::try_from(self.modified).unwrap_or(0));
        SystemTime::now().duration_since(at).is_ok_and(|rest| rest >= RESTING)
    }
}

fn list(folder: &Path) -> Listing {
    let mut listing = Listing::default();
    // A folder that cannot be read has no siblings to offer; that it cannot be read is said where it is walked.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        for base in rotation::bases(name.as_bytes()) {
            listing.by_base.entry(OsString::from_vec(base)).or_default().push(name.clone());
            listing.inodes.insert(name.clone(), entry.ino());
            listing.links |= !entry.file_type().is_ok_and(|kind| !kind.is_symlink());
        }
        listing.by_inode.insert(entry.ino(), name);
    }
    listing
}

/// The paths that the name of `path` nominates it as a rotated file of.
pub fn bases_of(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or(OsStr::new(""));
    rotation::bases(name.as_bytes()).into_iter().map(|base| path.with_file_name(OsString::from_vec(base))).collect()
}

impl Known {
    /// Whether a sibling is this one: by inode while it is unchanged, else by content.
    pub fn is(&self, sibling: &Sibling) -> bool {
        let mark = &self.mark;
        let same_inode = mark.id == sibling.stat.id && !mark.reborn(&sibling.stat);
        if same_inode && mark.modified == sibling.stat.modified && mark.size == sibling.stat.size {
            return true;
        }
        match sibling.packed {
            None if same_inode || mark.proves() => {
                sibling.stat.size >= mark.seen
                    && sibling.open().is_ok_and(|(mut file, _)| mark.is_in(&mut file).unwrap_or(false))
            }
            Some(Packing::Gzip) if mark.proves() => holds_packed(sibling, mark, true),
            _ => same_inode,
        }
    }

    /// Remembers a sibling that lies there and is not ours.
    pub fn others(sibling: &Sibling) -> Option<Self> {
        let mark = match sibling.packed {
            Some(_) => Mark::unread(&sibling.stat),
            None => {
                let (mut file, stat) = sibling.open().ok()?;
                Mark::read_up_to(&stat, stat.size, &mut file).ok()?
            }
        };
        Some(Self { mark, owner: Owner::Others })
    }
}

/// Whether a `.gz` begins, decompressed, as the marked file did, and is long enough (or, if `exact`, just as long).
pub fn holds_packed(sibling: &Sibling, mark: &Mark, exact: bool) -> bool {
    let Ok((file, stat)) = sibling.open() else { return false };
    let Ok(said) = unpack::said_size(&file, stat.size) else { return false };
    let long_enough = if exact {
        u64::from(said) == mark.seen & 0xffff_ffff
    } else {
        u64::from(said) >= mark.seen || mark.seen > u64::from(u32::MAX) || stat.size > 4 << 20
    };
    let mut head = [0; HEAD];
    long_enough && unpack::head(&file, &mut head).is_ok_and(|got| mark.head.begins(&head[..got]))
}

/// Whether a `.gz` is the marked file, which was written to before it was compressed.
pub fn grown_and_packed(sibling: &Sibling, mark: &Mark) -> bool {
    sibling.packed == Some(Packing::Gzip)
        && mark.proves()
        && !holds_packed(sibling, mark, true)
        && holds_packed(sibling, mark, false)
}

/// Whether a `.gz` is the open file, compressed: as far as size and beginning say so.
pub fn is_packed_of(sibling: &Sibling, file: &File) -> bool {
    let (Ok((packed, stat)), Ok(meta)) = (sibling.open(), file.metadata()) else { return false };
    let (mut here, mut there) = ([0; HEAD], [0; HEAD]);
    let Ok(got) = FileExt::read_at(file, &mut there, 0) else { return false };
    unpack::said_size(&packed, stat.size).is_ok_and(|said| u64::from(said) == meta.len() & 0xffff_ffff)
        && unpack::head(&packed, &mut here[..got]).is_ok_and(|unpacked| here[..unpacked] == there[..got])
}

/// Whether all of `sibling` stands at the beginning of the file at `path`: a copy, or one that is being made. A copy is
/// never older than the original, so that two files that begin with the same lines are no copies of each other.
pub fn is_copy_of_beginning(sibling: &Sibling, path: &Path) -> bool {
    let (Ok((mut copy, copied)), Ok((mut original, stat))) = (sibling.open(), source::open(path)) else {
        return false;
    };
    let older = matches!((copied.created, stat.created), (Some(copy), Some(original)) if copy < original);
    if older || copied.size > stat.size || copied.size == 0 {
        return false;
    }
    let (mut here, mut there) = ([0; HEAD], [0; HEAD]);
    let same = |copy: &mut File, original: &mut File, here: &mut [u8], there: &mut [u8], at| {
        let (Ok(got), Ok(also)) = (copy.read_at(here, at), original.read_at(there, at)) else { return false };
        got <= also && here[..got] == there[..got]
    };
    let end = copied.size.saturating_sub(EDGE as u64);
    same(&mut copy, &mut original, &mut here, &mut there, 0)
        && same(&mut copy, &mut original, &mut here[..EDGE], &mut there[..EDGE], end)
}
