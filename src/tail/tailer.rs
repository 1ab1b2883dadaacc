//! The tailer: which sources there are, and what a turn does.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::discover::Discovery;
use super::family::Rest;
use super::identity::{FileId, Mark};
use super::paths::PathMap;
use super::record::{FileRecord, Known, Owner, RawPath, RecordState};
use super::source::{BUFFER, Source, State};
use super::stats::{Event, FileStatus, Ledger, Stats};
use super::succession::Rotation;
use super::watch::{Watch, WatchMode};
use super::{Consumer, InputOptions, Options, SourceKey, TailError};

/// With hints of the kernel, everything is looked at so often nevertheless,
const SWEEP: Duration = Duration::from_secs(10);
/// and so much more rarely for each path: who scrapes has everything looked at anyway.
const SWEEP_FOR_EACH: Duration = Duration::from_millis(1);
/// but not more rarely than this.
const RAREST_SWEEP: Duration = Duration::from_secs(60);
/// What a walk over all globs may cost: with this many seconds between two, for each path.
const WALK_GAP: Duration = Duration::from_micros(200);
/// And with this at least.
const LEAST_GAP: Duration = Duration::from_millis(20);
/// Rotated files are looked at so often.
const ROTATED_LOOK: Duration = Duration::from_millis(250);
/// Descriptors that are left to the rest of the process.
const SPARE: u64 = 64;

/// What a turn leaves to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// There is more to read at once.
    pub more: bool,
    /// When to call again at the latest; `None`: never, if nothing wakes.
    pub next: Option<Duration>,
}

/// A path that is or was tailed.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub input: usize,
    /// The source of the file that is there.
    pub current: Option<SourceKey>,
    /// The source of the last file that was there.
    pub last: Option<SourceKey>,
    /// What the path points to, if it goes over links.
    pub real: Option<PathBuf>,
    /// Last write that is known of the last file that was there: what is older was there before it.
    pub floor: i64,
    /// The file was empty at the last look, and last written then: that it was cut since cannot be seen in it.
    pub empty: Option<i64>,
    /// Since when there is no file.
    pub gone: Option<Duration>,
    /// Seconds without a file in earlier runs.
    pub gone_seconds: u64,
    /// The last walk that found a file there.
    pub walked: u64,
    /// Rotated siblings that are not to be read again.
    pub history: Vec<Known>,
}

/// A rotated file that was read to its end, in case that it grows nevertheless.
#[derive(Debug)]
pub(super) struct Ended {
    pub at: PathBuf,
    pub place: PathBuf,
    pub mark: Mark,
    pub since: Duration,
}

/// Tails files: finds them, tells them apart, and shows a [`Consumer`] each of their bytes once.
///
/// Turns do a bounded amount of work, so that the caller can answer others in between. Where hints of the kernel wake
/// it, the caller does well to let some tens of milliseconds pass between turns, so that writes are taken together.
pub struct Tailer {
    pub(super) options: Options,
    pub(super) discovery: Discovery,
    pub(super) watch: Watch,
    pub(super) said_mode: WatchMode,
    pub(super) sources: BTreeMap<SourceKey, Source>,
    pub(super) rotated: BTreeSet<SourceKey>,
    /// The sources among them by the path that they had.
    pub(super) former: HashMap<PathBuf, Vec<SourceKey>>,
    /// Compressed files that are open.
    pub(super) unpacking: usize,
    pub(super) by_id: foldhash::HashMap<FileId, SourceKey>,
    pub(super) places: PathMap<Place>,
    /// Other paths of tailed files: second names, and what links point to.
    pub(super) also: PathMap<SourceKey>,
    pub(super) skipped: HashMap<PathBuf, &'static str>,
    pub(super) ended: VecDeque<Ended>,
    pub(super) next_key: u64,
    pub(super) ready: VecDeque<SourceKey>,
    /// Sources that wait for another one to be read.
    pub(super) waiters: HashMap<SourceKey, SourceKey>,
    pub(super) broken: Vec<SourceKey>,
    /// Sources that are read a little later.
    pub(super) postponed: Vec<SourceKey>,
    /// Whether this turn was asked to look at every file.
    pub(super) looked_at_all: bool,
    /// Restored sources that the consumer was not told of yet.
    pub(super) untold: Vec<SourceKey>,
    /// Open files, the one that rests longest first.
    pub(super) open: BTreeMap<u64, SourceKey>,
    pub(super) open_limit: usize,
    pub(super) ticks: u64,
    pub(super) buffer: Vec<u8>,
    pub(super) ledger: Ledger,
    pub(super) now: Duration,
    pub(super) first_start: bool,
    pub(super) fresh_inputs: BTreeSet<usize>,
    pub(super) inputs_changed: bool,
    pub(super) discovered: Option<Duration>,
    pub(super) discover_soon: bool,
    /// Walks over all globs so far.
    pub(super) walks: u64,
    /// Sources, places or what is remembered of them have changed since siblings were looked at.
    pub(super) disturbed: bool,
    /// The folders in which they were looked at, if they rested.
    pub(super) rested: Option<Vec<(PathBuf, Option<Rest>)>>,
    /// Siblings that this walk has looked at and found not to be ours.
    pub(super) judged: HashSet<FileId>,
    /// Paths whose siblings were renamed too fast to be looked at, and what is known of the last one that was.
    pub(super) unsure: HashMap<PathBuf, (Rotation, i64)>,
    pub(super) look_all: bool,
    pub(super) rotated_looked: Option<Duration>,
    /// What files that matched at start have yet to be read up to; `None` before they were looked for.
    pub(super) starting: Option<HashMap<SourceKey, u64>>,
}

impl Tailer {
    /// Begins to tail, or goes on from what [`Tailer::records`] returned. Nothing is read before the first turn.
    /// `wake` is called by the watching thread when something changed.
    pub fn new(
        options: Options,
        restored: Vec<FileRecord>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, TailError> {
        let discovery = Discovery::new(&options.inputs)?;
        let watch = if options.notify { Watch::new(wake) } else { Watch::none() };
        let inputs = options.inputs.len();
        let mut tailer = Self {
            open_limit: open_limit(options.open_files),
            said_mode: watch.mode(),
            first_start: restored.is_empty(),
            options,
            discovery,
            watch,
            sources: BTreeMap::new(),
            rotated: BTreeSet::new(),
            former: HashMap::new(),
            unpacking: 0,
            by_id: foldhash::HashMap::default(),
            places: PathMap::default(),
            also: PathMap::default(),
            skipped: HashMap::new(),
            ended: VecDeque::new(),
            next_key: 1,
            ready: VecDeque::new(),
            waiters: HashMap::new(),
            broken: Vec::new(),
            postponed: Vec::new(),
            looked_at_all: false,
            untold: Vec::new(),
            open: BTreeMap::new(),
            ticks: 0,
            buffer: vec![0; BUFFER],
            ledger: Ledger::default(),
            now: Duration::ZERO,
            fresh_inputs: BTreeSet::new(),
            inputs_changed: true,
            discovered: None,
            discover_soon: false,
            walks: 0,
            disturbed: true,
            rested: None,
            judged: HashSet::new(),
            unsure: HashMap::new(),
            look_all: true,
            rotated_looked: None,
            starting: None,
        };
        if tailer.first_start {
            tailer.fresh_inputs.extend(0..inputs);
        }
        for record in restored {
            tailer.restore(record);
        }
        Ok(tailer)
    }

    /// Tails other inputs from now on. Positions of files that match still are kept; files that match no more are let
    /// go. On an error nothing changes.
    pub fn update_inputs(&mut self, options: Options) -> Result<(), TailError> {
        let discovery = Discovery::new(&options.inputs)?;
        self.fresh_inputs =
            (0..options.inputs.len()).filter(|&input| !self.discovery.has_globs(discovery.globs(input))).collect();
        self.discovery = discovery;
        self.open_limit = open_limit(options.open_files);
        self.options = options;
        // an input with the same globs may plan something else for its files
        self.untold.extend(self.sources.keys());
        self.inputs_changed = true;
        self.look_all = true;
        Ok(())
    }

    /// Does a bounded amount of work. `now` is the time since the process began and never goes back.
    pub fn turn(&mut self, now: Duration, consumer: &mut impl Consumer) -> Turn {
        self.now = now;
        self.notice(consumer);
        self.look_at_rotated(consumer);
        let more = self.read_on(consumer);
        if self.watch.mode() != self.said_mode {
            self.said_mode = self.watch.mode();
            self.ledger.tell(Event::WatchModeChanged { mode: self.said_mode });
        }
        Turn { more: more || !self.ready.is_empty(), next: Some(self.next_look()) }
    }

    /// Has the next turn look at every file, whatever the kernel says.
    pub fn look_at_all(&mut self) {
        self.look_all = true;
    }

    /// Prepares the end: the next turns read on to the ends of all files. Rotated files are not waited for; they are
    /// gone on with after a restart.
    pub fn finish(&mut self) {
        self.look_all = true;
    }

    /// Whether every file that matched at start has been read to the end that it had then.
    pub fn caught_up(&self) -> bool {
        self.starting.as_ref().is_some_and(HashMap::is_empty)
    }

    /// What to keep on disk: positions and fingerprints, no text.
    pub fn records(&mut self) -> Vec<FileRecord> {
        let mut records = Vec::with_capacity(self.sources.len());
        for source in self.sources.values() {
            let place = self.places.get(&source.path).filter(|place| place.current == Some(source.key));
            records.push(FileRecord {
                key: source.key,
                path: RawPath::from(source.path.as_path()),
                at: source.at.as_deref().or_else(|| place?.real.as_deref()).map(RawPath::from),
                input: u32::try_from(source.input).unwrap_or(u32::MAX),
                state: if source.is_rotated() { RecordState::Rotated } else { RecordState::Live },
                mark: source.mark,
                after: source.after,
                gone_seconds: 0,
                history: place.map(|place| place.history.clone()).unwrap_or_default(),
            });
        }
        for (path, place) in self.places.iter().filter(|(_, place)| place.current.is_none()) {
            let Some(last) = place.last else { continue };
            let mark = Mark { modified: place.floor, ..Mark::nowhere() };
            records.push(FileRecord {
                key: last,
                path: RawPath::from(path),
                at: None,
                input: u32::try_from(place.input).unwrap_or(u32::MAX),
                state: RecordState::Gone,
                mark,
                after: None,
                gone_seconds: self.gone_seconds(place),
                history: place.history.clone(),
            });
        }
        records
    }

    /// Seconds that there has been no file at a place.
    pub(super) fn gone_seconds(&self, place: &Place) -> u64 {
        place.gone_seconds + place.gone.map_or(0, |since| self.now.saturating_sub(since).as_secs())
    }

    /// Numbers since the tailer was made.
    pub fn stats(&self) -> Stats {
        Stats {
            files: self.sources.len(),
            open: self.open.len(),
            read_bytes: self.ledger.read_bytes,
            rotations: self.ledger.rotations,
            truncations: self.ledger.truncations,
            lost_bytes: self.ledger.lost_bytes.clone(),
            read_errors: self.ledger.read_errors.clone(),
            watch_mode: self.watch.mode(),
        }
    }

    /// Bytes on disk that were not shown yet, over all files. Asks each of them.
    pub fn unread_bytes(&self) -> u64 {
        self.sources.values().map(|source| source.mark.size.saturating_sub(source.mark.seen)).sum()
    }

    /// The tailed files, for people.
    pub fn files(&self) -> impl Iterator<Item = FileStatus<'_>> {
        self.sources.values().map(|source| FileStatus {
            path: &source.path,
            input: source.input,
            position: source.mark.position,
            size: source.mark.size,
            lag: source.mark.size.saturating_sub(source.mark.seen),
            state: match (source.trouble, source.after, source.is_rotated()) {
                (Some(trouble), _, _) => trouble,
                (None, Some(_), _) => "waiting",
                (None, None, true) => "rotated",
                (None, None, false) => "live",
            },
        })
    }

    /// What is tailed.
    pub fn inputs(&self) -> &[InputOptions] {
        &self.options.inputs
    }

    /// What happened since the last call.
    pub fn events(&mut self) -> impl Iterator<Item = Event> + use<> {
        std::mem::take(&mut self.ledger.events).into_iter()
    }

    fn restore(&mut self, record: FileRecord) {
        let path = record.path.to_path();
        let input = usize::try_from(record.input).unwrap_or(usize::MAX);
        self.next_key = self.next_key.max(record.key.0.saturating_add(1));
        if record.state != RecordState::Rotated {
            for known in record.history.iter().filter(|known| known.owner == Owner::Ours) {
                let (at, place) = (PathBuf::new(), path.clone());
                self.watch_ended(Ended { at, place, mark: known.mark, since: Duration::ZERO });
            }
            let place = self.places.entry(&path);
            place.input = input;
            place.history = record.history;
            place.floor = record.mark.modified;
            place.last = Some(record.key);
            place.gone_seconds = record.gone_seconds;
            if record.state == RecordState::Gone {
                place.gone = Some(Duration::ZERO);
                return;
            }
            place.current = Some(record.key);
            place.empty = Some(record.mark.modified).filter(|_| record.mark.size == 0);
            place.real = record.at.as_ref().map(RawPath::to_path);
            if let Some(real) = &place.real {
                self.also.insert(real.clone(), record.key);
            }
        }
        let rotated = record.state == RecordState::Rotated;
        let mut source = self.make(record.key, input, &path, record.mark);
        source.at = record.at.as_ref().map(RawPath::to_path).filter(|_| rotated);
        source.after = record.after;
        source.restored = true;
        if let Some((first, _)) = record.after {
            self.waiters.insert(first, record.key);
        }
        self.by_id.insert(record.mark.id, record.key);
        self.sources.insert(record.key, source);
        self.untold.push(record.key);
        if rotated {
            self.set_rotated(record.key);
            self.enqueue(record.key);
        }
    }

    pub(super) fn make(&self, key: SourceKey, input: usize, path: &Path, mark: Mark) -> Source {
        Source {
            key,
            input,
            path: path.to_owned(),
            at: None,
            mark,
            state: State::Live,
            after: None,
            reader: None,
            used: 0,
            read: Duration::ZERO,
            grown: self.now,
            queued: false,
            doubtful: true,
            restored: false,
            after_hole: false,
            trouble: None,
        }
    }

    fn poll_gap(&self) -> Duration {
        let paths = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let sweep = SWEEP.saturating_add(SWEEP_FOR_EACH.saturating_mul(paths)).min(RAREST_SWEEP);
        match self.watch.mode() {
            WatchMode::Notify => sweep.max(self.options.poll_interval),
            WatchMode::Poll => self.options.poll_interval,
        }
    }

    fn walk_gap(&self) -> Duration {
        LEAST_GAP + WALK_GAP * u32::try_from(self.places.len()).unwrap_or(u32::MAX)
    }

    fn next_look(&self) -> Duration {
        let Some(discovered) = self.discovered else { return self.now };
        let mut next = discovered + self.poll_gap();
        if self.look_all {
            next = self.now;
        } else if self.discover_soon {
            next = next.min(discovered + self.walk_gap());
        }
        if !self.postponed.is_empty() {
            next = next.min(self.now + self.options.poll_interval);
        }
        if !self.rotated.is_empty() {
            next = next.min(self.now + ROTATED_LOOK);
        }
        next.max(self.now)
    }

    /// Turns hints and the clock into looks at files.
    fn notice(&mut self, consumer: &mut impl Consumer) {
        let hints = self.watch.take();
        self.look_all |= hints.everything;
        self.looked_at_all = self.look_all;
        for key in std::mem::take(&mut self.postponed) {
            self.enqueue(key);
        }
        for path in &hints.renamed {
            self.watch.forget(path);
            self.discover_soon = true;
        }
        let since = self.discovered.map(|at| self.now.saturating_sub(at));
        let due = match since {
            None => true,
            Some(since) => self.look_all || since >= self.poll_gap() || self.discover_soon && since >= self.walk_gap(),
        };
        if due {
            self.discover(consumer);
            return;
        }
        for path in &hints.written {
            match self.also.get(path).or_else(|| self.places.get(path)?.current.as_ref()).copied() {
                Some(key) => self.look(key),
                None => {
                    self.rotated_looked = None;
                    self.discover_soon |= self.ended.iter().any(|ended| ended.at == *path);
                }
            }
        }
    }

    /// Whether rotated files are to be looked at in this turn.
    pub(super) fn rotated_look_due(&mut self) -> bool {
        let due = self.rotated_looked.is_none_or(|at| self.now.saturating_sub(at) >= ROTATED_LOOK);
        if due {
            self.rotated_looked = Some(self.now);
        }
        due
    }
}

/// Descriptors to use at most: what is asked for, and no more than half of what the process may have.
fn open_limit(wanted: usize) -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let ours = (limit / 2).min(limit.saturating_sub(SPARE)).max(8);
    wanted.clamp(1, usize::try_from(ours).unwrap_or(usize::MAX))
}
