//! The Dockerfile and what is for machines without Kubernetes.

use crate::containers::{Exporter, Volume};
use crate::run::counts_what_it_reads;
use crate::tools::{done, refused, root, tool};
use serde_json::json;
use std::fs;
use std::process::{Command, Stdio};

#[test]
fn the_dockerfile_has_no_lint() {
    let mut hadolint = tool("hadolint");
    done(hadolint.args(["--failure-threshold", "style"]).arg(root().join("Dockerfile")));
    // it finds what is wrong
    let folder = tempfile::tempdir().unwrap();
    let careless = folder.path().join("Dockerfile");
    fs::write(&careless, "FROM debian\nRUN cd /tmp\n").unwrap();
    let said = refused(tool("hadolint").arg(&careless));
    assert!(said.contains("DL3006"), "{said}");
}

#[test]
fn the_dockerfile_builds_with_the_compiler_of_today_and_every_file_that_it_needs() {
    let text = fs::read_to_string(root().join("Dockerfile")).unwrap();
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start)).unwrap().to_owned();
    let crate_file = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let least = crate_file.lines().find_map(|line| line.strip_prefix("rust-version = \"")).unwrap();
    let numbers =
        |version: &str| -> Vec<u32> { version.trim_end_matches('"').split('.').map(|n| n.parse().unwrap()).collect() };
    assert!(numbers(&line("ARG RUST_VERSION=")) >= numbers(least));
    assert_eq!(line("ARG VERSION="), env!("CARGO_PKG_VERSION"));
    // what is copied out of the context is let into it
    let ignore = fs::read_to_string(root().join(".dockerignore")).unwrap();
    let copied = text.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.starts_with("--from"));
    let mut files: Vec<&str> = copied.flat_map(|line| line.split(' ').rev().skip(1)).collect();
    files.sort_unstable();
    assert_eq!(files, ["Cargo.lock", "Cargo.toml", "build.rs", "deploy/release", "src"]);
    for file in files {
        assert!(root().join(file).exists() && ignore.lines().any(|line| line == format!("!{file}")), "{file}");
    }
}

fn unit() -> String {
    fs::read_to_string(root().join("deploy/systemd/obs-error-exporter.service")).unwrap()
}

#[test]
fn the_unit_is_understood_and_hardened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("obs-error-exporter.service");
    let here = unit().replace("ExecStart=/usr/local/bin/", "ExecStart=/usr/bin/true --");
    fs::write(&path, &here).unwrap();
    let verify = || {
        let output =
            tool("systemd-analyze").args(["verify", "--man=no"]).arg(&path).stdin(Stdio::null()).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(verify(), (true, String::new()));
    let security = || {
        let mut command = tool("systemd-analyze");
        command.args(["security", "--offline=true", "--no-pager", "--threshold=15"]).arg(&path);
        command
    };
    // exposure, of 10: at most 1.5
    done(&mut security());
    fs::write(
        &path,
        here.replace("ProtectSystem=strict", "ProtectSistem=strict").replace("CapabilityBoundingSet=\n", ""),
    )
    .unwrap();
    assert!(verify().1.contains("ProtectSistem"), "{}", verify().1);
    refused(&mut security());
}

#[test]
fn the_unit_starts_what_it_says() {
    let unit = unit();
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/obs-error-exporter ")).unwrap();
    let line = line.replace("%E", "/etc").replace("%S", "/var/lib");
    let arguments: Vec<&str> = line.split(' ').collect();
    let config = "inputs:\n  - paths: [\"/var/log/app/**/*.log\"]\n";
    let files = Volume::Files([("config.yaml".to_owned(), config.to_owned())].into());
    let mounts = [
        ("/etc/obs-error-exporter".to_owned(), files),
        ("/var/lib/obs-error-exporter".to_owned(), Volume::Folder),
        ("/var/log/app".to_owned(), Volume::Folder),
    ];
    // DynamicUser: some user that is nobody
    let context = json!({"runAsUser": 61184, "capabilities": {"drop": ["ALL"]}});
    let container = json!({"args": arguments, "securityContext": context});
    counts_what_it_reads(&Exporter::outside("the unit", container, mounts.into()));
}

#[test]
fn the_release_script_is_sound() {
    done(Command::new("bash").arg("-n").arg(root().join("deploy/release")));
    let help = done(Command::new(root().join("deploy/release")).arg("--help"));
    assert!(help.contains("deploy/release build") && help.contains("SIGNING_KEY"), "{help}");
    // flags of its own must not be mixed with others
    let said = refused(Command::new(root().join("deploy/release")).arg("build").env("RUSTFLAGS", "-C opt-level=0"));
    assert!(said.contains("unset it"), "{said}");
}
