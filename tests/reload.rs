//! The configuration is read anew while the daemon runs: counters and positions are kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use rustix::process::Signal;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use support::daemon::{Daemon, Metrics, Start, counts};
use support::http;
use support::process::wait;

const PATIENCE: Duration = Duration::from_secs(30);
const SUCCESSFUL: &str = "obs_error_exporter_config_last_reload_successful";
const SUCCEEDED: &str = "obs_error_exporter_config_last_reload_success_timestamp_seconds";

struct Bench {
    folder: tempfile::TempDir,
    ids: u32,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), ids: 0 }
    }

    fn start(&self, config: &str) -> Start {
        Start::new(self.folder.path(), "flag.log").config(config).flags(&["--web.enable-lifecycle"])
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn configure(&self, text: &str) {
        fs::write(self.folder.path().join("config.yaml"), text).unwrap();
    }

    fn write(&self, log: &str, line: &str) {
        let mut log = OpenOptions::new().create(true).append(true).open(self.path(log)).unwrap();
        writeln!(log, "{line}").unwrap();
    }

    fn fail(&mut self, log: &str, code: &str, status: u16) {
        self.ids += 1;
        let line =
            format!("2026-11-22T13:10:36Z ERROR code={code} status={status} request_id=0000018F{:024X}", self.ids);
        self.write(log, &line);
    }
}

fn post(daemon: &Daemon) -> (u16, String) {
    let (status, _, body) = http::ask(daemon.address, "POST", "/-/reload", "").unwrap();
    (status, body)
}

/// Scrapes until a series has a value.
fn expect(daemon: &Daemon, series: &str, value: f64) -> Metrics {
    wait(&format!("{series} {value}"), PATIENCE, || {
        Some(daemon.scrape()).filter(|metrics| metrics.0.get(series) == Some(&value))
    })
}

fn errors(code: &str, status: u16, category: &str, labels: &str) -> String {
    format!("huaweicloud_obs_errors_total{{code=\"{code}\",status=\"{status}\",category=\"{category}\"{labels}}}")
}

#[test]
fn inputs_come_and_go_and_counters_stay() {
    let mut bench = Bench::new();
    let input = |bench: &Bench, log: &str, team: &str| {
        format!("  - {{paths: [\"{}\"], labels: {{team: {team}}}}}\n", bench.path(log))
    };
    bench.fail("a.log", "SlowDown", 503);
    bench.fail("flag.log", "SlowDown", 503);
    let daemon = bench.start(&format!("inputs:\n{}", input(&bench, "a.log", "a"))).start();
    let [a, b, flag] = [",team=\"a\"", ",team=\"b\"", ""].map(|team| errors("SlowDown", 503, "throttling", team));
    expect(&daemon, &a, 1.0);
    expect(&daemon, &flag, 1.0);

    // another team has the file from now on, and there is one more
    bench.fail("b.log", "SlowDown", 503);
    bench.configure(&format!("inputs:\n{}{}", input(&bench, "b.log", "b"), input(&bench, "a.log", "c")));
    daemon.program.signal(Signal::HUP);
    expect(&daemon, &b, 1.0);
    bench.fail("a.log", "SlowDown", 503);
    let c = errors("SlowDown", 503, "throttling", ",team=\"c\"");
    let metrics = expect(&daemon, &c, 1.0);
    assert_eq!((metrics.value(&a), metrics.value(&b), metrics.value(&flag)), (1, 1, 1));
    assert_eq!(metrics.value("obs_error_exporter_files"), 3);

    // the file of the flag stays, whatever the configuration says
    bench.configure("");
    assert_eq!(post(&daemon), (200, "reloaded\n".to_owned()));
    bench.fail("a.log", "SlowDown", 503);
    bench.fail("flag.log", "SlowDown", 503);
    let metrics = expect(&daemon, &flag, 2.0);
    assert_eq!((metrics.value(&a), metrics.value(&b), metrics.value(&c)), (1, 1, 1));
    assert_eq!((metrics.value("obs_error_exporter_files"), metrics.value(SUCCESSFUL)), (1, 1));
    let (status, said) = daemon.terminate();
    assert!(status.success(), "{said}");
    assert_eq!(said.matches("configuration was read anew").count(), 2, "{said}");

    // nothing of it is lost or doubled by a restart
    let daemon = bench.start("").start();
    let metrics = expect(&daemon, &flag, 2.0);
    assert_eq!((metrics.value(&a), metrics.value(&b), metrics.value(&c)), (1, 1, 1));
}

#[test]
fn recognisers_and_codes_change_while_errors_come() {
    let mut bench = Bench::new();
    let daemon = bench.start("").start();
    let own =
        |id: u32| format!("2026-11-22T13:10:36Z ERROR storage refused: QuotaBlocked http=403 rid=0000018F{id:024X}");
    bench.fail("flag.log", "QuotaBlocked", 403);
    bench.write("flag.log", &own(900));
    // the last event of a file stays open, and would be read anew
    bench.write("flag.log", "2026-11-22T13:10:36Z INFO bye");
    let unlisted = errors("QuotaBlocked", 403, "permission", "");
    expect(&daemon, &unlisted, 1.0);
    bench.configure(
        "recognisers:\n  - {name: billing, pattern: 'storage refused: (?P<code>\\S+) http=(?P<status>\\d+) rid=(?P<request_id>\\S+)'}\n\
         codes:\n  - {code: QuotaBlocked, status: 403, category: quota, owner: platform}\n  \
         - {code: Aborted, status: 400, category: conflict}\n",
    );
    assert_eq!(post(&daemon).0, 200);
    let listed = errors("QuotaBlocked", 403, "quota", "");
    let metrics = daemon.scrape();
    assert_eq!(metrics.0.get(&listed), Some(&1.0), "it does not go on counting under its new category");
    assert_eq!(metrics.0.get(&unlisted), None);
    assert_eq!(metrics.0.get(&errors("Aborted", 400, "conflict", "")), Some(&0.0));
    assert_eq!(metrics.0.get("obs_error_exporter_reports_total{recogniser=\"billing\"}"), Some(&0.0));
    bench.write("flag.log", &own(901));
    let metrics = expect(&daemon, &listed, 2.0);
    assert_eq!(metrics.value("obs_error_exporter_reports_total{recogniser=\"billing\"}"), 1);
    assert_eq!(metrics.value("obs_error_exporter_unlisted_codes_total"), 1);

    // without them the counter goes on under the name alone
    bench.configure("");
    assert_eq!(post(&daemon).0, 200);
    bench.write("flag.log", &own(902));
    bench.fail("flag.log", "QuotaBlocked", 403);
    let metrics = expect(&daemon, &unlisted, 3.0);
    assert_eq!(metrics.0.get(&errors("Aborted", 400, "conflict", "")), None);
    assert_eq!(metrics.errors(), counts(&[("QuotaBlocked", "403", 3)]));
}

#[test]
fn what_waits_is_not_lost() {
    let mut bench = Bench::new();
    let daemon = bench.start("").start();
    // a report without a status waits for one that has it
    bench.write("flag.log", "ERROR code=NewFromHuawei request_id=0000018F0000000000000000000000AA");
    wait("the report to be read", PATIENCE, || {
        (daemon.scrape().value("obs_error_exporter_read_lines_total") == 1).then_some(())
    });
    bench.configure("codes: [{code: QuotaBlocked, status: 403, category: quota}]\n");
    assert_eq!(post(&daemon).0, 200);
    bench.write("flag.log", "ERROR code=NewFromHuawei status=409 request_id=0000018F0000000000000000000000AA");
    bench.fail("flag.log", "QuotaBlocked", 403);
    daemon.wait_for(&counts(&[("NewFromHuawei", "409", 1), ("QuotaBlocked", "403", 1)]));
}

#[test]
fn a_bad_configuration_is_refused_and_the_old_one_goes_on() {
    let mut bench = Bench::new();
    let daemon = bench.start("limits: {unlisted_codes: 8}\n").start();
    let metrics = daemon.scrape();
    assert_eq!(metrics.0[SUCCESSFUL], 1.0);
    let succeeded = metrics.0[SUCCEEDED];
    for (text, reason) in [
        ("inputs:\n  - pathes: [x]\n", "config.yaml:2: unknown key \"pathes\"; did you mean \"paths\"?"),
        ("inputs:\n  - paths: ['[x']\n", "config.yaml:2: the glob \"[x\" cannot be used"),
        ("recognisers: [{name: x, pattern: '('}]\n", "config.yaml:1: the pattern of \"x\" cannot be used"),
    ] {
        bench.configure(text);
        let (status, answer) = post(&daemon);
        assert_eq!(status, 500);
        assert!(answer.contains(reason), "{answer}");
        let metrics = daemon.scrape();
        assert_eq!((metrics.0[SUCCESSFUL], metrics.0[SUCCEEDED]), (0.0, succeeded));
        wait("the reason in the log", PATIENCE, || {
            daemon.program.said().replace("\\\"", "\"").contains(reason).then_some(())
        });
    }
    fs::remove_file(Path::new(&bench.path("config.yaml"))).unwrap();
    daemon.program.signal(Signal::HUP);
    wait("the reason in the log", PATIENCE, || daemon.program.said().contains("No such file").then_some(()));
    bench.fail("flag.log", "SlowDown", 503);
    daemon.wait_for(&counts(&[("SlowDown", "503", 1)]));
    bench.configure("");
    daemon.program.signal(Signal::HUP);
    let metrics = expect(&daemon, SUCCESSFUL, 1.0);
    assert!(metrics.0[SUCCEEDED] > succeeded);
    assert_eq!(metrics.errors(), counts(&[("SlowDown", "503", 1)]));
}

#[test]
fn without_a_file_a_hangup_harms_nothing() {
    let mut bench = Bench::new();
    let daemon = Start::new(bench.folder.path(), "flag.log").start();
    for _ in 0..3 {
        daemon.program.signal(Signal::HUP);
    }
    bench.fail("flag.log", "SlowDown", 503);
    daemon.wait_for(&counts(&[("SlowDown", "503", 1)]));
    assert_eq!(post(&daemon).0, 403);
    assert!(daemon.terminate().0.success());
}
