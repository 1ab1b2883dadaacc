//! What becomes of a file that lost its place, and of those that came and went between two looks.

use std::collections::HashMap;
use std::path::Path;

use super::discover::{Found, is_absent};
use super::family::{Family, Listings, Sibling, bases_of, grown_and_packed, is_copy_of_beginning, is_packed_of};
use super::identity::{FileId, Mark, Stat};
use super::look::{Begin, still_there};
use super::record::{Known, Owner};
use super::rotation::Packing;
use super::source::{self, Reader, State};
use super::stats::Event;
use super::tailer::{Place, Tailer};
use super::whereabouts::Search;
use super::{Consumer, SourceKey};

/// How the files of a path are rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rotation {
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
        if self.places.get(path).is_some_and(|place| place.current.is_none())
            && let Some(stat) = found
            && let Some(key) = self.tailed(&stat)
            && self.come_home(key, path)
        {
            // It may have been truncated meanwhile: then its copies are looked for, and not taken for other files.
            self.compare(key, Some(&stat));
            return;
        }
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
        if let Some(key) = self.tailed(&stat) {
            self.come_home(key, path);
            return;
        }
        let mut begin = Begin::First;
        if let Some(mark) = self.ours(path, &stat) {
            if self.is_rotated_name(path) {
                return;
            }
            self.forget_ours(path, &mark);
            begin = Begin::At(mark);
        } else if self.was_read(&Found { path: path.to_owned(), input, stat }) {
            return;
        }
        if let Some(new) = self.open_new(path, input, stat, begin, previous, consumer) {
            self.wait(new, previous);
        }
    }

    /// Has a source wait until another one is read up to where it is now.
    pub(super) fn wait(&mut self, key: SourceKey, first: Option<SourceKey>) {
        let Some(first) = first.and_then(|first| self.sources.get_mut(&first)) else { return };
        let size = match &first.reader {
            // How much compressed data holds is known at its end only.
            _ if first.is_packed() => u64::MAX,
            Some(reader) => reader.stat().map_or(first.mark.size, |stat| stat.size),
            None => first.mark.size,
        };
        let first = first.key;
        if self.waiters.get(&first).is_some_and(|&waiter| waiter != key) {
            self.stop_waiting_for(first);
        }
        if let Some(source) = self.sources.get_mut(&key) {
            source.after = Some((first, size));
            self.waiters.insert(first, key);
            self.enqueue(key);
        }
    }

    /// What is known of the file that is at the path now if it was read to its end before.
    fn ours(&self, path: &Path, stat: &Stat) -> Option<Mark> {
        let history = self.places.get(path).map(|place| place.history.as_slice()).unwrap_or_default();
        let ours = history.iter().filter(|known| known.owner == Owner::Ours).map(|known| known.mark);
        let mut marks = ours.chain(self.ended.iter().map(|ended| ended.mark));
        marks.find(|mark| mark.id == stat.id && still_there(mark, path))
    }

    /// A file that lost its place is at a path again that matches: it is tailed there.
    pub(super) fn come_home(&mut self, key: SourceKey, path: &Path) -> bool {
        let rotated = self.rotated.contains(&key) && !self.is_rotated_name(path);
        let Some(source) = self.sources.get_mut(&key).filter(|_| rotated) else { return false };
        if source.is_packed() || bases_of(path).contains(&source.path) {
            return false;
        }
        // if nothing was read of it, it may have been filled, copied and truncated on its way, however much it holds now
        let (input, floor, empty) = (source.input, source.mark.modified, source.mark.seen == 0);
        let former = std::mem::replace(&mut source.path, path.to_owned());
        (source.state, source.at) = (State::Live, None);
        self.unlist_rotated(key, &former);
        self.disturbed = true;
        let place = self.places.entry(path);
        (place.input, place.current, place.last, place.floor, place.gone) = (input, Some(key), Some(key), floor, None);
        place.empty = Some(floor).filter(|_| empty);
        self.enqueue(key);
        true
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
        self.disturbed = true;
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
        let elsewhere = self.places.get(other).is_some_and(|at| at.current.is_some());
        if other == path || elsewhere || bases_of(other).iter().any(|base| base == path) {
            return false;
        }
        if !still_there(&source.mark, other) {
            return false;
        }
        self.disturbed = true;
        source.path = other.to_owned();
        let floor = source.mark.modified;
        if let Some(place) = self.places.get_mut(path) {
            (place.current, place.last) = (None, None);
            place.floor = floor;
        }
        let input = source.input;
        let place = self.places.entry(other);
        (place.input, place.current, place.last, place.floor) = (input, Some(key), Some(key), floor);
        self.enqueue(key);
        true
    }

    /// A source lost its place: finds where its file is now, to read it to its end.
    fn retire(
        &mut self,
        key: SourceKey,
        replaced: bool,
        family: &Family,
        listings: &mut Listings,
        consumer: &mut impl Consumer,
    ) -> Rotation {
        let Some(source) = self.sources.get(&key) else { return Rotation::Renamed };
        let (path, mark) = (source.path.clone(), source.mark);
        self.set_rotated(key);
        if let Some(place) = self.places.get_mut(&path) {
            (place.current, place.last, place.floor) = (None, Some(key), mark.modified);
        }
        let held = self.sources.get(&key).and_then(|source| source.reader.as_ref()?.stat().ok());
        let how = match held {
            Some(held) if self.was_cut(key, &held) => {
                // Truncated before it was renamed: what was read may go on in a copy.
                if self.find_copy(key, family, listings) {
                    self.ledger.truncations += 1;
                } else {
                    self.begin_anew(key, held.modified, consumer);
                }
                Rotation::Both
            }
            _ => Rotation::Renamed,
        };
        let found = if held.is_some() { Search::Found } else { self.find(key, family, listings) };
        let linked = held.map_or(found != Search::Nowhere, |held| held.links > 0);
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
            let sibling = family.iter().find(|sibling| sibling.stat.id == held.id);
            let real = self.places.get(&source.path).and_then(|place| place.real.clone());
            source.at = sibling
                .map(|sibling| sibling.path.clone())
                .or_else(|| real.filter(|real| still_there(&source.mark, real)))
                .or_else(|| listings.by_inode(&source.path, held.id.ino).filter(|_| held.links > 0));
        }
        match found {
            Search::Found => self.enqueue(key),
            Search::Nowhere if family.settled => self.give_up(key, "rotated", consumer),
            Search::Nowhere | Search::Moving => self.discover_soon = true,
        }
        let moved = self.sources.get(&key).is_some_and(|source| source.mark.id != mark.id);
        if moved { Rotation::Both } else { how }
    }

    /// Whether an open file holds no longer what was read of it.
    pub(super) fn was_cut(&mut self, key: SourceKey, held: &Stat) -> bool {
        let Some(source) = self.sources.get_mut(&key) else { return false };
        let Some(reader @ Reader::Plain(_)) = &mut source.reader else { return false };
        held.size < source.mark.seen || source.mark.is_in(reader).is_ok_and(|content| !content)
    }

    /// Opens the files that had the place between two looks, oldest first, each after the one before: siblings that
    /// were not there at the last look, are no copies of what was read, and were written after the last write that we
    /// know of. Returns the last one, or `previous`.
    pub(super) fn between(
        &mut self,
        path: &Path,
        input: usize,
        how: (Rotation, i64),
        family: &Family,
        previous: Option<SourceKey>,
        consumer: &mut impl Consumer,
    ) -> Option<SourceKey> {
        let (how, floor) = how;
        let mut previous = previous.filter(|previous| self.sources.contains_key(previous));
        // What follows a rotated file that matches a glob itself is a matter of the log that it was rotated from.
        if self.is_rotated_name(path) {
            return previous;
        }
        if !family.settled {
            self.look_again_between(path, (how, floor));
        }
        for sibling in family.iter() {
            let stat = sibling.stat;
            // A copy in the making is empty at first; a renamed file may be filled by a writer that holds on to it.
            let full = stat.size > 0 || how != Rotation::Copied;
            let fresh = stat.modified >= floor && full && self.tailed(&stat).is_none();
            let ours = fresh && sibling.packed != Some(Packing::Other);
            let begun = if ours { self.begun(path, sibling, family) } else { None };
            if !ours || begun.is_none() && self.is_known(path, sibling, how, family) {
                self.judged.insert(stat.id);
                continue;
            }
            let (file, stat) = match sibling.open() {
                Ok(opened) if opened.1.id == stat.id => opened,
                Err(error) if !is_absent(&error) => continue,
                _ => {
                    self.look_again_between(path, (how, floor));
                    continue;
                }
            };
            if let Some(begun) = begun {
                self.forget_ours(path, &begun);
            }
            let mark = begun.unwrap_or_else(|| Mark::unread(&stat));
            let key = self.open_rotated(path, input, sibling, mark, file, previous, consumer);
            self.ledger.rotations += 1;
            self.ledger.tell(Event::Rotated { path: sibling.path.clone() });
            self.wait(key, previous);
            previous = Some(key);
        }
        previous
    }

    /// Siblings were renamed too fast to be looked at: they are soon, and are not taken for others' until then.
    fn look_again_between(&mut self, path: &Path, how: (Rotation, i64)) {
        self.discover_soon = true;
        self.unsure.entry(path.to_owned()).or_insert(how);
    }

    /// A file that was read to its end, grew after that, and was compressed or copied before the next look.
    fn begun(&self, path: &Path, sibling: &Sibling, family: &[Sibling]) -> Option<Mark> {
        let mut ours = self.places.get(path)?.history.iter().filter(|known| known.owner == Owner::Ours);
        let begun = ours.find(|known| match sibling.packed {
            Some(_) => grown_and_packed(sibling, &known.mark),
            None => {
                let longer = known.mark.id != sibling.stat.id && sibling.stat.size > known.mark.seen;
                longer && known.mark.proves() && known.is(sibling) && !is_among(&known.mark, path, family)
            }
        })?;
        Some(begun.mark)
    }

    /// Whether a sibling is one that lay there at the last look, or what is or was tailed at the path, compressed or
    /// (where files are rotated by copying) copied. Where they are renamed, equal content is no sign of a copy: two
    /// files may well hold the same few lines.
    fn is_known(&self, path: &Path, sibling: &Sibling, how: Rotation, family: &[Sibling]) -> bool {
        let history = self.places.get(path).map(|place| place.history.as_slice()).unwrap_or_default();
        let known = |known: &Known| {
            let same_inode = known.mark.id == sibling.stat.id;
            known.is(sibling) && (same_inode || how != Rotation::Renamed || !is_among(&known.mark, path, family))
        };
        if history.iter().any(known) {
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

    /// Files that came and went where no file is or was that could tell: at paths that are vacant, at those whose file
    /// was empty at the last look, so that it does not show that it was filled, copied and truncated since, and at those
    /// whose siblings were renamed too fast before.
    pub(super) fn look_between(&mut self, listings: &mut Listings, consumer: &mut impl Consumer) {
        let unsure = std::mem::take(&mut self.unsure);
        let deserves = |(path, place): (&Path, &Place)| {
            let (how, floor) = match (unsure.get(path), place.current, place.empty, place.gone) {
                (Some(&how), ..) => how,
                (_, Some(_), Some(floor), _) => (Rotation::Copied, floor),
                (_, None, _, Some(_)) => (Rotation::Renamed, place.floor),
                _ => return None,
            };
            Some((path.to_owned(), place.current, how, floor))
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
}

/// Whether a file is there under the inode that it had, and holds what was read.
fn is_among(mark: &Mark, path: &Path, family: &[Sibling]) -> bool {
    let same = family.iter().filter(|sibling| sibling.stat.id == mark.id);
    same.map(|sibling| sibling.path.as_path()).chain([path]).any(|path| still_there(mark, path))
}
