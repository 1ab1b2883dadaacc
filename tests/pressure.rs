//! Much at once, and strange things among the logs: nothing is lost, nobody else is starved, and a stop is obeyed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

mod support;

use rustix::process::Signal;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::daemon::{Daemon, Metrics, Start, counts};
use support::expected::Counts;
use support::http;
use support::load::{Writer, expected, line};
use support::process::wait;

const PATIENCE: Duration = Duration::from_secs(60);

/// What a stop may take: reading on (5 s), the last commit (3 s) and the last scrape (2 s), and some for a busy machine.
const STOP: Duration = Duration::from_secs(5 + 3 + 2 + 3);

fn wait_for(daemon: &Daemon, expected: &Counts) -> Metrics {
    let mut last = Counts::new();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let metrics = daemon.scrape();
        last = metrics.errors();
        if last == *expected {
            return metrics;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("counted {last:?}\nexpected {expected:?}\nthe daemon said:\n{}", daemon.program.said());
}

/// Writes a line into a log and takes the time until a scrape shows it.
fn shown_within(daemon: &Daemon, log: &Path, patience: Duration) {
    let count = || daemon.scrape().errors().get(&("SlowDown".to_owned(), "503".to_owned())).copied().unwrap_or(0);
    let before = count();
    let mut file = File::options().append(true).create(true).open(log).unwrap();
    let began = Instant::now();
    // with a line behind it that says that the event has ended
    writeln!(file, "{}2026-11-22T13:10:37Z INFO on", line(0)).unwrap();
    wait("an error to be shown", PATIENCE, || (count() > before).then_some(()));
    eprintln!("an error was shown after {:?}", began.elapsed());
    assert!(began.elapsed() < patience, "it took {:?}", began.elapsed());
}

#[test]
fn stopped_through_several_rotations_and_continued() {
    let folder = tempfile::tempdir().unwrap();
    let start = Start::new(folder.path(), "app.log");
    let writer = Writer::start(folder.path(), 300);
    let daemon = start.start();
    wait("a beginning", PATIENCE, || (!daemon.scrape().errors().is_empty()).then_some(()));
    for _ in 0..3 {
        daemon.program.signal(Signal::STOP);
        let before = writer.written();
        wait("rotations", PATIENCE, || (writer.written() > before + 1000).then_some(()));
        daemon.program.signal(Signal::CONT);
        thread::sleep(Duration::from_millis(200));
    }
    let metrics = wait_for(&daemon, &expected(writer.stop()));
    assert!(!metrics.0.iter().any(|(series, lost)| series.contains("lost_bytes") && *lost > 0.0));
}

/// A log of so many bytes of lines that tell nothing, with an error in each `every` of them; how many errors.
fn backlog(path: &Path, bytes: usize, every: usize) -> u64 {
    let cheap =
        "2026-11-22T13:10:36.000Z INFO all is well and there is nothing to be told of it here\n".repeat(every / 86);
    let mut file = File::create(path).unwrap();
    let (mut written, mut errors) = (0, 0);
    while written < bytes {
        file.write_all(cheap.as_bytes()).unwrap();
        file.write_all(line(errors).as_bytes()).unwrap();
        written += cheap.len();
        errors += 1;
    }
    errors
}

#[test]
fn a_stop_is_obeyed_in_the_middle_of_a_backlog() {
    let folder = tempfile::tempdir().unwrap();
    let errors = backlog(&folder.path().join("app.log"), 400 << 20, 1 << 10);
    let start = Start::new(folder.path(), "app.log");
    let read = |daemon: &Daemon| daemon.scrape().value("obs_error_exporter_read_bytes_total");
    for round in 0..2 {
        let daemon = start.start();
        wait("a beginning", PATIENCE, || (read(&daemon) > 0).then_some(()));
        let unread = daemon.scrape().value("obs_error_exporter_unread_bytes");
        assert!(round > 0 || unread > 100 << 20, "only {unread} bytes are left to be read");
        let began = Instant::now();
        let (status, said) = daemon.terminate();
        assert!(status.success(), "{status}: {said}");
        assert!(began.elapsed() < STOP, "it took {:?}", began.elapsed());
        eprintln!("stopped after {:?}, {unread} bytes before the end", began.elapsed());
        let daemon = start.start();
        thread::sleep(Duration::from_millis(500));
        daemon.kill();
    }
    let daemon = start.start();
    let metrics = wait_for(&daemon, &expected(errors));
    assert_eq!(metrics.value("obs_error_exporter_state_set_aside_total"), 0);
    eprintln!("{errors} errors in 400 MiB");
}

#[test]
fn a_file_that_grows_at_full_speed_starves_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let cheap =
                "2026-11-22T13:10:36.000Z INFO all is well and there is nothing to be told here\n".repeat(10_000);
            let path = folder.path().join("busy.log");
            while !stop.load(Ordering::SeqCst) {
                let mut file = File::create(&path).unwrap();
                for _ in 0..300 {
                    if !stop.load(Ordering::SeqCst) {
                        file.write_all(cheap.as_bytes()).unwrap();
                    }
                }
                drop(file);
                fs::remove_file(&path).unwrap(); // the disk is not ours alone
            }
        });
        let end = End(&stop);
        let daemon = Start::new(folder.path(), "*.log").start();
        wait("much to read", PATIENCE, || {
            (daemon.scrape().value("obs_error_exporter_read_bytes_total") > 20 << 20).then_some(())
        });
        for _ in 0..5 {
            shown_within(&daemon, &folder.path().join("quiet.log"), Duration::from_secs(2));
        }
        drop(end);
    });
}

/// Says that it is over, also when a test fails.
struct End<'s>(&'s AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A file for each of the first lines, twice; counted with the daemon there and after a restart.
fn many(start: &Start, folder: &Path, files: u64) {
    let write = |from: u64| {
        for number in 0..files {
            let path = folder.join(format!("{number}.log"));
            let mut file = File::options().append(true).create(true).open(path).unwrap();
            file.write_all(line(from + number).as_bytes()).unwrap();
        }
    };
    write(0);
    let daemon = start.start();
    wait_for(&daemon, &expected(files));
    write(files);
    let metrics = wait_for(&daemon, &expected(files * 2));
    assert_eq!(metrics.value("obs_error_exporter_files"), files);
    assert!(
        !metrics.0.iter().any(|(series, count)| {
            (series.contains("read_errors") || series.contains("lost_bytes")) && *count > 0.0
        })
    );
    daemon.kill();
    write(files * 2);
    wait_for(&start.start(), &expected(files * 3));
}

#[test]
fn more_files_than_may_be_open() {
    let folder = tempfile::tempdir().unwrap();
    many(&Start::new(folder.path(), "*.log").config("limits: {open_files: 8}\n"), folder.path(), 100);
}

#[test]
fn more_files_than_the_process_may_open() {
    let folder = tempfile::tempdir().unwrap();
    many(&Start::new(folder.path(), "*.log").open_files(64), folder.path(), 200);
}

#[test]
fn names_that_are_no_text_harm_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let names = [&b"\xff\xfe.log"[..], b"new\nline.log", b"quo\"te'.log", b"[x]{y}\\.log", b"\x1b[31m \t.log"];
    for (number, name) in (0..).zip(names) {
        fs::write(folder.path().join(OsStr::from_bytes(name)), line(number)).unwrap();
    }
    let start = Start::new(folder.path(), "*.log");
    for _ in 0..2 {
        let daemon = start.start();
        wait_for(&daemon, &expected(names.len() as u64));
        let (status, text) = http::get(daemon.address, "/metrics").unwrap();
        assert_eq!(status, 200);
        for line in text.lines() {
            let sample = line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok());
            assert!(line.starts_with("# ") || sample, "{line:?}");
        }
        assert_eq!(http::get(daemon.address, "/").unwrap().0, 200);
        assert_eq!(http::get(daemon.address, "/-/ready").unwrap().0, 200);
        // one line of ours is one line: a name that holds a newline adds none
        for line in daemon.program.said().lines() {
            assert!(line.starts_with("ts=") && !line.contains('\x1b'), "{line:?}");
        }
    }
}

#[test]
fn what_is_no_file_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    symlink("/dev/zero", at("zero.log")).unwrap();
    symlink("/dev/tty", at("tty.log")).unwrap();
    symlink("nowhere", at("dangling.log")).unwrap();
    symlink("loop.log", at("loop.log")).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe.log"), mode).unwrap();
    fs::create_dir(at("folder.log")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket.log")).unwrap();
    let daemon = Start::new(folder.path(), "*.log").start();
    for _ in 0..3 {
        shown_within(&daemon, &at("app.log"), Duration::from_secs(2));
    }
    let metrics = daemon.scrape();
    assert_eq!(metrics.value("obs_error_exporter_files"), 1);
    let said = daemon.program.said();
    for name in ["zero.log", "tty.log", "pipe.log", "folder.log", "socket.log"] {
        let lines = said.lines().filter(|line| line.contains(name)).count();
        assert_eq!(lines, 1, "{name}: {said}");
    }
    assert_eq!(http::get(daemon.address, "/-/ready").unwrap().0, 200);
    let (status, said) = daemon.terminate();
    assert!(status.success(), "{status}: {said}");
}

#[test]
fn a_sparse_file_of_a_tebibyte_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let sparse = File::create(folder.path().join("sparse.log")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    let daemon = Start::new(folder.path(), "*.log").start();
    shown_within(&daemon, &folder.path().join("app.log"), Duration::from_secs(5));
    // also when it grows, by a hole or by a line
    sparse.set_len(2 << 40).unwrap();
    shown_within(&daemon, &folder.path().join("app.log"), Duration::from_secs(5));
    shown_within(&daemon, &folder.path().join("sparse.log"), Duration::from_secs(5));
    assert_eq!(daemon.scrape().errors(), counts(&[("SlowDown", "503", 3)]));
    let began = Instant::now();
    let (status, said) = daemon.terminate();
    assert!(status.success(), "{status}: {said}");
    assert!(began.elapsed() < STOP, "it took {:?}", began.elapsed());
}
