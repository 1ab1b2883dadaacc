//! A log that is written and rotated without end, and a scraper that asks without end: what is true, and what was seen.

use super::daemon::Metrics;
use super::expected::Counts;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The kinds of errors that are written: with and without an id, listed and not.
const KINDS: [(&str, u64, bool); 4] =
    [("SlowDown", 503, false), ("NoSuchKey", 404, true), ("AccessDenied", 403, false), ("NewFromHuawei", 409, true)];

/// After so many lines the last kind goes on with another status: a series that nobody could know of.
const NEW_SERIES: u64 = 400;

fn kind(number: u64) -> (&'static str, u64, bool) {
    let (code, status, id) = KINDS[(number % 4) as usize];
    let more = if number % 4 == 3 { number / NEW_SERIES % 50 } else { 0 };
    (code, status + more, id)
}

/// The line with a number.
pub fn line(number: u64) -> String {
    let (code, status, id) = kind(number);
    let id = if id { format!(" request_id=A{number:031X}") } else { String::new() };
    format!(
        "2026-11-22T13:10:36.{:03}Z ERROR upload failed code={code} status={status}{id} try={number}\n",
        number % 1000
    )
}

/// What the first so many lines tell.
pub fn expected(lines: u64) -> Counts {
    let mut counts = Counts::new();
    for (code, status, _) in (0..lines).map(kind) {
        *counts.entry((code.to_owned(), status.to_string())).or_default() += 1;
    }
    counts
}

/// Writes lines into `app.log` until it is told to end, and renames it now and then, all older ones with it.
pub struct Writer {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Writer {
    pub fn start(folder: &Path, lines_a_file: u64) -> Self {
        Self::counting(folder, lines_a_file, Arc::default())
    }

    /// Counts what is written at a place that somebody knows already.
    pub fn counting(folder: &Path, lines_a_file: u64, written: Arc<AtomicU64>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let path = folder.join("app.log");
        let mut file = File::options().create(true).append(true).open(&path).unwrap();
        let thread = thread::spawn({
            let (stop, written) = (Arc::clone(&stop), Arc::clone(&written));
            move || {
                let (mut number, mut files) = (0, 0);
                while !stop.load(Ordering::SeqCst) {
                    for _ in 0..10 {
                        written.store(number + 1, Ordering::SeqCst); // before it can be seen
                        let line = line(number);
                        let (one, other) = line.split_at(line.len() / 2); // a line may come in pieces
                        file.write_all(one.as_bytes()).unwrap();
                        file.write_all(other.as_bytes()).unwrap();
                        number += 1;
                    }
                    if number / lines_a_file > files {
                        for age in (0..files).rev() {
                            fs::rename(older(&path, age + 1), older(&path, age + 2)).unwrap();
                        }
                        fs::rename(&path, older(&path, 1)).unwrap();
                        file = File::create(&path).unwrap();
                        files += 1;
                    }
                    thread::sleep(Duration::from_millis(5));
                }
            }
        });
        Self { stop, written, thread }
    }

    pub fn written(&self) -> u64 {
        self.written.load(Ordering::SeqCst)
    }

    pub fn count(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.written)
    }

    pub fn stop(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        self.written.load(Ordering::SeqCst)
    }
}

fn older(path: &Path, age: u64) -> PathBuf {
    path.with_file_name(format!("app.log.{age}"))
}

/// What a scraper has seen.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub scrapes: u64,
    /// By series of errors: the first value and the last.
    errors: BTreeMap<(String, String), (u64, u64)>,
    /// The last values of the other counters.
    counters: BTreeMap<String, f64>,
}

impl Seen {
    /// Holds that no counter goes down and that no more is counted than is written.
    pub fn see(&mut self, metrics: &Metrics, written: u64) {
        self.scrapes += 1;
        let now: BTreeMap<_, _> = metrics.series().collect();
        assert!(now.values().sum::<u64>() <= written, "{now:?} are more than {written}");
        for (series, (_, before)) in &self.errors {
            let value = now.get(series).copied();
            // a new series may be gone again if it was never above 0
            assert!(value.unwrap_or(0) >= *before, "{series:?} was {before} and is {value:?}");
        }
        for (series, value) in now {
            self.errors.entry(series).or_insert((value, value)).1 = value;
        }
        let name = |series: &str| series.split('{').next().unwrap_or_default().to_owned();
        let own = metrics
            .0
            .iter()
            .filter(|(series, _)| name(series).starts_with("obs_error_exporter_") && name(series).ends_with("_total"));
        let own: BTreeMap<_, _> = own.map(|(series, value)| (series.clone(), *value)).collect();
        for (series, before) in &self.counters {
            let value = own.get(series).copied();
            assert!(value.unwrap_or(0.0) >= *before, "{series} was {before} and is {value:?}");
        }
        self.counters = own;
    }

    /// What `increase()` tells of the samples: nothing of what a series has when it is seen for the first time.
    pub fn increase(&self) -> Counts {
        let increases = self.errors.iter().map(|(series, (first, last))| (series.clone(), last - first));
        increases.filter(|(_, increase)| *increase > 0).collect()
    }
}

/// Scrapes whatever daemon there is.
pub struct Scraper {
    stop: Arc<AtomicBool>,
    address: Arc<Mutex<Option<SocketAddr>>>,
    seen: Arc<Mutex<Seen>>,
    thread: JoinHandle<()>,
}

impl Scraper {
    pub fn start(written: Arc<AtomicU64>) -> Self {
        let (stop, address) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None)));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let thread = thread::spawn({
            let (stop, address, seen) = (Arc::clone(&stop), Arc::clone(&address), Arc::clone(&seen));
            move || {
                while !stop.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(7));
                    let Some(address) = *address.lock().unwrap() else { continue };
                    // it may have been killed meanwhile
                    let Ok(Some(metrics)) = Metrics::of(address) else { continue };
                    seen.lock().unwrap().see(&metrics, written.load(Ordering::SeqCst));
                }
            }
        });
        Self { stop, address, seen, thread }
    }

    pub fn watch(&self, address: SocketAddr) {
        *self.address.lock().unwrap() = Some(address);
    }

    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    pub fn stop(self) -> Seen {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        self.seen.lock().unwrap().clone()
    }
}
