//! Configurations that are wrong, each with the exact message beside it. `UPDATE=1` writes the messages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use obs_error_exporter::config::Config;
use obs_error_exporter::rules::Settings;
use std::fs;
use std::path::Path;

#[test]
fn wrong_configurations_are_refused_with_the_reason() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    let mut tried = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".bad.yaml") {
            continue;
        }
        tried += 1;
        let error = Config::parse(&fs::read_to_string(&path).unwrap(), &name).expect_err(&name).to_string() + "\n";
        let expected = path.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &error).unwrap();
        }
        assert_eq!(fs::read_to_string(&expected).unwrap_or_default(), error, "{name}");
    }
    assert!(tried >= 15, "only {tried} files");
}

#[test]
fn the_example_says_what_it_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good.yaml");
    let config = Config::read(&path).unwrap();
    assert_eq!(config.inputs.len(), 2);
    assert_eq!(config.inputs[0].labels, [("service".to_owned(), "checkout".to_owned())]);
    assert!(config.inputs[1].path_labels.is_some());
    assert_eq!(config.recognisers.len(), 1);
    assert_eq!(config.codes[0].code, "QuotaBlocked");
    assert_eq!(config.codes[0].status, Some(403));
    assert_eq!(config.limits.line_bytes, 1 << 20);
    assert_eq!(config.metrics.new_series_hold.as_secs(), 90);
    let mut alerts = Settings::default();
    for text in [
        "selector=cluster=\"a\"",
        "ObsThrottled.for=5m",
        "ObsThrottled.rate=0.5",
        "ObsThrottled.severity=page",
        "ObsConflicts.enabled=false",
    ] {
        alerts.assign(text).unwrap();
    }
    assert_eq!(config.alerts, alerts);
    assert!(Config::parse("", "x").unwrap().inputs.is_empty());
    assert!(Config::parse("# only a comment\n", "x").unwrap().inputs.is_empty());
}
