//! What is said when something is wrong, word for word: what, where, and what to do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use support::command::{command, feed, printed, run};
use support::daemon::Start;

/// The texts of a log without their times.
fn messages(said: &str) -> Vec<&str> {
    said.lines().map(|line| line.split_once(' ').unwrap().1).collect()
}

fn said_by_serve(arguments: &[&str]) -> (i32, String) {
    let done = run(&[&["serve", "--state.path", "none"], arguments].concat());
    assert_eq!(done.out, "");
    (done.code, done.err)
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = said_by_serve(&["--logs", "x", "--web.listen-address", &address]);
    let expected = format!(
        "error: cannot listen on {address}: the address is already in use; stop the process that listens there or choose \
         another address with --web.listen-address: Address already in use (os error 98)\n"
    );
    assert_eq!((code, said), (1, expected));
}

#[test]
fn a_glob_that_is_wrong_is_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let (status, said) = Start::new(folder.path(), "x[").refused();
    let glob = folder.path().join("x[");
    let glob = glob.to_str().unwrap();
    let expected = format!(
        "error: glob {glob:?} cannot be used: error parsing glob 'x[': unclosed character class; missing ']'\n"
    );
    assert_eq!((status.code(), said), (Some(1), expected));
    assert!(!folder.path().join("state").exists(), "no state is begun");
}

#[test]
fn the_start_is_told_in_a_few_lines() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    for name in ["a.log", "b.log", "c.log"] {
        fs::write(folder.path().join(name), "2026-11-22 13:00:00 ERROR failed code=SlowDown status=503\n").unwrap();
    }
    let start = Start::new(folder.path(), "*.log")
        .config(&format!("inputs:\n  - paths: [{place}/*.txt, {place}/gone/*.log]\n"));
    let daemon = start.start();
    support::process::wait("the end of the backlog", std::time::Duration::from_secs(30), || {
        daemon.program.said().contains("all logs have been read").then_some(())
    });
    let said = daemon.program.said();
    let address = daemon.address;
    let expected = [
        format!("level=info message=\"state is kept\" folder={place}/state files=0"),
        format!("level=info message=\"metrics are served\" address={address} path=/metrics"),
        format!(
            "level=warn message=\"no log matches yet; files that appear are tailed\" glob={place}/*.txt looked_in={place}"
        ),
        format!(
            "level=warn message=\"no log matches yet: a folder does not exist\" glob={place}/gone/*.log \
             missing={place}/gone looked_in={place}"
        ),
        format!("level=info message=\"logs are tailed\" glob={place}/*.log files=3 bytes=174"),
    ];
    let (last, first) = messages(&said).split_last().map(|(last, first)| (*last, first.to_vec())).unwrap();
    assert_eq!(first, expected);
    assert!(last.starts_with("level=info message=\"all logs have been read that were there; what is written now is tailed\" files=3 bytes=174 responses="), "{last}");
    daemon.kill();
}

#[test]
fn what_is_not_named_or_not_there() {
    let (code, said) = said_by_serve(&[]);
    assert_eq!(
        (code, said.as_str()),
        (2, "error: no logs are named; name some with --logs, or in a file with --config.file\n")
    );
    let done = run(&["check"]);
    assert_eq!(
        (done.code, done.err.as_str()),
        (2, "error: there is nothing to check; name a file with --config.file, or logs with --logs\n")
    );
    for name in ["check", "serve"] {
        let done = run(&[name, "--config.file", "/nowhere/c.yaml"]);
        let expected = "error: /nowhere/c.yaml: No such file or directory (os error 2); name a configuration file that can be read\n";
        assert_eq!((done.code, done.err.as_str()), (1, expected));
    }
    let done = run(&["man", "/nowhere/man1"]);
    assert_eq!(
        (done.code, done.err.as_str()),
        (1, "error: /nowhere/man1: there is no such folder; make it first, as with mkdir -p\n")
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let state = file.join("state");
    let done =
        run(&["serve", "--logs", "x", "--web.listen-address", "127.0.0.1:0", "--state.path", state.to_str().unwrap()]);
    let expected = format!(
        "error: state folder {}: cannot make the folder: Not a directory (os error 20); name a folder that this process \
         may make and write with --state.path\n",
        state.display()
    );
    assert_eq!((done.code, done.err), (1, expected));
}

#[test]
fn a_file_that_may_not_be_read() {
    // who is root may read everything: another user is asked then, if there is a way
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, "x\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = command(&["scan", path.to_str().unwrap()]);
    if fs::read(&path).is_ok() {
        let program = command.get_program().to_owned();
        command = Command::new("setpriv");
        command
            .env_clear()
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(program)
            .arg("scan")
            .arg(&path);
    }
    let done = feed(&mut command, b"");
    let expected = format!("error: {}: permission denied; run this as a user who may read it\n", path.display());
    assert_eq!((done.code, done.err), (3, expected));
}

#[test]
fn a_configuration_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    fs::write(folder.path().join("app.log"), "x\n").unwrap();
    fs::write(folder.path().join("app.log.1.gz"), "x\n").unwrap();
    let config = folder.path().join("good.yaml");
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good.yaml");
    let text = fs::read_to_string(good).unwrap();
    let text = text.replace("/var/log/app/**/*.log", &format!("{place}/*.log*"));
    fs::write(&config, text.replace("/var/log/pods", &format!("{place}/pods"))).unwrap();
    let name = config.to_str().unwrap();
    let expected = format!(
        "\
{name} can be used

INPUTS
  1. format auto; start_at beginning; labels service=\"checkout\"; without **/debug*.log
     {place}/*.log*
       1 file now, 2 bytes
       {place}/app.log  2 bytes
       not read: {place}/app.log.1.gz: compressed
  2. format cri; start_at end; labels of the path namespace, pod, container
     {place}/pods/*/*/*.log
       no file now: there is no folder {place}/pods; the nearest that exists is {place}
RECOGNISERS
  billing-service: finds its lines by \"storage refused: \"
CODES
  QuotaBlocked  status 403, category quota, retryable no, owner platform
ALERTS
  ObsConflicts.enabled false
  ObsThrottled.for 5m
  ObsThrottled.rate 0.5
  ObsThrottled.severity page
  selector cluster=\"a\"
LIMITS
  line_bytes 1.0 MiB, unlisted_codes 64, open_files 512
METRICS
  created_timestamps false, new_series_hold 1m 30s, series_retention 1h
"
    );
    assert_eq!(printed(&["check", "--config.file", name]), expected);
    let chinese = feed(command(&["check", "--config.file", name]).env("LANG", "zh_CN.UTF-8"), b"").out;
    assert!(chinese.contains("目前 1 个文件") && chinese.contains("识别器"), "{chinese}");
}

#[test]
fn a_wrong_configuration_is_refused_in_the_same_words_everywhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    for name in ["unknown_key", "pattern_broken", "bad_glob"] {
        let expected = format!("error: {}", fs::read_to_string(folder.join(format!("{name}.bad.txt"))).unwrap());
        for arguments in [&["check"][..], &["serve"], &["scan"], &["explain", "--line"]] {
            let file = format!("{name}.bad.yaml");
            let mut command = command(&[arguments, &["--config.file", &file]].concat());
            let done = feed(command.current_dir(&folder), b"");
            assert_eq!(done.err, expected, "{arguments:?}");
            assert_eq!(done.code, if arguments == ["scan"] { 2 } else { 1 }, "{arguments:?}");
        }
    }
}

#[test]
fn bash_completes_commands_and_flags() {
    let script = printed(&["completions", "bash"]);
    let complete = |words: &[&str]| {
        let current = words.last().unwrap();
        let previous = words[words.len() - 2];
        let ask = format!(
            "{script}\nCOMP_WORDS=({}); COMP_CWORD={}\n_obs__error__exporter obs-error-exporter '{current}' '{previous}'\n\
             echo \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1
        );
        let done = Command::new("bash").args(["--norc", "-c", &ask]).output().unwrap();
        String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap()
    };
    assert_eq!(complete(&["obs-error-exporter", "sc"]), "scan\n");
    assert_eq!(complete(&["obs-error-exporter", "scan", "--sin"]), "--since\n");
    assert_eq!(complete(&["obs-error-exporter", "scan", "--output", "m"]), "markdown\n");
    assert!(printed(&["completions", "zsh"]).starts_with("#compdef obs-error-exporter\n"));
    assert!(printed(&["completions", "fish"]).contains("complete -c obs-error-exporter "));
    assert!(run(&["completions", "tcsh"]).err.contains("[possible values: bash, zsh, fish]"));
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(printed(&["man", folder.path().to_str().unwrap()]), "");
    let help = printed(&["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<_> = commands.map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        let page = fs::read_to_string(folder.path().join(format!("obs-error-exporter-{command}.1"))).unwrap();
        assert!(page.contains(&format!(".TH obs-error-exporter-{command} 1")), "{page}");
        let example = printed(&[command, "--help"]).contains("Example");
        assert!(example, "the help of {command} has no example");
        assert!(page.contains("Example"), "{page}");
    }
    assert!(folder.path().join("obs-error-exporter.1").exists());
}

#[test]
fn the_locale_says_the_language() {
    let title = |variables: &[(&str, &str)]| {
        let done = feed(command(&["explain", "SlowDown"]).envs(variables.iter().copied()), b"");
        done.out.contains("类别")
    };
    assert!(!title(&[]));
    assert!(title(&[("LANG", "zh_CN.UTF-8")]));
    assert!(title(&[("LANG", "en_US.UTF-8"), ("LC_MESSAGES", "zh_TW")]));
    assert!(!title(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C.UTF-8")]));
    let asked = feed(command(&["explain", "SlowDown", "--lang", "en"]).env("LANG", "zh_CN.UTF-8"), b"");
    assert!(asked.out.contains("Category"));
    let rules = feed(command(&["rules"]).env("LANG", "zh_CN.UTF-8"), b"");
    assert!(rules.out.contains("账户欠费") && printed(&["rules"]).contains("the account is in arrears"));
    // columns stand under each other though characters are two columns wide
    let table = printed(&["codes", "--lang", "zh"]);
    let columns = |line: &str, end: usize| -> usize {
        line[..end].chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum()
    };
    let (head, row) =
        (table.lines().next().unwrap(), table.lines().find(|line| line.starts_with("SlowDown ")).unwrap());
    assert_eq!(columns(head, head.find("类别").unwrap()), columns(row, row.find("throttling").unwrap()));
}
