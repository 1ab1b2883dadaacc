//! Thousands of files, and the hints of the kernel.

use std::fs;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use obs_error_exporter::tail::{Options, Tailer, WatchMode};

use crate::bench::{Bench, Lines};

#[test]
fn thousands_of_files_are_found_read_and_rotated_in_little_time() {
    let mut bench = Bench::with(&["*.log"], |options| options.open_files = 100);
    for number in 0..3_000 {
        bench.append(&format!("{number}.log"), "one\n");
    }
    let began = Instant::now();
    bench.run();
    let first = began.elapsed();
    assert_eq!(bench.seen.lines.len(), 3_000);
    let began = Instant::now();
    bench.run();
    let idle = began.elapsed();
    for number in 0..3_000 {
        bench.rename(&format!("{number}.log"), &format!("{number}.log.1"));
        bench.append(&format!("{number}.log"), "two\n");
    }
    let began = Instant::now();
    bench.run();
    bench.pass(7);
    let rotated = began.elapsed();
    assert_eq!(bench.seen.lines.len(), 6_000);
    for number in 0..3_000 {
        bench.copytruncate(&format!("{number}.log"), &format!("{number}.log.2"));
        bench.append(&format!("{number}.log"), "three\n");
    }
    let began = Instant::now();
    bench.run();
    bench.pass(7);
    let truncated = began.elapsed();
    assert_eq!(bench.seen.lines.len(), 9_000);
    let began = Instant::now();
    bench.while_down(|_| {});
    let restarted = began.elapsed();
    assert_eq!(bench.seen.lines.len(), 9_000);
    assert_eq!(bench.lost(), 0);
    // Generous: what is quadratic takes minutes.
    for (what, took) in
        [("first", first), ("idle", idle), ("rotated", rotated), ("truncated", truncated), ("restarted", restarted)]
    {
        eprintln!("{what}: {took:?}");
        assert!(took < Duration::from_secs(60), "{what} took {took:?}");
    }
}

#[test]
fn without_the_kernel_files_are_looked_at_in_intervals() {
    fn may_move_to_its_thread<T: Send>(_: &T) {}
    let bench = Bench::new(&["*.log"]);
    bench.append("app.log", "one\n");
    let options = Options { notify: false, ..bench.options.clone() };
    let mut tailer = Tailer::new(options, Vec::new(), || {}).unwrap();
    may_move_to_its_thread(&tailer);
    let mut seen = Lines { line_bytes: 1 << 20, ..Lines::default() };
    let mut now = Duration::ZERO;
    assert_eq!(tailer.turn(now, &mut seen).next, Some(Duration::from_secs(1)));
    assert_eq!(tailer.stats().watch_mode, WatchMode::Poll);
    bench.append("app.log", "two\n");
    bench.append("new.log", "three\n");
    now += Duration::from_millis(900);
    tailer.turn(now, &mut seen);
    assert_eq!(seen.lines, ["one"]);
    now += Duration::from_millis(100);
    tailer.turn(now, &mut seen);
    seen.lines.sort();
    assert_eq!(seen.lines, ["one", "three", "two"]);
}

#[test]
fn the_kernel_wakes_us_for_writes_and_rotations() {
    let bench = Bench::new(&["deep/*.log"]);
    fs::create_dir(bench.path("deep")).unwrap();
    bench.append("deep/app.log", "one\n");
    let (wake, woken) = mpsc::channel();
    let mut tailer = Tailer::new(bench.options.clone(), Vec::new(), move || {
        let _ = wake.send(());
    })
    .unwrap();
    let mut seen = Lines { line_bytes: 1 << 20, ..Lines::default() };
    let began = Instant::now();
    let mut until = |count: usize, tailer: &mut Tailer| {
        while seen.lines.len() < count {
            let turn = tailer.turn(began.elapsed(), &mut seen);
            if !turn.more && seen.lines.len() < count {
                let next = turn.next.unwrap().saturating_sub(began.elapsed());
                let _ = woken.recv_timeout(next.max(Duration::from_millis(1)));
            }
            assert!(began.elapsed() < Duration::from_secs(8), "no hint came: {:?}", seen.lines);
        }
    };
    until(1, &mut tailer);
    assert_eq!(tailer.stats().watch_mode, WatchMode::Notify);
    bench.append("deep/app.log", "two\n");
    until(2, &mut tailer);
    bench.rename("deep/app.log", "deep/app.log.1");
    bench.append("deep/app.log", "three\n");
    until(3, &mut tailer);
    bench.append("deep/new.log", "four\n");
    until(4, &mut tailer);
    fs::remove_dir_all(bench.path("deep")).unwrap();
    fs::create_dir(bench.path("deep")).unwrap();
    bench.append("deep/again.log", "five\n");
    until(5, &mut tailer);
    bench.append("deep/again.log", "six\n");
    until(6, &mut tailer);
}
