//! A folder, a tailer and a consumer that takes whole lines.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use obs_error_exporter::tail::{
    Behind, Consumer, Event, FileRecord, InputOptions, Options, SourceKey, StartAt, Stats, Tailer,
};

/// Takes whole lines, and at the end of a file what is left.
#[derive(Default)]
pub struct Lines {
    pub lines: Vec<String>,
    pub by_source: Vec<(SourceKey, String)>,
    pub opened: Vec<(SourceKey, PathBuf, Option<SourceKey>)>,
    pub closed: Vec<SourceKey>,
    pub truncated: Vec<SourceKey>,
    pub at: HashMap<SourceKey, u64>,
    pub line_bytes: usize,
    /// What happens while a look is under way: called once, when the next file is opened.
    pub meanwhile: Option<Box<dyn FnOnce()>>,
}

impl Consumer for Lines {
    fn opened(&mut self, source: SourceKey, _input: usize, path: &Path, follows: Option<SourceKey>) {
        self.opened.push((source, path.to_owned(), follows));
        if let Some(happens) = self.meanwhile.take() {
            happens();
        }
    }

    fn take(&mut self, source: SourceKey, at: u64, bytes: &[u8], behind: Behind) -> usize {
        if let Some(&expected) = self.at.get(&source) {
            assert!(at >= expected, "{source:?} is shown from {at}, though it was taken up to {expected}");
        }
        let mut taken = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        if behind == Behind::End {
            taken = bytes.len();
        }
        for line in bytes[..taken].split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let line = String::from_utf8_lossy(line).into_owned();
            self.by_source.push((source, line.clone()));
            self.lines.push(line);
        }
        if taken == 0 && bytes.len() >= self.line_bytes {
            taken = bytes.len();
        }
        self.at.insert(source, at + taken as u64);
        taken
    }

    fn truncated(&mut self, source: SourceKey) {
        self.truncated.push(source);
        self.at.insert(source, 0);
    }

    fn closed(&mut self, source: SourceKey) {
        self.closed.push(source);
        self.at.remove(&source);
    }
}

/// A folder with logs, and a tailer on it.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub options: Options,
    pub tailer: Tailer,
    pub seen: Lines,
    pub now: Duration,
    rests: u64,
}

impl Bench {
    /// Tails these globs, below the folder.
    pub fn new(globs: &[&str]) -> Self {
        Self::with(globs, |_| {})
    }

    /// Tails these globs with other options, before which `prepare` may write files.
    pub fn with(globs: &[&str], change: impl FnOnce(&mut Options)) -> Self {
        Self::prepared(globs, |_| {}, change)
    }

    pub fn prepared(globs: &[&str], prepare: impl FnOnce(&Path), change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let root = folder.path().display();
        let paths = globs.iter().map(|glob| format!("{root}/{glob}")).collect();
        let input = InputOptions { paths, exclude: Vec::new(), start_at: StartAt::Beginning };
        let mut options = Options { inputs: vec![input], ..Options::default() };
        change(&mut options);
        let tailer = Tailer::new(options.clone(), Vec::new(), || {}).unwrap();
        let seen = Lines { line_bytes: options.line_bytes, ..Lines::default() };
        Self { folder, options, tailer, seen, now: Duration::ZERO, rests: 0 }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        append(&self.path(name), text);
    }

    pub fn writer(&self, name: &str) -> File {
        OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap()
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// What copytruncate does.
    pub fn copytruncate(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
        OpenOptions::new().write(true).truncate(true).open(self.path(from)).unwrap();
    }

    /// Makes the folder look as if no name in it had changed for long. Each time tells another time.
    pub fn rest(&mut self) {
        self.rests += 1;
        let long_ago = SystemTime::now() - Duration::from_secs(3600) + Duration::from_millis(self.rests);
        File::open(self.folder.path()).unwrap().set_modified(long_ago).unwrap();
    }

    /// Looks at everything and reads all there is.
    pub fn run(&mut self) {
        self.tailer.look_at_all();
        for _ in 0..100_000 {
            if !self.tailer.turn(self.now, &mut self.seen).more {
                // What a look found out may ask for another one.
                self.tailer.look_at_all();
                if !self.tailer.turn(self.now, &mut self.seen).more {
                    return;
                }
            }
        }
        panic!("does not come to an end");
    }

    /// Lets time pass, a second at a time.
    pub fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += Duration::from_secs(1);
            self.run();
        }
    }

    /// What would be kept on disk now.
    pub fn save(&mut self) -> Vec<u8> {
        postcard::to_stdvec(&self.tailer.records()).unwrap()
    }

    /// Starts again from what was kept. What the consumer was shown and did not take is forgotten, as it would be.
    pub fn restart_from(&mut self, saved: &[u8]) {
        let records: Vec<FileRecord> = postcard::from_bytes(saved).unwrap();
        self.tailer = Tailer::new(self.options.clone(), records, || {}).unwrap();
        self.seen.at.clear();
        self.now = Duration::ZERO;
    }

    /// Stops, lets something happen, and starts again.
    pub fn while_down(&mut self, happens: impl FnOnce(&Self)) {
        let saved = self.save();
        happens(self);
        self.restart_from(&saved);
        self.run();
    }

    pub fn stats(&self) -> Stats {
        self.tailer.stats()
    }

    pub fn lost(&self) -> u64 {
        self.stats().lost_bytes.values().sum()
    }

    pub fn events(&mut self) -> Vec<Event> {
        self.tailer.events().collect()
    }

    /// Exactly these lines, in this order.
    #[track_caller]
    pub fn expect(&self, lines: &[&str]) {
        assert_eq!(self.seen.lines, lines);
    }

    /// Exactly these lines, in whatever order.
    #[track_caller]
    pub fn expect_any_order(&self, lines: &[&str]) {
        let (mut seen, mut lines) = (self.seen.lines.clone(), lines.to_vec());
        seen.sort();
        lines.sort_unstable();
        assert_eq!(seen, lines);
    }
}

pub fn append(path: &Path, text: impl AsRef<[u8]>) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_ref()).unwrap();
}
