//! Programs of the Debian package `prometheus`, and a running one that scrapes.

use super::expected::Counts;
use super::http;
use super::process::Program;
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

pub const PATIENCE: Duration = Duration::from_secs(40);

/// What Prometheus and Alertmanager say when they listen.
pub const LISTENS: &str = "msg=\"Listening on\"";

/// A program of the Debian package `prometheus`.
pub fn command(name: &str) -> Command {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|at| at.join(name).exists());
    assert!(found, "{name} is not installed; tests/run installs what the tests need");
    Command::new(name)
}

pub struct Prometheus {
    _program: Program,
    address: SocketAddr,
}

impl Prometheus {
    /// One that scrapes a daemon every second, on a port that the kernel chooses.
    pub fn start(folder: &Path, target: SocketAddr) -> Self {
        Self::start_with(folder, target, "")
    }

    /// The same with more lines in the configuration of the scrape.
    pub fn start_with(folder: &Path, target: SocketAddr, more: &str) -> Self {
        Self::running(
            folder,
            &format!(
                "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n  - job_name: obs\n    \
                 static_configs: [{{targets: ['{target}']}}]\n{more}"
            ),
        )
    }

    /// One with a configuration, which it has in a folder together with its data.
    pub fn running(folder: &Path, config: &str) -> Self {
        let path = folder.join("prometheus.yml");
        fs::write(&path, config).unwrap();
        let mut program = Program::start(
            command("prometheus")
                .arg(format!("--config.file={}", path.display()))
                .arg(format!("--storage.tsdb.path={}", folder.join("prometheus").display()))
                .arg("--enable-feature=exemplar-storage")
                .arg("--web.listen-address=127.0.0.1:0"),
        );
        let address = program.address(LISTENS, PATIENCE);
        Self { _program: program, address }
    }

    /// What its API answers to a question that ends with the name of its parameter (`query?query`), if it does: not
    /// everything does at the start.
    pub fn api(&self, question: &str, query: &str) -> Option<Value> {
        let escaped: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let Ok((200, body)) = http::get(self.address, &format!("/api/v1/{question}={escaped}")) else {
            return None;
        };
        Some(serde_json::from_str(&body).unwrap())
    }

    /// The samples of an instant query: labels and value.
    pub fn query(&self, query: &str) -> Vec<(Value, f64)> {
        let Some(answer) = self.api("query?query", query) else { return Vec::new() };
        let samples = answer["data"]["result"].as_array().unwrap();
        let value = |sample: &Value| sample["value"][1].as_str().unwrap().parse().unwrap();
        samples.iter().map(|sample| (sample["metric"].clone(), value(sample))).collect()
    }

    pub fn counts(&self) -> Counts {
        let samples = self.query("sum by (code,status) (huaweicloud_obs_errors_total)");
        let label = |labels: &Value, name: &str| labels[name].as_str().unwrap().to_owned();
        let cells = samples.into_iter().filter(|(_, value)| *value > 0.0);
        cells.map(|(labels, value)| ((label(&labels, "code"), label(&labels, "status")), value as u64)).collect()
    }

    pub fn value(&self, query: &str) -> Option<f64> {
        let samples = self.query(query);
        assert!(samples.len() < 2, "{query}: {samples:?}");
        samples.first().map(|sample| sample.1)
    }
}

/// What `promtool check` finds wrong with a text; success and what it says.
pub fn promtool_check(what: &[&str], text: &str) -> (bool, String) {
    let mut promtool = command("promtool")
        .arg("check")
        .args(what)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut promtool.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let done = promtool.wait_with_output().unwrap();
    (done.status.success(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
}
