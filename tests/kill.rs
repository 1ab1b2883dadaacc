//! `kill -9` at random moments, a hundred times, under load and rotation: the counts are right in the end, no counter
//! that a scraper saw goes down, and `increase()` over what it saw tells the truth.
//!
//! Shown red by answering scrapes before the commit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

mod support;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use support::daemon::Start;
use support::load::{Scraper, Writer, expected};
use support::process::wait;

const PATIENCE: Duration = Duration::from_secs(30);

/// Rounds are played at so many daemons at a time, each with its own logs and state. `KILL_ROUNDS` says more.
const PLACES: u64 = 4;
const ROUNDS: u64 = 25;

/// So many lines are written to a file before it is rotated.
const LINES_A_FILE: [u64; PLACES as usize] = [60, 400, 2000, u64::MAX];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn torment(rounds: u64, seed: u64, lines_a_file: u64) {
    let folder = tempfile::tempdir().unwrap();
    let start = Start::new(folder.path(), "app.log");
    // What Prometheus has not seen at 0 it cannot know to have grown, and what was rotated away before there was a state
    // nobody can know to be ours: both are there before the first error.
    std::fs::write(folder.path().join("app.log"), "2026-11-22T13:10:00.000Z INFO the service begins\n").unwrap();
    let first = start.start();
    let count = Arc::default();
    let scraper = Scraper::start(Arc::clone(&count));
    scraper.watch(first.address);
    wait("the log to be tailed", PATIENCE, || (first.scrape().value("obs_error_exporter_files") == 1).then_some(()));
    let more = scraper.seen().scrapes + 2;
    wait("the first scrape", PATIENCE, || (scraper.seen().scrapes >= more).then_some(()));
    let writer = Writer::counting(folder.path(), lines_a_file, count);
    first.kill();
    let mut random = Random(seed);
    for _ in 0..rounds {
        let daemon = start.start();
        scraper.watch(daemon.address);
        // often right after the start or within the first commits, sometimes much later
        let most = [40, 250, 1500][random.below(3) as usize];
        thread::sleep(Duration::from_millis(random.below(most)));
        daemon.kill();
    }
    let written = writer.stop();
    let daemon = start.start();
    scraper.watch(daemon.address);
    let expected = expected(written);
    let metrics = daemon.wait_for(&expected);
    let more = scraper.seen().scrapes + 2; // one may be under way
    wait("the scraper to see it", PATIENCE, || (scraper.seen().scrapes >= more).then_some(()));
    let seen = scraper.stop();
    assert_eq!(seen.increase(), expected, "seed {seed}");
    assert!(seen.scrapes > rounds / 4, "seed {seed}: {} scrapes are too few to see anything", seen.scrapes);
    let lost: Vec<_> =
        metrics.0.iter().filter(|(series, lost)| series.contains("lost_bytes") && **lost > 0.0).collect();
    assert!(lost.is_empty(), "seed {seed}: {lost:?}");
    assert_eq!(metrics.value("obs_error_exporter_state_set_aside_total"), 0);
    eprintln!("seed {seed}: {rounds} kills, {written} errors, {} scrapes", seen.scrapes);
}

#[test]
fn killed_a_hundred_times() {
    let rounds = std::env::var("KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let began = Instant::now();
    thread::scope(|scope| {
        for (seed, lines_a_file) in (1..).zip(LINES_A_FILE) {
            scope.spawn(move || torment(rounds, seed, lines_a_file));
        }
    });
    eprintln!("{} kills took {:?}", PLACES * rounds, began.elapsed());
}
