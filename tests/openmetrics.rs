//! OpenMetrics as others read it: the official parser for Python, and a Prometheus that stores exemplars.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use support::daemon::{Start, counts};
use support::http;
use support::process::wait;
use support::prometheus::{PATIENCE, Prometheus, promtool_check};

const ACCEPT: &str = "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n";

/// Reads standard input with the official parser, and prints every sample as JSON.
const PARSER: &str = r#"
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
def exemplar(e): return e and {"labels": e.labels, "value": e.value, "at": e.timestamp and float(e.timestamp)}
print(json.dumps([
    {"family": f.name, "type": f.type, "unit": f.unit, "name": s.name, "labels": s.labels, "value": s.value,
     "exemplar": exemplar(s.exemplar)}
    for f in text_string_to_metric_families(sys.stdin.read()) for s in f.samples]))
"#;

/// What the official parser reads in a text, or what it finds wrong.
fn parse(text: &str) -> Result<Vec<Value>, String> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/python/bin/python");
    let mut parser = Command::new(python)
        .args(["-c", PARSER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tests/run installs Python and its parser of OpenMetrics");
    parser.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let done = parser.wait_with_output().unwrap();
    match done.status.success() {
        true => Ok(serde_json::from_slice(&done.stdout).unwrap()),
        false => Err(String::from_utf8(done.stderr).unwrap()),
    }
}

fn openmetrics(address: SocketAddr) -> String {
    let (status, head, body) = http::ask(address, "GET", "/metrics", ACCEPT).unwrap();
    assert_eq!(status, 200, "{body}");
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
    body
}

fn line(code: &str, status: u16, id: &str) -> String {
    format!("2026-11-22T13:10:36Z ERROR upload failed code={code} status={status} request_id={id}\n")
}

/// The sample of a series of errors.
fn error<'s>(samples: &'s [Value], name: &str, code: &str) -> &'s Value {
    let found = samples.iter().find(|sample| {
        sample["name"] == name && sample["labels"]["code"] == code && sample["labels"]["team"] == Value::Null
    });
    found.unwrap_or_else(|| panic!("no {name} of {code} in {samples:#?}"))
}

#[test]
fn the_official_parser_reads_it_with_exemplars() {
    let folder = tempfile::tempdir().unwrap();
    let long = "A".repeat(119);
    let text = line("SlowDown", 503, "0000018F000000000000000000000001")
        + &line("SlowDown", 503, "0000018F00000000-0000_0000000002")
        + &line("NewFromHuawei", 409, "0000018F000000000000000000000003")
        + &line("NoSuchKey", 404, "0000018F{}\"x")
        + &line("NoSuchBucket", 404, &long);
    fs::write(folder.path().join("app.log"), text).unwrap();
    let daemon = Start::new(folder.path(), "app.log")
        .config("inputs: [{paths: [none.log], labels: {team: \"a\\\"b\\\\c\\nd\"}}]\n")
        .start();
    let expected =
        [("SlowDown", "503", 2), ("NewFromHuawei", "409", 1), ("NoSuchKey", "404", 1), ("NoSuchBucket", "404", 1)];
    daemon.wait_for(&counts(&expected));
    let text = openmetrics(daemon.address);
    let samples = parse(&text).unwrap();
    let total = "huaweicloud_obs_errors_total";
    let exemplar = |code| &error(&samples, total, code)["exemplar"];
    assert_eq!(error(&samples, total, "SlowDown")["value"], 2.0);
    assert_eq!(exemplar("SlowDown")["labels"]["request_id"], "0000018F00000000-0000_0000000002");
    assert_eq!(exemplar("SlowDown")["value"], 1.0);
    assert_eq!(exemplar("NewFromHuawei")["labels"]["request_id"], "0000018F000000000000000000000003");
    let at = exemplar("SlowDown")["at"].as_f64().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - 60.0..=now).contains(&at), "{at} is not just before {now}");
    for code in ["NoSuchKey", "NoSuchBucket", "AccessDenied"] {
        assert_eq!(*exemplar(code), Value::Null, "{code}");
    }
    assert!(samples.iter().any(|sample| sample["labels"]["team"] == "a\"b\\c\nd"));
    // nothing is there that is not in the text format, and no metric is missing
    let (_, plain) = http::get(daemon.address, "/metrics").unwrap();
    assert_eq!(promtool_check(&["metrics"], &plain), (true, String::new()));
    let series = plain.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(samples.len(), series);
    assert!(!samples.iter().any(|sample| sample["name"].as_str().unwrap().ends_with("_created")));
    assert_eq!(samples.iter().find(|sample| sample["name"] == "process_cpu_seconds_total").unwrap()["unit"], "seconds");
    assert!(parse(&text.replace("# EOF\n", "")).is_err(), "the parser finds nothing wrong with a missing end");
    assert!(parse(&text.replace("request_id=", &format!("{}=", "x".repeat(128)))).is_err());
}

#[test]
fn creation_times_are_told_when_asked_for_and_outlive_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = File::create(folder.path().join("app.log")).unwrap();
    let start = Start::new(folder.path(), "app.log").config("metrics: {created_timestamps: true}\n");
    let created = |address| {
        let samples = parse(&openmetrics(address)).unwrap();
        let created = samples.iter().filter(|sample| sample["name"].as_str().unwrap().ends_with("_created"));
        let of_state = created.filter(|sample| !sample["name"].as_str().unwrap().starts_with("process_"));
        of_state
            .map(|sample| (sample["name"].to_string() + &sample["labels"].to_string(), sample["value"].clone()))
            .collect()
    };
    let daemon = start.start();
    let first: std::collections::BTreeMap<String, Value> = created(daemon.address);
    assert!(first.len() > 82, "{} series", first.len());
    log.write_all(line("NewFromHuawei", 409, "0000018F000000000000000000000001").as_bytes()).unwrap();
    log.write_all(line("SlowDown", 503, "0000018F000000000000000000000002").as_bytes()).unwrap();
    daemon.wait_for(&counts(&[("NewFromHuawei", "409", 1), ("SlowDown", "503", 1)]));
    let second = created(daemon.address);
    assert_eq!(second.len(), first.len() + 1);
    for (series, time) in &first {
        assert_eq!(second[series], *time, "{series}");
    }
    assert!(daemon.terminate().0.success());
    let daemon = start.start();
    daemon.wait_for(&counts(&[("NewFromHuawei", "409", 1), ("SlowDown", "503", 1)]));
    assert!(created(daemon.address) == second, "creation times are others after a restart");
}

#[test]
fn prometheus_stores_the_request_id_of_the_last_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = File::create(folder.path().join("app.log")).unwrap();
    let daemon = Start::new(folder.path(), "app.log").config("metrics: {created_timestamps: true}\n").start();
    let prometheus = Prometheus::start(folder.path(), daemon.address);
    wait("a first scrape", PATIENCE, || (prometheus.value("up") == Some(1.0)).then_some(()));
    let series = "huaweicloud_obs_errors_total{code=\"SlowDown\"}";
    let stored = || -> Vec<String> {
        let answer = prometheus.api("query_exemplars?start=0&end=4000000000&query", series).unwrap_or_default();
        let exemplars = answer["data"].as_array().into_iter().flatten().flat_map(|one| one["exemplars"].as_array());
        exemplars.flatten().map(|one| one["labels"]["request_id"].as_str().unwrap().to_owned()).collect()
    };
    let mut expected = Vec::new();
    for number in 1..=2 {
        let id = format!("0000018F{number:024X}");
        log.write_all(line("SlowDown", 503, &id).as_bytes()).unwrap();
        expected.push(id);
        wait(&format!("the exemplars {expected:?}"), PATIENCE, || (stored() == expected).then_some(()));
    }
    assert_eq!(prometheus.value(series), Some(2.0));
    assert_eq!(prometheus.value("count(huaweicloud_obs_errors_created)"), Some(82.0));
}
