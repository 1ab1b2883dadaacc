//! The JSON API of a real daemon.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};
use support::daemon::{Daemon, Start, counts};
use support::http;
use support::process::wait;

const PATIENCE: Duration = Duration::from_secs(30);

fn ask(daemon: &Daemon, path: &str) -> Value {
    let (status, text) = http::get(daemon.address, path).unwrap();
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn wait_for(daemon: &Daemon, path: &str, enough: impl Fn(&Value) -> bool) -> Value {
    wait(path, PATIENCE, || Some(ask(daemon, path)).filter(|value| enough(value)))
}

fn append(path: &Path, text: &str) {
    File::options().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// A line of an application, written some time ago.
fn line(code: &str, status: u16, id: &str, ago: Duration) -> String {
    let at = humantime::format_rfc3339_millis(SystemTime::now() - ago);
    format!("{at} ERROR bucket=secret-bucket failed code={code} status={status} request_id={id}\n")
}

const ID: &str = "0000018A2B3C4D5E6F70819203A4B5C6";
const NOW: Duration = Duration::ZERO;
const LONG_AGO: Duration = Duration::from_secs(7200);

#[test]
fn it_tells_the_same_counts_as_the_metrics_and_no_text_of_lines() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("app.log");
    append(&log, &line("AccessDenied", 403, "", LONG_AGO));
    append(&log, &line("SlowDown", 503, ID, NOW));
    append(&log, &line("NeverHeardOf", 418, &ID.replace('0', "1"), NOW));
    let daemon = Start::new(folder.path(), "*.log").start();
    let status = wait_for(&daemon, "/api/v1/status", |status| status["errors"].as_array().unwrap().len() == 3);
    let told = counts(&[("AccessDenied", "403", 1), ("NeverHeardOf", "418", 1), ("SlowDown", "503", 1)]);

    // looking does not make a new series known: it still stands at 0 first, so that `increase()` sees its first error
    let series = "huaweicloud_obs_errors_total{code=\"NeverHeardOf\",status=\"418\",category=\"client_request\"}";
    let first = daemon.scrape();
    assert_eq!(first.0.get(series), Some(&0.0));
    assert_eq!(daemon.wait_for(&told).value(series), 1);

    let rows = status["errors"].as_array().unwrap();
    let order: Vec<_> =
        rows.iter().map(|row| (row["code"].as_str().unwrap(), row["recent"].as_u64().unwrap())).collect();
    assert_eq!(order, [("SlowDown", 1), ("NeverHeardOf", 1), ("AccessDenied", 0)]);
    let row = &rows[0];
    assert_eq!(
        (&row["status"], &row["category"], &row["severity"], &row["retryable"], &row["owner"], &row["count"]),
        (&"503".into(), &"throttling".into(), &"warning".into(), &"yes".into(), &"app".into(), &1.into())
    );
    assert_eq!(row["per_minute"].as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>(), 1);
    assert_eq!((&rows[1]["owner"], &rows[1]["retryable"]), (&Value::Null, &Value::Null));
    let recent = &status["recent"];
    assert_eq!((&recent["count"], &recent["minutes"], &recent["severity"]), (&2.into(), &15.into(), &"warning".into()));
    let old = rows[2]["last_seen"].as_str().unwrap();
    let age = SystemTime::now().duration_since(humantime::parse_rfc3339(old).unwrap()).unwrap();
    assert!(age >= LONG_AGO && age < LONG_AGO + PATIENCE, "{old}");
    assert_eq!((&status["durable"], &status["warnings"]), (&true.into(), &Value::Array(Vec::new())));
    assert_eq!(status["counters"]["read_lines"], 3);
    assert_eq!(status["counters"]["unlisted_codes"], 1);

    let errors = ask(&daemon, "/api/v1/errors");
    let errors = errors["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 3);
    let slow = errors.iter().find(|error| error["code"] == "SlowDown").unwrap();
    assert_eq!(slow["request_id"], ID);
    assert_eq!(slow["file"], log.to_str().unwrap());
    assert_eq!(slow["recogniser"], "logfmt");
    assert_eq!(slow["time"], slow["logged"]);
    assert_eq!((&errors[2]["code"], &errors[2]["request_id"]), (&"AccessDenied".into(), &Value::Null), "newest first");
    assert_eq!(ask(&daemon, "/api/v1/errors?limit=1")["errors"].as_array().unwrap()[..], errors[..1]);
    for path in ["/", "/api/v1/status", "/api/v1/errors"] {
        assert!(!http::get(daemon.address, path).unwrap().1.contains("secret-bucket"), "{path}");
    }
}

/// The names of all fields, without those of maps whose keys are data.
fn fields(value: &Value, names: &mut BTreeSet<String>) {
    const MAPS: [&str; 4] = ["counters", "labels", "lost_bytes", "read_errors"];
    match value {
        Value::Object(fields_of) => fields_of.iter().for_each(|(name, value)| {
            names.insert(name.clone());
            if !MAPS.contains(&name.as_str()) {
                fields(value, names);
            }
        }),
        Value::Array(items) => items.iter().for_each(|item| fields(item, names)),
        _ => {}
    }
}

#[test]
fn the_readme_tells_of_every_field() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, told) = readme.split_once("## Status page and API").unwrap();
    let told = told.split("\n## ").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    append(&folder.path().join("app.log"), &line("SlowDown", 503, ID, NOW));
    let daemon = Start::new(folder.path(), "*.log").start();
    let status = wait_for(&daemon, "/api/v1/status", |status| status["recent"]["count"] == 1);
    let mut names = BTreeSet::from(["failing".to_owned(), "count".to_owned()]); // where something fails
    fields(&status, &mut names);
    fields(&ask(&daemon, "/api/v1/errors"), &mut names);
    assert!(names.len() > 40, "{names:?}");
    for name in names {
        let written = [format!("`{name}`"), format!("`{name}[]`"), format!("\"{name}\":")];
        assert!(written.iter().any(|written| told.contains(written)), "{name} is not told of");
    }
}

#[test]
fn after_a_restart_the_ids_are_gone_and_the_counts_and_times_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("app.log");
    append(&log, &line("InArrearOrInsufficientBalance", 403, ID, NOW));
    let daemon = Start::new(folder.path(), "*.log").start();
    daemon.wait_for(&counts(&[("InArrearOrInsufficientBalance", "403", 1)]));
    let before = ask(&daemon, "/api/v1/status");
    assert_eq!(ask(&daemon, "/api/v1/errors")["errors"].as_array().unwrap().len(), 1);
    daemon.kill();
    let daemon = Start::new(folder.path(), "*.log").start();
    let after = wait_for(&daemon, "/api/v1/status", |status| status["ready"] == true);
    for key in ["code", "count", "last_seen", "recent"] {
        assert_eq!(after["errors"][0][key], before["errors"][0][key], "{key}");
    }
    assert_eq!((&after["recent"]["count"], &after["recent"]["severity"]), (&1.into(), &"critical".into()));
    assert_eq!(ask(&daemon, "/api/v1/errors")["errors"], Value::Array(Vec::new()));
}

#[test]
fn files_are_told_of_within_a_limit_and_inputs_with_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("logs")).unwrap();
    for number in 0..30 {
        append(&folder.path().join(format!("logs/{number:02}.log")), "2026-11-22T13:10:36Z INFO nothing\n");
    }
    let globs = folder.path().join("logs/2*.log");
    let config = format!("inputs: [{{paths: [{}], labels: {{service: shop}}}}]\n", globs.display());
    let daemon = Start::new(folder.path(), "logs/[01]*.log").config(&config).start();
    let path = "/api/v1/status?limit=5";
    let status = wait_for(&daemon, path, |status| status["ready"] == true && status["files"]["total"] == 30);
    let files = status["files"]["list"].as_array().unwrap();
    let names: Vec<_> = files.iter().map(|file| file["path"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["00.log", "01.log", "02.log", "03.log", "04.log"]);
    assert_eq!((&files[0]["size"], &files[0]["lag"], &files[0]["state"]), (&34.into(), &0.into(), &"live".into()));
    assert_eq!(files[0]["input"], 1, "those of --logs come behind those of the file");
    let inputs = status["inputs"].as_array().unwrap();
    assert_eq!((&inputs[0]["labels"]["service"], &inputs[0]["files"]), (&"shop".into(), &10.into()));
    assert_eq!((&inputs[1]["files"], &inputs[1]["lag"]), (&20.into(), &0.into()));
    let all = ask(&daemon, "/api/v1/status?limit=10000");
    assert_eq!(all["files"]["list"].as_array().unwrap().len(), 30);
}

#[test]
fn without_a_state_or_a_file_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Start::new(folder.path(), "*.log").state(Some(Path::new("none"))).start();
    let status = wait_for(&daemon, "/api/v1/status", |status| status["ready"] == true);
    let kinds: Vec<_> =
        status["warnings"].as_array().unwrap().iter().map(|warning| warning["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["no_files", "no_state"]);
    assert_eq!((&status["durable"], &status["last_commit"]), (&false.into(), &Value::Null));
    append(&folder.path().join("app.log"), &line("SlowDown", 503, ID, NOW));
    let status = wait_for(&daemon, "/api/v1/status", |status| status["recent"]["count"] == 1);
    assert_eq!(status["errors"][0]["code"], "SlowDown");
}

#[test]
fn codes_keep_their_names_when_the_configuration_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    append(&folder.path().join("app.log"), &line("NeverHeardOf", 418, ID, NOW));
    append(&folder.path().join("app.log"), &line("SlowDown", 503, &ID.replace('0', "1"), NOW));
    let daemon = Start::new(folder.path(), "*.log").config("inputs: []\n").start();
    let wanted = wait_for(&daemon, "/api/v1/status", |status| status["recent"]["count"] == 2)["errors"].clone();
    let config = "codes: [{code: QuotaBlocked, status: 403, category: quota, retryable: no, owner: platform}]\n";
    fs::write(folder.path().join("config.yaml"), config).unwrap();
    daemon.program.signal(rustix::process::Signal::HUP);
    wait("the new code to be known", PATIENCE, || {
        let known = ask(&daemon, "/api/v1/codes")["codes"].as_array().unwrap().len() == 143;
        for (errors, wanted) in
            ask(&daemon, "/api/v1/status")["errors"].as_array().unwrap().iter().zip(wanted.as_array().unwrap())
        {
            for key in ["code", "status", "category", "count", "recent", "last_seen"] {
                assert_eq!(errors[key], wanted[key], "{key}");
            }
        }
        let errors = ask(&daemon, "/api/v1/errors");
        let mut codes: Vec<_> =
            errors["errors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap()).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["NeverHeardOf", "SlowDown"]);
        assert!(errors["errors"].as_array().unwrap().iter().all(|error| error["recogniser"] == "logfmt"));
        known.then_some(())
    });
    assert_eq!(ask(&daemon, "/api/v1/status")["errors"][1]["code"], "NeverHeardOf");
}

#[test]
fn codes_are_told_of_in_both_languages_those_of_the_configuration_too() {
    let folder = tempfile::tempdir().unwrap();
    let config = "codes: [{code: QuotaBlocked, status: 403, category: quota, retryable: no, owner: platform}]\n";
    let daemon = Start::new(folder.path(), "*.log").config(config).start();
    let codes = ask(&daemon, "/api/v1/codes");
    let codes = codes["codes"].as_array().unwrap();
    assert_eq!(codes.len(), 143);
    let of = |name: &str| codes.iter().find(|entry| entry["code"] == name).unwrap();
    assert_eq!(of("QuotaBlocked")["category"], "quota");
    let slow = of("SlowDown");
    for key in ["meaning_en", "remedy_en", "meaning_zh", "remedy_zh"] {
        assert!(slow[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
}
