//! The real daemon, on a port that the kernel chooses.

use super::expected::Counts;
use super::http;
use super::process::Program;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

const NOBODY: [&str; 3] = ["--reuid=65534", "--regid=65534", "--clear-groups"];

/// How to start a daemon.
pub struct Start {
    program: PathBuf,
    folder: PathBuf,
    logs: String,
    state: Option<PathBuf>,
    listen: SocketAddr,
    config: Option<PathBuf>,
    open_files: Option<u32>,
    nobody: bool,
    more: Vec<String>,
    env: Vec<(String, String)>,
}

impl Start {
    /// In a folder, with its state in `state` there, for the logs that match a glob.
    pub fn new(folder: &Path, logs: &str) -> Self {
        Self {
            program: PathBuf::from(env!("CARGO_BIN_EXE_obs-error-exporter")),
            folder: folder.to_owned(),
            logs: folder.join(logs).to_str().unwrap().to_owned(),
            state: Some(folder.join("state")),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            config: None,
            open_files: None,
            nobody: false,
            more: Vec::new(),
            env: Vec::new(),
        }
    }

    pub fn program(mut self, program: &Path) -> Self {
        program.clone_into(&mut self.program);
        self
    }

    /// Another state folder; without one the flag is not given.
    pub fn state(mut self, state: Option<&Path>) -> Self {
        self.state = state.map(Path::to_owned);
        self
    }

    /// An address of its own choice, for a daemon whose log is not read.
    pub fn listen(mut self, listen: SocketAddr) -> Self {
        self.listen = listen;
        self
    }

    /// With a configuration file.
    pub fn config(mut self, text: &str) -> Self {
        let path = self.folder.join("config.yaml");
        std::fs::write(&path, text).unwrap();
        self.config = Some(path);
        self
    }

    /// With a variable in its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With more flags.
    pub fn flags(mut self, flags: &[&str]) -> Self {
        self.more.extend(flags.iter().map(|&flag| flag.to_owned()));
        self
    }

    /// With so many descriptors (`ulimit -n`).
    pub fn open_files(mut self, most: u32) -> Self {
        self.open_files = Some(most);
        self
    }

    /// As another user than `root`, if we are `root` and can be another.
    pub fn by_nobody(mut self) -> Option<Self> {
        self.nobody = true;
        let can = Command::new("setpriv").args(NOBODY).arg(&self.program).arg("--version").output();
        can.is_ok_and(|output| output.status.success()).then_some(self)
    }

    pub fn command(&self) -> Command {
        let mut command = match self.open_files {
            None if self.nobody => {
                let mut command = Command::new("/usr/bin/setpriv");
                command.args(NOBODY).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
            Some(most) => {
                let mut command = Command::new("/bin/bash");
                command.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\"")]).arg(&self.program);
                command
            }
        };
        command.env_clear().current_dir(&self.folder);
        command.args(["serve", "--web.listen-address", &self.listen.to_string(), "--logs", &self.logs]);
        if let Some(config) = &self.config {
            command.arg("--config.file").arg(config);
        }
        if let Some(state) = &self.state {
            command.arg("--state.path").arg(state);
        }
        command.args(&self.more).envs(self.env.iter().cloned());
        command
    }

    /// A daemon that listens.
    pub fn start(&self) -> Daemon {
        let mut program = Program::start(&mut self.command());
        let address = program.address("metrics are served", PATIENCE);
        Daemon { program, address }
    }

    /// A daemon that does not start: how it ends and what it says.
    pub fn refused(&self) -> (ExitStatus, String) {
        let mut program = Program::start(&mut self.command());
        let status = program.wait(PATIENCE);
        (status, program.said())
    }
}

pub struct Daemon {
    pub program: Program,
    pub address: SocketAddr,
}

impl Daemon {
    pub fn scrape(&self) -> Metrics {
        let (status, text) = http::get(self.address, "/metrics").unwrap();
        assert_eq!(status, 200, "{text}");
        Metrics::parse(&text)
    }

    /// Scrapes until the counts are these. New series are at 0 in the first scrape that shows them.
    pub fn wait_for(&self, counts: &Counts) -> Metrics {
        let mut last = Metrics(BTreeMap::new());
        wait_or(PATIENCE, || {
            last = self.scrape();
            (last.errors() == *counts).then(|| last.clone())
        })
        .unwrap_or_else(|| {
            let own =
                last.0.iter().filter(|(series, value)| series.starts_with("obs_error_exporter") && **value != 0.0);
            let own: Vec<String> = own.map(|(series, value)| format!("{series} {value}")).collect();
            panic!(
                "counted {:?}\nexpected {counts:?}\nof itself it told:\n{}\nthe daemon said:\n{}",
                last.errors(),
                own.join("\n"),
                self.program.said()
            )
        })
    }

    /// Ends it with SIGTERM; how long that may take includes the time in which it waits for a last scrape.
    pub fn terminate(self) -> (ExitStatus, String) {
        self.program.terminate();
        self.ended()
    }

    /// Waits for the end of one that was told to end.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let status = self.program.wait(PATIENCE);
        (status, self.program.said())
    }

    pub fn kill(mut self) {
        self.program.kill();
    }
}

fn wait_or<T>(patience: Duration, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = std::time::Instant::now() + patience;
    while std::time::Instant::now() < deadline {
        let result = attempt();
        if result.is_some() {
            return result;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

/// What a scrape has shown: values by series, as `name{labels}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics(pub BTreeMap<String, f64>);

impl Metrics {
    /// Scrapes an address, which may be that of a daemon that is just ending or has not read anything yet.
    pub fn of(address: SocketAddr) -> io::Result<Option<Self>> {
        let (status, text) = http::get(address, "/metrics")?;
        Ok((status == 200).then(|| Self::parse(&text)))
    }

    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        Self(
            lines
                .map(|line| {
                    let (series, value) = line.rsplit_once(' ').unwrap();
                    (series.to_owned(), value.parse().unwrap())
                })
                .collect(),
        )
    }

    /// The value of a series, 0 if it is not there.
    pub fn value(&self, series: &str) -> u64 {
        self.0.get(series).copied().unwrap_or(0.0) as u64
    }

    /// The series of the errors with what they are labelled with, those at 0 included.
    pub fn series(&self) -> impl Iterator<Item = ((String, String), u64)> {
        self.0.iter().filter_map(|(series, value)| {
            let labels = series.strip_prefix("huaweicloud_obs_errors_total{")?;
            let label = |name: &str| {
                let (_, rest) = labels.split_once(&format!("{name}=\"")).unwrap();
                rest.split_once('"').unwrap().0.to_owned()
            };
            Some(((label("code"), label("status")), *value as u64))
        })
    }

    /// The errors by code and status, without those at 0.
    pub fn errors(&self) -> Counts {
        self.series().filter(|(_, count)| *count > 0).collect()
    }
}

/// Counts, written briefly.
pub fn counts(cells: &[(&str, &str, u64)]) -> Counts {
    cells.iter().map(|(code, status, count)| (((*code).to_owned(), (*status).to_owned()), *count)).collect()
}
