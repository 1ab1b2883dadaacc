//! The compose file: its schema, the files that it mounts, the configurations among them, and the exporter in it.

use crate::containers::{Exporter, Volume};
use crate::run::counts_what_it_reads;
use crate::tools::{done, refused, root, tool};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    root().join("deploy/compose")
}

fn yaml(path: &Path) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

fn services() -> Value {
    yaml(&folder().join("compose.yaml"))["services"].clone()
}

/// What is mounted into a service from this repository, by the path that it has there.
fn mounts(service: &Value) -> BTreeMap<String, PathBuf> {
    let volumes = service["volumes"].as_array().into_iter().flatten().filter(|volume| volume["type"] == "bind");
    let mounts = volumes.map(|volume| {
        let source = volume["source"].as_str().unwrap();
        // a variable with its default
        let source = source.split_once(":-").map_or(source, |(_, default)| default.trim_end_matches('}'));
        assert_eq!(volume["read_only"], true, "{volume}");
        (volume["target"].as_str().unwrap().to_owned(), folder().join(source))
    });
    mounts.collect()
}

#[test]
fn it_is_well_formed_and_mounts_what_is_there() {
    let check = |path: &Path| {
        let mut command = tool("check-jsonschema");
        command.args(["--builtin-schema", "vendor.compose-spec"]).arg(path);
        command
    };
    done(&mut check(&folder().join("compose.yaml")));
    let temporary = tempfile::tempdir().unwrap();
    let spoilt = temporary.path().join("compose.yaml");
    let text = fs::read_to_string(folder().join("compose.yaml")).unwrap();
    fs::write(&spoilt, text.replace("cap_drop", "cap_dropped")).unwrap();
    assert!(refused(&mut check(&spoilt)).contains("cap_dropped"));

    for (name, service) in services().as_object().unwrap() {
        for source in mounts(service).values() {
            assert!(source.exists(), "{name} mounts {}", source.display());
        }
        // of this machine only
        let ports = service["ports"].as_array().unwrap();
        assert!(ports.iter().all(|port| port.as_str().unwrap().starts_with("127.0.0.1:")), "{name}");
        let image = service["image"].as_str().unwrap();
        assert!(
            image.rsplit_once(':').is_some_and(|(_, tag)| tag.starts_with(|c: char| c == 'v' || c.is_ascii_digit()))
        );
    }
    let built = &services()["obs-error-exporter"];
    assert!(folder().join(built["build"]["context"].as_str().unwrap()).join("Dockerfile").exists());
    assert_eq!(built["image"], format!("obs-error-exporter:{}", env!("CARGO_PKG_VERSION")));
}

/// The file that a flag of a service names, here.
fn named(service: &Value, flag: &str) -> PathBuf {
    let flags = service["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    let path = flags.filter_map(|word| word.strip_prefix(flag)).next().unwrap();
    mounts(service)[path].clone()
}

#[test]
fn its_configurations_are_accepted() {
    let services = services();
    let prometheus = named(&services["prometheus"], "--config.file=");
    let temporary = tempfile::tempdir().unwrap();
    let mut text = fs::read_to_string(&prometheus).unwrap();
    for (there, here) in mounts(&services["prometheus"]) {
        text = text.replace(&there, here.to_str().unwrap());
    }
    let path = temporary.path().join("prometheus.yaml");
    fs::write(&path, &text).unwrap();
    let said = done(tool("promtool").args(["check", "config"]).arg(&path));
    assert!(said.contains("1 rule files found") && said.contains("rules found"), "{said}");
    done(tool("amtool").arg("check-config").arg(named(&services["alertmanager"], "--config.file=")));
    fs::write(&path, text.replace("scrape_interval", "scrape_intervall")).unwrap();
    refused(Command::new(tool("promtool").get_program()).args(["check", "config"]).arg(&path));

    // they speak of each other by the names and ports of the services
    let config = yaml(&prometheus);
    let targets = [
        (&config["scrape_configs"][0]["static_configs"][0]["targets"], "obs-error-exporter"),
        (&config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"], "alertmanager"),
    ];
    for (target, service) in targets {
        let port = services[service]["ports"][0].as_str().unwrap().rsplit(':').next().unwrap();
        assert_eq!(*target, json!([format!("{service}:{port}")]));
    }
}

#[test]
fn grafana_finds_prometheus_and_the_dashboard() {
    let services = services();
    let mounts = mounts(&services["grafana"]);
    let source = yaml(&mounts["/etc/grafana/provisioning/datasources/datasource.yaml"]);
    let port = services["prometheus"]["ports"][0].as_str().unwrap().rsplit(':').next().unwrap();
    assert_eq!(source["datasources"][0]["url"], format!("http://prometheus:{port}"));
    let providers = yaml(&mounts["/etc/grafana/provisioning/dashboards/dashboards.yaml"]);
    let path = format!("{}/dashboard.json", providers["providers"][0]["options"]["path"].as_str().unwrap());
    assert_eq!(mounts[&path].canonicalize().unwrap(), root().join("deploy/grafana/dashboard.json"));
    assert_eq!(services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"], path);
}

#[test]
fn its_exporter_runs() {
    let service = &services()["obs-error-exporter"];
    assert_eq!((&service["read_only"], &service["cap_drop"]), (&json!(true), &json!(["ALL"])));
    let targets = service["volumes"].as_array().unwrap().iter().map(|volume| volume["target"].as_str().unwrap());
    let mounts = targets.map(|target| (target.to_owned(), Volume::Folder)).collect();
    // the user is the image's
    let context = json!({"runAsUser": 65532, "capabilities": {"drop": ["ALL"]}});
    let container = json!({"args": service["command"], "securityContext": context});
    counts_what_it_reads(&Exporter::outside("the compose file", container, mounts));
}
