//! The recorded logs of real clients, counted as they must be: whole, in pieces, and in any order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use obs_error_exporter::app::scan::Scanner;
use obs_error_exporter::config::Config;
use std::fs::File;
use std::io::{self, Read};
use support::expected::{Counts, Set};

/// Hands out a few bytes at a time, by a seed.
struct Pieces<R> {
    inner: R,
    seed: u64,
}

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        let most = [1, 7, 100, 4096, 65_536][(self.seed % 5) as usize].min(buffer.len());
        self.inner.read(&mut buffer[..most])
    }
}

fn scan(set: &Set, reverse: bool, seed: Option<u64>) -> Counts {
    let mut scanner = Scanner::new(Config::default()).unwrap();
    let mut arguments = set.files.clone();
    if reverse {
        arguments.reverse();
    }
    let (inputs, bad) = obs_error_exporter::app::scan::expand(&arguments);
    assert!(bad.is_empty());
    for input in inputs {
        let continues = matches!(input, obs_error_exporter::app::scan::Input::File { continues: true, .. });
        let log = File::open(input.path()).unwrap();
        match seed {
            Some(seed) => scanner.read(input.path(), continues, Pieces { inner: log, seed }),
            None => scanner.read(input.path(), continues, log),
        }
        .unwrap();
    }
    scanner.finish().errors.into_iter().map(|row| ((row.code, row.status), row.count)).collect()
}

fn check(reverse: bool, seed: Option<u64>) {
    let sets = Set::all();
    assert!(sets.len() >= 27, "sets are missing");
    let wrong: Vec<_> = sets
        .iter()
        .map(|set| (&set.name, set.differences(&scan(set, reverse, seed))))
        .filter(|(_, differences)| !differences.is_empty())
        .map(|(name, differences)| format!("{name}: {}", differences.join("; ")))
        .collect();
    assert!(wrong.is_empty(), "{} of {} sets are wrong:\n{}", wrong.len(), sets.len(), wrong.join("\n"));
}

#[test]
fn whole() {
    check(false, None);
}

#[test]
fn files_in_another_order() {
    check(true, None);
}

#[test]
fn in_pieces() {
    for seed in [1, 2, 3] {
        check(false, Some(seed * 0x9e37_79b9));
    }
}
