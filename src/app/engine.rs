//! The one thread that owns every file, buffer and counter.

use super::board::{Board, Shown};
use super::overview::{self, Circumstances};
use super::pipeline::Pipeline;
use super::plan::Fresh;
use super::recent::Recorder;
use super::record::Record;
use super::watchman;
use crate::report::Now;
use crate::state::{Committer, Done};
use crate::tail::{Stats, TailError, Tailer, WatchMode};
use crate::tally::{Family, Sample, metrics};
use crate::view::View;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;

/// What others ask of the engine.
pub enum Message {
    /// A log may have changed.
    Changed,
    /// Somebody wants the metrics: all that is on disk when it is answered, and everything that was there to be read.
    Scrape(oneshot::Sender<Arc<Shown>>),
    /// Somebody wants to see how things stand: what was shown last and so many files, at once.
    View(usize, oneshot::Sender<View>),
    /// A record was written, or could not be.
    Committed(Done),
    /// Go on with another configuration.
    Reload(Box<Fresh>, oneshot::Sender<Result<(), TailError>>),
    /// Read to the end, commit, and end.
    Stop,
}

/// Changes that nobody asks for are committed so often.
const COMMIT_EVERY: Duration = Duration::from_secs(5);
/// Changes are committed so often while somebody looks at the page.
const COMMIT_LOOKED_AT: Duration = Duration::from_secs(1);
/// Commits follow each other no sooner.
const COMMIT_APART: Duration = Duration::from_millis(100);
/// The loop turns at least so often, so that a hang is noticed.
const TURN_EVERY: Duration = Duration::from_secs(5);
/// It is looked for series that can be dropped so often.
const RETIRE_EVERY: Duration = Duration::from_secs(20);
/// Reading to the end before the process stops takes no longer.
const LAST_READ: Duration = Duration::from_secs(5);
/// The last commit may take so long.
const LAST_COMMIT: Duration = Duration::from_secs(3);

/// The engine and everything that it owns.
pub struct Engine {
    began: Instant,
    started: SystemTime,
    tailer: Tailer,
    pipeline: Pipeline<Recorder>,
    inbox: Receiver<Message>,
    board: Arc<Board>,
    committer: Option<Committer>,
    /// What the tailer had counted when it was last asked.
    counted: Stats,
    /// Those who wait for metrics.
    scrapes: Vec<oneshot::Sender<Arc<Shown>>>,
    /// The commit that is under way: its number, what it makes visible, and who waits for it.
    under_way: Option<UnderWay>,
    commits: Commits,
    /// All has been read that was there at the start; before that, single files are not worth a line of the log.
    settled: bool,
    /// When it is looked next for series that can be dropped.
    retire_next: Now,
}

struct UnderWay {
    number: u64,
    begun: Now,
    shown: Shown,
    scrapes: Vec<oneshot::Sender<Arc<Shown>>>,
}

#[derive(Default)]
struct Commits {
    number: u64,
    last_begun: Now,
    last_done: Option<SystemTime>,
    failing: bool,
    /// Somebody has looked at the page since the last one began.
    looked_at: bool,
}

impl Engine {
    /// An engine that goes on from where `pipeline` and `tailer` stand.
    pub fn new(
        tailer: Tailer,
        pipeline: Pipeline<Recorder>,
        inbox: Receiver<Message>,
        board: Arc<Board>,
        committer: Option<Committer>,
        began: Instant,
    ) -> Self {
        let counted = tailer.stats();
        Self {
            began,
            started: SystemTime::now(),
            tailer,
            pipeline,
            inbox,
            board,
            committer,
            counted,
            scrapes: Vec::new(),
            under_way: None,
            commits: Commits::default(),
            settled: false,
            retire_next: RETIRE_EVERY,
        }
    }

    /// Turns until it is told to stop.
    pub fn run(mut self) {
        let mut messages = VecDeque::new();
        // what was taken up is on disk: whoever asks before the first commit, or while it hangs, may see that
        let shown = self.shown(Now::ZERO);
        self.answer(Vec::new(), shown, Now::ZERO);
        loop {
            if messages.drain(..).any(|message| self.hear(message)) {
                break;
            }
            let wait = self.turn();
            match self.inbox.recv_timeout(wait) {
                Ok(message) => messages.push_back(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            messages.extend(self.inbox.try_iter());
        }
        self.end();
    }

    /// Takes in a message. True if it is time to stop.
    fn hear(&mut self, message: Message) -> bool {
        match message {
            Message::Changed => self.board.heard(),
            Message::Scrape(answer) => {
                self.scrapes.retain(|scrape| !scrape.is_closed()); // a disk that hangs must not let them pile up
                if self.scrapes.is_empty() {
                    self.tailer.look_at_all();
                }
                self.scrapes.push(answer);
            }
            Message::View(files, answer) => {
                let _ = answer.send(self.view(files)); // who asked may have gone
            }
            Message::Committed(done) => self.committed(done),
            Message::Reload(fresh, answer) => {
                let _ = answer.send(self.reload(*fresh));
            }
            Message::Stop => return true,
        }
        false
    }

    /// Goes on with another configuration; what is shown, and what will be, keeps its meaning.
    fn reload(&mut self, fresh: Fresh) -> Result<(), TailError> {
        let (board, under_way) = (&self.board, &mut self.under_way);
        fresh.apply(&mut self.pipeline, &mut self.tailer, |code, recogniser| {
            board.show(Arc::new(board.shown().renewed(code, recogniser)));
            if let Some(under_way) = under_way {
                under_way.shown = under_way.shown.renewed(code, recogniser);
            }
        })
    }

    /// What there is to be seen now: the counters are those shown last, which are on disk if there is a state.
    fn view(&mut self, files: usize) -> View {
        self.commits.looked_at = true;
        if self.committer.is_none() {
            let now = self.began.elapsed();
            let shown = self.shown(now);
            self.answer(Vec::new(), shown, now);
        }
        let known = Circumstances {
            started: self.started,
            kept: self.committer.is_some(),
            failing: self.commits.failing,
            last_commit: self.commits.last_done,
        };
        overview::view(&self.board.shown(), &self.pipeline, &self.tailer, known, files)
    }

    /// What there would be to be seen.
    fn shown(&self, now: Now) -> Shown {
        let Pipeline { tally, observer, .. } = &self.pipeline;
        Shown { families: tally.families(now), totals: tally.totals(), recent: observer.snapshot() }
    }

    /// Reads what there is to read, counts it, and commits if it is time. How long nothing needs to be done.
    fn turn(&mut self) -> Duration {
        let now = self.began.elapsed();
        self.set_clocks(now);
        let turn = self.tailer.turn(now, &mut self.pipeline);
        let now = self.began.elapsed();
        self.pipeline.tick(now);
        if now >= self.retire_next {
            self.retire_next = now + RETIRE_EVERY;
            self.pipeline.retire(now);
        }
        self.account();
        if !self.settled && self.tailer.caught_up() {
            self.settled = true;
            let responses = self.pipeline.tally.totals().values().sum();
            watchman::caught_up(self.counted.files, self.counted.read_bytes, responses);
        }
        self.board.turned(now, self.settled);
        self.commit(now);
        if turn.more {
            return Duration::ZERO;
        }
        let commit = self.commit_due(now);
        let next = [turn.next, self.pipeline.due(), commit].into_iter().flatten().min();
        next.map_or(TURN_EVERY, |next| next.saturating_sub(now).min(TURN_EVERY))
    }

    fn set_clocks(&mut self, now: Now) {
        self.pipeline.now = now;
        self.pipeline.observer.wall = overview::millis(SystemTime::now());
    }

    /// When the next commit is to begin, if there is anything to commit.
    fn commit_due(&self, now: Now) -> Option<Now> {
        if self.under_way.is_some() || self.committer.is_none() {
            return None;
        }
        let apart = match (self.scrapes.is_empty(), self.commits.looked_at) {
            (false, _) => COMMIT_APART,
            (true, true) => COMMIT_LOOKED_AT,
            (true, false) => COMMIT_EVERY,
        };
        let earliest = self.commits.last_begun + apart;
        (self.pipeline.changed || !self.scrapes.is_empty()).then(|| earliest.max(now))
    }

    /// Answers scrapes that need no commit, and begins a commit if it is time for one.
    fn commit(&mut self, now: Now) {
        if !self.scrapes.is_empty() && self.pipeline.tally.show(now) {
            self.pipeline.changed = true;
        }
        if self.committer.is_none() || !self.pipeline.changed && self.under_way.is_none() {
            if !self.scrapes.is_empty() {
                let shown = self.shown(now);
                let scrapes = std::mem::take(&mut self.scrapes);
                self.answer(scrapes, shown, now);
            }
            return;
        }
        if self.commit_due(now).is_some_and(|due| now >= due) {
            self.begin_commit(now);
        }
    }

    /// Begins a commit of all that has changed.
    fn begin_commit(&mut self, now: Now) {
        self.commits.last_begun = now;
        self.commits.number += 1;
        self.commits.looked_at = false;
        let number = self.commits.number;
        // the record counts itself: if it did so only in the next one, that count would go down at a crash
        self.pipeline.tally.add(&metrics::COMMITS, "", 1);
        let record = Record::of(&self.pipeline, self.tailer.records()).encode();
        let shown = self.shown(now);
        self.pipeline.tally.take_back(&metrics::COMMITS, "", 1);
        let submitted = match (record, &self.committer) {
            (Ok(record), Some(committer)) => committer.submit(number, record),
            _ => false,
        };
        if submitted {
            self.pipeline.changed = false;
            self.under_way = Some(UnderWay { number, begun: now, shown, scrapes: std::mem::take(&mut self.scrapes) });
        }
    }

    /// A record was written, or could not be: what it holds may be seen, or has to be as it is.
    fn committed(&mut self, done: Done) {
        let Some(under_way) = self.under_way.take_if(|under_way| under_way.number == done.number) else { return };
        let UnderWay { begun, mut shown, scrapes, .. } = under_way;
        let tally = &mut self.pipeline.tally;
        match done.result {
            Ok(()) => {
                tally.add(&metrics::COMMITS, "", 1);
                self.commits.last_done = Some(SystemTime::now());
                if std::mem::take(&mut self.commits.failing) {
                    tracing::info!("state is written again");
                }
            }
            Err(error) => {
                tally.add(&metrics::COMMIT_FAILURES, "", 1);
                shown = self.shown(begun);
                self.pipeline.changed = true;
                if !std::mem::replace(&mut self.commits.failing, true) {
                    tracing::error!(%error, "state cannot be written; counting goes on without it");
                }
            }
        }
        self.answer(scrapes, shown, begun);
    }

    /// Shows what may be seen since `now` to those who wait for it, and to those who come too late to wait.
    fn answer(&mut self, scrapes: Vec<oneshot::Sender<Arc<Shown>>>, mut shown: Shown, now: Now) {
        shown.families.extend(self.gauges());
        let shown = Arc::new(shown);
        self.board.show(Arc::clone(&shown));
        // a client that has gone needs no answer
        let seen = scrapes.into_iter().filter_map(|scrape| scrape.send(Arc::clone(&shown)).ok()).count() > 0;
        if seen && self.pipeline.tally.seen(now) {
            self.pipeline.changed = true;
        }
    }

    /// The values of now.
    fn gauges(&self) -> Vec<Family> {
        let stats = self.tailer.stats();
        let mode = match stats.watch_mode {
            WatchMode::Notify => "notify",
            WatchMode::Poll => "poll",
        };
        let reload = self.board.reload();
        let durable = self.committer.is_some() && !self.commits.failing;
        let mut gauges = vec![
            Family { metric: &metrics::BUILD_INFO, samples: vec![Sample::new(super::build::LABELS, 1.0)] },
            one(&metrics::FILES, stats.files as f64),
            one(&metrics::UNREAD_BYTES, self.tailer.unread_bytes() as f64),
            Family { metric: &metrics::WATCH_MODE, samples: vec![Sample::new([("mode", mode)], 1.0)] },
            one(&metrics::STATE_DURABLE, f64::from(u8::from(durable))),
            one(&metrics::CONFIG_RELOADED, f64::from(u8::from(reload.successful))),
            one(&metrics::CONFIG_RELOADED_AT, reload.succeeded.as_secs_f64()),
        ];
        if let Some(since) = self.commits.last_done.and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
            gauges.push(one(&metrics::LAST_COMMIT, since.as_secs_f64()));
        }
        gauges
    }

    /// Takes over what the tailer has counted, and logs what happened to files.
    fn account(&mut self) {
        let stats = self.tailer.stats();
        let tally = &mut self.pipeline.tally;
        let mut add = |metric, label: &str, now: u64, before: u64| {
            if now > before {
                tally.add(metric, label, now - before);
                self.pipeline.changed = true;
            }
        };
        add(&metrics::ROTATIONS, "", stats.rotations, self.counted.rotations);
        add(&metrics::TRUNCATIONS, "", stats.truncations, self.counted.truncations);
        for (reason, bytes) in &stats.lost_bytes {
            add(&metrics::LOST_BYTES, reason, *bytes, self.counted.lost_bytes.get(reason).copied().unwrap_or(0));
        }
        for (operation, count) in &stats.read_errors {
            add(
                &metrics::READ_ERRORS,
                operation,
                *count,
                self.counted.read_errors.get(operation).copied().unwrap_or(0),
            );
        }
        self.counted = stats;
        for event in self.tailer.events() {
            watchman::log(&event, self.settled);
        }
    }

    /// The end: reads on to the ends of the files, commits, and shows the last values.
    fn end(&mut self) {
        let deadline = self.began.elapsed() + LAST_READ;
        self.tailer.finish();
        loop {
            let now = self.began.elapsed();
            self.set_clocks(now);
            let more = self.tailer.turn(now, &mut self.pipeline).more;
            self.pipeline.tick(now);
            self.account();
            if !more || now >= deadline {
                break;
            }
        }
        if self.committer.is_none() {
            self.pipeline.finish(); // nothing is gone on with later: what waits is all that there will be
        }
        let deadline = Instant::now() + LAST_COMMIT;
        while self.under_way.is_some() && self.wait_for_commit(deadline) {}
        self.scrapes.extend(self.inbox.try_iter().filter_map(|message| match message {
            Message::Scrape(answer) => Some(answer),
            _ => None,
        }));
        let now = self.began.elapsed();
        let shown = !self.scrapes.is_empty() && self.pipeline.tally.show(now);
        if self.pipeline.changed || shown {
            self.begin_commit(now); // however long ago the last one was
        }
        while self.under_way.is_some() && self.wait_for_commit(deadline) {}
        // whoever asks from now on is shown what stands on the board
        let now = self.began.elapsed();
        if self.under_way.is_some() {
            tracing::error!("state could not be written in time; what came after the last commit is read again");
            self.committer.take().into_iter().for_each(Committer::abandon);
        } else if self.committer.is_none() || !self.pipeline.changed || self.commits.failing {
            let shown = self.shown(now);
            let scrapes = std::mem::take(&mut self.scrapes);
            self.answer(scrapes, shown, now);
        }
    }

    fn wait_for_commit(&mut self, deadline: Instant) -> bool {
        match self.inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(message) => {
                self.hear(message);
                true
            }
            Err(_) => false,
        }
    }
}

fn one(metric: &'static metrics::Metric, value: f64) -> Family {
    Family { metric, samples: vec![Sample::new([], value)] }
}
