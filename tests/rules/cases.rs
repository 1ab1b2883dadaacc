//! promtool evaluates the shipped rules over series that are written down: every alert has a file in which it fires, with
//! labels and texts, and in which it just does not. Every parameter of every alert is held by them: another value of it
//! turns the file red.

use super::{file, promtool, root};
use obs_error_exporter::catalogue::{Catalogue, Lang};
use obs_error_exporter::rules::{self, Alert, Format, Parameter, Settings, Unit, alerts};
use std::collections::BTreeSet;
use std::fs;

fn case(alert: &Alert) -> String {
    let path = root().join(format!("tests/rules/cases/{}.yaml", alert.name));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} has no case: {error}", alert.name))
}

/// Values that differ from the default: a higher one, and a lower one where there is one.
pub fn other(parameter: &Parameter) -> Vec<&'static str> {
    match parameter.unit {
        Unit::PerSecond | Unit::Count | Unit::Factor | Unit::Bytes if parameter.default == "0" => vec!["100000"],
        Unit::PerSecond | Unit::Factor => vec!["1000", "0"],
        Unit::Count => vec!["100000", "0"],
        Unit::Bytes => vec!["1000000000", "0"],
        Unit::Duration if parameter.default == "0s" => vec!["30d"],
        Unit::Duration => vec!["30d", "0s"],
        Unit::Range => vec!["2d", "1m"],
        Unit::Severity => vec!["page"],
        Unit::Switch => vec!["false"],
        Unit::Matchers => vec!["cluster=\"a\""],
        Unit::Labels => vec!["namespace,service"],
        Unit::Pattern => vec!["other"],
        Unit::Link => vec!["https://git.example.com/runbooks"],
    }
}

/// Settings with which there is no other alert: it is looked for many times, and others take time.
fn alone(alert: &Alert) -> Settings {
    let mut settings = Settings::default();
    for other in alerts().filter(|other| other.name != alert.name) {
        settings.set(&format!("{}.enabled", other.name), "false").unwrap();
    }
    settings
}

/// Whether promtool is content with a case and the rules of these settings.
fn passes(case: &str, settings: &Settings) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let rules = rules::render(Catalogue::built_in(), settings, Lang::En, Format::Prometheus);
    let rules = file(&folder, "rules.yaml", &rules);
    let shipped = "../../../deploy/prometheus/rules.yaml";
    assert!(case.contains(shipped));
    let path = file(&folder, "case.yaml", &case.replace(shipped, rules.to_str().unwrap()));
    promtool(&["test", "rules", path.to_str().unwrap()])
}

#[test]
fn every_alert_fires_when_it_should_and_just_under_does_not() {
    let files = fs::read_dir(root().join("tests/rules/cases")).unwrap();
    let files: BTreeSet<_> = files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let expected: BTreeSet<_> = alerts().map(|alert| format!("{}.yaml", alert.name)).collect();
    assert_eq!(files, expected);
    for alert in alerts() {
        let text = case(alert);
        // the parts of the file: each begins with its name
        let tests: Vec<_> = text.split("  - name: ").skip(1).collect();
        let fires =
            |test: &&&str| test.contains("exp_labels") && test.contains(&format!("alertname: {}\n", alert.name));
        assert!(tests.iter().any(|test| fires(&test)), "{} does not fire anywhere", alert.name);
        let under = |test: &&&str| {
            test.starts_with("\"just under") && !test.contains("exp_labels") && test.contains("exp_alerts: []")
        };
        assert!(tests.iter().any(|test| under(&test)), "{} has no case just under", alert.name);
        let (content, said) =
            promtool(&["test", "rules", &format!("{}/tests/rules/cases/{}.yaml", root().display(), alert.name)]);
        assert!(content, "{said}");
    }
}

#[test]
fn the_chinese_texts_are_those_that_are_written_down() {
    let path = root().join("tests/rules/zh.yaml");
    let text = fs::read_to_string(&path).unwrap();
    for alert in alerts() {
        assert!(text.contains(&format!("alertname: {}\n", alert.name)), "{} is missing", alert.name);
    }
    let (content, said) = promtool(&["test", "rules", path.to_str().unwrap()]);
    assert!(content, "{said}");
}

#[test]
fn no_trap_catches_the_rules() {
    let path = root().join("tests/rules/traps.yaml");
    let (content, said) = promtool(&["test", "rules", path.to_str().unwrap()]);
    assert!(content, "{said}");
}

#[test]
fn another_value_of_any_parameter_turns_the_case_red() {
    let mut faults = Vec::new();
    for alert in alerts() {
        let text = case(alert);
        let alone = alone(alert);
        assert!(passes(&text, &alone).0, "{}", alert.name);
        for parameter in alert.parameters() {
            for value in other(&parameter) {
                let name = format!("{}.{}", alert.name, parameter.name);
                let mut settings = alone.clone();
                settings.set(&name, value).unwrap();
                if passes(&text, &settings).0 {
                    faults.push(format!("{name}={value}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "the cases do not see that these are set: {faults:#?}");
}
