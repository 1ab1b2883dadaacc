//! Every container of the exporter is run with the flags, the configuration and the user that its manifest gives it.

use crate::containers::{Exporter, Volume};
use crate::manifests::{chart, helm};
use crate::support::daemon::Metrics;
use crate::support::http;
use crate::support::process::{Program, wait};
use crate::tools::{done, root};
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);
const LINE: &str = "2026-11-22T13:10:36Z ERROR code=SlowDown status=503 request_id=0000018F000000000000000000000001\n";

/// A container that runs, with its volumes in a folder.
pub struct Running {
    folder: TempDir,
    mounts: Vec<String>,
    program: Program,
    pub address: SocketAddr,
}

/// The program where every user can reach it, whoever may enter the folder that it was built in.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = PROGRAM.get_or_init(|| {
        let folder = open_folder();
        let path = folder.path().join("obs-error-exporter");
        fs::copy(env!("CARGO_BIN_EXE_obs-error-exporter"), &path).unwrap();
        (folder, path)
    });
    path
}

fn open_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Paths of mounts in a text become those of the folder; one may begin as another does.
fn moved(text: &str, mounts: &[String], folder: &Path) -> String {
    let mut by_length: Vec<_> = mounts.iter().enumerate().collect();
    by_length.sort_by_key(|(_, mount)| std::cmp::Reverse(mount.len()));
    let marker = |index: usize| format!("\0{index}\0");
    let marked = by_length.iter().fold(text.to_owned(), |text, (index, mount)| text.replace(*mount, &marker(*index)));
    let here = |mount: &str| format!("{}{mount}", folder.display());
    by_length.iter().fold(marked, |text, (index, mount)| text.replace(&marker(*index), &here(mount)))
}

impl Running {
    pub fn start(exporter: &Exporter) -> Self {
        let folder = open_folder();
        let mounts: Vec<String> = exporter.mounts.keys().cloned().collect();
        let at = |path: &str| folder.path().join(path.trim_start_matches('/'));
        for (path, volume) in &exporter.mounts {
            fs::create_dir_all(at(path)).unwrap();
            match volume {
                Volume::Files(files) => {
                    for (name, text) in files {
                        // a minute of zeros is not what this is about
                        let text =
                            moved(text, &mounts, folder.path()).replace("new_series_hold: ", "new_series_hold: 0s # ");
                        fs::write(at(path).join(name), text).unwrap();
                    }
                }
                // as an emptyDir is; a folder of the node is root's
                Volume::Folder => fs::set_permissions(at(path), fs::Permissions::from_mode(0o777)).unwrap(),
            }
        }
        let mut command = as_user(exporter);
        command.env_clear().current_dir(folder.path());
        for variable in exporter.container["env"].as_array().into_iter().flatten() {
            command.env(variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap());
        }
        for argument in exporter.container["args"].as_array().expect("arguments") {
            let argument = argument.as_str().unwrap();
            if !argument.starts_with("--web.listen-address") {
                command.arg(moved(argument, &mounts, folder.path()));
            }
        }
        command.arg("--web.listen-address=127.0.0.1:0");
        let mut program = Program::start(&mut command);
        let address = wait("the daemon to listen", PATIENCE, || {
            let ended = program.exited();
            assert!(ended.is_none(), "{}: it ended with {ended:?}; it said:\n{}", exporter.name, program.said());
            let said = program.said();
            // in logfmt or JSON
            let (_, rest) = said.lines().find(|line| line.contains("metrics are served"))?.split_once("address")?;
            rest.trim_start_matches(['=', '"', ':']).split([' ', '"']).next()?.parse().ok()
        });
        Self { folder, mounts, program, address }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
    }

    fn has(&self, path: &str) -> bool {
        self.mounts.iter().any(|mount| mount == path)
    }

    /// Writes an error into a log of the service, or of a pod on the node, as only its owner may read it there.
    fn write_log(&self) {
        if !self.has("/var/log/pods") {
            let folder = self.at("/var/log/app/today");
            fs::create_dir(&folder).unwrap();
            return fs::write(folder.join("checkout.log"), LINE).unwrap();
        }
        let folder = self.at("/var/log/pods/shop_checkout-7d9f_0b1c2d3e/app");
        let log = folder.join("0.log");
        fs::create_dir_all(&folder).unwrap();
        let mut target = log.clone();
        let mut text = format!("2026-11-22T13:10:36.000000000Z stdout F {LINE}");
        if self.has("/var/lib/docker/containers") {
            target = self.at("/var/lib/docker/containers/0b1c/0b1c-json.log");
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            text = json!({"log": LINE, "stream": "stdout", "time": "2026-11-22T13:10:36Z"}).to_string() + "\n";
        }
        // not to be read by group and others even for a moment
        let made = fs::OpenOptions::new().write(true).create_new(true).open(&target).unwrap();
        made.set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
        if target != log {
            symlink(&target, &log).unwrap();
        }
        fs::write(&target, text).unwrap();
    }
}

/// The program as the user, and with the capabilities, that the security context leaves it. Who is not root may not
/// choose, and has none to lose.
fn as_user(exporter: &Exporter) -> Command {
    let context = &exporter.container["securityContext"];
    let owner = fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own));
    let (Ok(0), Some(user)) = (owner, context["runAsUser"].as_u64()) else { return Command::new(program()) };
    let group = context["runAsGroup"].as_u64().unwrap_or(user);
    assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}), "{}", exporter.name);
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &user.to_string(), "--regid", &group.to_string(), "--clear-groups"]);
    command.args(["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]).arg(program());
    command
}

/// Runs it, and sees that it answers its probes, counts, stops and leaves its state.
pub fn counts_what_it_reads(exporter: &Exporter) {
    let running = Running::start(exporter);
    for kind in ["livenessProbe", "readinessProbe"] {
        let Some((path, _)) = exporter.probe(kind) else { continue };
        wait(&format!("{}: {kind}", exporter.name), PATIENCE, || {
            http::get(running.address, path).is_ok_and(|(status, _)| status == 200).then_some(())
        });
    }
    // what lies there before the first look may be what it begins behind
    wait("the first look", PATIENCE, || {
        http::get(running.address, "/-/ready").is_ok_and(|(status, _)| status == 200).then_some(())
    });
    running.write_log();
    let labels = if running.has("/var/log/pods") {
        [",namespace=\"shop\"", ",pod=\"checkout-7d9f\"", ",container=\"app\""].as_slice()
    } else {
        &[]
    };
    wait(&format!("{} to count an error", exporter.name), PATIENCE, || {
        let metrics = Metrics::of(running.address).unwrap()?;
        let mut series = metrics.0.iter().filter(|(name, _)| name.starts_with("huaweicloud_obs_errors_total{"));
        let right = |name: &str| name.contains("code=\"SlowDown\"") && labels.iter().all(|label| name.contains(label));
        series.any(|(name, value)| right(name) && *value == 1.0).then_some(())
    });
    running.program.terminate();
    let mut program = running.program;
    assert!(program.wait(PATIENCE).success(), "{}: {}", exporter.name, program.said());
    let state =
        exporter.mounts.keys().find(|path| path.ends_with("obs-error-exporter") && path.starts_with("/var/lib"));
    let left = fs::read_dir(running.folder.path().join(state.unwrap().trim_start_matches('/'))).unwrap().count();
    assert!(left > 0, "{}: it leaves no state", exporter.name);
}

#[test]
fn as_it_is_written() {
    // each waits for a last scrape when it stops, so they do it together
    let exporters = Exporter::all();
    std::thread::scope(|scope| {
        for exporter in &exporters {
            scope.spawn(move || counts_what_it_reads(exporter));
        }
    });
}

#[test]
fn as_the_notes_of_the_chart_tell() {
    let mut command = helm("install");
    let said = done(command.arg("test").arg(chart()).arg("--dry-run=client"));
    let notes = said.split("\nNOTES:\n").nth(1).expect("notes");
    let pod = &notes[notes.find("initContainers:").unwrap()..];
    runs("the notes of the chart", pod);
}

#[test]
fn as_the_readme_tells() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let deploy = text.split("\n## Deploy\n").nth(1).expect("a section on deployment");
    let pod = deploy.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(pod.lines().count() <= 20, "{pod}");
    runs("the README", pod);
}

/// A part of a pod in which the volume of the logs is the service's.
fn runs(name: &str, pod: &str) {
    let mut pod: Value = serde_saphyr::from_str(pod).unwrap_or_else(|error| panic!("{name}: {error}\n{pod}"));
    pod["volumes"].as_array_mut().unwrap().push(json!({"name": "logs", "emptyDir": {}}));
    let exporters = Exporter::in_pod(name, &pod, &[]);
    assert_eq!(exporters.len(), 1, "{name}");
    counts_what_it_reads(&exporters[0]);
}
