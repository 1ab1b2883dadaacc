//! The PrometheusRule objects are what the Prometheus Operator takes.

use super::{file, root};
use obs_error_exporter::catalogue::{Catalogue, Lang};
use obs_error_exporter::rules::{self, Format, Settings, parameters};
use std::path::Path;
use std::process::Command;

/// Checks objects against the definition that the operator installs, unknown fields included.
fn validate(objects: &Path) -> (bool, String) {
    let python = root().join(".tools/python/bin/python");
    assert!(python.exists(), "{} is missing; tests/run installs what the tests need", python.display());
    let done = Command::new(python)
        .arg(root().join("tests/schemas/validate_crd.py"))
        .arg(root().join("tests/schemas/prometheusrules.yaml"))
        .arg(objects)
        .output()
        .unwrap();
    (done.status.success(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
}

#[test]
fn the_objects_are_valid() {
    for name in ["prometheusrule.yaml", "prometheusrule.zh.yaml"] {
        let (valid, said) = validate(&root().join("deploy/prometheus").join(name));
        assert!(valid && said.contains("1 objects, 0 errors"), "{name}: {said}");
    }
    let folder = tempfile::tempdir().unwrap();
    for last in [false, true] {
        let mut settings = Settings::default();
        for (name, parameter) in parameters().filter(|(name, _)| !name.ends_with(".enabled")) {
            let others = super::cases::other(&parameter);
            settings.set(&name, if last { others.last().unwrap() } else { others[0] }).unwrap();
        }
        let text = rules::render(Catalogue::built_in(), &settings, Lang::En, Format::Operator);
        let (valid, said) = validate(&file(&folder, "rule.yaml", &text));
        assert!(valid, "{said}");
        // it does find what is wrong
        for (right, wrong) in
            [("keep_firing_for: ", "keepFiringFor: "), ("expr: ", "expression: "), ("for: 30d", "for: soon")]
        {
            let broken = text.replacen(right, wrong, 1);
            assert!(broken == text || !validate(&file(&folder, "broken.yaml", &broken)).0, "{wrong} is let through");
        }
    }
}
