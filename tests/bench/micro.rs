//! `cargo bench`: each step of the way of the data by itself. `cargo bench -- search` runs what has that in its name.
//!
//! The figures help to change a step; what it costs in the end is measured by `tests/bench/compare`, and whether it has
//! grown by `tests/bench/instructions`.
#![allow(clippy::unwrap_used, missing_docs)]

mod logs;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use obs_error_exporter::app::{self, Pipeline, Plan, Record, Unobserved};
use obs_error_exporter::config::{Config, PathLabels};
use obs_error_exporter::framing::{self, Bits, Bounds, Framing, Hit, STREAMS};
use obs_error_exporter::recognise::{BUILT_IN, Found, Recognisers};
use obs_error_exporter::report::{self, Now};
use obs_error_exporter::state::Store;
use obs_error_exporter::tail::{Behind, Consumer as _, FileRecord, Mark, RecordState, SourceKey};
use obs_error_exporter::tally;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// So much of a log is searched and read at once: what the daemon has in its buffer.
const BYTES: u64 = 1 << 20;

/// What the daemon remembers.
const REMEMBERED: report::Bounds = report::Bounds { counted: 1 << 16, saved: 1 << 16, waiting: 1 << 12 };

const KINDS: [&str; 7] = ["clean", "errors1", "errors50", "cri", "decoys", "json", "java"];

fn main() {
    divan::main();
}

fn log(kind: &str, bytes: u64) -> Vec<u8> {
    let mut log = Vec::new();
    let kind = logs::KINDS.iter().find(|known| known.name == kind).unwrap();
    logs::write(kind, bytes, 1, &mut log).unwrap();
    log
}

fn recognisers() -> Recognisers {
    Recognisers::new(Vec::new()).unwrap()
}

/// The search for the anchors of all recognisers, which every byte of a log goes through.
#[divan::bench(args = KINDS)]
fn search(bencher: Bencher<'_, '_>, kind: &str) {
    let (log, recognisers) = (log(kind, BYTES), recognisers());
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| framing::all_hits(&recognisers, &log).len());
}

/// The search, and the bounds of the events around what it finds.
#[divan::bench(args = KINDS)]
fn frame(bencher: Bencher<'_, '_>, kind: &str) {
    let (log, recognisers) = (log(kind, BYTES), recognisers());
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| events(&log, &recognisers, |_, _| ()));
}

/// Shows `visit` the events of a log, with the anchors in each.
fn events(log: &[u8], recognisers: &Recognisers, mut visit: impl FnMut(&[u8], &[Hit])) {
    let mut visit = |event: framing::Event<'_>| visit(black_box(event.text), event.hits);
    match Framing::detect(log).unwrap_or(Framing::Plain) {
        framed @ (Framing::Cri | Framing::Docker) => {
            let mut done = [0; STREAMS];
            framing::scan_framed(log, true, framed, recognisers, Bounds::default(), &mut done, visit);
        }
        _ => _ = framing::scan(log, true, recognisers, Bounds::default(), &mut visit),
    }
}

/// What each recogniser takes out of the events of its own log in `tests/recognise` that it asks to see.
#[divan::bench(args = BUILT_IN.iter().map(|one| one.name()))]
fn recognise(bencher: Bencher<'_, '_>, name: &str) {
    let recognisers = recognisers();
    let bit: Bits = 1 << recognisers.names().position(|known| known == name).unwrap();
    let mut shown: Vec<(Vec<u8>, Vec<Hit>)> = Vec::new();
    for log in logs_of(name) {
        events(&fs::read(log).unwrap(), &recognisers, |text, _| {
            let text = framing::clean(text).into_owned();
            // the others are not asked
            let hits = framing::all_hits(&recognisers, &text).into_iter().filter(|hit| hit.bits & bit != 0);
            let hits: Vec<Hit> = hits.map(|hit| Hit { bits: bit, ..hit }).collect();
            if !hits.is_empty() {
                shown.push((text, hits));
            }
        });
    }
    assert!(!shown.is_empty(), "{name} asks to see nothing of its own log");
    let bytes = BytesCount::new(shown.iter().map(|(text, _)| text.len()).sum::<usize>());
    bencher.counter(ItemsCount::new(shown.len())).counter(bytes).bench_local(|| {
        for (text, hits) in &shown {
            let mut found = Found::new();
            recognisers.read(black_box(text), black_box(hits), &mut found);
            black_box(&found);
        }
    });
}

fn logs_of(recogniser: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recognise");
    let logs = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let own = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "log")
            && path.file_stem().unwrap().to_string_lossy().split('.').next() == Some(recogniser)
    };
    logs.filter(own).collect()
}

/// The whole way of a log, from its bytes to the counters.
#[divan::bench(args = KINDS)]
fn count(bencher: Bencher<'_, '_>, kind: &str) {
    let log = log(kind, BYTES);
    bencher.counter(BytesCount::of_slice(&log)).with_inputs(|| tailing(1)).bench_local_values(|mut pipeline| {
        pipeline.take(SourceKey(0), 0, &log, Behind::End);
        pipeline // dropping it is not measured
    });
}

/// A pipeline with so many logs, each with labels of its own.
fn tailing(logs: u64) -> Pipeline<Unobserved> {
    let (mut pipeline, _) = app::pipeline(Config::default(), REMEMBERED, Unobserved).unwrap();
    pipeline.announce();
    let path_labels = Some(PathLabels::new("/(?P<pod>[^/]+)/[^/]+$").unwrap());
    pipeline.inputs.push(Plan { path_labels, ..Plan::default() });
    for log in 0..logs {
        pipeline.opened(SourceKey(log), 0, &path(log), None);
    }
    pipeline
}

fn path(log: u64) -> PathBuf {
    PathBuf::from(format!("/var/log/pods/shop-{log:05}/app.log"))
}

/// As many logs, with some errors in each, and every series shown with its value.
fn counted(logs: u64) -> Pipeline<Unobserved> {
    let mut pipeline = tailing(logs);
    let errors = log("errors50", 8192);
    for log in 0..logs {
        // ids of one log are not those of another
        let own = String::from_utf8_lossy(&errors).replace("Id=", &format!("Id={log:04X}"));
        let own =
            own.replace("ID: ", &format!("ID: {log:04X}")).replace("<RequestId>", &format!("<RequestId>{log:04X}"));
        pipeline.take(SourceKey(log), 0, own.as_bytes(), Behind::Nothing);
    }
    for seconds in [60, 120] {
        let now = Duration::from_secs(seconds);
        pipeline.tick(now);
        pipeline.tally.show(now);
        pipeline.tally.seen(now);
    }
    pipeline
}

fn files(logs: u64) -> Vec<FileRecord> {
    let record = |log| FileRecord {
        key: SourceKey(log),
        path: path(log).as_path().into(),
        at: None,
        input: 0,
        state: RecordState::Live,
        mark: Mark::nowhere(),
        after: None,
        gone_seconds: 0,
        history: Vec::new(),
    };
    (0..logs).map(record).collect()
}

/// The record of a commit, by number of logs: while it is made, nothing is read.
#[divan::bench(args = [1, 100, 1000])]
fn commit_record(bencher: Bencher<'_, '_>, logs: u64) {
    let (pipeline, files) = (counted(logs), files(logs));
    let record = || Record::of(&pipeline, files.clone()).encode().unwrap();
    bencher.counter(BytesCount::new(record().len())).bench_local(record);
}

/// The record onto the disk, two `fsync` included, on a thread of its own in the daemon.
#[divan::bench(args = [1, 100, 1000])]
fn commit_write(bencher: Bencher<'_, '_>, logs: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(folder.path(), 1).unwrap();
    let record = Record::of(&counted(logs), files(logs)).encode().unwrap();
    bencher.counter(BytesCount::of_slice(&record)).bench_local(|| store.write(&record).unwrap());
}

/// What the engine does for a scrape, by number of label sets: while it does, nothing is read.
#[divan::bench(args = [1, 100, 1000])]
fn scrape_values(bencher: Bencher<'_, '_>, sets: u64) {
    let (pipeline, now) = (counted(sets), Now::from_secs(180));
    bencher.bench_local(|| pipeline.tally.families(now));
}

/// What the server makes of it.
#[divan::bench(args = [1, 100, 1000])]
fn scrape_text(bencher: Bencher<'_, '_>, sets: u64) {
    let families = counted(sets).tally.families(Now::from_secs(180));
    let text = || tally::text(&families, None);
    bencher.counter(BytesCount::new(text().len())).bench_local(text);
}

/// The same for who asks for OpenMetrics.
#[divan::bench(args = [1, 100, 1000])]
fn scrape_openmetrics(bencher: Bencher<'_, '_>, sets: u64) {
    let families = counted(sets).tally.families(Now::from_secs(180));
    let text = || tally::openmetrics(&families, None);
    bencher.counter(BytesCount::new(text().len())).bench_local(text);
}
