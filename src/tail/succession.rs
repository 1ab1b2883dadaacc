//! What becomes of a file that lost its place, and of those that came and went between two looks.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::discover::Found;
use super::family::{Listings, Sibling, bases_of, grown_and_packed, holds_packed, is_copy_of_beginning, is_packed_of};
use super::identity::{FileId, Mark, Stat};
use super::record::{Known, Owner};
use super::rotation::{self, Packing};
use super::source::{self, Reader, Source, State};
use super::stats::Event;
use super::tailer::{Place, Tailer};
use super::unpack::{self, Unpacker};
use super::{Consumer, SourceKey};

/// How the files of a path are rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rotation {
    /// To another name; another file has the place.
    Renamed,
    /// To another file; the old one is empty now.
    Copied,
    /// Copied first, renamed then.
    Both,
}

impl Tailer {
    /// The path has another file than it had (`found`), or none: reads the old one to its end, then those that had the
    /// place in between, then the one that is there.
    pub(super) fn succeed(
        &mut self,
        path: &Path,
        found: Option<Stat>,
        ids: &HashMap<FileId, &Path>,
        listings: &mut Listings,
        consumer: &mut impl Consumer,
    ) {
        let Some(place) = self.places.get(path) else { return };
        let (input, mut floor, mut previous) = (place.input, place.floor, place.last);
        let family = listings.family(path, place.real.as_deref());
        let mut how = Rotation::Renamed;
        if let Some(key) = place.current {
            if let Some(stat) = found
                && self.goes_on(key, path, &stat, &family)
            {
                return self.adopt(key, &stat);
            }
            floor = self.sources.get(&key).map_or(floor, |source| source.mark.modified);
            if self.move_house(key, path, ids) {
                previous = None;
            } else {
                how = self.retire(key, found.is_some(), &family, listings, consumer);
            }
        }
        let previous = self.between(path, input, (how, floor), &family, previous, consumer);
        let Some(stat) = found else {
            if let Some(place) = self.places.get_mut(path) {
                (place.current, place.floor) = (None, floor);
                place.gone.get_or_insert(self.now);
                place.last = previous.or(place.last);
            }
            return;
        };
        let found = Found { path: path.to_owned(), input, stat };
        if self.tailed(&stat).is_some() || self.is_ours(path, &stat) || self.was_read(&found) {
            return;
        }
        if let Some(new) = self.open_new(path, input, stat, false, previous, consumer) {
            self.wait(new, previous);
        }
    }

    /// Has a source wait until another one is read up to where it is now.
    fn wait(&mut self, key: SourceKey, first: Option<SourceKey>) {
        let Some(first) = first.and_then(|first| self.sources.get_mut(&first)) else { return };
        let size = match &first.reader {
            // How much compressed data holds is known at its end only.
            Some(Reader::Packed(_)) => u64::MAX,
            Some(reader) => reader.stat().map_or(first.mark.size, |stat| stat.size),
            None => first.mark.size,
        };
        let first = first.key;
        if let Some(source) = self.sources.get_mut(&key) {
            source.after = Some((first, size));
            self.waiters.insert(first, key);
            self.enqueue(key);
        }
    }

    /// Whether what is at the path now is a file that was read to its end.
    fn is_ours(&self, path: &Path, stat: &Stat) -> bool {
        let sibling = Sibling { path: path.to_owned(), stat: *stat, packed: None };
        let known = |place: &Place| {
            let mut ours = place.history.iter().filter(|known| known.owner == Owner::Ours);
            ours.any(|known| known.mark.id == stat.id && known.is(&sibling))
        };
        self.places.get(path).is_some_and(known)
            || self.ended.iter().any(|ended| {
                let mark = ended.mark;
                mark.id == stat.id && Known { mark, owner: Owner::Ours }.is(&sibling)
            })
    }

    /// Whether the file at the path is another inode with the content of the source: it was restored, or replaced by a
    /// copy that goes on. Not so if the source itself still exists elsewhere, or if the new file was surely made after
    /// the old one was deleted.
    fn goes_on(&self, key: SourceKey, path: &Path, stat: &Stat, family: &[Sibling]) -> bool {
        let Some(source) = self.sources.get(&key) else { return false };
        if !source.mark.proves() || stat.size < source.mark.seen || self.tailed(stat).is_some() {
            return false;
        }
        match source.reader.as_ref().map(Reader::stat) {
            Some(Ok(held))
                if (held.links > 0
                    || stat.created.is_some_and(|made| i64::try_from(made).unwrap_or(0) > held.changed)) =>
            {
                return false;
            }
            _ if family.iter().any(|sibling| sibling.stat.id == source.mark.id) => return false,
            _ => {}
        }
        source::open(path)
            .is_ok_and(|(mut file, opened)| opened.id == stat.id && source.mark.is_in(&mut file).unwrap_or(false))
    }

    /// Gives a source another inode.
    fn adopt(&mut self, key: SourceKey, stat: &Stat) {
        self.let_go(key);
        if let Some(source) = self.sources.get_mut(&key) {
            if self.by_id.get(&source.mark.id) == Some(&key) {
                self.by_id.remove(&source.mark.id);
            }
            source.mark.id = stat.id;
            source.mark.created = stat.created;
            source.mark.size = stat.size;
            self.by_id.insert(stat.id, key);
            self.enqueue(key);
        }
    }

    /// A file that was renamed to a name that matches too, and is no rotated name, is tailed there.
    fn move_house(&mut self, key: SourceKey, path: &Path, ids: &HashMap<FileId, &Path>) -> bool {
        let Some(source) = self.sources.get_mut(&key) else { return false };
        let Some(&other) = ids.get(&source.mark.id) else { return false };
        if other == path
            || bases_of(other).iter().any(|base| base == path)
            || self.places.get(other).is_some_and(|at| at.current.is_some())
        {
            return false;
        }
        source.path = other.to_owned();
        let floor = source.mark.modified;
        if let Some(place) = self.places.get_mut(path) {
            (place.current, place.last) = (None, None);
            place.floor = floor;
        }
        let input = source.input;
        let place = self.places.entry(other.to_owned()).or_default();
        (place.input, place.current, place.last, place.floor) = (input, Some(key), Some(key), floor);
        self.enqueue(key);
        true
    }

    /// A source lost its place: finds where its file is now, to read it to its end.
    fn retire(
        &mut self,
        key: SourceKey,
        replaced: bool,
        family: &[Sibling],
        listings: &mut Listings,
        consumer: &mut impl Consumer,
    ) -> Rotation {
        let Some(source) = self.sources.get_mut(&key) else { return Rotation::Renamed };
        source.state = State::Rotated { since: self.now };
        source.grown = self.now;
        let (path, mark) = (source.path.clone(), source.mark);
        self.rotated.insert(key);
        if let Some(place) = self.places.get_mut(&path) {
            (place.current, place.last, place.floor) = (None, Some(key), mark.modified);
        }
        let held = self.sources.get(&key).and_then(|source| source.reader.as_ref()?.stat().ok());
        let how = match held {
            Some(held) if self.was_cut(key, &held) => {
                // Truncated before it was renamed: what was read may go on in a copy.
                let reader = self.sources.get_mut(&key).and_then(|source| source.reader.take());
                if self.find(key, family, listings) {
                    self.ledger.truncations += 1;
                } else {
                    if let Some(source) = self.sources.get_mut(&key) {
                        source.reader = reader;
                    }
                    self.begin_anew(key, held.modified, consumer);
                }
                Rotation::Both
            }
            _ => Rotation::Renamed,
        };
        let found = held.is_some() || self.find(key, family, listings);
        let linked = held.map_or(found, |held| held.links > 0);
        if replaced || linked {
            self.ledger.rotations += 1;
            self.ledger.tell(Event::Rotated { path });
        } else {
            self.ledger.tell(Event::Gone { path });
        }
        if let Some(held) = held
            && let Some(source) = self.sources.get_mut(&key).filter(|source| source.mark.id == held.id)
        {
            source.mark.size = held.size;
            source.at = family.iter().find(|sibling| sibling.stat.id == held.id).map(|sibling| sibling.path.clone());
        }
        if found {
            self.enqueue(key);
        } else {
            self.give_up(key, "rotated", consumer);
        }
        let moved = self.sources.get(&key).is_some_and(|source| source.mark.id != mark.id);
        if moved { Rotation::Both } else { how }
    }

    /// Whether an open file holds no longer what was read of it.
    fn was_cut(&mut self, key: SourceKey, held: &Stat) -> bool {
        let Some(source) = self.sources.get_mut(&key) else { return false };
        let Some(reader @ Reader::Plain(_)) = &mut source.reader else { return false };
        held.size < source.mark.seen || source.mark.is_in(reader).is_ok_and(|content| !content)
    }

    /// Finds the file of a source among the siblings of its path: by inode, else by content, else compressed.
    fn find(&mut self, key: SourceKey, family: &[Sibling], listings: &mut Listings) -> bool {
        let Some(source) = self.sources.get(&key) else { return false };
        let (mark, path) = (source.mark, source.path.clone());
        let real = self.places.get(&path).and_then(|place| place.real.clone());
        let here = source.at.clone().into_iter().chain(real.clone());
        let elsewhere =
            [Some(path), real].into_iter().flatten().filter_map(|path| listings.by_inode(&path, mark.id.ino));
        let by_inode: Vec<PathBuf> = here.chain(elsewhere).collect();
        for path in by_inode {
            let Ok((mut file, stat)) = source::open(&path) else { continue };
            if stat.id != mark.id || mark.reborn(&stat) && !mark.proves() {
                continue;
            }
            let packed = rotation::packing(path.as_os_str().as_bytes()).1;
            if packed.is_some() {
                let sibling = Sibling { path, stat, packed };
                if packed == Some(Packing::Gzip) && !mark.reborn(&stat) && holds_packed(&sibling, &mark, false) {
                    self.settle(key, &sibling.path, &stat, Reader::Packed(Box::new(Unpacker::new(file))));
                    return true;
                }
                continue;
            }
            if stat.size >= mark.seen && mark.is_in(&mut file).unwrap_or(false) {
                self.settle(key, &path, &stat, Reader::Plain(file));
                return true;
            }
        }
        if !mark.proves() {
            return false;
        }
        // Every log of a service may begin with the same lines: what was written before our last look is not ours.
        let (plain, packed): (Vec<_>, Vec<_>) = family
            .iter()
            .filter(|sibling| sibling.stat.modified >= mark.modified && !self.is_taken(&mark, sibling, key))
            .partition(|sibling| sibling.packed.is_none());
        for sibling in plain {
            if let Ok((mut file, stat)) = source::open(&sibling.path)
                && stat.size >= mark.seen
                && mark.is_in(&mut file).unwrap_or(false)
            {
                self.settle(key, &sibling.path, &stat, Reader::Plain(file));
                return true;
            }
        }
        for sibling in packed {
            if sibling.packed == Some(Packing::Gzip)
                && holds_packed(sibling, &mark, false)
                && let Ok((file, stat)) = source::open(&sibling.path)
            {
                self.settle(key, &sibling.path, &stat, Reader::Packed(Box::new(Unpacker::new(file))));
                return true;
            }
        }
        false
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

    fn settle(&mut self, key: SourceKey, path: &Path, stat: &Stat, reader: Reader) {
        if let Some(source) = self.sources.get_mut(&key) {
            if self.by_id.get(&source.mark.id) == Some(&key) {
                self.by_id.remove(&source.mark.id);
            }
            source.mark.id = stat.id;
            source.mark.created = stat.created;
            source.mark.size = match &reader {
                Reader::Plain(_) => stat.size,
                Reader::Packed(_) => size_of(&reader, stat).max(source.mark.seen),
            };
            source.at = Some(path.to_owned());
            source.grown = self.now;
            self.by_id.insert(stat.id, key);
        }
        self.hold(key, reader);
    }

    /// Rotated sources whose file is not open: those of an earlier run, and those that had to be closed.
    pub(super) fn recover_rotated(&mut self, listings: &mut Listings, consumer: &mut impl Consumer) {
        let keys: Vec<SourceKey> = self.rotated.iter().copied().collect();
        for key in keys {
            let Some(source) = self.sources.get(&key).filter(|source| source.reader.is_none()) else { continue };
            let real = self.places.get(&source.path).and_then(|place| place.real.clone());
            let family = listings.family(&source.path.clone(), real.as_deref());
            if self.find(key, &family, listings) {
                self.enqueue(key);
            } else {
                self.give_up(key, "rotated", consumer);
            }
        }
    }

    /// Opens the files that had the place between two looks, oldest first, each after the one before: siblings that
    /// were not there at the last look, are no copies of what was read, and were written after the last write that we
    /// know of. Returns the last one, or `previous`.
    fn between(
        &mut self,
        path: &Path,
        input: usize,
        how: (Rotation, i64),
        family: &[Sibling],
        previous: Option<SourceKey>,
        consumer: &mut impl Consumer,
    ) -> Option<SourceKey> {
        let (how, floor) = how;
        let mut previous = previous.filter(|previous| self.sources.contains_key(previous));
        // What follows a rotated file that matches a glob itself is a matter of the log that it was rotated from.
        if self.is_rotated_name(path) {
            return previous;
        }
        for sibling in family {
            let stat = sibling.stat;
            // A copy in the making is empty at first; a renamed file may be filled by a writer that holds on to it.
            let full = stat.size > 0 || how != Rotation::Copied;
            let fresh = stat.modified >= floor && full && self.tailed(&stat).is_none();
            if !fresh || sibling.packed == Some(Packing::Other) || self.is_known(path, sibling, how, family) {
                continue;
            }
            let Ok((file, stat)) = source::open(&sibling.path) else { continue };
            let reader = match sibling.packed {
                Some(_) => Reader::Packed(Box::new(Unpacker::new(file))),
                None => Reader::Plain(file),
            };
            let mark = self.begun(path, sibling).unwrap_or_else(|| Mark::unread(&stat));
            let key = self.open_rotated(path, input, sibling, mark, reader, previous, consumer);
            self.ledger.rotations += 1;
            self.ledger.tell(Event::Rotated { path: sibling.path.clone() });
            self.wait(key, previous);
            previous = Some(key);
        }
        previous
    }

    /// Begins to tail a file that has lost its place already.
    #[allow(clippy::too_many_arguments)] // they are what a source consists of
    pub(super) fn open_rotated(
        &mut self,
        path: &Path,
        input: usize,
        sibling: &Sibling,
        mark: Mark,
        reader: Reader,
        follows: Option<SourceKey>,
        consumer: &mut impl Consumer,
    ) -> SourceKey {
        let key = SourceKey(self.next_key);
        self.next_key += 1;
        let Stat { id, created, .. } = sibling.stat;
        let size = size_of(&reader, &sibling.stat).max(mark.seen);
        let mut source = self.make(key, input, path, Mark { id, created, size, ..mark });
        source.at = Some(sibling.path.clone());
        source.state = State::Rotated { since: self.now };
        self.rotated.insert(key);
        self.by_id.insert(id, key);
        self.sources.insert(key, source);
        consumer.opened(key, input, path, follows);
        self.hold(key, reader);
        self.enqueue(key);
        key
    }

    /// Whether the name says that it may be a rotated file of a log that is tailed.
    pub(super) fn is_rotated_name(&self, path: &Path) -> bool {
        bases_of(path).iter().any(|base| self.places.contains_key(base))
    }

    /// A file that was read to its end, grew after that, and was compressed before the next look.
    fn begun(&self, path: &Path, sibling: &Sibling) -> Option<Mark> {
        let mut ours = self.places.get(path)?.history.iter().filter(|known| known.owner == Owner::Ours);
        let begun = ours.find(|known| grown_and_packed(sibling, &known.mark))?;
        Some(begun.mark)
    }

    /// Whether a sibling is one that lay there at the last look, or what is or was tailed at the path, compressed or
    /// (where files are rotated by copying) copied. Where they are renamed, equal content is no sign of a copy: two
    /// files may well hold the same few lines.
    fn is_known(&self, path: &Path, sibling: &Sibling, how: Rotation, family: &[Sibling]) -> bool {
        if self.places.get(path).is_some_and(|place| place.history.iter().any(|known| known.is(sibling))) {
            return true;
        }
        if sibling.packed.is_some() {
            // Compression is under way as long as the file that is compressed is there.
            let stem = sibling.path.with_extension("");
            if family.iter().any(|other| other.path == stem) {
                return true;
            }
        } else if is_copy_of_beginning(sibling, path) {
            return true;
        } else if how == Rotation::Renamed {
            return false;
        }
        self.sources_of(path).any(|source| match (&source.reader, sibling.packed) {
            (Some(Reader::Plain(file)), Some(_)) => is_packed_of(sibling, file),
            (_, Some(_)) => {
                let mark = Mark { seen: source.mark.size.max(source.mark.seen), ..source.mark };
                Known { mark, owner: Owner::Ours }.is(sibling)
            }
            (_, None) => {
                let mark = source.mark;
                let fits = mark.id != sibling.stat.id && sibling.stat.size <= mark.size;
                fits && Known { mark, owner: Owner::Ours }.is(sibling)
            }
        })
    }

    /// The source of a file, if it is tailed.
    pub(super) fn tailed(&self, stat: &Stat) -> Option<SourceKey> {
        let key = *self.by_id.get(&stat.id)?;
        self.sources.get(&key).filter(|source| !source.mark.reborn(stat)).map(|source| source.key)
    }

    /// The sources of the files that are or were at a path.
    pub(super) fn sources_of<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = &'a Source> {
        let current = self.places.get(path).and_then(|place| place.current);
        let rotated = self.rotated.iter().copied().filter(move |&key| Some(key) != current);
        let keys = current.into_iter().chain(rotated);
        keys.filter_map(|key| self.sources.get(&key)).filter(move |source| source.path == path)
    }

    /// Files that came and went where no file is or was that could tell: at paths that are vacant, and at those whose
    /// file was empty at the last look, so that it does not show that it was filled, copied and truncated since.
    pub(super) fn look_between(&mut self, listings: &mut Listings, consumer: &mut impl Consumer) {
        let deserves = |(path, place): (&PathBuf, &Place)| match (place.current, place.empty, place.gone) {
            (Some(key), Some(floor), _) => Some((path.clone(), Some(key), Rotation::Copied, floor)),
            (None, _, Some(_)) => Some((path.clone(), None, Rotation::Renamed, place.floor)),
            _ => None,
        };
        let paths: Vec<_> = self.places.iter().filter_map(deserves).collect();
        for (path, current, how, floor) in paths {
            let Some(place) = self.places.get(&path) else { continue };
            let (input, last) = (place.input, place.last.filter(|_| current.is_none()));
            let family = listings.family(&path, place.real.as_deref());
            let previous = self.between(&path, input, (how, floor), &family, last, consumer);
            if let Some(key) = current {
                self.wait(key, previous);
            } else if let Some(place) = self.places.get_mut(&path) {
                place.last = previous.or(place.last);
            }
        }
    }

    /// Deals with the files that do not go on from what was read of them.
    pub(super) fn mend(&mut self, consumer: &mut impl Consumer) {
        let mut listings = Listings::default();
        for key in std::mem::take(&mut self.broken) {
            self.truncated(key, &mut listings, consumer);
        }
    }

    fn truncated(&mut self, key: SourceKey, listings: &mut Listings, consumer: &mut impl Consumer) {
        let Some(source) = self.sources.get(&key) else { return };
        let (path, input, mark, rotated) = (source.path.clone(), source.input, source.mark, source.is_rotated());
        if matches!(source.reader, Some(Reader::Packed(_))) {
            return self.unpack_anew(key, consumer);
        }
        self.stop_waiting_for(key);
        if let Some(starting) = &mut self.starting {
            starting.remove(&key);
        }
        let real = self.places.get(&path).and_then(|place| place.real.clone());
        let family = if rotated { Vec::new() } else { listings.family(&path, real.as_deref()) };
        let stat = match fs::metadata(&path).map(|meta| Stat::from(&meta)) {
            Ok(stat) if !rotated && stat.id == mark.id => Some(stat),
            _ => None,
        };
        if let Some(stat) = stat
            && mark.proves()
            && self.find_copy(key, &family, listings)
        {
            self.ledger.truncations += 1;
            self.ledger.tell(Event::Truncated { path: path.clone() });
            return self.swap_for_copy(key, stat, &family, consumer);
        }
        self.begin_anew(key, stat.map_or(mark.modified, |stat| stat.modified), consumer);
        let previous = self.between(&path, input, (Rotation::Copied, mark.modified), &family, None, consumer);
        self.wait(key, previous);
        self.enqueue(key);
    }

    /// A file was truncated in place: it is read from its first byte again.
    fn begin_anew(&mut self, key: SourceKey, modified: i64, consumer: &mut impl Consumer) {
        let Some(source) = self.sources.get_mut(&key) else { return };
        let mark = source.mark;
        self.ledger.truncations += 1;
        self.ledger.tell(Event::Truncated { path: source.path.clone() });
        self.ledger.lose(&source.path, "truncated", mark.size.max(mark.seen).saturating_sub(mark.position));
        source.mark = Mark { id: mark.id, created: mark.created, modified, ..Mark::nowhere() };
        source.after_hole = false;
        consumer.truncated(key);
    }

    /// A compressed file that begins as what was read, and does not go on like it: it is another one, which came after.
    fn unpack_anew(&mut self, key: SourceKey, consumer: &mut impl Consumer) {
        let Some(source) = self.sources.get(&key) else { return };
        let (at, modified) = (source.place().to_owned(), source.mark.modified);
        match source::open(&at) {
            Ok((file, stat)) if stat.id == source.mark.id && source.mark.seen > 0 => {
                self.begin_anew(key, modified, consumer);
                self.hold(key, Reader::Packed(Box::new(Unpacker::new(file))));
                self.enqueue(key);
            }
            _ => self.give_up(key, "rotated", consumer),
        }
    }

    /// The copy that copytruncate made before it truncated holds what was written since the last look: the source goes
    /// on there.
    fn find_copy(&mut self, key: SourceKey, family: &[Sibling], listings: &mut Listings) -> bool {
        self.let_go(key);
        self.find(key, family, listings)
    }

    fn swap_for_copy(&mut self, key: SourceKey, stat: Stat, family: &[Sibling], consumer: &mut impl Consumer) {
        let Some(source) = self.sources.get_mut(&key) else { return };
        source.state = State::Rotated { since: self.now };
        let (path, input, floor) = (source.path.clone(), source.input, source.mark.modified);
        self.rotated.insert(key);
        self.enqueue(key);
        let previous = self.between(&path, input, (Rotation::Copied, floor), family, Some(key), consumer);
        if let Some(new) = self.open_new(&path, input, stat, false, previous, consumer) {
            self.wait(new, previous);
        }
    }
}

/// How much a file holds, decompressed: as far as that can be said at all before its end is reached.
fn size_of(reader: &Reader, stat: &Stat) -> u64 {
    match reader {
        Reader::Plain(_) => stat.size,
        Reader::Packed(unpacker) => unpack::said_size(unpacker.file(), stat.size).map_or(0, u64::from),
    }
}
