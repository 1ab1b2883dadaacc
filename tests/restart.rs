//! The daemon stopped and killed while logs are written and rotated: what it serves never goes down, and in the end each
//! response is counted once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;
use support::daemon::{Metrics, Start, counts};
use support::expected::Counts;
use support::load::{Scraper, Seen, Writer, expected, line};
use support::process::wait;

const PATIENCE: Duration = Duration::from_secs(30);

/// Stops and starts a daemon under load, `rounds` times; in the end the counts are right.
fn torment(rounds: u64, seed: u64, lines_a_file: u64, graceful: bool) {
    let folder = tempfile::tempdir().unwrap();
    let start = Start::new(folder.path(), "app.log");
    // what is rotated away before the log was looked at for the first time is not read, by nobody: on a busy machine a
    // first daemon that is killed at once may look too late
    fs::write(folder.path().join("app.log"), "").unwrap();
    let first = start.start();
    first.scrape();
    first.kill();
    let writer = Writer::start(folder.path(), lines_a_file);
    let scraper = Scraper::start(writer.count());
    let mut random = seed;
    for _ in 0..rounds {
        let daemon = start.start();
        scraper.watch(daemon.address);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        thread::sleep(Duration::from_millis(5 + (random >> 33) % 400));
        if graceful {
            let before = writer.written();
            let (status, said) = daemon.terminate();
            assert!(status.success(), "{status}:\n{said}");
            assert!(writer.written() > before, "nothing was written while it stopped");
        } else {
            daemon.kill();
        }
    }
    let written = writer.stop();
    let daemon = start.start();
    scraper.watch(daemon.address);
    let metrics = daemon.wait_for(&expected(written));
    let scrapes = scraper.stop().scrapes;
    assert!(scrapes > rounds, "{scrapes} scrapes are too few to see anything");
    let lost: Vec<_> =
        metrics.0.iter().filter(|(series, lost)| series.contains("lost_bytes") && **lost > 0.0).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(metrics.value("obs_error_exporter_state_set_aside_total"), 0);
}

#[test]
fn stopped_while_lines_are_written() {
    torment(3, 1, 100_000_000, true);
}

#[test]
fn stopped_while_lines_are_written_and_files_rotated() {
    torment(3, 2, 300, true);
}

#[test]
fn killed_while_lines_are_written() {
    torment(15, 3, 100_000_000, false);
}

#[test]
fn killed_while_lines_are_written_and_files_rotated() {
    torment(20, 4, 300, false);
}

#[test]
fn a_check_that_a_value_goes_down_can_fail() {
    let metrics = |value: u64| {
        let text = format!("huaweicloud_obs_errors_total{{code=\"SlowDown\",status=\"503\"}} {value}\n");
        Metrics::parse(&text)
    };
    let mut seen = Seen::default();
    seen.see(&metrics(2), 2);
    let (mut again, mut more) = (seen.clone(), seen.clone());
    assert!(thread::spawn(move || again.see(&metrics(1), 2)).join().is_err());
    assert!(thread::spawn(move || more.see(&metrics(3), 2)).join().is_err());
}

/// A folder with a log of three errors.
fn three() -> (tempfile::TempDir, Counts) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.log"), (0..3).map(line).collect::<String>()).unwrap();
    (folder, expected(3))
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused() {
    let (folder, counts) = three();
    let start = Start::new(folder.path(), "app.log");
    let daemon = start.start();
    daemon.wait_for(&counts);
    let (status, said) = start.refused();
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("in use by another obs-error-exporter"), "{said}");
    assert!(said.contains("--state.path"), "{said}");
    daemon.wait_for(&counts);
    // what holds the folder goes with the process, however it goes
    daemon.kill();
    start.start().wait_for(&counts);
}

#[test]
fn a_state_that_cannot_be_read_is_set_aside() {
    let spoils: [fn(Vec<u8>) -> Vec<u8>; 4] = [
        |_| Vec::new(),
        |_| b"not a state".repeat(100),
        |state| state[..state.len() / 2].to_vec(),
        |mut state| {
            let middle = state.len() / 2;
            state[middle] ^= 1;
            state
        },
    ];
    for spoil in spoils {
        let (folder, counts) = three();
        let start = Start::new(folder.path(), "app.log");
        let daemon = start.start();
        daemon.wait_for(&counts);
        daemon.kill();
        let path = folder.path().join("state/state");
        let spoilt = spoil(fs::read(&path).unwrap());
        fs::write(&path, &spoilt).unwrap();

        let daemon = start.start();
        let metrics = daemon.wait_for(&counts);
        assert_eq!(metrics.value("obs_error_exporter_state_set_aside_total"), 1);
        let said = daemon.program.said();
        assert_eq!(said.matches("was set aside").count(), 1, "{said}");
        let aside = fs::read_dir(folder.path().join("state"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("state.bad-"))
            .expect("a state that was set aside");
        assert_eq!(fs::read(&aside).unwrap(), spoilt);
        assert!(said.contains(aside.to_str().unwrap()), "{said}");
        daemon.kill();

        let metrics = start.start().wait_for(&counts);
        assert_eq!(metrics.value("obs_error_exporter_state_set_aside_total"), 1, "counters go on from the new state");
    }
}

#[test]
fn without_a_state_files_are_read_anew() {
    let (folder, counts) = three();
    let start = Start::new(folder.path(), "app.log").state(Some(Path::new("none")));
    for _ in 0..2 {
        let metrics = start.start().wait_for(&counts);
        assert_eq!(metrics.value("obs_error_exporter_state_durable"), 0);
    }
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["app.log"]);
}

#[test]
fn a_named_state_folder_that_cannot_be_used_is_an_error() {
    let (folder, _) = three();
    let path = folder.path().join("in-the-way");
    fs::write(&path, "").unwrap();
    for path in [path.clone(), path.join("deeper")] {
        let (status, said) = Start::new(folder.path(), "app.log").state(Some(&path)).refused();
        assert_eq!(status.code(), Some(1));
        assert!(said.contains(&format!("state folder {}", path.display())), "{said}");
    }
}

#[test]
fn a_default_state_folder_that_cannot_be_used_is_done_without() {
    let (folder, counts) = three();
    fs::write(folder.path().join("data"), "").unwrap();
    let daemon = Start::new(folder.path(), "app.log").state(None).start();
    let metrics = daemon.wait_for(&counts);
    assert_eq!(metrics.value("obs_error_exporter_state_durable"), 0);
    let said = daemon.program.said();
    assert_eq!(said.matches("no state is kept").count(), 1, "{said}");
}

#[test]
fn a_state_that_cannot_be_written_any_more_stops_no_counting_and_recovers() {
    let (folder, counts) = three();
    let daemon = Start::new(folder.path(), "app.log").start();
    daemon.wait_for(&counts);
    let obstacle = folder.path().join("state/state.new"); // where the new file has to go
    fs::create_dir(&obstacle).unwrap();
    let mut log = File::options().append(true).open(folder.path().join("app.log")).unwrap();
    log.write_all((3..8).map(line).collect::<String>().as_bytes()).unwrap();
    let metrics = daemon.wait_for(&expected(8));
    assert_eq!(metrics.value("obs_error_exporter_state_durable"), 0);
    wait("the failures to be counted", PATIENCE, || {
        (daemon.scrape().value("obs_error_exporter_commit_failures_total") > 0).then_some(())
    });
    fs::remove_dir(&obstacle).unwrap();
    wait("the state to be written again", PATIENCE, || {
        (daemon.scrape().value("obs_error_exporter_state_durable") == 1).then_some(())
    });
    daemon.kill();
    Start::new(folder.path(), "app.log").start().wait_for(&expected(8));
}

#[test]
fn a_stopped_daemon_has_committed_what_it_has_read() {
    let (folder, _) = three();
    let start = Start::new(folder.path(), "app.log");
    let daemon = start.start();
    daemon.wait_for(&expected(3));
    let mut log = File::options().append(true).open(folder.path().join("app.log")).unwrap();
    log.write_all((3..9).map(line).collect::<String>().as_bytes()).unwrap();
    let (status, said) = daemon.terminate();
    assert!(status.success(), "{status}:\n{said}");
    // from now on only the state knows
    fs::remove_file(folder.path().join("app.log")).unwrap();
    start.start().wait_for(&expected(9));
}

#[test]
fn a_stopped_daemon_has_read_to_the_end_and_shows_it_once_more() {
    let (folder, _) = three();
    let start = Start::new(folder.path(), "app.log");
    let daemon = start.start();
    daemon.wait_for(&expected(3));
    let mut log = File::options().append(true).open(folder.path().join("app.log")).unwrap();
    // none of a series that is new, and behind the last a line that says that it does not go on
    let lines: String = (4..7).map(line).chain(["2026-11-22T13:10:37Z INFO bye\n".to_owned()]).collect();
    log.write_all(lines.as_bytes()).unwrap();
    let expected = counts(&[("SlowDown", "503", 2), ("NoSuchKey", "404", 2), ("AccessDenied", "403", 2)]);
    daemon.program.terminate();
    let address = daemon.address;
    let last = wait("the last scrape", PATIENCE, || {
        let Ok(Some(metrics)) = Metrics::of(address) else { panic!("the daemon was gone before the last scrape") };
        (metrics.errors() == expected).then_some(metrics)
    });
    assert_eq!(last.value("obs_error_exporter_unread_bytes"), 0);
    let (status, said) = daemon.ended();
    assert!(status.success(), "{status}:\n{said}");
}
