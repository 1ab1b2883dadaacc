//! A real Prometheus scrapes the daemon while lines are appended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;
use support::daemon::{Start, counts};
use support::expected::{Counts, Set};
use support::http;
use support::process::wait;
use support::prometheus::{PATIENCE, Prometheus, promtool_check};

#[test]
fn a_query_returns_what_the_logs_tell() {
    let folder = tempfile::tempdir().unwrap();
    let set = Set::all().into_iter().find(|set| set.name == "python_INFO").expect("a set of this name");
    let mut log = File::create(folder.path().join("app.log")).unwrap();
    let daemon = Start::new(folder.path(), "app.log").start();
    let prometheus = Prometheus::start(folder.path(), daemon.address);
    wait("a first scrape", PATIENCE, || (prometheus.value("up") == Some(1.0)).then_some(()));
    assert_eq!(prometheus.counts(), Counts::new());
    assert_eq!(prometheus.value("count(huaweicloud_obs_errors_total)"), Some(82.0));

    let lines = fs::read(&set.files[0]).unwrap();
    for piece in lines.chunks(lines.len() / 40 + 1) {
        log.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(100)); // so that several scrapes come between
    }
    let expected = set.exactly();
    let mut last = Counts::new();
    let deadline = std::time::Instant::now() + PATIENCE;
    while last != expected {
        assert!(std::time::Instant::now() < deadline, "Prometheus has {last:?}\nexpected {expected:?}");
        std::thread::sleep(Duration::from_millis(100));
        last = prometheus.counts();
    }
    // nothing of it went down on the way
    assert_eq!(prometheus.value("sum(resets(huaweicloud_obs_errors_total[5m]))"), Some(0.0));
    // what dashboards and rules join on
    let errors = "huaweicloud_obs_errors_total{code=\"NoSuchKey\"}";
    let joined = format!("sum({errors} * on (code) group_left (owner) huaweicloud_obs_error_info)");
    let count = expected[&("NoSuchKey".to_owned(), "404".to_owned())];
    assert_eq!(prometheus.value(&joined), Some(count as f64));
}

#[test]
fn the_first_error_of_any_series_is_an_increase() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = File::create(folder.path().join("app.log")).unwrap();
    let daemon = Start::new(folder.path(), "app.log").start();
    let prometheus = Prometheus::start(folder.path(), daemon.address);
    let scrapes = || prometheus.value("count_over_time(up[5m])").unwrap_or(0.0);
    wait("some scrapes", PATIENCE, || (scrapes() >= 3.0).then_some(()));
    // of the official table; listed with another status; not listed at all
    let firsts = [("SlowDown", 503), ("NoSuchKey", 499), ("NewFromHuawei", 409)];
    for (code, status) in firsts {
        let line = format!("2026-11-22T13:10:36Z ERROR upload failed code={code} status={status}");
        writeln!(log, "{line} request_id=0000018F{status:024X}").unwrap();
    }
    writeln!(log, "2026-11-22T13:10:36Z INFO bye").unwrap();
    for (code, status) in firsts {
        let series = format!("huaweicloud_obs_errors_total{{code=\"{code}\",status=\"{status}\"}}");
        let increase = wait(&format!("an increase of {series}"), PATIENCE, || {
            prometheus.value(&format!("increase({series}[5m])")).filter(|increase| *increase > 0.0)
        });
        // it extrapolates to the ends of the range
        assert!(increase < 2.0, "{series} increased by {increase}");
        assert_eq!(prometheus.value(&format!("min_over_time({series}[5m])")), Some(0.0), "{series}");
        assert_eq!(prometheus.value(&series), Some(1.0), "{series}");
    }
}

#[test]
fn promtool_accepts_the_exposition() {
    let folder = tempfile::tempdir().unwrap();
    let text = "2026-11-22T13:10:36Z ERROR code=NewFromHuawei status=409 request_id=0000018F0000000000000000000000FF\n";
    fs::write(folder.path().join("app.log"), text.repeat(3)).unwrap();
    let daemon = Start::new(folder.path(), "app.log").start();
    daemon.wait_for(&counts(&[("NewFromHuawei", "409", 1)]));
    let (status, text) = http::get(daemon.address, "/metrics").unwrap();
    assert_eq!(status, 200);
    let check = |text: &str| promtool_check(&["metrics"], text);
    assert_eq!(check(&text), (true, String::new()));
    assert!(!check("# TYPE x counter\nx 1\n").0, "promtool finds nothing wrong with a bad name");
}
