//! Commands as they are typed: what they print, and how they exit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use support::command::{printed, run, run_with};
use support::daemon::{Metrics, Start, counts};

const LOG: &str = "\
2026-11-22T13:10:36.408Z ERROR upload failed code=SlowDown status=503 request_id=0000018F000000000000000000000001
2026-11-22T13:10:37.000Z INFO upload done
2026-11-22T13:10:38.100Z ERROR gave up code=SlowDown status=503 request_id=0000018F000000000000000000000001
2026-11-22T13:10:39.000Z ERROR upload failed code=SlowDown status=503 request_id=0000018F000000000000000000000002
2026-11-22T13:10:40.000Z ERROR upload failed code=SlowDown status=503 request_id=0000018F000000000000000000000003
2026-11-22T13:10:41.000Z ERROR upload failed code=SlowDown status=503 request_id=0000018F000000000000000000000004
2026-11-22T13:10:42.000Z ERROR read failed code=NewFromHuawei request_id=0000018F000000000000000000000005
2026-11-22T13:10:43.000Z ERROR read failed code=NoSuchKey status=404
";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn found() -> Value {
    let id = |number: u8| format!("0000018F0000000000000000000000{number:02}");
    json!({
        "errors": [
            {
                "code": "NoSuchKey", "status": "404", "category": "not_found", "count": 1,
                "first": "2026-11-22T13:10:43.000Z", "last": "2026-11-22T13:10:43.000Z", "request_ids": []
            },
            {
                "code": "SlowDown", "status": "503", "category": "throttling", "count": 4,
                "first": "2026-11-22T13:10:36.408Z", "last": "2026-11-22T13:10:41.000Z",
                "request_ids": [id(1), id(2), id(3)]
            },
            {
                "code": "NewFromHuawei", "status": "unknown", "category": "unknown", "count": 1,
                "first": "2026-11-22T13:10:42.000Z", "last": "2026-11-22T13:10:42.000Z", "request_ids": [id(5)]
            },
        ],
        "files": 1, "lines": 8, "bytes": LOG.len(), "duplicates": 1, "unlisted_codes": ["NewFromHuawei"],
    })
}

/// The same whatever the order of its errors.
fn sorted(mut found: Value) -> Value {
    found["errors"].as_array_mut().unwrap().sort_by_key(|error| error["code"].as_str().unwrap().to_owned());
    found
}

fn gzip(path: &Path, text: &str) {
    let mut encoder = GzEncoder::new(File::create(path).unwrap(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap();
}

#[test]
fn scan_tells_programs_what_it_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, LOG).unwrap();
    let compressed = folder.path().join("other.log.gz");
    gzip(&compressed, LOG);

    let as_json = ["scan", "--output", "json"];
    let of = |path: &str| json(&printed(&[&as_json[..], &[path]].concat()));
    assert_eq!(sorted(of(path.to_str().unwrap())), sorted(found()));
    assert_eq!(of(compressed.to_str().unwrap()), of(path.to_str().unwrap()));
    assert_eq!(of(folder.path().join("app*").to_str().unwrap()), of(path.to_str().unwrap()));
    for arguments in [&as_json[..], &["scan", "-", "--output", "json"]] {
        assert_eq!(sorted(json(&run_with(LOG, arguments).out)), sorted(found()), "{arguments:?}");
    }
    // both files tell of the same responses, but for the one without an id; what waits for its rest is no duplicate
    let both = of(folder.path().to_str().unwrap());
    assert_eq!((&both["files"], &both["lines"], &both["duplicates"]), (&json!(2), &json!(16), &json!(6)));
    let sum: u64 = both["errors"].as_array().unwrap().iter().map(|error| error["count"].as_u64().unwrap()).sum();
    assert_eq!(sum, 7);
}

#[test]
fn scan_tells_prometheus_what_it_found() {
    let metrics = Metrics::parse(&run_with(LOG, &["scan", "--output", "prometheus"]).out);
    let expected = [("SlowDown", "503", 4), ("NoSuchKey", "404", 1), ("NewFromHuawei", "unknown", 1)];
    assert_eq!(metrics.errors(), counts(&expected));
}

#[test]
fn scan_reads_what_it_can_and_says_what_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, LOG).unwrap();
    let broken = folder.path().join("broken.log.gz");
    fs::write(&broken, "no gzip at all").unwrap();
    let gone = folder.path().join("gone.log");
    let names = [&broken, &gone, &path].map(|path| path.to_str().unwrap());
    let done = run(&["scan", "--output", "json", names[0], names[1], names[2]]);
    assert_eq!(done.code, 3);
    let complaints: Vec<_> = done.err.lines().collect();
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    for (name, reason) in [(names[0], "gzip"), (names[1], "there is no such file or folder")] {
        let said = |line: &&&str| line.starts_with(&format!("error: {name}: ")) && line.contains(reason);
        assert!(complaints.iter().any(|line| said(&line)), "{name}: {complaints:?}");
    }
    assert_eq!(sorted(json(&done.out))["errors"], sorted(found())["errors"]);
}

#[test]
fn explain_knows_codes_and_guesses_at_others() {
    let text = printed(&["explain", "SlowDown", "NoSuchKey"]);
    for expected in ["SlowDown\n", "NoSuchKey\n", "503", "404", "throttling", "not_found", "What to do"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let chinese = printed(&["explain", "SlowDown", "--lang", "zh"]);
    assert!(chinese.contains("限流") && chinese.contains("状态码"), "{chinese}");

    let mistyped = run(&["explain", "SlwoDown"]);
    assert_eq!(mistyped.code, 1);
    assert!(mistyped.out.contains("did you mean SlowDown"), "{}", mistyped.out);
    assert_eq!(run(&["explain", "Xyzzyqqqq"]).out, "Xyzzyqqqq: not in the catalogue\n");
    // one that is known is an answer
    assert_eq!(run(&["explain", "SlwoDown", "NoSuchKey"]).code, 0);
    assert_eq!(run(&["explain"]).code, 2);
}

#[test]
fn codes_are_listed_in_four_ways() {
    const ALL: usize = 142;
    let table = printed(&["codes"]);
    assert_eq!(table.lines().count(), 1 + ALL);
    let list = json(&printed(&["codes", "--output", "json"]));
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), ALL);
    assert_eq!(list.iter().filter(|entry| entry["source"] == "table").count(), 82);
    let csv = printed(&["codes", "--output", "csv"]);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    assert_eq!(&header[0], "code");
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), ALL);
    let markdown = printed(&["codes", "--output", "markdown"]);
    assert_eq!(markdown.lines().count(), 2 + ALL);
    for (entry, row) in list.iter().zip(&rows) {
        let code = entry["code"].as_str().unwrap();
        assert_eq!(&row[0], code);
        assert!(table.contains(&format!("\n{code} ")), "{code}");
        assert!(markdown.contains(&format!("\n| `{code}` | ")), "{code}");
    }
    for line in markdown.lines() {
        assert_eq!(line.replace("\\|", "").matches('|').count(), 8, "{line}");
    }
    let chinese = printed(&["codes", "--lang", "zh"]);
    assert!(chinese.contains("限流"));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (arguments, named) in [
        (&["frobnicate"][..], "frobnicate"),
        (&["scan", "--frobnicate"], "--frobnicate"),
        (&["scan", "--output", "xml"], "possible values: table, json, prometheus, markdown"),
        (&["codes", "--lang", "de"], "possible values: en, zh"),
        (&["serve"], "--logs"),
        (&["serve", "--logs", "x", "--web.telemetry-path", "metrics"], "must begin with /"),
        (&["serve", "--logs", "x", "--web.listen-address", "1.2.3"], "the port is missing"),
        (&["serve", "--logs", "x", "--log.level", "loud"], "possible values: debug, info, warn, error"),
        (&["serve", "--logs", "x", "--web.max-requests", "many"], "--web.max-requests"),
    ] {
        let done = run(arguments);
        assert_eq!(done.code, 2, "{arguments:?}");
        assert!(done.err.contains(named), "{arguments:?}: {}", done.err);
        assert_eq!(done.out, "", "{arguments:?}");
    }
    let glob = run(&["serve", "--logs", "x[", "--state.path", "none", "--web.listen-address", "127.0.0.1:0"]);
    assert_eq!(glob.code, 1);
    assert!(glob.err.contains("glob \"x[\" cannot be used"), "{}", glob.err);
}

#[test]
fn a_full_disk_behind_the_output_is_an_error_and_a_reader_that_went_away_is_none() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_obs-error-exporter"));
    let done = command.arg("codes").stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("No space left"));

    let mut child = Command::new(env!("CARGO_BIN_EXE_obs-error-exporter"))
        .args(["codes", "--output", "json"]) // more than a pipe holds
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), done.stderr.len()), (Some(0), 0));
}

#[test]
fn healthcheck_asks_a_running_daemon() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.log"), LOG).unwrap();
    let daemon = Start::new(folder.path(), "app.log").start();
    let expected = [("SlowDown", "503", 4), ("NoSuchKey", "404", 1), ("NewFromHuawei", "unknown", 1)];
    daemon.wait_for(&counts(&expected));
    let url = format!("http://{}", daemon.address);
    assert_eq!(printed(&["healthcheck", "--url", &url]), "ready\n");
    daemon.kill();
    let done = run(&["healthcheck", "--url", &url]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("cannot be reached"), "{}", done.err);
}
