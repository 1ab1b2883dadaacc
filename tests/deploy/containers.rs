//! The exporter's containers in manifests.

use crate::manifests::{Manifest, all};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is mounted at a path.
#[derive(Debug, Clone)]
pub enum Volume {
    /// Files by name.
    Files(BTreeMap<String, String>),
    Folder,
}

/// A container of the exporter, with what it needs to be run.
#[derive(Debug)]
pub struct Exporter {
    /// Where it is from, for messages.
    pub name: String,
    pub workload: String,
    pub native: bool,
    pub pod: Value,
    pub labels: Value,
    pub container: Value,
    /// By path.
    pub mounts: BTreeMap<String, Volume>,
}

impl Exporter {
    /// Every one in every manifest.
    pub fn all() -> Vec<Exporter> {
        let found: Vec<_> = all().iter().flat_map(Self::of).collect();
        assert!(found.len() >= 9, "{}", found.len());
        found
    }

    pub fn of(manifest: &Manifest) -> Vec<Exporter> {
        let with_pods = manifest.objects.iter().filter(|object| object["spec"]["template"]["spec"].is_object());
        with_pods
            .flat_map(|object| {
                let name = format!("{}: {}", manifest.name, object["metadata"]["name"]);
                let template = &object["spec"]["template"];
                let mut found = Self::in_pod(&name, &template["spec"], &manifest.objects);
                for exporter in &mut found {
                    object["kind"].as_str().unwrap().clone_into(&mut exporter.workload);
                    exporter.labels = template["metadata"]["labels"].clone();
                }
                found
            })
            .collect()
    }

    /// Those in the specification of a pod; the other objects are looked up for its volumes.
    pub fn in_pod(name: &str, pod: &Value, objects: &[Value]) -> Vec<Exporter> {
        let kinds = [("initContainers", true), ("containers", false)];
        let containers = kinds.into_iter().flat_map(|(key, native)| {
            pod[key].as_array().into_iter().flatten().map(move |container| (native, container))
        });
        containers
            .filter(|(_, container)| container["name"] == "obs-error-exporter")
            .map(|(native, container)| {
                let mounts = container["volumeMounts"].as_array().into_iter().flatten().map(|mount| {
                    let path = mount["mountPath"].as_str().unwrap().to_owned();
                    (path, volume(name, pod, &mount["name"], objects))
                });
                Exporter {
                    name: name.to_owned(),
                    workload: String::new(),
                    native,
                    mounts: mounts.collect(),
                    pod: pod.clone(),
                    labels: json!({}),
                    container: container.clone(),
                }
            })
            .collect()
    }

    /// One that no manifest of Kubernetes describes.
    pub fn outside(name: &str, container: Value, mounts: BTreeMap<String, Volume>) -> Exporter {
        let (name, workload) = (name.to_owned(), String::new());
        Exporter { name, workload, native: false, pod: json!({}), labels: json!({}), container, mounts }
    }

    /// The path of a probe, and its port.
    pub fn probe(&self, kind: &str) -> Option<(&str, &Value)> {
        let get = &self.container[kind]["httpGet"];
        Some((get["path"].as_str()?, &get["port"]))
    }
}

fn volume(name: &str, pod: &Value, volume: &Value, objects: &[Value]) -> Volume {
    let found = pod["volumes"].as_array().into_iter().flatten().find(|found| found["name"] == *volume);
    let found = found.unwrap_or_else(|| panic!("{name} mounts {volume}, which is no volume of the pod"));
    if found["secret"].is_object() {
        // a web configuration that lets everybody in
        let web = "http_server_config: {headers: {X-Frame-Options: deny}}\n".to_owned();
        return Volume::Files([("web-config.yaml".to_owned(), web)].into());
    }
    let Some(map) = found["configMap"]["name"].as_str() else { return Volume::Folder };
    let object = objects.iter().find(|object| object["kind"] == "ConfigMap" && object["metadata"]["name"] == map);
    let data = &object.unwrap_or_else(|| panic!("{name}: there is no ConfigMap {map}"))["data"];
    Volume::Files(serde_json::from_value(data.clone()).unwrap())
}
