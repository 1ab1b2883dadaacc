//! What systemd is told, and the sockets that it hands over, as its manual has them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use rustix::process::Signal;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::daemon::Start;
use support::http;
use support::process::wait;

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn readiness_reload_and_stop_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).expect("the daemon tells nothing");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    let daemon = Start::new(folder.path(), "app.log").config("").env("NOTIFY_SOCKET", path.to_str().unwrap()).start();
    assert_eq!(told().trim(), "READY=1");
    assert_eq!(http::get(daemon.address, "/-/healthy").unwrap().0, 200);
    for config in ["", "nonsense: 1\n"] {
        std::fs::write(folder.path().join("config.yaml"), config).unwrap();
        daemon.program.signal(Signal::HUP);
        let reloading = told();
        assert!(reloading.contains("RELOADING=1") && reloading.contains("MONOTONIC_USEC="), "{reloading}");
        assert_eq!(told().trim(), "READY=1");
    }
    daemon.program.terminate();
    assert_eq!(told().trim(), "STOPPING=1");
    assert!(daemon.ended().0.success());
}

#[test]
fn a_socket_that_is_handed_over_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = |how: &str| {
        let mut command = Command::new("/bin/bash");
        // what is handed over begins at descriptor 3
        command.args(["-c", &format!("{how} exec \"$0\" serve --logs app.log --state.path none --web.systemd-socket")]);
        command.arg(env!("CARGO_BIN_EXE_obs-error-exporter")).env_clear().current_dir(folder.path());
        command
    };
    let mut daemon = serve("exec 3<&0; LISTEN_FDS=1 LISTEN_PID=$$")
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let answered = wait("an answer", PATIENCE, || http::get(address, "/-/healthy").ok());
    assert_eq!(answered.0, 200);
    support::process::signal(&daemon, Signal::TERM);
    assert!(daemon.wait().unwrap().success());

    let output = serve("").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("systemd has handed over no socket"));
}
