//! What holds for every input: nothing is found that is not there, it does not matter in which pieces a log is read or
//! when the process is restarted, and what stands in a key, a message or a URL is no report.
//!
//! The inputs are made from a fixed seed, so a run is the same as the one before. `PROPERTIES_SEED=n` takes another one
//! and `PROPERTIES_TIMES=n` so many times as many cases, for a longer look.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod contained;
#[allow(dead_code)]
#[path = "../support/drive.rs"]
mod drive;
mod formats;
mod injections;
mod logs;
mod pieces;
mod restarts;
mod shapes;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

fn number(variable: &str, otherwise: u32) -> u32 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Tries a property on so many inputs; what fails is made smaller and shown.
pub fn check<S: Strategy>(cases: u32, inputs: &S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let seed = number("PROPERTIES_SEED", 1).to_le_bytes().repeat(8);
    let config = Config {
        cases: cases * number("PROPERTIES_TIMES", 1),
        failure_persistence: None,
        max_shrink_iters: 5000,
        max_shrink_time: 10_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    if let Err(error) = runner.run(inputs, property) {
        panic!("{error}");
    }
}
