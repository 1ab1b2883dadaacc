//! Printing that neither panics nor fails because nobody reads it.

use std::io::{self, Write};

/// Prints to standard output. That the reader has gone away is no error.
///
/// # Errors
/// When it cannot be written for another reason (a full disk).
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a line to standard error, if that can be done.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
