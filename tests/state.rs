//! What can happen to the state folder, through the real daemon. What happens to the process is in `tests/kill.rs` and
//! `tests/restart.rs`, what a record looks like in `src/state/`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::daemon::{Daemon, Metrics, Start};
use support::load::{expected, line};
use support::process::wait;

const PATIENCE: Duration = Duration::from_secs(30);

/// A scrape waits so long for the disk (2 s), and some for a busy machine.
const SCRAPE: Duration = Duration::from_secs(4);

const DURABLE: &str = "obs_error_exporter_state_durable";
const FAILURES: &str = "obs_error_exporter_commit_failures_total";

fn lines(from: u64, to: u64) -> String {
    (from..to).map(line).collect()
}

/// A folder with a log of the first lines.
fn folder(lines_there: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.log"), lines(0, lines_there)).unwrap();
    folder
}

fn append(folder: &Path, text: &str) {
    File::options().append(true).open(folder.join("app.log")).unwrap().write_all(text.as_bytes()).unwrap();
}

fn until(daemon: &Daemon, series: &str, what: impl Fn(u64) -> bool) -> Metrics {
    wait(series, PATIENCE, || Some(daemon.scrape()).filter(|metrics| what(metrics.value(series))))
}

/// What was set aside in a state folder.
fn aside(state: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("state.bad-")).collect()
}

/// Spoils the state of a daemon that has counted and was killed; the next one sets it aside and counts anew.
fn set_aside(what: &str, spoil: impl Fn(&Path)) {
    let folder = folder(8);
    let start = Start::new(folder.path(), "app.log");
    let daemon = start.start();
    daemon.wait_for(&expected(8));
    daemon.kill();
    let state = folder.path().join("state");
    spoil(&state.join("state"));

    let daemon = start.start();
    let metrics = daemon.wait_for(&expected(8));
    assert_eq!(metrics.value("obs_error_exporter_state_set_aside_total"), 1, "{what}");
    assert_eq!(metrics.value(DURABLE), 1, "{what}");
    let said = daemon.program.said();
    assert_eq!(said.matches("was set aside").count(), 1, "{what}: {said}");
    let aside = aside(&state);
    assert_eq!(aside.len(), 1, "{what}: {aside:?}");
    assert!(said.contains(aside[0].to_str().unwrap()), "{what}: {said}");
    daemon.kill();

    // and what was begun anew is gone on with
    append(folder.path(), &lines(8, 12));
    let daemon = start.start();
    let metrics = daemon.wait_for(&expected(12));
    assert_eq!(metrics.value("obs_error_exporter_state_set_aside_total"), 1, "{what}");
    assert!(!daemon.program.said().contains("was set aside"), "{what}");
}

fn rewrite(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_state_that_cannot_be_read_is_set_aside() {
    set_aside("truncated", |path| rewrite(path, |bytes| bytes.truncate(bytes.len() - 1)));
    set_aside("truncated in the header", |path| rewrite(path, |bytes| bytes.truncate(11)));
    set_aside("empty", |path| rewrite(path, Vec::clear));
    set_aside("all NUL", |path| rewrite(path, |bytes| bytes.fill(0)));
    set_aside("longer", |path| rewrite(path, |bytes| bytes.push(0)));
    set_aside("from a newer version", |path| rewrite(path, |bytes| bytes[8] += 1));
    set_aside("a folder", |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
        fs::write(path.join("x"), "x").unwrap();
    });
    set_aside("a named pipe", |path| {
        fs::remove_file(path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    });
    set_aside("a link to nothing", |path| {
        fs::remove_file(path).unwrap();
        symlink("nowhere", path).unwrap();
    });
    set_aside("a sparse terabyte", |path| File::create(path).unwrap().set_len(1 << 40).unwrap());
}

#[test]
fn a_state_with_one_changed_bit_is_set_aside() {
    for place in 0..6 {
        set_aside(&format!("bit at {place}/6"), |path| {
            rewrite(path, |bytes| {
                let at = bytes.len() * place / 6;
                bytes[at] ^= 1 << place;
            });
        });
    }
}

/// `root` may read everything, so the daemon is somebody else. Where that cannot be arranged this says so: the
/// same way through the code is taken by a folder in the place of the state.
#[test]
fn a_state_that_may_not_be_read_is_set_aside() {
    let place = folder(8);
    let start = Start::new(place.path(), "app.log");
    let Some(other) = Start::new(place.path(), "app.log").by_nobody() else {
        eprintln!("NOT TESTED: no other user can be taken on here, so nothing is unreadable");
        return set_aside("a folder, for want of another user", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        });
    };
    let daemon = start.start();
    daemon.wait_for(&expected(8));
    daemon.kill();
    let chmod =
        |path: &Path, mode| fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    chmod(place.path(), 0o755);
    chmod(&place.path().join("state"), 0o777);
    chmod(&place.path().join("state/lock"), 0o666);
    chmod(&place.path().join("state/state"), 0o600);
    let daemon = other.start();
    let metrics = daemon.wait_for(&expected(8));
    assert_eq!(metrics.value("obs_error_exporter_state_set_aside_total"), 1);
    assert_eq!(aside(&place.path().join("state")).len(), 1);
    assert!(daemon.program.said().contains("Permission denied"), "{}", daemon.program.said());
}

#[test]
fn a_state_folder_that_is_deleted_is_made_again() {
    let folder = folder(8);
    let start = Start::new(folder.path(), "app.log");
    let daemon = start.start();
    daemon.wait_for(&expected(8));
    fs::remove_dir_all(folder.path().join("state")).unwrap();
    append(folder.path(), &lines(8, 12));
    let metrics = daemon.wait_for(&expected(12));
    assert_eq!(metrics.value(DURABLE), 1);
    assert_eq!(metrics.value(FAILURES), 0);
    // and it is still held
    let (status, said) = start.refused();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("in use by another"), "{said}");
    daemon.kill();
    append(folder.path(), &lines(12, 16));
    let metrics = start.start().wait_for(&expected(16));
    assert_eq!(metrics.value("obs_error_exporter_state_set_aside_total"), 0);
}

/// Writes fail: live values are served, it is said once and counted, and it recovers by itself.
fn fails_and_recovers(start: &Start, folder: &Path, spoil: impl FnOnce(), mend: impl FnOnce()) {
    let daemon = start.start();
    daemon.wait_for(&expected(8));
    assert_eq!(daemon.scrape().value(DURABLE), 1);
    spoil();
    append(folder, &lines(8, 12));
    daemon.wait_for(&expected(12));
    let metrics = until(&daemon, FAILURES, |failures| failures >= 1);
    assert_eq!(metrics.value(DURABLE), 0);
    append(folder, &lines(12, 20));
    daemon.wait_for(&expected(20));
    until(&daemon, FAILURES, |failures| failures >= 2);
    mend();
    let metrics = until(&daemon, DURABLE, |durable| durable == 1);
    assert_eq!(metrics.errors(), expected(20));
    let again = "state is written again";
    let said = wait(again, PATIENCE, || Some(daemon.program.said()).filter(|said| said.contains(again)));
    assert_eq!(said.matches("state cannot be written").count(), 1, "{said}");
    assert_eq!(said.matches(again).count(), 1, "{said}");
    daemon.kill();
    append(folder, &lines(20, 24));
    let metrics = start.start().wait_for(&expected(24));
    assert_eq!(metrics.value("obs_error_exporter_state_set_aside_total"), 0);
    assert!(metrics.value(FAILURES) >= 2, "failures are kept like all counters");
}

/// A small file system of its own, gone when this is.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=256k", "none"]).arg(at);
        command.output().is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn disk_full_and_room_again() {
    let folder = folder(8);
    let disk = folder.path().join("disk");
    let state = disk.join("state");
    let start = Start::new(folder.path(), "app.log").state(Some(&state));
    let small = Small::mount(&disk);
    let ballast = disk.join("ballast");
    if small.is_some() {
        let fill = || {
            let mut file = File::create(&ballast).unwrap();
            while file.write_all(&[b'x'; 4096]).is_ok() {}
        };
        fails_and_recovers(&start, folder.path(), fill, || fs::remove_file(&ballast).unwrap());
    } else {
        eprintln!("NOT TESTED with a full file system, which may not be mounted here; /dev/full takes its place");
        full_device(&start, folder.path(), &state);
    }
}

fn full_device(start: &Start, folder: &Path, state: &Path) {
    let new = state.join("state.new");
    fails_and_recovers(start, folder, || symlink("/dev/full", &new).unwrap(), || fs::remove_file(&new).unwrap());
}

#[test]
fn no_space_is_an_error_like_any_other() {
    let folder = folder(8);
    full_device(&Start::new(folder.path(), "app.log"), folder.path(), &folder.path().join("state"));
}

#[test]
fn input_output_error() {
    let folder = folder(8);
    let new = folder.path().join("state/state.new");
    // its first page is not mapped: EIO
    let spoil = || symlink("/proc/self/mem", &new).unwrap();
    let start = Start::new(folder.path(), "app.log");
    fails_and_recovers(&start, folder.path(), spoil, || fs::remove_file(&new).unwrap());
}

/// A named pipe where the new record has to go: opening it waits for a reader who does not come.
fn hang(folder: &Path) -> PathBuf {
    let path = folder.join("state/state.new");
    wait("a moment between two commits", PATIENCE, || {
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).ok()
    });
    path
}

#[test]
fn while_a_write_hangs_the_last_committed_values_are_served() {
    let folder = folder(8);
    let start = Start::new(folder.path(), "app.log");
    let daemon = start.start();
    daemon.wait_for(&expected(8));
    let new = hang(folder.path());
    append(folder.path(), &lines(8, 12));
    for _ in 0..3 {
        let began = Instant::now();
        let metrics = daemon.scrape();
        assert!(began.elapsed() < SCRAPE, "a scrape took {:?}", began.elapsed());
        assert_eq!(metrics.errors(), expected(8), "what is not on disk is not shown");
        assert_eq!(metrics.value(FAILURES), 0);
    }
    // the disk answers again, with an error first
    let pipe = folder.path().join("pipe");
    fs::rename(&new, &pipe).unwrap(); // the next write must not find it, however long it takes to open it here
    let mut reader = File::open(&pipe).unwrap();
    let _ = std::io::copy(&mut reader, &mut std::io::sink());
    let metrics = daemon.wait_for(&expected(12));
    assert!(metrics.value(FAILURES) <= 1);
    until(&daemon, DURABLE, |durable| durable == 1);
    daemon.kill();
    start.start().wait_for(&expected(12));
}

#[test]
fn a_write_that_hangs_does_not_hinder_the_stop() {
    let folder = folder(8);
    let start = Start::new(folder.path(), "app.log");
    let daemon = start.start();
    daemon.wait_for(&expected(8));
    let new = hang(folder.path());
    append(folder.path(), &lines(8, 12));
    daemon.scrape();
    let began = Instant::now();
    let (status, said) = daemon.terminate();
    eprintln!("stopped after {:?} while the disk hung", began.elapsed());
    assert!(status.success(), "{status}:\n{said}");
    assert!(began.elapsed() < Duration::from_secs(5 + 3 + 2 + 3), "it took {:?}", began.elapsed());
    assert!(said.contains("could not be written in time"), "{said}");
    assert!(fs::metadata(&new).unwrap().file_type().is_fifo());
    fs::remove_file(&new).unwrap();
    start.start().wait_for(&expected(12));
}

#[test]
fn a_second_daemon_is_refused_and_harms_nothing() {
    let folder = folder(8);
    let start = Start::new(folder.path(), "app.log");
    let daemon = start.start();
    for to in [12, 16] {
        let (status, said) = start.refused();
        assert_eq!(status.code(), Some(1));
        assert!(said.contains("in use by another obs-error-exporter"), "{said}");
        append(folder.path(), &lines(to - 4, to));
        let metrics = daemon.wait_for(&expected(to));
        assert_eq!(metrics.value(DURABLE), 1);
    }
}
