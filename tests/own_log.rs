//! The daemon's own log goes to standard error, and nothing that becomes of it there stops the daemon: closed, full, or a
//! pipe that nobody reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use support::daemon::{Metrics, Start};
use support::load::{expected, line};
use support::process::{signal, wait};

const PATIENCE: Duration = Duration::from_secs(30);

/// Reading to the end, the last commit and the last scrape: what a stop may take, and some for a busy machine.
const STOP: Duration = Duration::from_secs(5 + 3 + 2 + 5);

/// A port that was free just now: what the daemon says of its own cannot be read here.
fn address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Ended when the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a daemon whose output goes where `redirect` sends it; it logs a line for each of many files, counts, and stops.
fn counts_and_stops(redirect: &str, stderr: impl FnOnce() -> Stdio) {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..300 {
        fs::write(folder.path().join(format!("{number}-{}.log", "x".repeat(200))), "nothing\n").unwrap();
    }
    fs::write(folder.path().join("app.log"), (0..8).map(line).collect::<String>()).unwrap();
    let address = address();
    let start = Start::new(folder.path(), "*.log").listen(address).command();
    let mut command = Command::new("/bin/bash");
    command.env_clear().args(["-c", &format!("exec \"$0\" \"$@\" {redirect}")]).arg(start.get_program());
    command.args(start.get_args()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr());
    let mut daemon = Running(command.spawn().unwrap());
    let reaches = |lines| {
        wait(&format!("{lines} lines to be counted with {redirect}"), PATIENCE, || {
            Metrics::of(address).ok()?.filter(|metrics| metrics.errors() == expected(lines))
        });
    };
    reaches(8);
    let mut log = File::options().append(true).open(folder.path().join("app.log")).unwrap();
    log.write_all((8..20).map(line).collect::<String>().as_bytes()).unwrap();
    reaches(20);

    signal(&daemon.0, rustix::process::Signal::TERM);
    let began = Instant::now();
    let status: ExitStatus = wait("the daemon to stop", STOP, || daemon.0.try_wait().unwrap());
    assert!(status.success(), "{redirect}: {status}");
    eprintln!("{redirect}: stopped after {:?}", began.elapsed());
    // what was counted is kept
    let metrics = Start::new(folder.path(), "*.log").start().wait_for(&expected(20));
    assert_eq!(metrics.value("obs_error_exporter_state_set_aside_total"), 0);
}

#[test]
fn standard_error_closed() {
    counts_and_stops("2>&-", Stdio::null);
}

#[test]
fn standard_output_closed() {
    counts_and_stops(">&-", Stdio::null);
}

#[test]
fn all_closed() {
    counts_and_stops("<&- >&- 2>&-", Stdio::null);
}

#[test]
fn standard_error_on_a_full_disk() {
    counts_and_stops(">/dev/full 2>/dev/full", Stdio::null);
}

#[test]
fn standard_error_is_a_full_pipe_that_nobody_reads() {
    let (reader, writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while (&writer).write(&[b'x'; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).unwrap(); // as a program that starts a daemon leaves it: writing blocks
    counts_and_stops("", || Stdio::from(writer));
    drop(reader);
}

#[test]
fn standard_error_is_a_pipe_whose_reader_has_gone() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    counts_and_stops("", || Stdio::from(writer));
}
