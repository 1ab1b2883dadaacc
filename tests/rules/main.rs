//! The alert rules: what is shipped is what is rendered, promtool is content with all of it, every alert fires when it
//! should and only then, and the whole chain from a line of a log to a notification works.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod cases;
mod chain;
mod command;
mod copies;
mod operator;
mod runbooks;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program of a Debian package.
fn command(name: &str) -> Command {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|at| at.join(name).exists());
    assert!(found, "{name} is not installed; tests/run installs what the tests need");
    Command::new(name)
}

/// Runs promtool: whether it was content, and what it said.
fn promtool(arguments: &[&str]) -> (bool, String) {
    let done = command("promtool").args(arguments).output().unwrap();
    (done.status.success(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
}

/// The file of the repository is this text. `UPDATE=1` makes it so.
fn holds(path: &str, text: &str) {
    let full = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(&full, text).unwrap();
    }
    let found = fs::read_to_string(&full).unwrap_or_default();
    assert!(found == text, "{path} is not what is rendered; UPDATE=1 cargo test --test rules writes it");
}

/// A folder that is gone after the test, and a file in it.
fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}
