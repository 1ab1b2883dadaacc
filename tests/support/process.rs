//! Programs that a test starts, listens to, and ends.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Tries until there is a result, and says what did not come if it takes too long.
pub fn wait<T>(what: &str, patience: Duration, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A program that runs until the test ends it; what it writes to standard error is kept. Killed when dropped.
pub struct Program {
    child: Child,
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
}

impl Program {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = Arc::new(Mutex::new(String::new()));
        let (lines, heard) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&said));
        let listener = thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                heard.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Self { child, said, listener: Some(listener) }
    }

    /// What it has written to standard error so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub fn exited(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().unwrap()?;
        if let Some(listener) = self.listener.take() {
            listener.join().unwrap();
        }
        Some(status)
    }

    /// The `address=` of the line in which it says `word`, once it does.
    pub fn address(&mut self, word: &str, patience: Duration) -> SocketAddr {
        wait("it to listen", patience, || {
            let ended = self.exited();
            assert!(ended.is_none(), "it ended with {ended:?}; it said:\n{}", self.said());
            let said = self.said();
            let line = said.lines().find(|line| line.contains(word))?;
            line.split(' ').find_map(|field| field.strip_prefix("address="))?.parse().ok()
        })
    }

    pub fn wait(&mut self, patience: Duration) -> ExitStatus {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.exited() {
                return status;
            }
            assert!(Instant::now() < deadline, "it runs on after {patience:?}; it said:\n{}", self.said());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// SIGTERM to this program and no other.
    pub fn terminate(&self) {
        signal(&self.child, Signal::TERM);
    }

    /// Another signal to this program and no other.
    pub fn signal(&self, which: Signal) {
        signal(&self.child, which);
    }

    /// SIGKILL to this program and no other.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.wait(Duration::from_secs(10));
    }

    /// The most memory it has had at a time, in KiB. Nothing once it has ended.
    pub fn peak(&self) -> Option<u64> {
        peak(self.child.id())
    }
}

/// A signal to a child and no other process.
pub fn signal(child: &Child, which: Signal) {
    kill_process(Pid::from_child(child), which).unwrap();
}

/// The most memory that a process has had at a time, in KiB. Nothing once it has ended.
pub fn peak(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
