//! Printing that neither panics nor fails because nobody reads it.

use super::args::Color;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, Write};

/// Prints to standard output. That the reader has gone away is no error.
///
/// # Errors
/// When it cannot be written for another reason (a full disk).
pub fn print(text: &str) -> io::Result<()> {
    written(&mut io::stdout().lock(), text)
}

/// Prints to standard output a text with colours, without them where they are not wanted or cannot be shown.
///
/// # Errors
/// As [`print()`].
pub fn print_styled(text: &str, color: Color) -> io::Result<()> {
    let choice = match color {
        Color::Auto => AutoStream::choice(&io::stdout()), // knows NO_COLOR, CLICOLOR and TERM
        Color::Always => ColorChoice::AlwaysAnsi,
        Color::Never => ColorChoice::Never,
    };
    written(&mut AutoStream::new(io::stdout().lock(), choice), text)
}

fn written(out: &mut impl Write, text: &str) -> io::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a line to standard error, if that can be done.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
