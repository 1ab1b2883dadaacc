//! The README says what the program says. `UPDATE=1 cargo test --test readme` writes the generated part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use obs_error_exporter::config::Config;
use obs_error_exporter::recognise::BUILT_IN;
use obs_error_exporter::rules::{self, Alert};
use obs_error_exporter::tally::metrics::{Kind, METRICS};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn metrics() -> String {
    let mut table = String::from("| metric | type | labels | what |\n|---|---|---|---|\n");
    for metric in METRICS {
        let kind = if metric.kind == Kind::Counter { "counter" } else { "gauge" };
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(table, "| `{}` | {kind} | {} | {} |", metric.name, labels.join(", "), metric.help);
    }
    table
}

/// The alerts, each with a link to its runbook, when it fires by default, and what else may be set.
fn alerts() -> String {
    let mut table =
        String::from("| alert | severity | for, keep | says | parameters of its own |\n|---|---|---|---|---|\n");
    for alert in rules::alerts() {
        let says = alert.texts[0].summary.replace("Exporter <where>", "an exporter").replace("<where>", "a job");
        let says = says.replace(" (<code>)", ", by code").replace(" (<reason>)", ", by reason");
        let own: Vec<_> = alert.more.iter().map(|one| format!("`{}={}`", one.name, one.default)).collect();
        let _ = writeln!(
            table,
            "| [`{name}`](deploy/runbooks/{name}.md) | {} | {}, {} | {says} | {} |",
            alert.severity,
            alert.hold,
            alert.keep,
            own.join(" "),
            name = alert.name
        );
    }
    table
}

/// Everything that may be set of the rules.
fn parameters() -> String {
    let mut table = String::from("| parameter | value | default | what |\n|---|---|---|---|\n");
    for one in rules::GENERAL {
        let default = if one.default.is_empty() { String::new() } else { format!("`{}`", one.default) };
        let _ = writeln!(table, "| `{}` | {} | {default} | {} |", one.name, one.unit, one.about);
    }
    let mut told = HashSet::new();
    for one in rules::alerts().flat_map(Alert::parameters).filter(|one| told.insert((one.name, one.about))) {
        let _ = writeln!(table, "| `ALERT.{}` | {} | see above | {} |", one.name, one.unit, one.about);
    }
    table
}

/// The part of the README between the markers of this name is this text.
fn holds(name: &str, expected: &str) {
    let text = fs::read_to_string(path()).unwrap();
    let begin = text.find(&format!("<!-- {name}:")).unwrap();
    let from = begin + text[begin..].find("-->\n").unwrap() + 4;
    let to = text.find(&format!("<!-- end of {name} -->")).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path(), format!("{}{expected}{}", &text[..from], &text[to..])).unwrap();
    } else {
        assert_eq!(&text[from..to], expected);
    }
}

#[test]
fn the_tables_are_the_lists() {
    holds("metrics", &metrics());
    holds("alerts", &alerts());
    holds("parameters", &parameters());
}

#[test]
fn every_flag_of_serve_is_there_with_its_variable_and_no_other() {
    let text = fs::read_to_string(path()).unwrap();
    let help = Command::new(env!("CARGO_BIN_EXE_obs-error-exporter")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let mut flags: Vec<String> = Vec::new();
    for line in help.lines().map(str::trim) {
        if let Some(flag) = line.strip_prefix("--") {
            flags.push(format!("--{}", flag.split(' ').next().unwrap()));
        }
        if let Some(variable) = line.strip_prefix("[env: ") {
            let variable = variable.trim_end_matches([']', '=']);
            let row = format!("| `{variable}` |");
            assert!(text.contains(&row), "{variable} is missing");
            let flag = flags.last().unwrap();
            assert!(
                text.lines().any(|line| line.contains(&row)
                    && [" ", "`"].iter().any(|end| line.starts_with(&format!("| `{flag}{end}")))),
                "{flag}"
            );
        }
    }
    assert!(flags.len() >= 8, "{flags:?}");
    let rows = text.lines().filter(|line| line.starts_with("| `--")).count();
    assert_eq!(rows, flags.len(), "a flag is told of that is not there, or missing: {flags:?}");
}

#[test]
fn every_recogniser_is_there() {
    let text = fs::read_to_string(path()).unwrap();
    for recogniser in BUILT_IN {
        let cell = format!(" | `{}` | ", recogniser.name());
        assert!(text.contains(&cell), "{} is missing in the table of clients", recogniser.name());
    }
}

#[test]
fn the_configuration_is_one_that_is_accepted() {
    let text = fs::read_to_string(path()).unwrap();
    let yaml = text.split("```yaml\n").find(|block| block.starts_with("inputs:")).unwrap();
    let config = Config::parse(yaml.split("```").next().unwrap(), "README.md").unwrap();
    assert_eq!((config.inputs.len(), config.recognisers.len(), config.codes.len()), (2, 1, 1));
}

#[test]
fn links_lead_somewhere() {
    let text = fs::read_to_string(path()).unwrap();
    let folder = path().parent().unwrap().to_owned();
    for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        let there = match link.strip_prefix('#') {
            Some(anchor) => text.lines().filter(|line| line.starts_with('#')).any(|line| {
                let title = line.trim_start_matches('#').trim().to_lowercase();
                let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
                kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>() == anchor
            }),
            None => link.starts_with("http") || folder.join(link).exists(),
        };
        assert!(there, "{link}");
    }
}
