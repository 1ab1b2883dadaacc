//! One Prometheus scrapes a hundred daemons, and the sums are right.

use crate::support::process::{Program, wait};
use crate::support::prometheus::Prometheus;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const DAEMONS: usize = 100;
const PATIENCE: Duration = Duration::from_secs(60);
const KINDS: [(&str, u32); 3] = [("SlowDown", 503), ("AccessDenied", 403), ("NewFromHuawei", 409)];

/// How many errors of each kind a daemon's log has: of each daemon other numbers, so that no sum is right by accident.
fn errors(daemon: usize, kind: usize) -> usize {
    (daemon * 7 + kind * 3) % 5 + kind
}

fn log(daemon: usize) -> String {
    let mut text = String::new();
    for (kind, (code, status)) in KINDS.iter().enumerate() {
        for number in 0..errors(daemon, kind) {
            let id = format!("{daemon:08X}{kind:08X}{number:016X}");
            let _ = writeln!(text, "2026-11-22T13:10:36Z ERROR code={code} status={status} request_id={id}");
        }
    }
    text + "2026-11-22T13:10:37Z INFO bye\n"
}

fn daemon(folder: &Path, number: usize) -> Program {
    let at = folder.join(number.to_string());
    fs::create_dir(&at).unwrap();
    fs::write(at.join("app.log"), log(number)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_obs-error-exporter"));
    command.env_clear().current_dir(&at);
    Program::start(command.args([
        "serve",
        "--logs",
        "app.log",
        "--state.path",
        "state",
        "--web.listen-address",
        "127.0.0.1:0",
    ]))
}

/// One that looks for new series from their 0 on, as `increase()` needs it.
fn prometheus(folder: &Path, targets: &[SocketAddr]) -> Prometheus {
    let targets: Vec<String> = targets
        .iter()
        .enumerate()
        .map(|(number, address)| format!("{{targets: ['{address}'], labels: {{service: 's{}'}}}}", number % 10))
        .collect();
    let config = format!(
        "global: {{scrape_interval: 2s, scrape_timeout: 2s}}\nscrape_configs:\n  - job_name: obs\n    sample_limit: 1000\n    \
         static_configs: [{}]\n",
        targets.join(", ")
    );
    Prometheus::running(folder, &config)
}

/// The values of a query by one label.
fn query(prometheus: &Prometheus, query: &str, label: &str) -> BTreeMap<String, u64> {
    let samples = prometheus.query(query).into_iter();
    samples.map(|(labels, value)| (labels[label].as_str().unwrap_or("").to_owned(), value as u64)).collect()
}

#[test]
fn the_sums_of_a_hundred_daemons_are_right() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemons: Vec<Program> = (0..DAEMONS).map(|number| daemon(folder.path(), number)).collect();
    let addresses: Vec<_> = daemons.iter_mut().map(|program| program.address("metrics are served", PATIENCE)).collect();
    let prometheus = prometheus(folder.path(), &addresses);
    let sum = |of: &dyn Fn(usize) -> bool, kind: usize| -> u64 {
        (0..DAEMONS).filter(|number| of(*number)).map(|number| errors(number, kind) as u64).sum()
    };
    let all: BTreeMap<String, u64> =
        KINDS.iter().enumerate().map(|(kind, (code, _))| ((*code).to_owned(), sum(&|_| true, kind))).collect();
    let by_code = "sum by (code) (huaweicloud_obs_errors_total) > 0";
    let mut last = BTreeMap::new();
    wait("the sums", PATIENCE, || {
        last = query(&prometheus, by_code, "code");
        (last == all).then_some(())
    });
    assert_eq!(query(&prometheus, "count(up == 1)", "").values().copied().collect::<Vec<_>>(), [DAEMONS as u64]);
    // of each service, by labels of its targets
    let by_service: BTreeMap<String, u64> = (0..10)
        .map(|service| (format!("s{service}"), (0..KINDS.len()).map(|kind| sum(&|n| n % 10 == service, kind)).sum()))
        .collect();
    assert_eq!(query(&prometheus, "sum by (service) (huaweicloud_obs_errors_total)", "service"), by_service);
    // an instance for each, none of whose counters went down
    assert_eq!(
        query(&prometheus, "count by (code) (huaweicloud_obs_errors_total{code=\"SlowDown\"})", "code")["SlowDown"],
        100
    );
    assert_eq!(query(&prometheus, "sum(resets(huaweicloud_obs_errors_total[5m]))", "")[""], 0);
    let samples = query(&prometheus, "max(scrape_samples_scraped)", "")[""];
    assert!((150..300).contains(&samples), "{samples} samples of a daemon: the README says about 200");
}
