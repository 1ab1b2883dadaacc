//! Random accidents of the whole daemon against an in-memory truth: events of one line and of many, pairs of lines that
//! are one response, repeated request ids, written in pieces; rotations, scrapes, pauses, kills and stops in between, in
//! random order. In the end each response is counted once, and `increase()` over what was scraped says the same.
//!
//! Lines and events are not cut by a rotation, pairs of lines are. Nothing waits longer than the 5 s in which a report
//! waits for its rest. Shown red by taking up positions and counters, and not the memory of events, joins and ids.
//! `ACCIDENTS` says how many histories are tried.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

mod support;

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::daemon::{Daemon, Metrics, Start};
use support::expected::Counts;
use support::load::Seen;

const HISTORIES: u64 = 40;
const STEPS: u64 = 30;
const AT_A_TIME: usize = 4;
const PATIENCE: Duration = Duration::from_secs(20);

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

struct World {
    folder: tempfile::TempDir,
    random: Random,
    start: Start,
    daemon: Option<Daemon>,
    seen: Seen,
    truth: Counts,
    /// What of the last event is not written yet, in the pieces in which it is written.
    pending: VecDeque<String>,
    /// The next piece is the rest of a line.
    half: bool,
    /// The rest of the last event may stand in another file.
    apart: bool,
    events: u64,
    history: Vec<String>,
}

impl World {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.log"), "2026-11-22T13:10:36.000Z INFO it begins\n").unwrap();
        let start = Start::new(folder.path(), if seed.is_multiple_of(2) { "app.log" } else { "app.log*" });
        let daemon = Some(start.start());
        let mut world = Self {
            folder,
            random: Random(seed),
            start,
            daemon,
            seen: Seen::default(),
            truth: Counts::new(),
            pending: VecDeque::new(),
            half: false,
            apart: false,
            events: 0,
            history: Vec::new(),
        };
        let deadline = Instant::now() + PATIENCE;
        while world.scrape().value("obs_error_exporter_files") < 1 {
            assert!(Instant::now() < deadline, "the log is not tailed");
        }
        world
    }

    fn scrape(&mut self) -> Metrics {
        let metrics = self.daemon.as_ref().unwrap().scrape();
        self.seen.see(&metrics, self.truth.values().sum());
        metrics
    }

    fn event(&mut self) {
        self.events += 1;
        let (number, id) = (self.events, format!("{:032X}", 0xA000_0000_u64 + self.events));
        let stamp = format!("2026-11-22T13:10:36.{:03}Z", number % 1000);
        let (pieces, counted, apart): (Vec<String>, _, _) = match self.random.below(6) {
            0 => (
                vec![format!("{stamp} ERROR failed code=AccessDenied status=403\n")],
                Some(("AccessDenied", "403")),
                false,
            ),
            1 => {
                let line = format!("{stamp} ERROR failed code=NoSuchKey status=404 request_id={id}\n");
                (vec![line.clone(), line], Some(("NoSuchKey", "404")), true) // logged twice, by two layers
            }
            2 => {
                let attempt = format!(
                    "{stamp}Z [ERROR]: http.go:605|Failed to send request with reason:503 Service Unavailable\n"
                );
                let call = format!(
                    "{stamp}Z [WARN]: http.go:168|Do http request with error: obs: service returned error: Status=503 \
                     Service Unavailable, Code=SlowDown, Message=Please reduce., RequestId={id}, Indicator=.\n"
                );
                (vec![attempt, call], Some(("SlowDown", "503")), true)
            }
            3 => {
                let told = "An error occurred (BadDomainName) when calling the PutObject operation: x";
                let pieces = vec![
                    format!("2026-11-22 13:10:36,{:03} ERROR [orders] upload worker crashed: {told}\n", number % 1000),
                    "Traceback (most recent call last):\n".to_owned(),
                    "  File \"/srv/app/x.py\", line 42, in run\n    raise error_class(parsed_response, operation_name)\n".to_owned(),
                    format!("botocore.exceptions.ClientError: {told}\n"),
                ];
                (pieces, Some(("BadDomainName", "400")), false)
            }
            4 => (
                vec![format!("{stamp} ERROR failed code=Unheard status={} request_id={id}\n", 400 + number % 40)],
                None,
                false,
            ),
            _ => (vec![format!("{stamp} INFO all is well\n")], Some(("", "")), false),
        };
        let (code, status) = match counted {
            Some((code, status)) => (code.to_owned(), status.to_owned()),
            None => ("Unheard".to_owned(), (400 + number % 40).to_string()),
        };
        if !code.is_empty() {
            *self.truth.entry((code, status)).or_default() += 1;
        }
        self.pending = pieces.into();
        self.apart = apart;
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("app.log")
    }

    fn write(&mut self, half: bool) {
        if self.pending.is_empty() {
            self.event();
        }
        let piece = self.pending.pop_front().unwrap();
        let (now, later) = piece.split_at(if half { piece.len() / 2 } else { piece.len() });
        let mut file = File::options().append(true).create(true).open(self.log()).unwrap();
        file.write_all(now.as_bytes()).unwrap();
        self.half = half;
        if half {
            self.pending.push_front(later.to_owned());
        }
    }

    fn rotate(&mut self) {
        while self.half || !self.pending.is_empty() && !self.apart {
            self.write(false);
        }
        let older = |age: u64| self.folder.path().join(format!("app.log.{age}"));
        for age in (1..STEPS).rev().filter(|age| older(*age).exists()) {
            fs::rename(older(age), older(age + 1)).unwrap();
        }
        if self.log().exists() {
            fs::rename(self.log(), older(1)).unwrap();
        }
        if self.random.below(2) == 0 {
            File::create(self.log()).unwrap();
        }
    }

    fn step(&mut self) {
        let what = self.random.below(100);
        let name = match what {
            0..45 => {
                let pieces = 1 + self.random.below(4);
                (0..pieces).for_each(|_| self.write(false));
                format!("write {pieces}")
            }
            45..55 => {
                self.write(true);
                "half".to_owned()
            }
            55..65 => {
                self.rotate();
                "rotate".to_owned()
            }
            65..80 => {
                self.scrape();
                "scrape".to_owned()
            }
            80..84 => {
                let millis = [50, 300, 1200][self.random.below(3) as usize];
                thread::sleep(Duration::from_millis(millis));
                format!("pass {millis} ms")
            }
            84..98 => {
                if self.random.below(4) == 0 {
                    // what is open is told, and that is kept
                    thread::sleep(Duration::from_millis(1100));
                    self.scrape();
                }
                if let Some(daemon) = self.daemon.take() {
                    daemon.kill();
                }
                if self.random.below(2) == 0 {
                    self.write(false);
                    if self.random.below(2) == 0 {
                        self.rotate();
                        self.write(false);
                    }
                }
                self.daemon = Some(self.start.start());
                "kill".to_owned()
            }
            _ => {
                let (status, said) = self.daemon.take().unwrap().terminate();
                assert!(status.success(), "{status}: {said}");
                self.daemon = Some(self.start.start());
                "stop".to_owned()
            }
        };
        self.history.push(name);
    }

    fn check(&mut self, seed: u64) {
        while !self.pending.is_empty() {
            self.write(false);
        }
        let deadline = Instant::now() + PATIENCE;
        let mut counted = self.scrape().errors();
        while counted != self.truth && Instant::now() < deadline {
            counted = self.scrape().errors();
        }
        assert_eq!(counted, self.truth, "history {seed}: {}", self.history.join(", "));
        assert_eq!(self.seen.increase(), self.truth, "increase() in history {seed}: {}", self.history.join(", "));
    }
}

#[test]
fn every_response_is_counted_once() {
    let histories = std::env::var("ACCIDENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(HISTORIES);
    let (began, next) = (Instant::now(), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(seed) = Some(next.fetch_add(1, Ordering::SeqCst)).filter(|seed| *seed < histories) {
                    let mut world = World::new(seed);
                    (0..STEPS).for_each(|_| world.step());
                    world.check(seed);
                }
            });
        }
    });
    eprintln!("{histories} histories took {:?}", began.elapsed());
}
