//! What is remembered of rotated files: those that were read to their end, and those that are not ours.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::family::{HISTORY, Listings, Rest, Sibling, grown_and_packed};
use super::identity::{FileId, Mark, Stat};
use super::look::still_there;
use super::record::{Known, Owner};
use super::tailer::{Ended, Tailer};
use super::watch::WatchMode;
use super::{Consumer, SourceKey};

/// A file that was read to its end is watched for growth for so long.
const WATCH_ENDED: Duration = Duration::from_secs(3600);
/// Siblings of a path that are remembered while they are there.
const MUCH_HISTORY: usize = 512;

impl Tailer {
    /// Files that were read to their end, and the logs that they belong to.
    pub(super) fn ended_by_inode(&self) -> HashMap<FileId, (PathBuf, Mark)> {
        let ended = self.ended.iter().map(|ended| (ended.place.as_path(), ended.mark));
        let ours = self.places.iter().flat_map(|(path, place)| {
            let ours = place.history.iter().filter(|known| known.owner == Owner::Ours);
            ours.map(move |known| (path, known.mark))
        });
        ours.chain(ended).map(|(path, mark)| (mark.id, (path.to_owned(), mark))).collect()
    }

    /// Files that were read to their end and have grown since: a writer holds on to them.
    pub(super) fn look_at_ended(&mut self, listings: &mut Listings, consumer: &mut impl Consumer) {
        let mut keep = std::collections::VecDeque::new();
        for mut ended in std::mem::take(&mut self.ended) {
            if self.now.saturating_sub(ended.since) > WATCH_ENDED || self.by_id.contains_key(&ended.mark.id) {
                continue;
            }
            let here = |stat: &Stat| stat.id == ended.mark.id && !ended.mark.reborn(stat);
            let mut stat = fs::metadata(&ended.at).ok().map(|meta| Stat::from(&meta)).filter(here);
            if stat.is_none() {
                let real = self.places.get(&ended.place).and_then(|place| place.real.clone());
                let family = listings.family(&ended.place, real.as_deref());
                let folders = [Some(ended.place.as_path()), real.as_deref()].into_iter().flatten();
                let mut inodes = folders.filter_map(|path| listings.by_inode(path, ended.mark.id.ino));
                if let Some(at) = inodes.find(|at| still_there(&ended.mark, at)) {
                    stat = fs::metadata(&at).ok().map(|meta| Stat::from(&meta)).filter(here);
                    ended.at = at;
                } else if let Some(sibling) = family.iter().find(|sibling| grown_and_packed(sibling, &ended.mark))
                    && self.tailed(&sibling.stat).is_none()
                    && !self.is_remembered(&ended.place, sibling)
                {
                    self.resume(sibling, &ended, consumer);
                }
            }
            match stat {
                None => {}
                Some(stat) if stat.size > ended.mark.seen => {
                    let sibling = Sibling { path: ended.at.clone(), stat, packed: None };
                    self.resume(&sibling, &ended, consumer);
                }
                Some(_) => keep.push_back(ended),
            }
        }
        self.ended.append(&mut keep);
    }

    fn resume(&mut self, sibling: &Sibling, ended: &Ended, consumer: &mut impl Consumer) {
        let Ok((mut file, stat)) = sibling.open() else { return };
        if stat.id != sibling.stat.id {
            return;
        }
        if sibling.packed.is_none() && !ended.mark.is_in(&mut file).unwrap_or(false) {
            return;
        }
        self.forget_ours(&ended.place, &ended.mark);
        let input = self.places.get(&ended.place).map_or(0, |place| place.input);
        self.open_rotated(&ended.place, input, sibling, ended.mark, file, None, consumer);
    }

    /// Whether a sibling is one that is not to be read again.
    pub(super) fn is_remembered(&self, path: &Path, sibling: &Sibling) -> bool {
        self.places.get(path).is_some_and(|place| place.history.iter().any(|known| known.is(sibling)))
    }

    /// Forgets that a file was read to its end: it is read on.
    pub(super) fn forget_ours(&mut self, path: &Path, mark: &Mark) {
        self.ended.retain(|ended| ended.mark != *mark);
        self.disturbed = true;
        if let Some(place) = self.places.get_mut(path) {
            place.history.retain(|known| known.mark != *mark);
        }
    }

    /// Remembers what lies beside the tailed files, unless nothing has changed since: neither what is tailed and what is
    /// known of it, nor a name in any of the folders. Where the kernel does not tell of changes, the times of folders are
    /// not trusted either.
    pub(super) fn remember_siblings_if_changed(&mut self, listings: &mut Listings) {
        let same = |(folder, rest): &(PathBuf, Option<Rest>)| Rest::of(folder) == *rest;
        let trusted = self.watch.mode() == WatchMode::Notify && !self.disturbed;
        if trusted && self.rested.as_ref().is_some_and(|folders| folders.iter().all(same)) {
            return;
        }
        self.disturbed = false;
        self.remember_siblings(listings);
        self.rested = listings.rested().filter(|_| !self.disturbed);
    }

    /// Remembers what lies beside the tailed files, so that what comes later can be told from it.
    fn remember_siblings(&mut self, listings: &mut Listings) {
        let paths: Vec<PathBuf> = self.places.keys().map(Path::to_owned).collect();
        for path in paths {
            let Some(place) = self.places.get(&path) else { continue };
            let family = listings.family(&path, place.real.as_deref());
            let ids: HashSet<FileId> = family.iter().map(|sibling| sibling.stat.id).collect();
            let unknown = |sibling: &&Sibling| {
                let id = sibling.stat.id;
                let same = |known: &Known| known.mark.id == id && !known.mark.reborn(&sibling.stat);
                let other = self.tailed(&sibling.stat).is_some() || place.history.iter().any(same);
                // A file that matches a glob itself is either tailed or known to be a copy when it is found.
                !other && (sibling.packed.is_some() || !self.discovery.matches(&sibling.path))
            };
            let unknown: Vec<&Sibling> = family.iter().rev().take(HISTORY).filter(unknown).collect();
            if let Some(place) = self.places.get_mut(&path) {
                bound_history(&mut place.history, &ids);
            }
            if unknown.is_empty() {
                continue;
            }
            self.disturbed = true; // until a look finds nothing more that is unknown
            if !self.were_there_before(&path, &unknown) {
                continue;
            }
            let siblings: Vec<Known> = unknown.into_iter().rev().filter_map(Known::others).collect();
            if let Some(place) = self.places.get_mut(&path) {
                place.history.extend(siblings);
            }
        }
    }

    /// Whether siblings lay there before the next rotation: only then they can be others'. Not so if some could not be
    /// looked at, or if the tailed file has lost its place meanwhile. Where there is none, what had the place since the
    /// walk may be among them.
    fn were_there_before(&mut self, path: &Path, unknown: &[&Sibling]) -> bool {
        let unsure = self.unsure.contains_key(path);
        let Some(key) = self.places.get(path).and_then(|place| place.current) else {
            return !unsure && unknown.iter().all(|sibling| self.judged.contains(&sibling.stat.id));
        };
        let before = !unsure && self.is_unmoved(key, path);
        // What cannot be read tells no more when it is looked at again.
        self.discover_soon |= !before && self.sources.get(&key).is_some_and(|source| source.trouble.is_none());
        before
    }

    /// Whether the file of a source is still at its path and holds what was read of it; one of which nothing was read,
    /// what it held when it was looked at.
    fn is_unmoved(&mut self, key: SourceKey, path: &Path) -> bool {
        let Some(source) = self.sources.get_mut(&key) else { return false };
        let mark = source.mark;
        fs::metadata(path).is_ok_and(|meta| {
            let stat = Stat::from(&meta);
            let unwritten = mark.proves() || stat.modified == mark.modified && stat.size == mark.size;
            stat.id == mark.id && stat.size >= mark.seen && unwritten
        }) && source.holds_what_was_read(path).unwrap_or(false)
    }
}

/// Forgets siblings that are gone, but for the last ones; and of those that are there, the oldest if they are too many.
fn bound_history(history: &mut Vec<Known>, there: &HashSet<FileId>) {
    if history.len() <= HISTORY {
        return;
    }
    history.sort_by_key(|known| (there.contains(&known.mark.id), known.mark.modified));
    let gone = history.iter().filter(|known| !there.contains(&known.mark.id)).count();
    let excess = (history.len() - HISTORY).min(gone).max(history.len().saturating_sub(MUCH_HISTORY));
    history.drain(..excess);
}
