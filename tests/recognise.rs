//! A log in, counts out: a pair of files under `tests/recognise` for each recogniser. `UPDATE=1 cargo test --test
//! recognise` writes what is found now; read the difference before you commit it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use obs_error_exporter::app::scan::Scanner;
use obs_error_exporter::config::Config;
use obs_error_exporter::recognise::BUILT_IN;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recognise")
}

fn logs() -> Vec<PathBuf> {
    let mut logs: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    logs.sort();
    logs
}

/// `COUNT CODE STATUS`, a line each.
fn found(log: &Path) -> String {
    let mut scanner = Scanner::new(Config::default()).unwrap();
    scanner.read(log, false, File::open(log).unwrap()).unwrap();
    let mut lines: Vec<_> =
        scanner.finish().errors.iter().map(|row| format!("{} {} {}\n", row.count, row.code, row.status)).collect();
    lines.sort_by(|one, other| one.split_once(' ').unwrap().1.cmp(other.split_once(' ').unwrap().1));
    lines.concat()
}

#[test]
fn every_log_is_counted_as_expected() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for log in logs() {
        let expected = log.with_extension("expected");
        let found = found(&log);
        if update {
            fs::write(&expected, &found).unwrap();
        } else if fs::read_to_string(&expected).ok().as_ref() != Some(&found) {
            wrong.push(format!("{}\n{found}", log.display()));
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

#[test]
fn every_recogniser_has_a_pair() {
    let logs = logs();
    for recogniser in BUILT_IN {
        let name = recogniser.name();
        let pair = |log: &&PathBuf| log.file_stem().unwrap().to_string_lossy().split('.').next() == Some(name);
        assert!(logs.iter().any(|log| pair(&log)), "no tests/recognise/{name}.log");
    }
}
