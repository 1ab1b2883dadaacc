//! The binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    obs_error_exporter::cli::main()
}
