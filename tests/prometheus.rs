//! A real Prometheus scrapes the daemon while lines are appended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::daemon::{Start, counts};
use support::expected::{Counts, Set};
use support::http;
use support::process::{Program, wait};

const PATIENCE: Duration = Duration::from_secs(40);

/// A program of the Debian package `prometheus`.
fn command(name: &str) -> Command {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|at| at.join(name).exists());
    assert!(found, "{name} is not installed; tests/run installs what the tests need");
    Command::new(name)
}

struct Prometheus {
    _program: Program,
    address: SocketAddr,
}

impl Prometheus {
    /// One that scrapes a daemon every second, on a port that the kernel chooses.
    fn start(folder: &Path, target: SocketAddr) -> Self {
        let config = folder.join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n  - job_name: obs\n    \
             static_configs: [{{targets: ['{target}']}}]\n"
        );
        fs::write(&config, text).unwrap();
        let mut program = Program::start(
            command("prometheus")
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.tsdb.path={}", folder.join("prometheus").display()))
                .arg("--web.listen-address=127.0.0.1:0"),
        );
        let address = wait("Prometheus to listen", PATIENCE, || {
            assert!(program.exited().is_none(), "Prometheus ended:\n{}", program.said());
            let said = program.said();
            let line = said.lines().find(|line| line.contains("msg=\"Listening on\""))?;
            line.split(' ').find_map(|field| field.strip_prefix("address="))?.parse().ok()
        });
        Self { _program: program, address }
    }

    /// The samples of an instant query: labels and value.
    fn query(&self, query: &str) -> Vec<(Value, f64)> {
        let escaped: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        // not everything answers at the start
        let Ok((200, body)) = http::get(self.address, &format!("/api/v1/query?query={escaped}")) else {
            return Vec::new();
        };
        let answer: Value = serde_json::from_str(&body).unwrap();
        let samples = answer["data"]["result"].as_array().unwrap();
        let value = |sample: &Value| sample["value"][1].as_str().unwrap().parse().unwrap();
        samples.iter().map(|sample| (sample["metric"].clone(), value(sample))).collect()
    }

    fn counts(&self) -> Counts {
        let samples = self.query("sum by (code,status) (huaweicloud_obs_errors_total)");
        let label = |labels: &Value, name: &str| labels[name].as_str().unwrap().to_owned();
        let cells = samples.into_iter().filter(|(_, value)| *value > 0.0);
        cells.map(|(labels, value)| ((label(&labels, "code"), label(&labels, "status")), value as u64)).collect()
    }

    fn value(&self, query: &str) -> Option<f64> {
        let samples = self.query(query);
        assert!(samples.len() < 2, "{query}: {samples:?}");
        samples.first().map(|sample| sample.1)
    }
}

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
    let check = |text: &str| {
        let mut promtool = command("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let done = promtool.wait_with_output().unwrap();
        (done.status.success(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
    };
    assert_eq!(check(&text), (true, String::new()));
    assert!(!check("# TYPE x counter\nx 1\n").0, "promtool finds nothing wrong with a bad name");
}
