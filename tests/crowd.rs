//! A crowd at the port takes neither scrapes nor logs from anybody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::daemon::{Start, counts};
use support::http;

const SLOW: usize = 500;
const SCRAPERS: usize = 50;
const SCRAPES: usize = 20;

/// A connection that hangs in one of five ways, and once more whenever it is closed.
fn hang(address: SocketAddr, way: usize) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    let sent = match way % 5 {
        0 => "",
        1 => "GET /metr",
        2 => "GET /metrics HTTP/1.1\r\nHost: h\r\nX: ",
        3 => "GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n",
        _ => "POST /-/reload HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\nx",
    };
    stream.write_all(sent.as_bytes()).ok()?;
    stream.set_nonblocking(true).ok()?;
    Some(stream)
}

/// Whether the server has closed it.
fn closed(stream: &TcpStream) -> bool {
    let mut byte = [0];
    match stream.peek(&mut byte) {
        Ok(read) => read == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

#[test]
fn scrapes_are_answered_and_logs_are_read_while_five_hundred_connections_hang() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = File::create(folder.path().join("app.log")).unwrap();
    // the limit that a shell has: the crowd is larger than what the daemon lets in
    let daemon = Start::new(folder.path(), "app.log").open_files(1024).start();
    let address = daemon.address;
    let mut slow: Vec<Option<TcpStream>> = (0..SLOW).map(|way| hang(address, way)).collect();
    let (over, written) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                for (way, stream) in slow.iter_mut().enumerate() {
                    if stream.as_ref().is_none_or(closed) {
                        *stream = hang(address, way);
                    }
                }
                thread::sleep(Duration::from_millis(20));
            }
        });
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let number = written.fetch_add(1, Ordering::SeqCst);
                writeln!(log, "2026-11-22T13:10:36Z ERROR code=SlowDown status=503 request_id=0000018F{number:024X}")
                    .unwrap();
                thread::sleep(Duration::from_millis(5));
            }
        });
        let begin = Instant::now();
        let scrapers: Vec<_> = (0..SCRAPERS)
            .map(|_| {
                scope.spawn(move || {
                    for _ in 0..SCRAPES {
                        let (status, text) = http::get(address, "/metrics").expect("an answer");
                        assert_eq!(status, 200, "{text}");
                    }
                })
            })
            .collect();
        let mut longest = Duration::ZERO;
        while scrapers.iter().any(|scraper| !scraper.is_finished()) {
            let begin = Instant::now();
            assert_eq!(http::get(address, "/metrics").expect("an answer").0, 200);
            longest = longest.max(begin.elapsed());
        }
        let failed = scrapers.into_iter().filter_map(|scraper| scraper.join().err()).count();
        let took = begin.elapsed();
        // the errors of a second ago are counted
        let before = written.load(Ordering::SeqCst);
        let deadline = Instant::now() + Duration::from_secs(5);
        let series = "huaweicloud_obs_errors_total{code=\"SlowDown\",status=\"503\",category=\"throttling\"}";
        while daemon.scrape().value(series) < before && Instant::now() < deadline {}
        let counted = daemon.scrape().value(series);
        over.store(true, Ordering::SeqCst);
        assert_eq!(failed, 0, "scrapes failed");
        assert!(longest < Duration::from_secs(1), "a scrape took {longest:?}");
        assert!(took < Duration::from_secs(10), "1,000 scrapes took {took:?}");
        assert!(counted >= before, "{counted} of {before} were counted");
    });
    daemon.wait_for(&counts(&[("SlowDown", "503", written.load(Ordering::SeqCst))]));
    assert!(daemon.terminate().0.success());
}

#[test]
fn nothing_of_the_process_is_to_be_had_on_the_port() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "of-the-environment-4711";
    let config = "codes: [{code: SecretOfTheConfiguration, category: quota}]\n";
    let daemon = Start::new(folder.path(), "app.log").config(config).env("SECRET", secret).start();
    // the globs of the inputs are shown to people; the rest of the command line is not
    let command_line = ["state", "config.yaml"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    for path in [
        "/",
        "/metrics",
        "/page.css",
        "/-/healthy",
        "/-/ready",
        "/-/reload",
        "/-/quit",
        "/debug/pprof/",
        "/debug/pprof/cmdline",
        "/debug/vars",
        "/config",
        "/flags",
        "/api/v1/status/config",
        "/api/v1/status/flags",
        "/env",
        "/proc/self/environ",
        "/../../proc/self/environ",
        "/%2e%2e/%2e%2e/proc/self/cmdline",
        "/.git/config",
        "/server-status",
        "/actuator/env",
    ] {
        let (status, text) = http::get(daemon.address, path).unwrap();
        assert!(!text.contains(secret), "{path}: {text}");
        assert!(!command_line.iter().any(|piece| text.contains(piece)), "{path}: {text}");
        let known = ["/", "/metrics", "/page.css", "/-/healthy", "/-/ready"].contains(&path);
        assert_eq!(known, matches!(status, 200 | 503), "{path} is answered {status}");
    }
}
