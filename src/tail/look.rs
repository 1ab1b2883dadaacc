//! Looking at files: which there are now, and how they go on from what was there before.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::discover::{Found, Walk, is_absent, leads_to};
use super::family::{Listings, Sibling, bases_of, is_copy_of_beginning};
use super::identity::{Continuity, FileId, Kind, Mark, Stat, continuity};
use super::record::{Known, Owner};
use super::source::{self, Reader};
use super::stats::Event;
use super::tailer::{Place, Tailer};
use super::{Consumer, SourceKey, StartAt};

/// What is remembered of a path at which there is no file is dropped after so long,
const FORGET_AFTER: u64 = 24 * 3600;
/// or when there are more of them than this.
const GONE_PLACES: usize = 1024;
/// How far back the beginning of the last line is looked for, where reading begins at the end.
const LAST_LINE: u64 = 64 * 1024;

/// Where a file begins to be read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Begin {
    /// At its first byte.
    First,
    /// At its last line, if that is not complete; else at its end.
    LastLine,
    /// Where it was read up to before.
    At(Mark),
}

impl Tailer {
    /// Looks at one file that was written to, or that is due.
    pub(super) fn look(&mut self, key: SourceKey) {
        let Some(source) = self.sources.get(&key) else { return };
        let path = source.place().to_owned();
        let found = fs::metadata(&path).map(|meta| Stat::from(&meta));
        if self.compare(key, found.as_ref().ok()) {
            self.discover_soon = true;
        }
    }

    /// Compares a source with what is at its path. Returns whether something else is there now, or nothing.
    pub(super) fn compare(&mut self, key: SourceKey, found: Option<&Stat>) -> bool {
        let Some(source) = self.sources.get_mut(&key) else { return false };
        let known = source.mark;
        let mut how = continuity(&known, found, None);
        let touched = source.doubtful || found.is_some_and(|found| found.modified != known.modified);
        let shrunk = how == Continuity::Truncated && found.is_some_and(|found| found.size >= known.seen);
        let doubtful = how == Continuity::Same && touched || how == Continuity::Replaced || shrunk;
        if doubtful && known.proves() {
            // As long as before and perhaps written to, or its inode looks reborn: the content decides.
            let at = source.place().to_owned();
            if let Some(found) = found.filter(|found| found.id == known.id)
                && let Ok(content) = source.holds_what_was_read(&at)
            {
                how = continuity(&known, Some(found), Some(content));
                if how == Continuity::Same {
                    self.disturbed |= source.mark.created != found.created;
                    source.mark.created = found.created;
                    source.mark.modified = found.modified;
                    source.doubtful = source::just_now(found.modified);
                }
            }
        }
        match how {
            Continuity::Gone | Continuity::Replaced => true,
            Continuity::Truncated => {
                self.broken.push(key);
                false
            }
            Continuity::Grown => {
                source.mark.size = found.map_or(0, |found| found.size);
                self.enqueue(key);
                false
            }
            Continuity::Same => {
                source.mark.size = known.seen;
                false
            }
        }
    }

    /// Walks over all globs and puts everything in order: files that went, came, or were replaced.
    pub(super) fn discover(&mut self, consumer: &mut impl Consumer) {
        self.discovered = Some(self.now);
        (self.discover_soon, self.look_all) = (false, false);
        self.judged.clear();
        let walk = self.discovery.walk();
        self.tell_of(&walk);
        self.walks += 1;
        let mut moved = Vec::new();
        let mut new: Vec<&Found> = Vec::new();
        for found in &walk.found {
            let Some(place) = self.places.get_mut(&found.path) else {
                new.push(found);
                continue;
            };
            place.walked = self.walks;
            if place.input != found.input {
                self.belongs_to(&found.path, found.input);
            }
            if self.look_at_place(&found.path, Some(&found.stat)) {
                moved.push((found.path.clone(), Some(found.stat)));
            }
        }
        let missed = self.places.iter().filter(|(_, place)| place.walked != self.walks);
        let missed: Vec<PathBuf> = missed.map(|(path, _)| path.to_owned()).collect();
        for path in missed {
            if self.inputs_changed && !self.discovery.matches(&path) {
                self.drop_place(&path, consumer);
                continue;
            }
            let stat = match fs::metadata(&path).map(|meta| Stat::from(&meta)) {
                Ok(stat) if stat.kind == Kind::Regular => Some(stat),
                Ok(_) => None,
                Err(error) if is_absent(&error) => None,
                Err(error) => {
                    match self.places.get(&path).and_then(|place| place.current) {
                        Some(key) => self.failed(key, "stat", &error),
                        None => self.ledger.fail("stat"),
                    }
                    continue;
                }
            };
            if self.look_at_place(&path, stat.as_ref()) {
                moved.push((path, stat));
            }
        }
        let mut ids: HashMap<FileId, &Path> = HashMap::new();
        for found in walk.found.iter().filter(|_| !moved.is_empty()) {
            ids.entry(found.stat.id).or_insert(&found.path);
        }
        self.disturbed |= std::mem::take(&mut self.inputs_changed);
        self.tell_restored(consumer);
        self.disturbed |= !moved.is_empty() || !self.rotated.is_empty() || !self.unsure.is_empty();
        let mut listings = Listings::default();
        self.recover_rotated(&mut listings, consumer);
        self.mend_rotated(&mut listings, consumer);
        let age = |stat: &Option<Stat>| stat.map_or(i64::MAX, |stat| stat.modified);
        moved
            .sort_by(|(path, stat), (other, other_stat)| age(stat).cmp(&age(other_stat)).then_with(|| path.cmp(other)));
        // A file that was renamed to a name that matches too belongs to the log that it was renamed from.
        let (rotated, logs): (Vec<_>, Vec<_>) = moved.into_iter().partition(|(path, _)| self.is_rotated_name(path));
        for (path, stat) in logs {
            self.succeed(&path, stat, &ids, &mut listings, consumer);
        }
        self.look_between(&mut listings, consumer);
        for (path, stat) in rotated {
            self.succeed(&path, stat, &ids, &mut listings, consumer);
        }
        self.rotated_looked = None;
        self.mend(consumer);
        self.look_between(&mut listings, consumer);
        self.appear(new, consumer);
        self.look_at_ended(&mut listings, consumer);
        self.remember_siblings_if_changed(&mut listings);
        self.note_empty();
        self.forget_places();
        self.watch_folders(walk);
        if self.starting.is_none() {
            let unread = self.sources.values().filter(|source| source.mark.size > source.mark.seen);
            self.starting = Some(unread.map(|source| (source.key, source.mark.size)).collect());
        }
        self.fresh_inputs.clear();
        self.first_start = false;
    }

    /// Returns whether the path has something else now than it had.
    fn look_at_place(&mut self, path: &Path, stat: Option<&Stat>) -> bool {
        let Some(place) = self.places.get_mut(path) else { return false };
        if let Some(key) = place.current {
            return self.compare(key, stat);
        }
        match stat {
            // A second name of a file that is tailed under another one.
            Some(stat) => {
                self.tailed(stat).is_none_or(|key| self.rotated.contains(&key) && !self.is_rotated_name(path))
            }
            None => {
                place.gone.get_or_insert(self.now);
                false
            }
        }
    }

    fn tell_of(&mut self, walk: &Walk) {
        let skipped: HashMap<PathBuf, &'static str> = walk.skipped.iter().cloned().collect();
        for (path, reason) in &skipped {
            if self.skipped.get(path) != Some(reason) {
                self.ledger.tell(Event::Skipped { path: path.clone(), reason });
            }
        }
        let mut failing: HashMap<PathBuf, &'static str> = HashMap::new();
        for (path, operation, error) in &walk.failed {
            self.ledger.fail(operation);
            if self.skipped.get(path) != Some(operation) {
                let (path, error) = (path.clone(), error.to_string());
                self.ledger.tell(Event::Failing { path, operation, error });
            }
            failing.insert(path.clone(), operation);
        }
        self.skipped = skipped;
        self.skipped.extend(failing);
    }

    /// Opens files at paths that were not known.
    fn appear(&mut self, mut new: Vec<&Found>, consumer: &mut impl Consumer) {
        new.retain(|found| !self.places.contains(&found.path));
        new.sort_by(|a, b| a.stat.modified.cmp(&b.stat.modified).then_with(|| a.path.cmp(&b.path)));
        let ended = if new.is_empty() { HashMap::new() } else { self.ended_by_inode() };
        for found in new {
            if let Some(key) = self.tailed(&found.stat) {
                if !self.come_home(key, &found.path) {
                    self.also.insert(found.path.clone(), key);
                }
                continue;
            }
            if let Some((home, mark)) = ended.get(&found.stat.id)
                && !self.is_rotated_name(&found.path)
                && still_there(mark, &found.path)
            {
                self.forget_ours(home, mark);
                self.open_new(&found.path, found.input, found.stat, Begin::At(*mark), None, consumer);
                continue;
            }
            let fresh = self.fresh_inputs.contains(&found.input);
            if !fresh && self.was_read(found) {
                continue;
            }
            let at_end = fresh && self.discovery.start_at(found.input) == StartAt::End;
            let begin = if at_end { Begin::LastLine } else { Begin::First };
            self.open_new(&found.path, found.input, found.stat, begin, None, consumer);
        }
    }

    /// Whether a file at a path that was not known is a rotated file that was read, or a copy of one.
    pub(super) fn was_read(&mut self, found: &Found) -> bool {
        let sibling = Sibling { path: found.path.clone(), stat: found.stat, packed: None };
        for base in bases_of(&found.path) {
            let Some(place) = self.places.get(&base) else { continue };
            if found.stat.size == 0 && place.current.is_some() {
                // A copy that is about to be made begins like this; there is nothing to be read yet.
                return true;
            }
            if let Some(index) = place.history.iter().position(|known| known.is(&sibling)) {
                if let Some(place) = self.places.get_mut(&base)
                    && place.history[index].mark.id != found.stat.id
                {
                    // After a volume was restored it has another inode.
                    let Known { mark, owner } = place.history[index].clone();
                    let mark = Mark { id: found.stat.id, created: found.stat.created, ..mark };
                    self.disturbed = true;
                    place.history.push(Known { mark, owner });
                }
                return true;
            }
            let copied = self.sources_of(&base).any(|source| {
                Known { mark: source.mark, owner: Owner::Ours }.is(&sibling)
                    || source.is_at_its_place() && is_copy_of_beginning(&sibling, source.place())
            });
            if copied {
                let known = Known::others(&sibling);
                self.disturbed = true;
                if let Some(place) = self.places.get_mut(&base) {
                    place.history.extend(known);
                }
                return true;
            }
        }
        false
    }

    /// Begins to tail a file.
    pub(super) fn open_new(
        &mut self,
        path: &Path,
        input: usize,
        stat: Stat,
        begin: Begin,
        follows: Option<SourceKey>,
        consumer: &mut impl Consumer,
    ) -> Option<SourceKey> {
        let (mut mark, mut held) = (Mark::unread(&stat), None);
        let begin = |(mut file, opened): (fs::File, Stat)| {
            let mark = match begin {
                Begin::First => Mark::beginning(&opened, &mut file),
                Begin::LastLine => at_last_line(&mut file, &opened),
                Begin::At(mark) => Ok(Mark { id: opened.id, size: opened.size, ..mark }),
            };
            mark.map(|mark| (mark, file))
        };
        let real = leads_to(path);
        match source::open(path).and_then(begin) {
            // What a link led to before and after is what it led to in between.
            Ok((begun, file)) if begun.id == stat.id && (real.is_none() || real == leads_to(path)) => {
                (mark, held) = (begun, Some(file));
            }
            // It is gone or replaced already: the next look finds out.
            Ok(_) => {
                self.discover_soon = true;
                return None;
            }
            Err(error) if is_absent(&error) => return None,
            // It cannot be opened: that is said when it is read.
            Err(_) => {}
        }
        let key = SourceKey(self.next_key);
        self.next_key += 1;
        let source = self.make(key, input, path, mark);
        self.disturbed = true;
        self.by_id.insert(stat.id, key);
        self.sources.insert(key, source);
        // Held open until it is read, it cannot be lost by being renamed or deleted before that.
        if let Some(file) = held.filter(|_| self.open.len() < self.open_limit) {
            self.hold(key, Reader::Plain(file));
        }
        if let Some(real) = &real {
            self.also.insert(real.clone(), key);
        }
        let place = self.places.entry(path);
        *place = Place {
            input,
            current: Some(key),
            last: Some(key),
            real,
            floor: stat.modified,
            empty: None,
            gone: None,
            gone_seconds: 0,
            walked: self.walks,
            history: std::mem::take(&mut place.history),
        };
        let follows = follows.filter(|follows| self.sources.contains_key(follows));
        consumer.opened(key, input, path, follows);
        self.ledger.tell(Event::Opened { path: path.to_owned(), at: mark.position });
        self.enqueue(key);
        Some(key)
    }

    fn note_empty(&mut self) {
        for place in self.places.values_mut() {
            let source = place.current.and_then(|key| self.sources.get(&key));
            place.empty = source.filter(|source| source.mark.size == 0).map(|source| source.mark.modified);
        }
    }

    /// Lets go what no input asks for any more.
    fn drop_place(&mut self, path: &Path, consumer: &mut impl Consumer) {
        let keys: Vec<SourceKey> = self.sources_of(path).map(|source| source.key).collect();
        self.disturbed = true;
        self.places.remove(path);
        self.ended.retain(|ended| ended.place != path);
        for key in keys {
            self.untold.retain(|&untold| untold != key);
            self.remove(key, consumer);
        }
    }

    /// Notes which input a path belongs to; another one than before if the inputs changed.
    fn belongs_to(&mut self, path: &Path, input: usize) {
        let Some(place) = self.places.get_mut(path) else { return };
        if std::mem::replace(&mut place.input, input) != input {
            let keys: Vec<SourceKey> = self.sources_of(path).map(|source| source.key).collect();
            for key in keys {
                if let Some(source) = self.sources.get_mut(&key) {
                    source.input = input;
                }
                self.untold.push(key);
            }
        }
    }

    /// Tells the consumer of the sources that it may know from an earlier run, and of those that changed their input.
    fn tell_restored(&mut self, consumer: &mut impl Consumer) {
        let mut keys = std::mem::take(&mut self.untold);
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            if let Some(source) = self.sources.get(&key) {
                consumer.opened(key, source.input, &source.path, source.after.map(|(first, _)| first));
            }
        }
    }

    /// Forgets paths at which there has been no file for long.
    fn forget_places(&mut self) {
        let mut gone: Vec<(u64, PathBuf)> = self
            .places
            .iter()
            .filter(|(_, place)| place.current.is_none())
            .map(|(path, place)| (self.gone_seconds(place), path.to_owned()))
            .collect();
        gone.sort();
        for (index, (seconds, path)) in gone.into_iter().enumerate() {
            if seconds > FORGET_AFTER || index >= GONE_PLACES {
                self.places.remove(&path);
            }
        }
        let sources = &self.sources;
        self.also.retain(|_, key| sources.contains_key(key));
    }

    fn watch_folders(&mut self, walk: Walk) {
        let mut folders = walk.folders;
        for folder in self.places.values().filter_map(|place| place.real.as_deref()?.parent()) {
            if !folders.contains(folder) {
                folders.insert(folder.to_owned(), ());
            }
        }
        self.watch.follow(&folders);
    }
}

/// Whether the file at a path is the marked one.
pub(super) fn still_there(mark: &Mark, path: &Path) -> bool {
    source::open(path).is_ok_and(|(mut file, stat)| {
        let sure = mark.proves() || !mark.reborn(&stat);
        stat.id == mark.id && stat.size >= mark.seen && sure && mark.is_in(&mut file).unwrap_or(false)
    })
}

/// The mark of a file of which all but the last line, if that is not complete, counts as read.
pub(super) fn at_last_line(file: &mut fs::File, stat: &Stat) -> std::io::Result<Mark> {
    use super::identity::ReadAt;
    let from = stat.size.saturating_sub(LAST_LINE);
    let mut bytes = vec![0; usize::try_from(stat.size - from).unwrap_or(0)];
    let got = file.read_at(&mut bytes, from)?;
    let line = bytes[..got].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let begin = if line == 0 && from > 0 { stat.size } else { from + line as u64 };
    Mark::read_up_to(stat, begin, file)
}
