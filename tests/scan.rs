//! `scan` as people use it: what it shows, what it leaves out, how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::command::{Done, command, feed, run, run_with};

/// An hour of a service that is throttled, then runs out of money. Times are in UTC and say so.
fn log() -> String {
    let mut lines: Vec<(u32, String)> = Vec::new();
    for number in 0..120 {
        lines.push((number * 30, "INFO upload done code=200".to_owned()));
    }
    for number in 0..60_u32 {
        let at = 600 + number * (60 - number) / 2 + number * 7;
        lines.push((at, format!("ERROR upload failed code=SlowDown status=503 request_id=0000018F{number:024X}")));
    }
    for number in 0..12 {
        let line = format!("InArrearOrInsufficientBalance status=403 request_id=0000019F{number:024X}");
        lines.push((2600 + number * 80, format!("ERROR upload failed code={line}")));
    }
    lines.push((1800, "WARN read failed code=NoSuchKey status=404 request_id=000001AF000000000000000000000001".into()));
    lines.sort();
    lines.into_iter().fold(String::new(), |mut text, (at, line)| {
        let _ = writeln!(text, "2026-11-22T12:{:02}:{:02}.000Z {line}", at / 60, at % 60);
        text
    })
}

fn scan(arguments: &[&str]) -> Done {
    run_with(&log(), &[&["scan", "-"], arguments].concat())
}

fn counts(done: &Done) -> Vec<(String, u64)> {
    let found: Value = serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}", done.err));
    let errors = found["errors"].as_array().unwrap().iter();
    errors.map(|error| (error["code"].as_str().unwrap().to_owned(), error["count"].as_u64().unwrap())).collect()
}

fn as_json(arguments: &[&str]) -> Vec<(String, u64)> {
    let done = scan(&[&["--output", "json"], arguments].concat());
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    counts(&done)
}

/// Compares with a file; `UPDATE=1` writes it.
fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scan").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "{name}");
}

#[test]
fn tables_look_as_they_should() {
    for (name, width, environment) in [
        ("80.en.txt", "80", &[][..]),
        ("120.en.txt", "120", &[]),
        ("60.en.txt", "60", &[]),
        ("80.zh.txt", "80", &[("LANG", "zh_CN.UTF-8")]),
        ("80.ascii.txt", "80", &[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]),
    ] {
        let mut command = command(&["scan"]);
        let done = feed(command.env("COLUMNS", width).envs(environment.iter().copied()), log().as_bytes());
        assert_eq!((done.code, done.err.as_str()), (0, ""));
        for line in done.out.lines() {
            assert_eq!(line.trim_end(), line, "blanks at the end of a line");
            let columns: usize = line.chars().map(|letter| if letter >= '\u{2e80}' { 2 } else { 1 }).sum();
            assert!(columns <= width.parse().unwrap(), "{columns} columns: {line}");
        }
        if name.contains("ascii") {
            assert!(done.out.is_ascii(), "{}", done.out);
        }
        compare(name, &done.out);
    }
    compare("markdown.en.md", &scan(&["--output", "markdown", "--top", "2"]).out);
    compare("markdown.zh.md", &scan(&["--output", "markdown", "--lang", "zh"]).out);
}

#[test]
fn each_readme_shows_a_real_scan() {
    let log: String =
        log().lines().filter(|line| !line.contains("NoSuchKey")).map(|line| line.to_owned() + "\n").collect();
    for (name, arguments) in [("README.md", &["scan", "-"][..]), ("README.zh.md", &["scan", "--lang", "zh", "-"])] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let readme = fs::read_to_string(&path).unwrap();
        let done = feed(command(arguments).env("COLUMNS", "100"), log.as_bytes());
        let typed = format!("$ kubectl logs deploy/shop --since=1h | obs-error-exporter {}", arguments.join(" "));
        let shown = format!("```\n{typed}\n{}```\n", done.out);
        let from = readme.find("<!-- scan").unwrap();
        let from = from + readme[from..].find("-->\n").unwrap() + 4;
        let to = readme.find("<!-- end of scan -->").unwrap();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, format!("{}{shown}{}", &readme[..from], &readme[to..])).unwrap();
        } else {
            assert_eq!(&readme[from..to], shown, "{name}");
        }
    }
}

#[test]
fn the_worst_comes_first_and_once_more_at_the_end() {
    let text = scan(&[]).out;
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is missing:\n{text}"));
    assert!(at("ACCOUNT") < at("THROTTLING") && at("THROTTLING") < at("NOT FOUND"));
    assert!(at("→ Call finance now") < at("THROTTLING"), "the remedy stands under its code");
    assert!(at("\nWORST  12 InArrearOrInsufficientBalance: Call finance now") > at("73 OBS error responses"));
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    assert!(!scan(&[]).out.contains('\u{1b}'), "no colour in a pipe");
    let colourful = scan(&["--color", "always"]).out;
    assert!(colourful.contains("\u{1b}[1m\u{1b}[31mACCOUNT"), "{colourful:?}");
    let mut command = command(&["scan", "--color", "never"]);
    let done = feed(command.env("CLICOLOR_FORCE", "1"), log().as_bytes());
    assert!(!done.out.contains('\u{1b}'));
}

/// What a command shows on a terminal of so many columns.
fn on_terminal(columns: u32, environment: &str, arguments: &str) -> String {
    let program = env!("CARGO_BIN_EXE_obs-error-exporter");
    let script = format!("stty rows 50 cols {columns} && env {environment} {program} {arguments}");
    let mut command = Command::new("script");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("TERM", "xterm").env("SHELL", "/bin/sh");
    let done = feed(command.args(["-qec", &script, "/dev/null"]), b"");
    assert_eq!(done.code, 0, "{}", done.out);
    done.out.replace("\r\n", "\n")
}

#[test]
fn a_terminal_says_how_wide_it_is_and_whether_it_has_colours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, log()).unwrap();
    let scan = format!("scan {}", path.display());
    for (columns, name) in [(80, "80.en.txt"), (120, "120.en.txt")] {
        let plain = on_terminal(columns, "NO_COLOR=1", &scan);
        assert_eq!(plain, fs::read_to_string(format!("tests/scan/{name}")).unwrap());
        let colourful = on_terminal(columns, "A=1", &scan);
        assert!(colourful.contains("\u{1b}[1m\u{1b}[31mACCOUNT\u{1b}[0m"), "{colourful:?}");
    }
    assert!(!on_terminal(80, "TERM=dumb", &scan).contains('\u{1b}'));
}

#[test]
fn a_long_scan_shows_on_a_terminal_how_far_it_is() {
    // a pipe that stays open for longer than people are patient
    let wait = format!(
        "scan --output json - > /dev/null < <(printf '%s' '{}'; sleep 1.3; echo; sleep 0.3; echo)",
        "x".repeat(99)
    );
    let shown = on_terminal(80, "A=1", "--version > /dev/null; true");
    assert_eq!(shown, "", "nothing is shown of what is over at once");
    let program = env!("CARGO_BIN_EXE_obs-error-exporter");
    let script = format!("stty rows 50 cols 80; {program} {wait}");
    let mut command = Command::new("script");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("TERM", "xterm").env("SHELL", "/bin/bash");
    let done = feed(command.args(["-qec", &script, "/dev/null"]), b"");
    assert!(done.out.contains("B read, "), "{:?}", done.out);
}

#[test]
fn ctrl_c_ends_the_reading_and_what_was_found_is_printed() {
    use rustix::process::Signal;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::process::Stdio;
    let mut command = command(&["scan", "-", "--output", "json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // more than a pipe holds: when this is through, the program reads, and listens
    let log = log().repeat(20);
    stdin.write_all(log.as_bytes()).unwrap();
    support::process::signal(&child, Signal::INT);
    let mut said = String::new();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    err.read_line(&mut said).unwrap();
    assert_eq!(said, "reading ends here; Ctrl-C once more ends at once\n");
    drop(stdin); // what writes into the pipe is ended by Ctrl-C as well
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let found: Value = serde_json::from_str(&out).unwrap();
    assert!(found["errors"].as_array().unwrap().len() >= 3, "{out}");
}

#[test]
fn nothing_to_read_is_said() {
    let done = run(&["scan", "-"]);
    let said =
        "0 OBS error responses in 1 file, 0 lines, 0 bytes.\nThere was nothing to read: did what writes it fail?\n";
    assert_eq!((done.code, done.out.as_str()), (0, said));
    let done = run_with("all is well\n", &["scan", "-"]);
    let said = "0 OBS error responses in 1 file, 1 line, 12 bytes.\n\
                `obs-error-exporter explain --line` says for each line of a log why.\n";
    assert_eq!((done.code, done.out.as_str()), (0, said));
}

#[test]
fn responses_are_chosen_by_time_code_and_category() {
    let all = [("InArrearOrInsufficientBalance".to_owned(), 12), ("SlowDown".to_owned(), 60), ("NoSuchKey".into(), 1)];
    assert_eq!(as_json(&[]), all);
    assert_eq!(as_json(&["--since", "2026-11-22"]), all);
    assert_eq!(as_json(&["--since", "2026-11-22T12:43:20Z"]), [all[0].clone()]);
    // the end does not belong to it
    assert_eq!(as_json(&["--until", "2026-11-22T12:43:20Z"]), all[1..]);
    assert_eq!(
        as_json(&["--since", "2026-11-22T12:30:00Z", "--until", "2026-11-22T12:30:01Z", "--code", "NoSuchKey"]),
        [all[2].clone()]
    );
    assert_eq!(as_json(&["--since", "2026-11-22 20:43:20", "--timezone", "+08:00"]), [all[0].clone()]);
    assert_eq!(as_json(&["--since", "1h"]), [], "the log is not of this hour");
    assert_eq!(as_json(&["--code", "SlowDown,NoSuchKey"]), all[1..]);
    assert_eq!(as_json(&["--category", "account", "--category", "not_found"]), [all[0].clone(), all[2].clone()]);
    assert_eq!(as_json(&["--top", "1"]), [all[1].clone()]);

    let text = scan(&["--code", "NoSuchKey"]).out;
    assert!(text.contains("72 further responses not asked for (--since, --until, --code, --category)."), "{text}");
    let text = scan(&["--top", "1"]).out;
    assert!(text.contains("13 responses of less frequent codes not shown (--top)."), "{text}");
    let metrics = scan(&["--output", "prometheus", "--code", "NoSuchKey"]).out;
    assert!(metrics.contains("{code=\"NoSuchKey\",status=\"404\",category=\"not_found\"} 1"), "{metrics}");
    assert!(!metrics.contains("SlowDown"), "{metrics}");
}

#[test]
fn what_has_no_time_is_not_hidden_by_times() {
    let log = "failed: code=SlowDown status=503\n\nfailed: code=NoSuchKey status=404\n";
    let done = run_with(log, &["scan", "--since", "1h", "--output", "json"]);
    assert_eq!(counts(&done), [("SlowDown".to_owned(), 1), ("NoSuchKey".to_owned(), 1)]);
    let text = run_with(log, &["scan", "--since", "1h"]).out;
    assert!(text.contains("2 responses without a time stamp in the logs."), "{text}");
}

#[test]
fn local_times_are_of_the_zone_that_is_named() {
    let log = "2026-11-22 20:10:36,408 ERROR failed code=SlowDown status=503\n";
    let chosen = |arguments: &[&str], zone: &str| {
        let mut command = command(&[&["scan", "--output", "json"], arguments].concat());
        counts(&feed(command.env("TZ", zone), log.as_bytes())).len()
    };
    let around = ["--since", "2026-11-22T12:10:36Z", "--until", "2026-11-22T12:10:37Z"];
    assert_eq!(chosen(&around, "UTC0"), 0);
    assert_eq!(chosen(&around, "CST-8"), 1);
    assert_eq!(chosen(&[&around[..], &["--timezone", "+08:00"]].concat(), "UTC0"), 1);
    let mut command = command(&["scan"]);
    let text = feed(command.env("TZ", "CST-8").env("COLUMNS", "100"), log.as_bytes()).out;
    let said = "From 2026-11-22 20:10:36 to 2026-11-22 20:10:36 (as in the logs, which name no zone).";
    assert!(text.contains(said), "{text}");
}

#[test]
fn the_exit_status_is_for_scripts() {
    for (arguments, expected) in [
        (&[][..], 0),
        (&["--fail-on", "any"], 1),
        (&["--fail-on", "quota,account"], 1),
        (&["--fail-on", "quota", "--fail-on", "network"], 0),
        (&["--fail-on", "account", "--until", "2026-11-22T12:43:20Z"], 0),
        (&["/nowhere/a.log"], 3),
        (&["/nowhere/a.log", "--fail-on", "any"], 1),
        (&["--since", "soon"], 2),
        (&["--fail-on", "acount"], 2),
        (&["--top", "0"], 2),
    ] {
        let done = scan(arguments);
        assert_eq!(done.code, expected, "{arguments:?}: {}", done.err);
    }
    assert_eq!(run(&["scan", "--fail-on", "any"]).code, 0, "nothing was found");
}

#[test]
fn rotated_and_compressed_files_are_one_log() {
    use flate2::{Compression, write::GzEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let log = log();
    // at line ends: the middle is by zstd, the oldest by gzip under a name that does not say so
    let cut = |share: usize| log[..log.len() * share / 3].rfind('\n').unwrap() + 1;
    let parts = [&log[..cut(1)], &log[cut(1)..cut(2)], &log[cut(2)..]];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(parts[0].as_bytes()).unwrap();
    fs::write(folder.path().join("app.log.2"), gzip.finish().unwrap()).unwrap();
    let zstd = compress_to_vec(parts[1].as_bytes(), CompressionLevel::Fastest);
    fs::write(folder.path().join("app.log.1.zst"), &zstd).unwrap();
    fs::write(folder.path().join("app.log"), parts[2]).unwrap();
    let done = run(&["scan", "--output", "json", folder.path().to_str().unwrap()]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    assert_eq!(counts(&done), as_json(&[]));
    let whole =
        feed(&mut command(&["scan", "--output", "json"]), &compress_to_vec(log.as_bytes(), CompressionLevel::Fastest));
    assert_eq!(counts(&whole), as_json(&[]), "standard input may be compressed too");

    let name = folder.path().join("half.log.zst");
    fs::write(&name, &zstd[..zstd.len() / 2]).unwrap();
    let done = run(&["scan", name.to_str().unwrap()]);
    assert_eq!(done.code, 3);
    assert!(done.err.starts_with(&format!("error: {}: broken zstd data: ", name.display())), "{}", done.err);
}

#[test]
fn every_recorded_log_that_tells_times_has_them() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut timed = 0;
    for set in fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let logs = fs::read_dir(&set).unwrap().map(|entry| entry.unwrap().path().to_str().unwrap().to_owned());
        let logs: Vec<String> = logs.filter(|path| !path.ends_with(".json")).collect();
        let mut arguments = vec!["scan", "--output", "json"];
        arguments.extend(logs.iter().map(String::as_str));
        let found: Value = serde_json::from_str(&run(&arguments).out).unwrap();
        let name = set.file_name().unwrap().to_str().unwrap();
        for error in found["errors"].as_array().unwrap() {
            // the SDK for Node.js writes `HH` instead of the hour, and its sample program mostly no time at all
            if name.starts_with("nodejs") && error["first"] == Value::Null {
                continue;
            }
            for key in ["first", "last"] {
                let time = error[key].as_str().unwrap_or_else(|| panic!("{name}: {error}"));
                assert!(time.starts_with("2026-11-22T1"), "{name}: {error}");
                timed += 1;
            }
        }
    }
    assert!(timed > 1000, "{timed}");
}

#[test]
fn container_logs_have_the_time_of_the_runtime() {
    let cri = "2026-11-22T12:10:36.408123456Z stdout F failed code=SlowDown status=503\n";
    let docker = "{\"log\":\"failed code=SlowDown status=503\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T12:10:36.408123456Z\"}\n";
    for log in [cri, docker] {
        let found: Value = serde_json::from_str(&run_with(log, &["scan", "--output", "json"]).out).unwrap();
        assert_eq!(found["errors"][0]["first"], "2026-11-22T12:10:36.408Z", "{log}");
    }
}

#[test]
fn what_cannot_be_meant_is_said_exactly() {
    for (arguments, said) in [
        (
            &["--since", "soon"][..],
            "error: --since: \"soon\" is no time; write how long ago (90m, 1h, 2d), 13:00, 2026-11-22, 2026-11-22T13:00 or 2026-11-22T13:00:00Z\n",
        ),
        (&["--since", "1h", "--until", "2h"], "error: --since is not before --until: no response could be listed\n"),
        (
            &["--timezone", "Mars"],
            "error: --timezone: \"Mars\" is no time zone; write UTC, local, +08:00 or Asia/Shanghai\n",
        ),
        (
            &["--top", "3", "--output", "prometheus"],
            "error: --top cannot be used with --output prometheus, which tells all codes\n",
        ),
        (
            &["--config.file", "/nowhere/c.yaml"],
            "error: /nowhere/c.yaml: No such file or directory (os error 2); name a configuration file that can be read\n",
        ),
        (
            &["--category", "throtling"],
            "error: invalid value 'throtling' for '--category <CATEGORY>'\n  [possible values: account, server_error, throttling, credentials, clock_skew, encryption, quota, permission, network, not_found, conflict, client_request, unsupported, redirect, unknown]\n\n  tip: a similar value exists: 'throttling'\n\nFor more information, try '--help'.\n",
        ),
        (
            &["--ouput", "json"],
            "error: unexpected argument '--ouput' found\n\n  tip: a similar argument exists: '--output'\n\nUsage: obs-error-exporter scan --output <OUTPUT> <FILE|GLOB|DIR|->...\n\nFor more information, try '--help'.\n",
        ),
    ] {
        let done = scan(arguments);
        assert_eq!((done.code, done.err.as_str()), (2, said), "{arguments:?}");
        assert_eq!(done.out, "");
    }
    assert_eq!(scan(&["--code", "SlowDwn"]).err, "note: SlowDwn is not in the catalogue; did you mean SlowDown?\n");
    assert_eq!(
        run(&["scna"]).err,
        "error: unrecognized subcommand 'scna'\n\n  tip: a similar subcommand exists: 'scan'\n\nUsage: obs-error-exporter <COMMAND>\n\nFor more information, try '--help'.\n"
    );
}

#[test]
fn what_cannot_be_read_is_said_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    fs::write(folder.path().join("app.txt"), log()).unwrap();
    fs::write(folder.path().join("plain.gz"), log()).unwrap();
    fs::write(folder.path().join("packed.xz"), b"\xfd7zXZ\0\0\0").unwrap();
    for (argument, said) in [
        ("gone/app.log", format!("there is no such file or folder; the nearest folder that exists is {place}")),
        ("app*.log", format!("no file matches; looked at 3 files in and below {place}/")),
        (
            "gone/*.log",
            format!("no file matches: there is no folder {place}/gone/; the nearest that exists is {place}"),
        ),
        (
            "a[.log",
            "error parsing glob 'GLOB': unclosed character class; missing ']'"
                .replace("GLOB", &format!("{place}/a[.log")),
        ),
        ("plain.gz", "neither gzip nor zstd data, though its name says so; rename it if it is plain text".to_owned()),
        (
            "packed.xz",
            "compressed in a way that is not read here; xz can unpack it, and `scan -` reads what it prints".to_owned(),
        ),
    ] {
        let done = run(&["scan", &format!("{place}/{argument}"), &format!("{place}/app.txt"), "--output", "json"]);
        assert_eq!((done.code, done.err), (3, format!("error: {place}/{argument}: {said}\n")));
        assert_eq!(counts(&Done { err: String::new(), ..done }), as_json(&[]), "the rest is scanned");
    }
}
