//! Manifests against schemas, and against what a platform team asks of them.

use crate::containers::Exporter;
use crate::manifests::{Manifest, all, named};
use crate::tools::{done, refused, root, tool};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const NEWEST: &str = "1.37";
/// The first with native sidecars, and one from before.
const NATIVE: &str = "1.29";
const OLDEST: &str = "1.25";

const OPERATOR: [(&str, &str); 2] = [("PodMonitor", "podmonitors.yaml"), ("PrometheusRule", "prometheusrules.yaml")];

fn files<'a>(folder: &Path, manifests: impl IntoIterator<Item = &'a Manifest>) -> Vec<PathBuf> {
    let write = |manifest: &Manifest| {
        let path = folder.join(format!("{}.yaml", manifest.name.replace('/', "-")));
        fs::write(&path, &manifest.text).unwrap();
        path
    };
    manifests.into_iter().map(write).collect()
}

fn validate(version: &str, files: &[PathBuf]) -> Command {
    let mut command = tool("kubernetes-validate");
    command.args(["--strict", "--kubernetes-version", version]).args(files);
    command
}

fn native(manifest: &Manifest) -> bool {
    Exporter::of(manifest).iter().any(|exporter| exporter.native)
}

#[test]
fn they_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    let said = done(&mut validate(NEWEST, &files(folder.path(), all())));
    assert_eq!(said.matches(" passed for resource ").count() + operator_objects(), objects(all()), "{said}");
    done(&mut validate(NATIVE, &files(folder.path(), all().iter().filter(|manifest| native(manifest)))));
    done(&mut validate(OLDEST, &files(folder.path(), all().iter().filter(|manifest| !native(manifest)))));
    // it finds what is wrong: native sidecars in a version that does not know them
    let said = refused(&mut validate(OLDEST, &files(folder.path(), [named("kubernetes/examples/sidecar")])));
    assert!(said.contains("restartPolicy"), "{said}");
}

fn objects(manifests: &[Manifest]) -> usize {
    manifests.iter().map(|manifest| manifest.objects.iter().filter(|object| object.is_object()).count()).sum()
}

/// Objects of kinds that only the operator's own schemas know.
fn operator_objects() -> usize {
    OPERATOR.iter().map(|(kind, _)| all().iter().map(|manifest| manifest.of_kind(kind).count()).sum::<usize>()).sum()
}

#[test]
fn objects_of_the_operator_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, definition) in OPERATOR {
        let with = || all().iter().filter(|manifest| manifest.of_kind(kind).next().is_some());
        let check = |files: &[PathBuf]| {
            let mut command = tool("python");
            let schemas = root().join("tests/schemas");
            command.arg(schemas.join("validate_crd.py")).arg(schemas.join(definition)).args(files);
            command
        };
        done(&mut check(&files(folder.path(), with())));
        // it finds what is wrong
        let spoilt = with().next().unwrap().text.replace("\nspec:\n", "\nspec:\n  unknownField: 1\n");
        let path = folder.path().join("spoilt.yaml");
        fs::write(&path, spoilt).unwrap();
        let said = refused(&mut check(&[path]));
        assert!(said.contains("unknownField"), "{said}");
    }
}

#[test]
fn containers_have_no_more_rights_than_they_need() {
    for exporter in Exporter::all() {
        let Exporter { name, container, pod, .. } = &exporter;
        let security = &container["securityContext"];
        assert_eq!(security["readOnlyRootFilesystem"], true, "{name}");
        assert_eq!(security["allowPrivilegeEscalation"], false, "{name}");
        assert_eq!(security["privileged"], false, "{name}");
        assert_eq!(security["capabilities"], json!({"drop": ["ALL"]}), "{name}");
        let profiles = [&security["seccompProfile"]["type"], &pod["securityContext"]["seccompProfile"]["type"]];
        assert!(profiles.contains(&&json!("RuntimeDefault")), "{name}");
        let on_node = exporter.workload == "DaemonSet";
        // the logs of a node are root's; nothing else is a reason
        assert_eq!(security["runAsUser"], if on_node { 0 } else { 65532 }, "{name}");
        assert_eq!(security["runAsNonRoot"], !on_node, "{name}");
        assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
        for key in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"] {
            assert_eq!(pod[key], Value::Null, "{name}");
        }
        let mounts = container["volumeMounts"].as_array().unwrap().iter();
        let writable: Vec<_> =
            mounts.filter(|mount| mount["readOnly"] != true).map(|mount| &mount["mountPath"]).collect();
        assert!(
            writable.iter().all(|path| *path == "/var/lib/obs-error-exporter" || *path == "/scratch"),
            "{writable:?}"
        );
    }
}

#[test]
fn containers_have_what_they_need_and_no_more() {
    for exporter in Exporter::all() {
        let Exporter { name, container, .. } = &exporter;
        let resources = &container["resources"];
        for quantity in
            [&resources["requests"]["cpu"], &resources["requests"]["memory"], &resources["limits"]["memory"]]
        {
            assert!(quantity.is_string(), "{name}: {resources}");
        }
        assert_eq!(resources["limits"]["cpu"], Value::Null, "{name}: throttled reading is lag");
        for probe in
            ["httpGet", "tcpSocket"].map(|how| &container["livenessProbe"][how]).iter().filter(|how| how.is_object())
        {
            assert_eq!(probe["port"], "obs-metrics", "{name}");
        }
        assert!(container["livenessProbe"].is_object(), "{name}");
        // a sidecar that is behind must not take its service out of rotation
        assert_eq!(container["readinessProbe"].is_object(), exporter.workload == "DaemonSet", "{name}");
        assert_eq!(container["restartPolicy"] == "Always", exporter.native, "{name}");
        let image = container["image"].as_str().unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert!(image.ends_with(&format!("obs-error-exporter:{version}")) || image.contains("@sha256:"), "{image}");
    }
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let mut wanted = selector.as_object().into_iter().flatten().peekable();
    wanted.peek().is_some() && wanted.all(|(key, value)| labels[key] == *value)
}

#[test]
fn monitors_select_the_pods() {
    let pods = |manifest: &str| Exporter::of(named(manifest)).remove(0);
    let (sidecar, node) = (pods("kubernetes/examples/sidecar"), pods("kubernetes/daemonset"));
    let (chart_node, dependency) = (pods("helm/monitoring-values.yaml"), pods("helm/dependency"));
    // of the kustomization and of the chart: the one for nodes and the one for sidecars
    for (manifest, node) in [("kubernetes/monitoring", &node), ("helm/monitoring-values.yaml", &chart_node)] {
        let mut seen = BTreeSet::new();
        for monitor in named(manifest).of_kind("PodMonitor") {
            let selector = &monitor["spec"]["selector"]["matchLabels"];
            let endpoint = &monitor["spec"]["podMetricsEndpoints"][0];
            let (nodes, sidecars) = (selects(selector, &node.labels), selects(selector, &sidecar.labels));
            assert!(nodes != sidecars && sidecars == selects(selector, &dependency.labels), "{monitor}");
            // only there the exporter tells whose errors they are
            assert_eq!(endpoint["honorLabels"] == true, nodes, "{monitor}");
            assert_eq!(endpoint["port"], "obs-metrics");
            // rules sum by job: the service is in its name, and so is that it is an exporter's
            let job = endpoint["relabelings"].as_array().unwrap().iter().find(|rule| rule["targetLabel"] == "job");
            assert_eq!(job.map(|rule| rule["replacement"].as_str().unwrap()), sidecars.then_some("obs-errors/$1"));
            assert!(monitor["spec"]["sampleLimit"].as_u64().unwrap() > 200);
            let any = monitor["spec"]["namespaceSelector"]["any"] == true;
            assert!(any == sidecars, "{monitor}");
            if nodes {
                let namespaces = &monitor["spec"]["namespaceSelector"]["matchNames"];
                assert_eq!(*namespaces, json!(["obs-error-exporter"]), "{monitor}");
            }
            seen.insert(nodes);
        }
        assert_eq!(seen.len(), 2, "{manifest}");
    }
    assert_eq!(
        named("kubernetes/daemonset").of_kind("DaemonSet").next().unwrap()["metadata"]["namespace"],
        "obs-error-exporter"
    );
}

/// Without the operator: the same pods, limits and labels.
#[test]
fn scraping_without_the_operator_is_the_same() {
    let path = root().join("deploy/kubernetes/prometheus.yaml");
    let text = fs::read_to_string(path).unwrap();
    // Debian's promtool is built without the discovery of Kubernetes; it checks the rest
    let lines = text.lines().map(|line| {
        if line.starts_with("    kubernetes_sd_configs:") {
            "    static_configs: [{targets: [\"localhost:19765\"]}]"
        } else {
            line
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let checked = folder.path().join("prometheus.yaml");
    fs::write(&checked, lines.collect::<Vec<_>>().join("\n")).unwrap();
    done(tool("promtool").args(["check", "config"]).arg(&checked));
    let config: Value = serde_saphyr::from_str(&text).unwrap();
    let jobs = config["scrape_configs"].as_array().unwrap();
    let monitors: Vec<_> = named("kubernetes/monitoring").of_kind("PodMonitor").collect();
    assert_eq!(jobs.len(), monitors.len());
    for job in jobs {
        let mode = job["job_name"].as_str().unwrap().strip_prefix("obs-errors-").unwrap();
        let of_mode = |monitor: &&&Value| monitor["spec"]["selector"]["matchLabels"]["obs-error-exporter/mode"] == mode;
        let monitor = &monitors.iter().find(of_mode).unwrap()["spec"];
        let endpoint = &monitor["podMetricsEndpoints"][0];
        assert_eq!(job["sample_limit"], monitor["sampleLimit"]);
        assert_eq!(job["honor_labels"] == true, endpoint["honorLabels"] == true);
        assert_eq!(job["kubernetes_sd_configs"][0]["namespaces"]["names"], monitor["namespaceSelector"]["matchNames"]);
        let rules = job["relabel_configs"].as_array().unwrap();
        assert_eq!(rules[0]["regex"], format!("{mode};{}", endpoint["port"].as_str().unwrap()));
        for relabelling in endpoint["relabelings"].as_array().unwrap() {
            let same = |rule: &&Value| {
                ["regex", "replacement"].iter().all(|key| rule[key] == relabelling[key])
                    && rule["source_labels"] == relabelling["sourceLabels"]
                    && rule["target_label"] == relabelling["targetLabel"]
            };
            assert!(rules.iter().any(|rule| same(&rule)), "{mode}: {relabelling}");
        }
    }
}

#[test]
fn policies_let_the_scrapes_in() {
    for manifest in ["kubernetes/daemonset", "kubernetes/examples/sidecar", "helm/monitoring-values.yaml"] {
        let policy = named(manifest).of_kind("NetworkPolicy").next().unwrap();
        let exporter = &Exporter::of(named(manifest))[0];
        assert!(selects(&policy["spec"]["podSelector"]["matchLabels"], &exporter.labels), "{manifest}");
        let port = &exporter.container["ports"][0]["name"];
        let rules = policy["spec"]["ingress"].as_array().unwrap();
        let scrapes: Vec<_> = rules.iter().filter(|rule| rule["ports"][0]["port"] == *port).collect();
        assert_eq!(scrapes.len(), 1, "{manifest}");
        let from = json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]);
        assert_eq!(scrapes[0]["from"], from, "{manifest}");
    }
}
