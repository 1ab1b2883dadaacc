//! All Kubernetes manifests that are shipped or that shipped templates make.

use crate::tools::{done, root, tool};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// One rendered set of objects.
pub struct Manifest {
    /// What it was made of, for messages.
    pub name: String,
    pub text: String,
    pub objects: Vec<Value>,
}

impl Manifest {
    fn new(name: &str, text: String) -> Self {
        let objects = serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        Self { name: name.to_owned(), text, objects }
    }

    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }
}

/// Every kustomization, and the chart with each file of values in its `ci/`, on its own and as a dependency.
pub fn all() -> &'static [Manifest] {
    static ALL: OnceLock<Vec<Manifest>> = OnceLock::new();
    ALL.get_or_init(|| kustomizations().chain(charts()).chain([dependency()]).collect())
}

pub fn named(name: &str) -> &'static Manifest {
    all().iter().find(|manifest| manifest.name == name).unwrap_or_else(|| panic!("there is no {name}"))
}

fn kustomizations() -> impl Iterator<Item = Manifest> {
    let mut files = Vec::new();
    walk(&root().join("deploy/kubernetes"), &mut files);
    files.retain(|file| file.ends_with("kustomization.yaml"));
    assert!(files.len() > 4, "{files:?}");
    files.into_iter().filter_map(|file| {
        let kustomization: Value = serde_saphyr::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let folder = file.parent().unwrap();
        let name = folder.strip_prefix(root().join("deploy")).unwrap().to_str().unwrap();
        // a component is rendered by the examples that use it
        let text =
            (kustomization["kind"] == "Kustomization").then(|| done(tool("kubectl").arg("kustomize").arg(folder)));
        Some(Manifest::new(name, text?))
    })
}

fn charts() -> impl Iterator<Item = Manifest> {
    values().into_iter().map(|file| {
        let name = format!("helm/{}", file.file_name().unwrap().to_str().unwrap());
        Manifest::new(&name, done(helm("template").arg("test").arg(chart()).arg("--values").arg(file)))
    })
}

fn dependency() -> Manifest {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    walk(&root().join("tests/deploy/checkout"), &mut files);
    copy(&files, &root().join("tests/deploy/checkout"), folder.path());
    files.clear();
    walk(&chart(), &mut files);
    copy(&files, &chart(), &folder.path().join("charts/obs-error-exporter"));
    Manifest::new("helm/dependency", done(helm("template").arg("test").arg(folder.path())))
}

/// The folder of the chart.
pub fn chart() -> PathBuf {
    root().join("deploy/helm/obs-error-exporter")
}

/// Files of values, each for some feature.
pub fn values() -> Vec<PathBuf> {
    let mut files = Vec::new();
    walk(&chart().join("ci"), &mut files);
    assert!(!files.is_empty());
    files
}

/// Helm without a cluster; CRDs of prometheus-operator are taken to be there.
pub fn helm(command: &str) -> Command {
    let mut helm = tool("helm");
    helm.arg(command).env("KUBECONFIG", "/dev/null").env("HELM_NAMESPACE", "obs-error-exporter");
    if command == "template" {
        helm.args(["--api-versions", "monitoring.coreos.com/v1"]);
    }
    helm
}

/// All files below a folder, in order.
pub fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            walk(&entry, files);
        } else {
            files.push(entry);
        }
    }
}

fn copy(files: &[PathBuf], from: &Path, to: &Path) {
    for file in files {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
}
