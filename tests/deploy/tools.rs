//! Programs that check what is shipped. `tests/run` installs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A tool that `tests/run` has installed, or that the machine has.
pub fn tool(name: &str) -> Command {
    let ours = [root().join(".tools/bin"), root().join(".tools/python/bin")];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = ours.into_iter().chain(std::env::split_paths(&path)).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    Command::new(found.unwrap_or_else(|| panic!("{name} is not there; tests/run installs what the tests need")))
}

/// What a command prints; it must succeed.
pub fn done(command: &mut Command) -> String {
    let (output, said) = output(command);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// What a command says that must fail.
pub fn refused(command: &mut Command) -> String {
    let (output, said) = output(command);
    assert!(!output.status.success(), "{command:?} finds nothing wrong\n{said}");
    said
}

fn output(command: &mut Command) -> (Output, String) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    (output, String::from_utf8_lossy(&said).into_owned())
}
