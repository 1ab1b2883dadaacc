//! The real `logrotate` in its modes, with the daemon running and with the daemon stopped while it rotates; and the
//! rotations of SDKs and of the kubelet, done here as they do them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;
use support::daemon::{Daemon, Start};
use support::load::{expected, line};

const LOGROTATE: &str = "/usr/sbin/logrotate";
/// Lines between two rotations, and rotations.
const LINES: u64 = 20;
const ROTATIONS: u64 = 6;

/// A log with somebody who rotates it.
struct Log {
    folder: PathBuf,
    /// Where the writer writes, which may be elsewhere than where the daemon looks.
    file: PathBuf,
    next: u64,
}

impl Log {
    fn write(&mut self, lines: u64) {
        let mut file = File::options().append(true).create(true).open(&self.file).unwrap();
        for _ in 0..lines {
            file.write_all(line(self.next).as_bytes()).unwrap();
            self.next += 1;
        }
        // a line that says that the one before does not go on: else a second is waited for that
        file.write_all(b"2026-11-22T13:10:37.000Z INFO on\n").unwrap();
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Rotates again and again, in the first half with the daemon there, in the second with the daemon stopped or killed.
/// `glob` is what the daemon is told to look for. Every line is counted once, and none is lost.
fn exact(glob: &str, rotate: impl FnMut(&mut Log, u64)) {
    exact_at(glob, |folder| folder.join("logs/app.log"), rotate);
}

/// The same with a log where `prepare` says.
fn exact_at(glob: &str, prepare: impl Fn(&Path) -> PathBuf, mut rotate: impl FnMut(&mut Log, u64)) {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let mut log = Log { file: prepare(folder.path()), folder: logs, next: 0 };
    log.write(LINES);
    let start = Start::new(folder.path(), &format!("logs/{glob}"));
    let mut daemon = start.start();
    let counted = |daemon: &Daemon, lines| daemon.wait_for(&expected(lines));
    counted(&daemon, log.next);
    for round in 0..ROTATIONS {
        log.write(LINES);
        rotate(&mut log, round);
        log.write(LINES);
        if round % 2 == 0 {
            counted(&daemon, log.next); // else two rotations come between two looks
        }
    }
    counted(&daemon, log.next);
    for round in ROTATIONS..ROTATIONS * 2 {
        log.write(1);
        counted(&daemon, log.next);
        if round == ROTATIONS {
            let (status, said) = daemon.terminate();
            assert!(status.success(), "{status}: {said}");
        } else {
            daemon.kill();
        }
        log.write(LINES);
        rotate(&mut log, round);
        if round % 3 == 0 {
            log.write(LINES);
        }
        daemon = start.start();
        log.write(1);
        let metrics = counted(&daemon, log.next);
        let lost: Vec<_> =
            metrics.0.iter().filter(|(series, lost)| series.contains("lost_bytes") && **lost > 0.0).collect();
        assert!(lost.is_empty(), "{lost:?}: {}", daemon.program.said());
    }
    // and nothing comes twice when rotated files are looked at again
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(daemon.scrape().errors(), expected(log.next));
}

/// The real logrotate with these directives.
fn logrotate(glob: &str, directives: &str) {
    assert!(
        Path::new(LOGROTATE).exists(),
        "{LOGROTATE} is missing: these tests need the real one (Debian and Ubuntu: apt-get install logrotate)"
    );
    let directives = directives.to_owned();
    exact(glob, move |log, _| {
        let (config, state) =
            (log.folder.with_file_name("logrotate.conf"), log.folder.with_file_name("logrotate.state"));
        let text = format!("{} {{\n  su root root\n  rotate 50\n  size 1\n  {directives}\n}}\n", log.file.display());
        // as whoever runs the tests
        let text = if rustix::process::geteuid().is_root() { text } else { text.replace("  su root root\n", "") };
        fs::write(&config, text).unwrap();
        fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let output = Command::new(LOGROTATE).arg("--force").arg("--state").arg(&state).arg(&config).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains("error"), "{said}");
    });
}

#[test]
fn create() {
    logrotate("app.log", "create");
}

#[test]
fn create_when_rotated_files_match_too() {
    logrotate("*", "create");
}

#[test]
fn nocreate() {
    logrotate("app.log", "nocreate");
}

#[test]
fn copytruncate() {
    logrotate("app.log", "copytruncate"); // nobody writes between the copy and the truncation
}

#[test]
fn copytruncate_when_copies_match_too() {
    logrotate("*", "copytruncate");
}

#[test]
fn compress() {
    logrotate("app.log", "create\n  compress");
}

#[test]
fn compress_when_rotated_files_match_too() {
    logrotate("*", "create\n  compress");
}

#[test]
fn delaycompress() {
    logrotate("app.log", "create\n  compress\n  delaycompress");
}

#[test]
fn copytruncate_and_compress() {
    logrotate("app.log", "copytruncate\n  compress");
}

#[test]
fn dateext() {
    logrotate("app.log", "create\n  dateext\n  dateformat -%Y%m%d-%s\n  prerotate\n    sleep 1\n  endscript");
}

#[test]
fn dateext_with_extension() {
    logrotate(
        "app*",
        "create\n  dateext\n  dateformat -%Y%m%d-%s\n  extension .log\n  prerotate\n    sleep 1\n  endscript",
    );
}

#[test]
fn dateext_and_delaycompress() {
    logrotate(
        "app.log",
        "create\n  dateext\n  dateformat -%Y%m%d-%s\n  compress\n  delaycompress\n  prerotate\n    sleep 1\n  endscript",
    );
}

/// Python's RotatingFileHandler, log4js, logback: `.1` is the newest.
#[test]
fn newest_is_one() {
    for glob in ["app.log", "app.log*"] {
        exact(glob, |log, _| shift(log, 20, |log, number| log.at(&format!("app.log.{number}"))));
    }
}

/// log4js with `keepFileExt`.
#[test]
fn number_before_the_extension() {
    exact("app*.log", |log, _| shift(log, 20, |log, number| log.at(&format!("app.{number}.log"))));
}

fn shift(log: &Log, most: u64, name: impl Fn(&Log, u64) -> PathBuf) {
    for number in (1..most).rev() {
        if name(log, number).exists() {
            fs::rename(name(log, number), name(log, number + 1)).unwrap();
        }
    }
    fs::rename(&log.file, name(log, 1)).unwrap();
}

/// log4j2's default: `-1.log` is the oldest. When all numbers are used, they move down and the oldest is deleted.
#[test]
fn oldest_is_one() {
    for glob in ["app.log", "app*.log"] {
        exact(glob, |log, round| {
            const MOST: u64 = 7;
            let name = |number: u64| log.at(&format!("app-{number}.log"));
            if round >= MOST {
                for number in 1..MOST {
                    fs::rename(name(number + 1), name(number)).unwrap();
                }
            }
            fs::rename(&log.file, name((round + 1).min(MOST))).unwrap();
        });
    }
}

/// The Go SDK: a ring of `.1` to `.N` that is written over again.
#[test]
fn ring() {
    for glob in ["app.log", "app.log*"] {
        exact(glob, |log, round| fs::rename(&log.file, log.at(&format!("app.log.{}", round % 5 + 1))).unwrap());
    }
}

/// lumberjack: the time in the name.
#[test]
fn time_stamps() {
    for glob in ["app.log", "app*"] {
        exact(glob, |log, round| {
            fs::rename(&log.file, log.at(&format!("app-2026-11-22T13-10-{round:02}.000.log"))).unwrap();
        });
    }
}

/// The kubelet: a link to `0.log`, which is renamed to `0.log.<time>`; the one before is compressed.
#[test]
fn kubelet() {
    let mut last: Option<PathBuf> = None;
    let prepare = |folder: &Path| {
        fs::create_dir(folder.join("pod")).unwrap();
        symlink("../pod/0.log", folder.join("logs/shop_default_app-0123.log")).unwrap();
        folder.join("pod/0.log")
    };
    exact_at("*.log", prepare, |log, round| {
        let to = log.file.with_file_name(format!("0.log.20261122-1310{round:02}"));
        fs::rename(&log.file, &to).unwrap();
        File::create(&log.file).unwrap();
        if let Some(before) = last.replace(to) {
            gzip(&before);
        }
    });
}

/// What was read and told is not lost with the file; half a line is.
#[test]
fn only_half_lines_are_lost_with_a_file_that_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("app.log");
    let write = |from, to, half: &str| {
        let mut file = File::options().append(true).create(true).open(&log).unwrap();
        file.write_all((from..to).map(line).collect::<String>().as_bytes()).unwrap();
        file.write_all(half.as_bytes()).unwrap();
    };
    let start = Start::new(folder.path(), "app.log");
    write(0, 8, "2026-11-22T");
    let daemon = start.start();
    daemon.wait_for(&expected(8));
    File::create(&log).unwrap();
    write(8, 12, "");
    let metrics = daemon.wait_for(&expected(12));
    assert_eq!(metrics.value("obs_error_exporter_lost_bytes_total{reason=\"truncated\"}"), 11);
    write(12, 16, "2026-11");
    daemon.wait_for(&expected(16));
    daemon.kill();
    fs::remove_file(&log).unwrap();
    write(16, 20, "");
    let metrics = start.start().wait_for(&expected(20));
    assert_eq!(metrics.value("obs_error_exporter_lost_bytes_total{reason=\"truncated\"}"), 11);
    assert_eq!(metrics.value("obs_error_exporter_lost_bytes_total{reason=\"rotated\"}"), 7);
}

fn gzip(path: &Path) {
    let status = Command::new("gzip").arg(path).status().unwrap();
    assert!(status.success());
}
