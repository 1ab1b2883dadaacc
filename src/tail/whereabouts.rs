//! Where the files of sources are: which file is tailed by which source, and where a file went that lost its place.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::discover::is_absent;
use super::family::{Listings, Opened, Sibling, bases_of, holds_packed};
use super::identity::{Mark, Stat};
use super::record::Owner;
use super::rotation::{self, Packing};
use super::source::{self, Reader, Source, State};
use super::tailer::Tailer;
use super::{Consumer, SourceKey, unpack};

/// What comes of the search for a file that lost its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// It is found.
    Found,
    /// It is not there.
    Nowhere,
    /// Files are renamed faster than they can be looked at: it may be there.
    Moving,
}

impl Tailer {
    /// Finds the file of a source among the siblings of its path: by inode, else by content, else compressed.
    pub(super) fn find(&mut self, key: SourceKey, family: &[Sibling], listings: &mut Listings) -> Search {
        let Some(source) = self.sources.get(&key) else { return Search::Nowhere };
        let (mark, path) = (source.mark, source.path.clone());
        let real = self.places.get(&path).and_then(|place| place.real.clone());
        let mut nowhere = Search::Nowhere;
        for path in source.at.clone().into_iter().chain(real.clone()) {
            if let Ok((file, stat)) = source::open(&path)
                && self.is_still(key, &mark, (path, file, stat))
            {
                return Search::Found;
            }
        }
        for path in [Some(path), real].into_iter().flatten() {
            match listings.open_inode(&path, mark.id) {
                Opened::Here(at, file, stat) => {
                    if self.is_still(key, &mark, (at, file, stat)) {
                        return Search::Found;
                    }
                }
                Opened::Nowhere => {}
                Opened::Moving => nowhere = Search::Moving,
            }
        }
        if !mark.proves() {
            return nowhere;
        }
        // Every log of a service may begin with the same lines: what was written before our last look is not ours.
        let (plain, packed): (Vec<_>, Vec<_>) = family
            .iter()
            .filter(|sibling| sibling.stat.modified >= mark.modified && !self.is_taken(&mark, sibling, key))
            .partition(|sibling| sibling.packed.is_none());
        for sibling in plain {
            match sibling.open() {
                Ok((mut file, stat)) if stat.id == sibling.stat.id => {
                    if stat.size >= mark.seen && mark.is_in(&mut file).unwrap_or(false) {
                        self.settle(key, &sibling.path, &stat, Some(Reader::Plain(file)));
                        return Search::Found;
                    }
                }
                Err(error) if !is_absent(&error) => {}
                _ => nowhere = Search::Moving,
            }
        }
        for sibling in packed {
            if sibling.packed == Some(Packing::Gzip) && holds_packed(sibling, &mark, false) {
                self.settle(key, &sibling.path, &sibling.stat, None);
                return Search::Found;
            }
        }
        nowhere
    }

    /// Goes on with a file if it is the one of the source and holds what was read of it.
    fn is_still(&mut self, key: SourceKey, mark: &Mark, (path, mut file, stat): (PathBuf, fs::File, Stat)) -> bool {
        if stat.id != mark.id || mark.reborn(&stat) && !mark.proves() {
            return false;
        }
        let packed = rotation::packing(path.as_os_str().as_bytes()).1;
        if packed.is_some() {
            let sibling = Sibling { path, stat, packed };
            let ours = packed == Some(Packing::Gzip) && !mark.reborn(&stat) && holds_packed(&sibling, mark, false);
            if ours {
                self.settle(key, &sibling.path, &stat, None);
            }
            return ours;
        }
        let ours = stat.size >= mark.seen && mark.is_in(&mut file).unwrap_or(false);
        if ours {
            self.settle(key, &path, &stat, Some(Reader::Plain(file)));
        }
        ours
    }

    /// Whether a sibling is another source, or one that was read to its end.
    fn is_taken(&self, mark: &Mark, sibling: &Sibling, key: SourceKey) -> bool {
        let id = sibling.stat.id;
        let other = self.tailed(&sibling.stat).is_some_and(|other| other != key);
        let path = self.sources.get(&key).map(|source| &source.path);
        let ended = path.and_then(|path| self.places.get(path)).is_some_and(|place| {
            let mut ours = place.history.iter().filter(|known| known.owner == Owner::Ours);
            ours.any(|known| known.mark.id == id && !known.mark.reborn(&sibling.stat))
        });
        other || ended || id == mark.id
    }

    /// Notes where the file of a source is. Compressed files are opened when their turn comes: unpacking takes memory.
    fn settle(&mut self, key: SourceKey, path: &Path, stat: &Stat, reader: Option<Reader>) {
        self.disturbed = true;
        if let Some(source) = self.sources.get_mut(&key) {
            if self.by_id.get(&source.mark.id) == Some(&key) {
                self.by_id.remove(&source.mark.id);
            }
            source.mark.id = stat.id;
            source.mark.created = stat.created;
            source.mark.size = size_of(path, stat).max(source.mark.seen);
            source.at = Some(path.to_owned());
            source.grown = self.now;
            self.by_id.insert(stat.id, key);
        }
        match reader {
            Some(reader) => self.hold(key, reader),
            None => self.let_go(key),
        }
    }

    /// Rotated sources whose file is neither open nor where it was: it was renamed once more, compressed or deleted.
    pub(super) fn recover_rotated(&mut self, listings: &mut Listings, consumer: &mut impl Consumer) {
        let keys: Vec<SourceKey> = self.rotated.iter().copied().collect();
        for key in keys {
            let lost = |source: &&Source| source.reader.is_none() && !source.is_at_its_place();
            let Some(source) = self.sources.get(&key).filter(lost) else { continue };
            let real = self.places.get(&source.path).and_then(|place| place.real.clone());
            let family = listings.family(&source.path.clone(), real.as_deref());
            match self.find(key, &family, listings) {
                Search::Found => self.enqueue(key),
                Search::Nowhere if family.settled => self.give_up(key, "rotated", consumer),
                Search::Nowhere | Search::Moving => self.discover_soon = true,
            }
        }
    }

    /// Begins to tail a file that has lost its place already.
    #[allow(clippy::too_many_arguments)] // they are what a source consists of
    pub(super) fn open_rotated(
        &mut self,
        path: &Path,
        input: usize,
        sibling: &Sibling,
        mark: Mark,
        file: fs::File,
        follows: Option<SourceKey>,
        consumer: &mut impl Consumer,
    ) -> SourceKey {
        let key = SourceKey(self.next_key);
        self.next_key += 1;
        let Stat { id, created, .. } = sibling.stat;
        let size = size_of(&sibling.path, &sibling.stat).max(mark.seen);
        let mut source = self.make(key, input, path, Mark { id, created, size, ..mark });
        source.at = Some(sibling.path.clone());
        self.disturbed = true;
        self.by_id.insert(id, key);
        self.sources.insert(key, source);
        self.set_rotated(key);
        consumer.opened(key, input, path, follows);
        if sibling.packed.is_none() {
            self.hold(key, Reader::Plain(file));
        }
        self.enqueue(key);
        key
    }

    /// Notes that the file of a source has lost its place.
    pub(super) fn set_rotated(&mut self, key: SourceKey) {
        if let Some(source) = self.sources.get_mut(&key) {
            source.state = State::Rotated { since: self.now };
            source.grown = self.now;
            self.rotated.insert(key);
            self.former.entry(source.path.clone()).or_default().push(key);
        }
    }

    /// Notes that a source is no longer one of those whose file lost its place.
    pub(super) fn unlist_rotated(&mut self, key: SourceKey, path: &Path) {
        if self.rotated.remove(&key)
            && let Some(former) = self.former.get_mut(path)
        {
            former.retain(|&other| other != key);
            if former.is_empty() {
                self.former.remove(path);
            }
        }
    }

    /// The source of a file, if it is tailed.
    pub(super) fn tailed(&self, stat: &Stat) -> Option<SourceKey> {
        let key = *self.by_id.get(&stat.id)?;
        self.sources.get(&key).filter(|source| !source.mark.reborn(stat)).map(|source| source.key)
    }

    /// The sources of the files that are or were at a path.
    pub(super) fn sources_of<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = &'a Source> {
        let current = self.places.get(path).and_then(|place| place.current);
        let former = self.former.get(path).into_iter().flatten().copied();
        current.into_iter().chain(former).filter_map(|key| self.sources.get(&key))
    }

    /// The log that a path belongs to: the one that its name says it was rotated from if that is tailed, else itself.
    pub(super) fn home(&self, path: &Path) -> PathBuf {
        bases_of(path).into_iter().find(|base| self.places.contains(base)).unwrap_or_else(|| path.to_owned())
    }

    /// Whether the name says that it may be a rotated file of a log that is tailed.
    pub(super) fn is_rotated_name(&self, path: &Path) -> bool {
        bases_of(path).iter().any(|base| self.places.contains(base))
    }
}

/// How much a file holds, decompressed: as far as that can be said at all before its end is reached.
fn size_of(path: &Path, stat: &Stat) -> u64 {
    match rotation::packing(path.as_os_str().as_bytes()).1 {
        None => stat.size,
        Some(_) => source::open(path).and_then(|(file, stat)| unpack::said_size(&file, stat.size)).map_or(0, u64::from),
    }
}
