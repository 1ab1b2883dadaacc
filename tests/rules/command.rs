//! `rules` as it is typed.

use super::root;
use super::support::daemon::Start;
use super::support::http;
use super::support::process::wait;
use std::fs;
use std::process::Command;
use std::time::Duration;

/// How it exits, what it prints and of what it complains.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_obs-error-exporter"));
    let done = command.env_clear().arg("rules").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[test]
fn it_prints_the_shipped_files() {
    for (arguments, name) in [
        (&[][..], "rules.yaml"),
        (&["--lang", "zh"], "rules.zh.yaml"),
        (&["--format", "operator"], "prometheusrule.yaml"),
        (&["--format", "operator", "--lang", "zh"], "prometheusrule.zh.yaml"),
    ] {
        let shipped = fs::read_to_string(root().join("deploy/prometheus").join(name)).unwrap();
        let (code, text, err) = run(arguments);
        assert!(code == 0 && err.is_empty() && text == shipped, "{name} is not what is printed: {code} {err}");
    }
}

#[test]
fn what_is_set_is_in_the_rules_and_flags_win() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        "codes: [{code: QuotaBlocked, category: quota, owner: vendor}]\nalerts: {ObsThrottled: {rate: 0.7, for: 3m}}\n";
    let config = super::file(&folder, "config.yaml", config);
    let (code, text, err) = run(&["--config.file", config.to_str().unwrap(), "--set", "ObsThrottled.rate=0.9"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let rule = text.split("- alert: ObsThrottled\n").nth(1).unwrap();
    assert!(
        rule.lines()
            .take(2)
            .eq(["    expr: job_category:huaweicloud_obs_errors:rate5m{category=\"throttling\"} > 0.9", "    for: 3m"])
    );
    let quota = text.split("- alert: ObsQuotaExceeded\n").nth(1).unwrap().split("- alert:").next().unwrap();
    assert!(quota.contains("QuotaBlocked"), "{quota}");
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    for (set, said) in [
        ("ObsThrotled.for=5m", r#"there is no parameter "ObsThrotled.for"; did you mean "ObsThrottled.for"?"#),
        ("ObsThrottled.for=soon", r#"ObsThrottled.for: "soon" is no duration of Prometheus, such as 30s or 1h"#),
        ("ObsThrottled", r#""ObsThrottled" is not written as name=value, such as ObsThrottled.for=5m"#),
    ] {
        assert_eq!(run(&["--set", set]), (1, String::new(), format!("error: --set: {said}\n")));
    }
}

#[test]
fn a_daemon_serves_the_rules_with_its_thresholds() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Start::new(folder.path(), "app.log").config("alerts: {ObsThrottled: {rate: 0.7}}\n").start();
    let (_, printed, _) = run(&["--set", "ObsThrottled.rate=0.7", "--lang", "zh", "--format", "operator"]);
    let (status, served) = http::get(daemon.address, "/rules?lang=zh&format=operator").unwrap();
    assert!(status == 200 && served == printed && served.contains("> 0.7"), "{status}");
    // and with others once its configuration was read anew
    fs::write(folder.path().join("config.yaml"), "alerts: {ObsThrottled: {rate: 0.9}}\n").unwrap();
    daemon.program.signal(rustix::process::Signal::HUP);
    wait("other thresholds", Duration::from_secs(30), || {
        http::get(daemon.address, "/rules").unwrap().1.contains("> 0.9").then_some(())
    });
    let (status, said) = http::get(daemon.address, "/rules?lang=fr").unwrap();
    assert_eq!((status, said.starts_with("\"lang=fr\" cannot be asked for")), (400, true), "{said}");
}
