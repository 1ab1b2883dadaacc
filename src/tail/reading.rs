//! Reading in turns: a quota a file, and a bound on the whole.

use std::io;

use super::identity::{Mark, Stat};
use super::record::{Known, Owner};
use super::source::{self, BUFFER, Reader, Source, State, Step};
use super::stats::Event;
use super::tailer::{Ended, Tailer};
use super::unpack::Unpacker;
use super::{Consumer, SourceKey};

/// Bytes of one file in one turn.
const FILE_QUOTA: u64 = 1 << 20;
/// Bytes of all files in one turn.
const TURN_QUOTA: u64 = 8 << 20;
/// Files in one turn.
const TURN_FILES: usize = 1024;
/// A half line that is longer than this is not shown again for every few bytes.
const HALF_LINE: u64 = 64 << 10;
/// Compressed files that are read at the same time.
const UNPACKING: usize = 4;
/// Files that were read to their end are watched for growth up to this number.
const ENDED: usize = 256;

impl Tailer {
    /// Puts a source into the queue of those that have bytes to be read.
    pub(super) fn enqueue(&mut self, key: SourceKey) {
        if let Some(source) = self.sources.get_mut(&key)
            && !source.queued
        {
            source.queued = true;
            self.ready.push_back(key);
        }
    }

    /// Reads what there is, within the quotas. Returns whether files were left over.
    pub(super) fn read_on(&mut self, consumer: &mut impl Consumer) -> bool {
        let (mut bytes, mut files) = (0, 0);
        while bytes < TURN_QUOTA && files < TURN_FILES {
            let Some(key) = self.ready.pop_front() else { break };
            let Some(source) = self.sources.get_mut(&key) else { continue };
            source.queued = false;
            files += 1;
            if source.after.is_some() && !self.may_begin(key) {
                continue;
            }
            if self.can_wait(key) || !self.may_unpack(key) {
                self.postponed.push(key);
                continue;
            }
            let before = self.ledger.read_bytes;
            if self.read_file(key, consumer) {
                self.enqueue(key);
            }
            bytes += self.ledger.read_bytes - before;
        }
        self.mend(consumer);
        if self.ready.is_empty() && self.buffer.len() > BUFFER {
            self.buffer.truncate(BUFFER);
            self.buffer.shrink_to_fit();
        }
        !self.ready.is_empty()
    }

    /// Whether reading a file would mostly show a long half line again for a few bytes more.
    fn can_wait(&self, key: SourceKey) -> bool {
        let Some(source) = self.sources.get(&key) else { return false };
        let half = source.mark.seen - source.mark.position;
        let new = source.mark.size.saturating_sub(source.mark.seen);
        let rested = self.now.saturating_sub(source.read) >= self.options.poll_interval;
        half > HALF_LINE && new < half / 4 && !rested && !self.looked_at_all
    }

    /// Whether a file may be unpacked now, if it is a compressed one: each takes some memory while it is open.
    fn may_unpack(&self, key: SourceKey) -> bool {
        let packed = |source: &Source| source.reader.is_none() && source.is_packed();
        self.unpacking < UNPACKING || !self.sources.get(&key).is_some_and(packed)
    }

    /// Whether the source that is to be read first has been read so far.
    fn may_begin(&mut self, key: SourceKey) -> bool {
        let Some((first, size)) = self.sources.get(&key).and_then(|source| source.after) else { return true };
        if self.sources.get(&first).is_some_and(|first| first.mark.seen < size) {
            return false;
        }
        self.waiters.remove(&first);
        if let Some(source) = self.sources.get_mut(&key) {
            source.after = None;
        }
        true
    }

    /// Lets the source begin that waits for this one, if it may.
    pub(super) fn release(&mut self, first: SourceKey) {
        if let Some(&waiter) = self.waiters.get(&first)
            && self.may_begin(waiter)
        {
            self.enqueue(waiter);
        }
    }

    /// Reads one file up to its quota. Returns whether it is to be read on.
    fn read_file(&mut self, key: SourceKey, consumer: &mut impl Consumer) -> bool {
        let mut quota = FILE_QUOTA;
        if let Err(error) = self.ensure_open(key) {
            self.failed(key, "open", &error);
            return false;
        }
        if self.sources.get_mut(&key).is_some_and(|source| !source.begins_as_it_did().unwrap_or(true)) {
            self.broken.push(key);
            return false;
        }
        loop {
            let Some(source) = self.sources.get_mut(&key) else { return false };
            if source.reader.is_none() {
                return false;
            }
            let shown = match source.show(&mut self.buffer, self.options.line_bytes, false, consumer) {
                Ok(shown) => shown,
                Err(error) => {
                    self.failed(key, "read", &error);
                    return false;
                }
            };
            (source.grown, source.read) = (self.now, self.now);
            source.restored &= shown.step == Step::Broken;
            if source.trouble.take().is_some() {
                self.ledger.tell(Event::Recovered { path: source.path.clone() });
            }
            self.ledger.read_bytes += shown.bytes;
            self.ledger.lose(&source.path, "hole", shown.hole);
            self.ledger.lose(&source.path, "overlong", shown.refused);
            quota = quota.saturating_sub(shown.bytes.max(1));
            let seen = source.mark.seen;
            if let Some(starting) = &mut self.starting
                && starting.get(&key).is_some_and(|&target| seen >= target)
            {
                starting.remove(&key);
            }
            match shown.step {
                Step::Broken => {
                    self.broken.push(key);
                    return false;
                }
                Step::CaughtUp => {
                    if matches!(source.reader, Some(Reader::Packed(_))) {
                        // Nothing will follow.
                        self.end(key, consumer);
                    } else {
                        self.release(key);
                    }
                    return false;
                }
                Step::More if quota == 0 => {
                    self.release(key);
                    return true;
                }
                Step::More => {}
            }
        }
    }

    /// Opens the file of a source if it is not open. The file at its path may be another one by now: then the next
    /// look at everything sorts that out, and nothing is opened.
    fn ensure_open(&mut self, key: SourceKey) -> io::Result<()> {
        self.ticks += 1;
        let tick = self.ticks;
        let Some(source) = self.sources.get_mut(&key) else { return Ok(()) };
        if source.reader.is_some() {
            self.open.remove(&source.used);
            source.used = tick;
            self.open.insert(tick, key);
            return Ok(());
        }
        let (file, stat) = match source::open(source.place()) {
            Ok(opened) => opened,
            Err(error) if super::discover::is_absent(&error) => {
                self.discover_soon = true;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if stat.id != source.mark.id {
            self.discover_soon = true;
            return Ok(());
        }
        let reader = match source.is_packed() {
            true => Reader::Packed(Box::new(Unpacker::new(file))),
            false => Reader::Plain(file),
        };
        self.hold(key, reader);
        Ok(())
    }

    /// Gives a source an open file, and closes another one if there are too many.
    pub(super) fn hold(&mut self, key: SourceKey, reader: Reader) {
        self.let_go(key);
        if self.open.len() >= self.open_limit {
            self.close_one();
        }
        self.ticks += 1;
        if let Some(source) = self.sources.get_mut(&key) {
            self.unpacking += usize::from(matches!(reader, Reader::Packed(_)));
            source.reader = Some(reader);
            source.used = self.ticks;
            self.open.insert(self.ticks, key);
        }
    }

    /// Closes the file of a source.
    pub(super) fn let_go(&mut self, key: SourceKey) {
        if let Some(source) = self.sources.get_mut(&key) {
            self.unpacking -= usize::from(matches!(source.reader, Some(Reader::Packed(_))));
            source.reader = None;
            self.open.remove(&source.used);
        }
    }

    /// Closes the file that rests longest: one that was read to its end and is still at its path if there is one, then
    /// one that is at its path, then one that was renamed; one that was deleted could not be opened again.
    fn close_one(&mut self) {
        let rank = |source: &Source| match source.is_rotated() {
            false if source.mark.size <= source.mark.seen => 0,
            false => 1,
            true if matches!(source.reader, Some(Reader::Plain(_))) && source.is_at_its_place() => 2,
            true => 3,
        };
        let mut victim = None;
        for key in self.open.values() {
            let Some(rank) = self.sources.get(key).map(rank) else { continue };
            if victim.is_none_or(|(best, _)| rank < best) {
                victim = Some((rank, *key));
            }
            if rank == 0 {
                break;
            }
        }
        if let Some((0..=2, victim)) = victim {
            self.let_go(victim);
        }
    }

    /// Notes that something fails with a file; it is tried again with the next look.
    pub(super) fn failed(&mut self, key: SourceKey, operation: &'static str, error: &io::Error) {
        self.ledger.fail(operation);
        if let Some(source) = self.sources.get_mut(&key) {
            if source.trouble != Some(operation) {
                let (path, error) = (source.path.clone(), error.to_string());
                self.ledger.tell(Event::Failing { path, operation, error });
            }
            source.trouble = Some(operation);
            if let Some(starting) = &mut self.starting {
                starting.remove(&key);
            }
        }
        self.stop_waiting_for(key);
    }

    /// Lets the source begin that waits for this one, come what may.
    pub(super) fn stop_waiting_for(&mut self, first: SourceKey) {
        if let Some(waiter) = self.waiters.remove(&first) {
            if let Some(source) = self.sources.get_mut(&waiter) {
                source.after = None;
            }
            self.enqueue(waiter);
        }
    }

    /// Looks at the rotated files: reads on where one has grown, and lets go those that are quiet.
    pub(super) fn look_at_rotated(&mut self, consumer: &mut impl Consumer) {
        if self.rotated.is_empty() || !self.rotated_look_due() {
            return;
        }
        let keys: Vec<SourceKey> = self.rotated.iter().copied().collect();
        for key in keys {
            let Some(source) = self.sources.get_mut(&key) else { continue };
            if source.queued || source.after.is_some() {
                continue;
            }
            let State::Rotated { since } = source.state else { continue };
            let stat = match &source.reader {
                Some(Reader::Packed(_)) => continue,
                Some(reader) => reader.stat().ok(),
                None => std::fs::metadata(source.place()).ok().map(|meta| Stat::from(&meta)),
            };
            let Some(stat) = stat.filter(|stat| stat.id == source.mark.id) else {
                self.discover_soon = true;
                continue;
            };
            if source.is_packed() {
                self.enqueue(key);
                continue;
            }
            source.mark.size = stat.size;
            let held = self.now.saturating_sub(since);
            if stat.links == 0 && held >= self.options.max_hold {
                self.give_up(key, "held_too_long", consumer);
            } else if stat.size != source.mark.seen {
                self.enqueue(key);
            } else if self.now.saturating_sub(source.grown) >= self.options.quiet_after_rotation {
                self.end(key, consumer);
            }
        }
    }

    /// Shows the rest of a file that will not grow any more, and closes it.
    pub(super) fn end(&mut self, key: SourceKey, consumer: &mut impl Consumer) {
        let opened = self.ensure_open(key);
        let Some(source) = self.sources.get(&key) else { return };
        if source.reader.is_none() {
            if let Err(error) = opened {
                self.failed(key, "open", &error);
            }
            return self.give_up(key, "unreadable", consumer);
        }
        loop {
            let Some(source) = self.sources.get_mut(&key) else { return };
            let before = source.mark.position;
            match source.show(&mut self.buffer, self.options.line_bytes, true, consumer) {
                Ok(shown) => {
                    self.ledger.read_bytes += shown.bytes;
                    match shown.step {
                        Step::CaughtUp => break,
                        Step::More if source.mark.position > before || shown.bytes > 0 => {}
                        Step::More | Step::Broken => return self.give_up(key, "truncated", consumer),
                    }
                }
                Err(error) => {
                    self.failed(key, "read", &error);
                    return self.give_up(key, "unreadable", consumer);
                }
            }
        }
        if let Some(source) = self.sources.get(&key) {
            let mark = source.mark;
            let (at, place) = (source.place().to_owned(), self.home(&source.path));
            let plain = matches!(source.reader, Some(Reader::Plain(_)));
            self.ledger.tell(Event::Finished { path: source.path.clone() });
            self.remember_ours(&place, mark);
            if plain {
                self.watch_ended(Ended { at, place, mark, since: self.now });
            }
        }
        self.remove(key, consumer);
    }

    /// Watches a file that was read to its end, in case that it grows nevertheless.
    pub(super) fn watch_ended(&mut self, ended: Ended) {
        self.ended.push_back(ended);
        if self.ended.len() > ENDED {
            self.ended.pop_front();
        }
    }

    /// Lets a file go of which not everything was read, and counts what is lost.
    pub(super) fn give_up(&mut self, key: SourceKey, reason: &'static str, consumer: &mut impl Consumer) {
        let Some(source) = self.sources.get(&key) else { return };
        let mark = source.mark;
        self.ledger.lose(&source.path, reason, mark.size.saturating_sub(mark.seen));
        let home = self.home(&source.path);
        self.remember_ours(&home, mark);
        consumer.take(key, mark.position, &[], super::Behind::End);
        self.remove(key, consumer);
    }

    fn remember_ours(&mut self, path: &std::path::Path, mark: Mark) {
        self.disturbed = true;
        if let Some(place) = self.places.get_mut(path) {
            place.history.retain(|known| known.mark.id != mark.id);
            place.history.push(Known { mark, owner: Owner::Ours });
        }
    }

    /// Forgets a source.
    pub(super) fn remove(&mut self, key: SourceKey, consumer: &mut impl Consumer) {
        self.let_go(key);
        self.disturbed = true;
        let Some(Source { mark, path, .. }) = self.sources.remove(&key) else { return };
        if self.by_id.get(&mark.id) == Some(&key) {
            self.by_id.remove(&mark.id);
        }
        self.unlist_rotated(key, &path);
        if let Some(starting) = &mut self.starting {
            starting.remove(&key);
        }
        if let Some(place) = self.places.get_mut(&path)
            && place.current == Some(key)
        {
            place.current = None;
        }
        consumer.closed(key);
        self.release(key);
    }
}
