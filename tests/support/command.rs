//! Commands as they are typed, and what they print.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// What a command has printed, and how it ended.
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A command with nothing in its environment.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_obs-error-exporter"));
    command.env_clear().args(arguments);
    command
}

/// Runs a command with something on its standard input.
pub fn feed(command: &mut Command, input: &[u8]) -> Done {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // who does not read it need not; who prints before it has read all must not wait for us
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let done = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
}

pub fn run_with(input: &str, arguments: &[&str]) -> Done {
    feed(&mut command(arguments), input.as_bytes())
}

pub fn run(arguments: &[&str]) -> Done {
    run_with("", arguments)
}

/// What is printed by a command that succeeds and complains of nothing.
pub fn printed(arguments: &[&str]) -> String {
    let done = run(arguments);
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{arguments:?}");
    done.out
}
