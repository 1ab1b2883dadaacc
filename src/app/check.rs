//! What the globs of an input match now: for those who check a configuration, and for the first lines of the log.

use crate::config::Input;
use crate::tail::{Discovery, InputOptions, TailError};
use std::fs::File;
use std::path::{Path, PathBuf};

/// What a glob matches now.
#[derive(Debug, Clone, Default)]
pub struct Matches {
    /// The glob as it was given.
    pub glob: String,
    /// Files that would be tailed, with their sizes in bytes.
    pub files: Vec<(PathBuf, u64)>,
    /// What matches and is not read, and why.
    pub skipped: Vec<(PathBuf, String)>,
    /// The folders that were looked into, or the nearest above them that exist.
    pub folders: Vec<PathBuf>,
}

impl Matches {
    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, size)| size).sum()
    }

    /// Where it was looked, if nothing was found: the folder, or what exists of it.
    #[must_use]
    pub fn looked_in(&self) -> String {
        let folders: Vec<_> = self.folders.iter().take(MOST).map(|folder| folder.display().to_string()).collect();
        let more = if self.folders.len() > MOST { ", …" } else { "" };
        folders.join(", ") + more
    }

    /// The folder that the glob names and that does not exist.
    #[must_use]
    pub fn missing(&self) -> Option<PathBuf> {
        let fixed: PathBuf = Path::new(&self.glob).iter().take_while(|part| !wild(part)).collect();
        let folder = if fixed.as_path() == Path::new(&self.glob) { fixed.parent()?.to_owned() } else { fixed };
        (!folder.as_os_str().is_empty() && !folder.exists()).then_some(folder)
    }
}

/// Folders that are named.
const MOST: usize = 5;

fn wild(part: &std::ffi::OsStr) -> bool {
    part.as_encoded_bytes().iter().any(|byte| b"*?[{".contains(byte))
}

/// Looks for the files of an input, glob by glob.
///
/// # Errors
/// When a glob is wrong.
pub fn look(input: &Input) -> Result<Vec<Matches>, TailError> {
    input.paths.iter().map(|glob| matches(glob, input)).collect()
}

fn matches(glob: &str, input: &Input) -> Result<Matches, TailError> {
    let options =
        InputOptions { paths: vec![glob.to_owned()], exclude: input.exclude.clone(), start_at: input.start_at };
    let walk = Discovery::new(&[options])?.walk();
    let folders = walk.folders.keys().map(Path::to_owned).collect();
    let mut matches = Matches { glob: glob.to_owned(), folders, ..Matches::default() };
    matches.skipped.extend(walk.skipped.into_iter().map(|(path, reason)| (path, reason.to_owned())));
    matches.skipped.extend(walk.failed.into_iter().map(|(path, _, error)| (path, error.to_string())));
    for found in walk.found {
        match File::open(&found.path) {
            Ok(_) => matches.files.push((found.path, found.stat.size)),
            Err(error) => matches.skipped.push((found.path, error.to_string())),
        }
    }
    matches.folders.sort();
    matches.files.sort();
    Ok(matches)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_and_what_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join("a.log"), "four").unwrap();
        std::fs::write(folder.path().join("a.log.gz"), "").unwrap();
        let globs = ["a.log*", "*.txt", "gone/*.log", "gone/a.log"].map(|glob| format!("{place}/{glob}"));
        let found = look(&Input::at(globs.to_vec())).unwrap();
        assert_eq!((found[0].files.len(), found[0].bytes()), (1, 4));
        assert_eq!(found[0].skipped[0].1, "compressed");
        assert_eq!((found[1].files.len(), found[1].looked_in().as_str(), found[1].missing()), (0, place, None));
        for matches in &found[2..] {
            assert_eq!(matches.looked_in(), place);
            assert_eq!(matches.missing(), Some(folder.path().join("gone")));
        }
        assert!(look(&Input::at(vec!["a[".to_owned()])).is_err());
    }
}
