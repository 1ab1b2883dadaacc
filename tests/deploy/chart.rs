//! The chart's values, their schema and their table.

use crate::manifests::{chart, helm, named, values};
use crate::tools::{done, refused, root};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

fn read(name: &str) -> String {
    fs::read_to_string(chart().join(name)).unwrap()
}

#[test]
fn it_is_well_made() {
    for file in values() {
        done(helm("lint").arg("--strict").arg(chart()).arg("--values").arg(file));
    }
}

#[test]
fn its_version_is_the_crate_s() {
    let about: Value = serde_saphyr::from_str(&read("Chart.yaml")).unwrap();
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(about["appVersion"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn mistakes_are_refused() {
    for (mistake, said) in [
        ("daemonset.tolerationz=1", "additional properties 'tolerationz' not allowed"),
        ("port=0", "minimum"),
        ("log.level=loud", "value must be one of"),
        ("image.digest=latest", "does not match pattern"),
        ("podMonitor.interval=30", "got number, want string"),
        ("daemonset.podLogs=var/log/pods", "does not match pattern"),
    ] {
        let answer = refused(helm("template").arg(chart()).args(["--set", mistake]));
        assert!(answer.contains(said), "{mistake}: {answer}");
    }
}

/// Values by their path, as deep as the schema goes.
fn leaves(value: &Value, schema: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
    match (value.as_object(), schema["properties"].as_object()) {
        (Some(fields), Some(known)) => {
            for (key, value) in fields {
                let inner = known.get(key).unwrap_or_else(|| panic!("{path}{key} is not in the schema"));
                leaves(value, inner, &format!("{path}{key}."), found);
            }
            for key in known.keys().filter(|key| *key != "global") {
                assert!(fields.contains_key(key), "{path}{key} is in the schema and not in values.yaml");
            }
        }
        _ => drop(found.insert(path.trim_end_matches('.').to_owned(), value.clone())),
    }
}

/// What `# -- ` comments in values.yaml say, by the path of the key below them.
fn comments(text: &str) -> Vec<(String, String)> {
    let (mut above, mut comment, mut found) = (Vec::<(usize, String)>::new(), None, Vec::new());
    for line in text.lines() {
        let depth = line.len() - line.trim_start().len();
        if let Some(text) = line.trim().strip_prefix("# -- ") {
            comment = Some(text.to_owned());
        } else if let Some((key, _)) = line.trim().split_once(':').filter(|(key, _)| !key.starts_with(['#', '-', '{']))
        {
            above.retain(|(indent, _)| *indent < depth);
            above.push((depth, key.to_owned()));
            let path: Vec<_> = above.iter().map(|(_, key)| key.as_str()).collect();
            found.extend(comment.take().map(|comment| (path.join("."), comment)));
        }
    }
    found
}

fn table() -> String {
    let text = read("values.yaml");
    let mut values = BTreeMap::new();
    let schema: Value = serde_json::from_str(&read("values.schema.json")).unwrap();
    leaves(&serde_saphyr::from_str(&text).unwrap(), &schema, "", &mut values);
    let mut table = String::from("| value | default | what |\n|---|---|---|\n");
    for (path, comment) in comments(&text) {
        let default = values.remove(&path).unwrap_or_else(|| panic!("{path} is no value of its own"));
        let default = serde_json::to_string(&default).unwrap();
        let default = if default.len() > 60 { "see `values.yaml`".to_owned() } else { format!("`{default}`") };
        let _ = writeln!(table, "| `{path}` | {default} | {comment} |");
    }
    assert!(values.is_empty(), "nothing is said of {:?}", values.keys());
    table
}

#[test]
fn its_table_of_values_is_its_values() {
    let text = read("README.md");
    let begin = text.find("<!-- values").unwrap();
    let from = begin + text[begin..].find("-->\n").unwrap() + 4;
    let to = text.find("<!-- end of values -->").unwrap();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(chart().join("README.md"), format!("{}{}{}", &text[..from], table(), &text[to..])).unwrap();
    } else {
        assert_eq!(&text[from..to], table());
    }
}

#[test]
fn its_copies_are_the_generated_files() {
    for (copy, original) in [
        ("files/rules.yaml", "deploy/prometheus/rules.yaml"),
        ("files/rules.zh.yaml", "deploy/prometheus/rules.zh.yaml"),
        ("files/dashboard.json", "deploy/grafana/dashboard.json"),
    ] {
        let original = fs::read_to_string(root().join(original)).unwrap();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(chart().join(copy), original).unwrap();
        } else {
            assert!(read(copy) == original, "{copy}: UPDATE=1 cargo test --test deploy copies it anew");
        }
    }
}

#[test]
fn its_rules_are_the_generated_ones_and_lead_to_the_runbooks() {
    for (manifest, original, runbooks) in [
        (
            "helm/monitoring-values.yaml",
            "prometheusrule.yaml",
            "https://git.example.com/obs-error-exporter/deploy/runbooks/",
        ),
        ("helm/sidecars-only-values.yaml", "prometheusrule.zh.yaml", "deploy/runbooks/"),
    ] {
        let shipped = fs::read_to_string(root().join("deploy/prometheus").join(original)).unwrap();
        let count = shipped.matches("runbook_url: deploy/runbooks/").count();
        assert!(count > 20, "{count}");
        let shipped = shipped.replace("runbook_url: deploy/runbooks/", &format!("runbook_url: {runbooks}"));
        let shipped: Value = serde_saphyr::from_str(&shipped).unwrap();
        assert_eq!(named(manifest).of_kind("PrometheusRule").next().unwrap()["spec"], shipped["spec"], "{manifest}");
    }
}

#[test]
fn the_dashboard_is_the_generated_one_and_found_by_grafana() {
    let shipped: Value =
        serde_json::from_str(&fs::read_to_string(root().join("deploy/grafana/dashboard.json")).unwrap()).unwrap();
    for (manifest, namespace) in [("helm/monitoring-values.yaml", "grafana"), ("kubernetes/monitoring", "monitoring")] {
        let mut maps =
            named(manifest).of_kind("ConfigMap").filter(|map| map["metadata"]["labels"]["grafana_dashboard"] == "1");
        let map = maps.next().unwrap_or_else(|| panic!("{manifest} has no dashboard"));
        assert_eq!(map["metadata"]["namespace"], namespace);
        let text = map["data"]["obs-error-exporter.json"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), shipped, "{manifest}");
    }
}

#[test]
fn its_configuration_is_the_one_of_the_kustomization() {
    let config = |manifest: &str| -> Value {
        let map = named(manifest).of_kind("ConfigMap").next().unwrap();
        serde_saphyr::from_str(map["data"]["config.yaml"].as_str().unwrap()).unwrap()
    };
    assert_eq!(config("helm/default-values.yaml"), config("kubernetes/daemonset"));
}

#[test]
fn each_feature_makes_what_it_says() {
    let kinds = |name: &str| {
        let mut kinds = BTreeMap::<String, usize>::new();
        for object in named(&format!("helm/{name}-values.yaml")).objects.iter().filter(|object| object.is_object()) {
            *kinds.entry(object["kind"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
    };
    let node = "1 ConfigMap, 1 DaemonSet";
    assert_eq!(kinds("default"), format!("{node}, 1 ServiceAccount"));
    assert_eq!(kinds("docker"), format!("{node}, 1 ServiceAccount"));
    assert_eq!(kinds("client-certificates"), format!("{node}, 1 ServiceAccount"));
    assert_eq!(kinds("web"), format!("{node}, 2 PodMonitor, 1 ServiceAccount"));
    assert_eq!(kinds("everything"), format!("{node}, 1 ServiceAccount"));
    assert_eq!(
        kinds("monitoring"),
        "2 ConfigMap, 1 DaemonSet, 1 NetworkPolicy, 2 PodMonitor, 1 PrometheusRule, 1 ServiceAccount"
    );
    assert_eq!(kinds("sidecars-only"), "1 PodMonitor, 1 PrometheusRule");
}
