//! Makes the logs that the benchmarks read: `corpus KIND BYTES SEED >LOG 2>TRUTH`.
//!
//! `TRUTH` holds what has to be counted in the log, a line `COUNT CODE STATUS` each. The kinds are those of `logs.rs`.
#![allow(clippy::print_stderr, missing_docs)]

mod logs;

use std::io::{self, BufWriter};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = match arguments.as_slice() {
        [kind, bytes, seed] => {
            logs::KINDS.iter().find(|known| known.name == kind).zip(bytes.parse().ok()).zip(seed.parse().ok())
        }
        _ => None,
    };
    let Some(((kind, bytes), seed)) = asked else {
        let names: Vec<_> = logs::KINDS.iter().map(|kind| kind.name).collect();
        eprintln!("usage: corpus {} BYTES SEED >LOG 2>TRUTH", names.join("|"));
        return ExitCode::from(2);
    };
    match logs::write(kind, bytes, seed, &mut BufWriter::with_capacity(1 << 20, io::stdout().lock())) {
        Ok(truth) => {
            truth.iter().for_each(|((code, status), count)| eprintln!("{count} {code} {status}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot write the log: {error}");
            ExitCode::FAILURE
        }
    }
}
