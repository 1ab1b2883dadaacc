//! The whole chain: from a line of a log, through the real daemon, Prometheus with the shipped rules and Alertmanager with
//! the shipped inhibitions, to a notification.

use super::support::daemon::Start;
use super::support::http;
use super::support::process::{Program, wait};
use super::support::prometheus::LISTENS;
use super::{command, file, root};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Takes notifications: each is a group of alerts.
struct Receiver {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&got);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if let Some(notification) = Self::take(stream) {
                    taken.lock().unwrap().push(notification);
                }
            }
        });
        Self { address, got }
    }

    fn take(mut stream: TcpStream) -> Option<Value> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
        serde_json::from_slice(&body).ok()
    }

    /// The notifications so far about an alert of a job.
    fn about(&self, alert: &str, job: &str) -> Vec<Value> {
        let got = self.got.lock().unwrap();
        let of = |labels: &Value| labels["alertname"] == alert && labels["job"] == job;
        got.iter().filter(|notification| of(&notification["groupLabels"])).cloned().collect()
    }

    fn first(&self, alert: &str, job: &str) -> Value {
        let what = format!("a notification of {alert} for {job}");
        wait(&what, PATIENCE, || self.about(alert, job).into_iter().next())
    }
}

/// A program that says in its log where it listens.
fn listening(command: &mut Command) -> (Program, SocketAddr) {
    let mut program = Program::start(command);
    let address = program.address(LISTENS, PATIENCE);
    (program, address)
}

/// A shipped file in which what stands for a place of one's own is replaced; each piece is there.
fn adapted(name: &str, changes: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(root().join("deploy/prometheus").join(name)).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{name} has no {from:?}");
        text = text.replace(from, to);
    }
    text
}

/// The rules as the command prints them, with durations that a test can wait for.
fn rules() -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_obs-error-exporter"));
    command.env_clear().arg("rules");
    for set in ["ObsThrottlingSpike.for=2s", "ObsThrottled.for=6s", "ObsPermissionDenied.for=0s"] {
        command.args(["--set", set]);
    }
    let done = command.output().unwrap();
    assert!(done.status.success());
    String::from_utf8(done.stdout).unwrap()
}

/// The state of an alert in Alertmanager, and how many others silence it.
fn state(alertmanager: SocketAddr, alert: &str, job: &str) -> Option<(String, usize)> {
    let (status, body) = http::get(alertmanager, "/api/v2/alerts").unwrap();
    assert_eq!(status, 200, "{body}");
    // it may come in chunks
    let json = &body[body.find('[').unwrap()..=body.rfind(']').unwrap()];
    let alerts: Vec<Value> = serde_json::from_str(json).unwrap();
    let found = alerts.into_iter().find(|one| one["labels"]["alertname"] == alert && one["labels"]["job"] == job)?;
    let status = &found["status"];
    Some((status["state"].as_str().unwrap().to_owned(), status["inhibitedBy"].as_array().unwrap().len()))
}

/// A service's log with a daemon beside it.
struct Service {
    _folder: tempfile::TempDir,
    log: File,
    written: u64,
    daemon: super::support::daemon::Daemon,
}

impl Service {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("app.log")).unwrap();
        let daemon = Start::new(folder.path(), "app.log").start();
        Self { _folder: folder, log, written: 0, daemon }
    }

    fn fails(&mut self, times: u64, code: &str, status: u16) {
        for _ in 0..times {
            self.written += 1;
            let id = format!("0000018F{:024X}", self.written);
            writeln!(self.log, "2026-11-22T13:10:36Z ERROR refused code={code} status={status} request_id={id}")
                .unwrap();
        }
    }
}

#[test]
fn one_line_is_one_notification_and_causes_silence_their_effects() {
    let folder = tempfile::tempdir().unwrap();
    let (mut shop, mut mail) = (Service::start(), Service::start());
    let receiver = Receiver::start();
    let url = format!("http://{}/alerts", receiver.address);
    let config =
        adapted("alertmanager.yaml", &[("http://localhost:8080/alerts", &url), ("group_wait: 30s", "group_wait: 2s")]);
    let (_alertmanager, alertmanager) = listening(
        command("prometheus-alertmanager")
            .arg(format!("--config.file={}", file(&folder, "alertmanager.yaml", &config).display()))
            .arg(format!("--storage.path={}", folder.path().join("alertmanager").display()))
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="]),
    );
    file(&folder, "rules.yaml", &rules());
    let config = adapted(
        "prometheus.yaml",
        &[
            (
                "scrape_interval: 15s, evaluation_interval: 15s",
                "scrape_interval: 1s, evaluation_interval: 1s, scrape_timeout: 1s",
            ),
            ("localhost:9093", &alertmanager.to_string()),
            ("localhost:19765", &shop.daemon.address.to_string()),
            ("job_name: obs-errors ", "job_name: shop-obs-errors "),
        ],
    );
    let other = format!(
        "  - job_name: mail-obs-errors\n    honor_labels: true\n    static_configs: [{{targets: ['{}']}}]\n",
        mail.daemon.address
    );
    let (_prometheus, prometheus) = listening(
        command("prometheus")
            .arg(format!("--config.file={}", file(&folder, "prometheus.yaml", &(config + &other)).display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("prometheus").display()))
            .arg("--web.listen-address=127.0.0.1:0"),
    );
    let seen = || value(prometheus, "min(sum_over_time(up[10m]))") >= 3.0;
    wait("some scrapes of both", PATIENCE, || seen().then_some(()));
    assert_eq!(value(prometheus, "count(up)"), 2.0);
    assert_eq!(value(prometheus, "count(ALERTS{alertstate=\"firing\"}) or vector(0)"), 0.0);

    // one line
    shop.fails(1, "InArrearOrInsufficientBalance", 403);
    let arrears = receiver.first("ObsAccountInArrears", "shop-obs-errors");
    let alerts = arrears["alerts"].as_array().unwrap();
    assert_eq!(alerts.len(), 1, "{arrears}");
    assert_eq!(alerts[0]["status"], "firing");
    assert_eq!(alerts[0]["labels"]["owner"], "finance");
    assert_eq!(alerts[0]["labels"]["severity"], "critical");
    let summary = "OBS refuses job shop-obs-errors: the account is in arrears";
    assert_eq!(alerts[0]["annotations"]["summary"], summary);
    assert_eq!(alerts[0]["annotations"]["runbook_url"], "deploy/runbooks/ObsAccountInArrears.md");

    // what follows from it is silenced, for this job only
    shop.fails(60, "AccessDenied", 403);
    mail.fails(60, "AccessDenied", 403);
    let denied = receiver.first("ObsPermissionDenied", "mail-obs-errors");
    assert_eq!(denied["alerts"][0]["labels"]["code"], "AccessDenied");
    let silenced = wait("the permission alert of the shop", PATIENCE, || {
        state(alertmanager, "ObsPermissionDenied", "shop-obs-errors").filter(|(state, _)| state != "unprocessed")
    });
    assert_eq!(silenced, ("suppressed".to_owned(), 1));

    // a burst
    mail.fails(90, "SlowDown", 503);
    let spike = receiver.first("ObsThrottlingSpike", "mail-obs-errors");
    assert_eq!(spike["alerts"][0]["labels"]["severity"], "critical");
    let silenced = wait("the throttling alert", PATIENCE, || state(alertmanager, "ObsThrottled", "mail-obs-errors"));
    assert_eq!(silenced, ("suppressed".to_owned(), 1));

    let evaluations = "min(count_over_time(ALERTS{alertname=\"ObsAccountInArrears\",alertstate=\"firing\"}[10m]))";
    wait("some evaluations more", PATIENCE, || (value(prometheus, evaluations) >= 15.0).then_some(()));

    // nothing was said twice or should not have been said, though the rules were evaluated many times since
    let count = |alert, job| receiver.about(alert, job).len();
    assert_eq!(count("ObsAccountInArrears", "shop-obs-errors"), 1);
    assert_eq!(count("ObsPermissionDenied", "shop-obs-errors"), 0);
    assert_eq!(count("ObsPermissionDenied", "mail-obs-errors"), 1);
    assert_eq!(count("ObsThrottlingSpike", "mail-obs-errors"), 1);
    let got = receiver.got.lock().unwrap();
    let names: Vec<_> = got.iter().map(|notification| &notification["groupLabels"]).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

/// The value of a query that has one; less than nothing where it has none.
fn value(prometheus: SocketAddr, query: &str) -> f64 {
    let escaped: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let Ok((200, body)) = http::get(prometheus, &format!("/api/v1/query?query={escaped}")) else { return -1.0 };
    let answer: Value = serde_json::from_str(&body).unwrap();
    let value = answer["data"]["result"][0]["value"][1].as_str();
    value.map_or(-1.0, |value| value.parse().unwrap())
}
