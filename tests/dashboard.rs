//! The dashboard: what is shipped is what is rendered, it is valid, and every query of it, asked of a real Prometheus that
//! scrapes real daemons, returns what the logs say. `UPDATE=1` writes the shipped file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use obs_error_exporter::catalogue::Catalogue;
use obs_error_exporter::dashboard::{PANELS, render};
use obs_error_exporter::rules::{Settings, alerts};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::daemon::{Daemon, Start};
use support::process::wait;
use support::prometheus::Prometheus;

const PATIENCE: Duration = Duration::from_secs(60);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shipped() -> PathBuf {
    root().join("deploy/grafana/dashboard.json")
}

fn dashboard() -> Value {
    serde_json::from_str(&render(Catalogue::built_in(), Settings::default().runbooks())).unwrap()
}

#[test]
fn the_shipped_file_is_what_the_command_prints() {
    let text = render(Catalogue::built_in(), Settings::default().runbooks());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(shipped(), &text).unwrap();
    }
    assert!(fs::read_to_string(shipped()).unwrap() == text, "UPDATE=1 cargo test --test dashboard writes it");
    let mut command = Command::new(env!("CARGO_BIN_EXE_obs-error-exporter"));
    let done = command.env_clear().arg("dashboard").output().unwrap();
    assert!(done.status.success() && done.stdout == text.as_bytes());
    let mut command = Command::new(env!("CARGO_BIN_EXE_obs-error-exporter"));
    let done = command.env_clear().args(["dashboard", "--set", "runbook_base_url=https://git.example.com/r/"]).output();
    let moved: Value = serde_json::from_slice(&done.unwrap().stdout).unwrap();
    assert_eq!(moved["templating"]["list"][4]["query"], "https://git.example.com/r");
}

#[test]
fn it_is_valid() {
    let check = |path: &Path| {
        let program = root().join(".tools/python/bin/check-jsonschema");
        assert!(program.exists(), "{} is missing; tests/run installs what the tests need", program.display());
        let schema = root().join("tests/schemas/grafana-dashboard.schema.json");
        let done = Command::new(program).arg("--schemafile").arg(schema).arg(path).output().unwrap();
        (done.status.success(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
    };
    let (valid, said) = check(&shipped());
    assert!(valid, "{said}");
    let folder = tempfile::tempdir().unwrap();
    let mut broken = dashboard();
    broken["panels"][1]["gridPos"]["w"] = Value::from("wide");
    let path = folder.path().join("broken.json");
    fs::write(&path, broken.to_string()).unwrap();
    assert!(!check(&path).0, "a width that is no number is let through");
}

#[test]
fn panels_say_what_they_show_and_lie_beside_each_other() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut taken = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for panel in panels {
        assert!(numbers.insert(panel["id"].as_u64().unwrap()), "a number is used twice");
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        for x in place("x")..place("x") + place("w") {
            assert!(x < 24, "{}", panel["title"]);
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{} lies on another one", panel["title"]);
            }
        }
        if panel["type"] == "row" {
            continue;
        }
        let defaults = &panel["fieldConfig"]["defaults"];
        for text in [&panel["title"], &panel["description"], &defaults["noValue"], &defaults["unit"]] {
            assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{panel}");
        }
    }
    for panel in PANELS.iter().flat_map(|row| row.panels) {
        let known = |name: &str| alerts().any(|alert| alert.name == name);
        assert!(panel.runbook.is_none_or(known), "{}", panel.title);
    }
}

/// A log in a folder as the kubelet makes them, or in one of our own, and the daemon that tails it.
fn daemon(folder: &Path, log: &str, config: &str) -> Daemon {
    let path = folder.join(log);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    // the file of the configuration names the logs; the flag names some that are not there
    let config = config.replace("LOG", path.to_str().unwrap());
    Start::new(folder, "nothing-*.log").config(&config).start()
}

fn line(number: u64, code: &str, status: u16) -> String {
    format!("2026-11-22T13:10:36Z ERROR refused code={code} status={status} request_id=0000018F{number:024X}\n")
}

/// A Prometheus with the shipped rules.
fn prometheus(folder: &Path, jobs: &[(&str, SocketAddr)]) -> Prometheus {
    let rules = root().join("deploy/prometheus/rules.yaml");
    let mut config = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\nrule_files: ['{}']\nscrape_configs:\n",
        rules.display()
    );
    for (job, target) in jobs {
        let _ = writeln!(
            config,
            "  - {{job_name: {job}, honor_labels: true, static_configs: [{{targets: ['{target}']}}]}}"
        );
    }
    Prometheus::running(folder, &config)
}

/// What a query returns: labels, written briefly, and value.
fn query(prometheus: &Prometheus, query: &str) -> BTreeMap<String, f64> {
    let labels = |labels: &Value| {
        let labels = labels.as_object().unwrap().iter();
        let labels = labels.filter(|(name, _)| !matches!(name.as_str(), "__name__" | "instance" | "alertstate"));
        labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect::<Vec<_>>().join(" ")
    };
    prometheus.query(query).into_iter().map(|(of, value)| (labels(&of), value)).collect()
}

/// What a value has to be.
#[derive(Debug, Clone, Copy)]
enum Is {
    Exactly(f64),
    /// So many events, which `increase()` may make more.
    About(f64),
    /// Something.
    Positive,
}

impl Is {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::Exactly(wanted) => (value - wanted).abs() < 1e-9,
            Self::About(wanted) => (wanted..wanted * 1.7).contains(&value),
            Self::Positive => value > 0.0,
        }
    }
}

use Is::{About, Exactly, Positive};

/// A panel, and for each of its queries the series that it returns.
type Expected = (&'static str, Vec<Vec<(&'static str, Is)>>);

/// What each query returns for the logs of the test below, by panel and place.
fn expected() -> Vec<Expected> {
    let top = |category: &str, code: &str, owner: &str, retryable: &str, status: u16, count: f64| {
        let owner = if owner.is_empty() { String::new() } else { format!(" owner={owner}") };
        let retryable = if retryable.is_empty() { String::new() } else { format!(" retryable={retryable}") };
        let text = format!("category={category} code={code}{owner} remedy=remedy of {code}{retryable} status={status}");
        (&*text.leak(), About(count))
    };
    vec![
        ("Account", vec![vec![("code=InArrearOrInsufficientBalance", About(1.0))]]),
        ("Throttled", vec![vec![("job=shop-obs-errors", Positive)]]),
        (
            "Throttling against the hour before (all pods)",
            vec![
                vec![
                    ("category=throttling job=nodes-obs-errors", Exactly(0.0)),
                    ("category=throttling job=shop-obs-errors", Positive),
                ],
                vec![
                    ("category=throttling job=nodes-obs-errors", Exactly(0.05)),
                    ("category=throttling job=shop-obs-errors", Exactly(0.05)),
                ],
            ],
        ),
        (
            "Alerts that fire",
            vec![vec![
                ("alertname=ObsAccountInArrears job=shop-obs-errors owner=finance severity=critical", Exactly(1.0)),
                (
                    "alertname=ObsExporterLosingData job=shop-obs-errors owner=platform reason=overlong severity=warning",
                    Exactly(1.0),
                ),
                ("alertname=ObsExporterUnlistedCodes job=shop-obs-errors owner=platform severity=info", Exactly(1.0)),
            ]],
        ),
        (
            "Errors by category",
            vec![vec![
                ("category=account", Positive),
                ("category=conflict", Positive),
                ("category=permission", Positive),
                ("category=throttling", Positive),
            ]],
        ),
        (
            "Errors by code",
            vec![vec![
                ("code=AccessDenied", Positive),
                ("code=InArrearOrInsufficientBalance", Positive),
                ("code=NewFromHuawei", Positive),
                ("code=SlowDown", Positive),
            ]],
        ),
        (
            "Top codes, and what to do",
            vec![vec![
                top("account", "InArrearOrInsufficientBalance", "finance", "no", 403, 1.0),
                top("conflict", "NewFromHuawei", "", "", 409, 2.0),
                top("permission", "AccessDenied", "security", "no", 403, 7.0),
                top("throttling", "SlowDown", "app", "yes", 503, 15.0),
            ]],
        ),
        ("Retryable or not", vec![vec![("retryable=no", Positive), ("retryable=yes", Positive)], vec![("", Positive)]]),
        (
            "Errors by pod",
            vec![vec![("job=nodes-obs-errors namespace=web pod=web-1", Positive), ("job=shop-obs-errors", Positive)]],
        ),
        // both at the same place: the label that tells them apart is a port that the kernel chose
        ("Exporters that can be scraped", vec![vec![("", Exactly(1.0))]]),
        ("State on disk", vec![vec![("job=nodes-obs-errors", Exactly(1.0)), ("job=shop-obs-errors", Exactly(1.0))]]),
        ("Files", vec![vec![("job=nodes-obs-errors", Exactly(1.0)), ("job=shop-obs-errors", Exactly(1.0))]]),
        ("Unlisted codes", vec![vec![("job=nodes-obs-errors", Exactly(0.0)), ("job=shop-obs-errors", About(2.0))]]),
        ("Lag", vec![vec![("job=nodes-obs-errors", Exactly(0.0)), ("job=shop-obs-errors", Exactly(0.0))]]),
        ("Lost bytes", vec![vec![("job=shop-obs-errors reason=overlong", Positive)]]),
        (
            "Commits",
            vec![
                vec![("job=nodes-obs-errors", Positive), ("job=shop-obs-errors", Positive)],
                vec![("job=nodes-obs-errors", Exactly(0.0)), ("job=shop-obs-errors", Exactly(0.0))],
            ],
        ),
        ("Read", vec![vec![("job=nodes-obs-errors", Positive), ("job=shop-obs-errors", Positive)]]),
    ]
}

#[test]
fn every_query_returns_what_the_logs_say() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let plain = "inputs: [{paths: [LOG]}]\nlimits: {line_bytes: 4KiB}\n";
    let shop = daemon(folders[0].path(), "app.log", plain);
    let pod = "pods/web_web-1_8b1c/main/0.log";
    let pods = "inputs: [{paths: [LOG], path_labels: '/pods/(?P<namespace>[^_/]+)_(?P<pod>[^_/]+)_'}]\n";
    let nodes = daemon(folders[1].path(), pod, pods);
    let jobs = [("shop-obs-errors", shop.address), ("nodes-obs-errors", nodes.address)];
    let prometheus = prometheus(folders[0].path(), &jobs);
    wait("some scrapes of both", PATIENCE, || {
        let seen = query(&prometheus, "sum_over_time(up[10m])");
        (seen.len() == 2 && seen.values().all(|times| *times >= 3.0)).then_some(())
    });

    let mut text = line(1, "InArrearOrInsufficientBalance", 403);
    (100..115).for_each(|number| text.push_str(&line(number, "SlowDown", 503)));
    (200..202).for_each(|number| text.push_str(&line(number, "NewFromHuawei", 409)));
    text.push_str(&("x".repeat(3_000_000) + "\n2026-11-22T13:10:37Z INFO bye\n"));
    fs::write(folders[0].path().join("app.log"), text).unwrap();
    let denied = |number| format!("2026-11-22T13:10:36.1Z stdout F {}", line(number, "AccessDenied", 403));
    let lines: String = (300..307).map(denied).collect();
    fs::write(folders[1].path().join(pod), lines + "2026-11-22T13:10:37.1Z stdout F INFO bye\n").unwrap();

    let dashboard = dashboard();
    let panels: Vec<_> =
        dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row").collect();
    let expected = expected();
    let titles = |titles: &mut dyn Iterator<Item = &str>| titles.map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        titles(&mut panels.iter().map(|panel| panel["title"].as_str().unwrap())),
        titles(&mut expected.iter().map(|(title, _)| *title))
    );
    for (panel, (title, wanted)) in panels.iter().zip(&expected) {
        let targets = panel["targets"].as_array().unwrap();
        assert_eq!(targets.len(), wanted.len(), "{title}");
        for (target, wanted) in targets.iter().zip(wanted) {
            let asked = filled(target["expr"].as_str().unwrap());
            let deadline = Instant::now() + PATIENCE;
            loop {
                let got = query(&prometheus, &asked);
                let same = got.len() == wanted.len()
                    && wanted.iter().all(|(labels, is)| got.get(*labels).is_some_and(|value| is.holds(*value)));
                if same {
                    break;
                }
                assert!(Instant::now() < deadline, "{title}: {asked}\ngot {got:?}\nexpected {wanted:?}");
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }
    variables(&dashboard, &prometheus);
    let annotation = dashboard["annotations"]["list"][0]["expr"].as_str().unwrap();
    assert_eq!(query(&prometheus, annotation).len(), 3, "{annotation}");
}

/// A query with what Grafana puts in for the variables when all is chosen.
fn filled(query: &str) -> String {
    let filled = query
        .replace("$job", ".*")
        .replace("$namespace", ".*")
        .replace("$pod", ".*")
        .replace("$__rate_interval", "2m")
        .replace("$__range", "10m");
    assert!(!filled.replace("\"remedy of $1\"", "").contains('$'), "{filled}");
    filled
}

/// The variables offer what there is.
fn variables(dashboard: &Value, prometheus: &Prometheus) {
    let wanted =
        [("job", vec!["nodes-obs-errors", "shop-obs-errors"]), ("namespace", vec!["web"]), ("pod", vec!["web-1"])];
    for (name, wanted) in wanted {
        let variables = dashboard["templating"]["list"].as_array().unwrap();
        let variable = variables.iter().find(|variable| variable["name"] == name).unwrap();
        let inside =
            variable["query"].as_str().unwrap().strip_prefix("label_values(").unwrap().strip_suffix(')').unwrap();
        let (series, label) = inside.rsplit_once(", ").unwrap();
        let answer = prometheus.api(&format!("label/{label}/values?match[]"), &filled(series));
        assert_eq!(answer.unwrap()["data"], serde_json::json!(wanted), "{name}");
    }
}
