//! Files that do not go on from what was read of them.

use std::fs;

use super::family::{Family, Listings, Sibling};
use super::identity::{HEAD, Mark, ReadAt, Stat};
use super::look::Begin;
use super::source::Reader;
use super::stats::Event;
use super::succession::Rotation;
use super::tailer::Tailer;
use super::whereabouts::Search;
use super::{Consumer, SourceKey, look, source};

impl Tailer {
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
        if source.is_packed() {
            return self.unpack_anew(key, consumer);
        }
        if self.lost_its_end(key) {
            self.enqueue(key);
            return;
        }
        self.stop_waiting_for(key);
        if let Some(starting) = &mut self.starting {
            starting.remove(&key);
        }
        let real = self.places.get(&path).and_then(|place| place.real.clone());
        let family = listings.family(&path, real.as_deref());
        let stat = match fs::metadata(&path).map(|meta| Stat::from(&meta)) {
            Ok(stat) if !rotated && stat.id == mark.id => Some(stat),
            _ => None,
        };
        if (rotated || stat.is_some()) && mark.proves() && self.find_copy(key, &family, listings) {
            self.ledger.truncations += 1;
            self.ledger.tell(Event::Truncated { path: path.clone() });
            match stat {
                Some(stat) => self.swap_for_copy(key, stat, &family, consumer),
                None => self.enqueue(key),
            }
            return;
        }
        self.begin_anew(key, stat.map_or(mark.modified, |stat| stat.modified), consumer);
        if rotated {
            return self.enqueue(key);
        }
        let previous = self.between(&path, input, (Rotation::Copied, mark.modified), &family, None, consumer);
        self.wait(key, previous);
        self.enqueue(key);
    }

    /// After a power cut our record may be ahead of the file, the end of which never reached the disk. What is there
    /// was read: it goes on behind the last line.
    fn lost_its_end(&mut self, key: SourceKey) -> bool {
        let Some(source) = self.sources.get_mut(&key).filter(|source| source.restored && !source.is_packed()) else {
            return false;
        };
        source.restored = false;
        let mark = source.mark;
        let Ok((mut file, stat)) = source::open(source.place()) else { return false };
        let shorter = stat.id == mark.id && stat.size < mark.seen && mark.head.len() == HEAD;
        let mut head = [0; HEAD];
        if !shorter || !file.read_at(&mut head, 0).is_ok_and(|got| mark.head.begins(&head[..got])) {
            return false;
        }
        let Ok(end) = look::at_last_line(&mut file, &stat) else { return false };
        if end.position < mark.position {
            source.mark = Mark { head: mark.head, ..end };
            self.let_go(key);
            return true;
        }
        false
    }

    /// A file was truncated in place: it is read from its first byte again.
    pub(super) fn begin_anew(&mut self, key: SourceKey, modified: i64, consumer: &mut impl Consumer) {
        let Some(source) = self.sources.get_mut(&key) else { return };
        let mark = source.mark;
        self.ledger.truncations += 1;
        self.ledger.tell(Event::Truncated { path: source.path.clone() });
        self.ledger.lose(&source.path, "truncated", mark.size.saturating_sub(mark.seen));
        source.mark = Mark { id: mark.id, created: mark.created, modified, ..Mark::nowhere() };
        source.after_hole = false;
        consumer.truncated(key);
    }

    /// A compressed file that begins as what was read, and does not go on like it: it is another one, which came after.
    fn unpack_anew(&mut self, key: SourceKey, consumer: &mut impl Consumer) {
        let Some(source) = self.sources.get(&key) else { return };
        let (modified, begun) = (source.mark.modified, source.mark.seen > 0);
        if begun && source.is_at_its_place() {
            self.let_go(key);
            self.begin_anew(key, modified, consumer);
            self.enqueue(key);
        } else {
            self.give_up(key, "rotated", consumer);
        }
    }

    /// The copy that copytruncate made before it truncated holds what was written since the last look: the source goes
    /// on there.
    pub(super) fn find_copy(&mut self, key: SourceKey, family: &[Sibling], listings: &mut Listings) -> bool {
        // If there is none the file stays open: it may have no name any more.
        let reader = self.sources.get_mut(&key).and_then(|source| source.reader.take());
        let found = self.find(key, family, listings) == Search::Found;
        if let Some(source) = self.sources.get_mut(&key).filter(|_| !found) {
            source.reader = reader;
        }
        found
    }

    /// Rotated files that were truncated since, perhaps after they were copied.
    pub(super) fn mend_rotated(&mut self, listings: &mut Listings, consumer: &mut impl Consumer) {
        let keys: Vec<SourceKey> = self.rotated.iter().copied().collect();
        for key in keys {
            let Some(source) = self.sources.get(&key).filter(|source| !source.is_packed()) else { continue };
            let cut = match source.reader.as_ref().map(Reader::stat) {
                Some(Ok(held)) => self.was_cut(key, &held),
                Some(Err(_)) => false,
                None => source::open(source.place()).is_ok_and(|(mut file, stat)| {
                    let mut anew = || source.restored && source.mark.is_in(&mut file).is_ok_and(|content| !content);
                    stat.id == source.mark.id && (stat.size < source.mark.seen || anew())
                }),
            };
            if cut {
                self.truncated(key, listings, consumer);
            }
        }
    }

    fn swap_for_copy(&mut self, key: SourceKey, stat: Stat, family: &Family, consumer: &mut impl Consumer) {
        let Some(source) = self.sources.get(&key) else { return };
        let (path, input, floor) = (source.path.clone(), source.input, source.mark.modified);
        self.set_rotated(key);
        self.enqueue(key);
        let previous = self.between(&path, input, (Rotation::Copied, floor), family, Some(key), consumer);
        if let Some(new) = self.open_new(&path, input, stat, Begin::First, previous, consumer) {
            self.wait(new, previous);
        }
    }
}
