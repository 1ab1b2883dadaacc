//! What `scan` is asked to read: files, globs, folders and standard input, rotated files in the order of their age.

use crate::framing::Stamp;
use flate2::read::MultiGzDecoder;
use globset::GlobBuilder;
use std::cmp::Ordering;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A log to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file; `continues` if it goes on where the one before it in the list ends.
    File {
        /// Where it is.
        path: PathBuf,
        /// It is the next of a rotation.
        continues: bool,
    },
}

/// What was named and cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct Unreadable {
    /// What was named.
    pub path: PathBuf,
    /// Why not.
    pub reason: String,
}

impl Input {
    /// Opens it; a `.gz` file is decompressed.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self) -> io::Result<Box<dyn Read>> {
        match self {
            Self::Stdin => Ok(Box::new(io::stdin().lock())),
            Self::File { path, .. } => {
                let file = File::open(path)?;
                Ok(if compressed(path) { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
            }
        }
    }

    /// Where it is, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Stdin => Path::new("standard input"),
            Self::File { path, .. } => path,
        }
    }
}

fn compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// The logs that the arguments name, each once, and the arguments that name none. `-` or nothing is standard input.
#[must_use]
pub fn expand(arguments: &[PathBuf]) -> (Vec<Input>, Vec<Unreadable>) {
    let mut paths = Vec::new();
    let mut bad = Vec::new();
    let mut stdin = arguments.is_empty();
    for argument in arguments {
        let mut refuse = |reason: String| bad.push(Unreadable { path: argument.clone(), reason });
        if argument == Path::new("-") {
            stdin = true;
        } else if let Ok(about) = fs::metadata(argument) {
            if about.is_dir() {
                walk(argument, &mut paths, &mut refuse);
            } else {
                paths.push(argument.clone());
            }
        } else if let Some(pattern) = argument.to_str().filter(|text| text.contains(['*', '?', '[', '{'])) {
            glob(pattern, &mut paths, &mut refuse);
        } else {
            refuse(fs::metadata(argument).err().map_or_else(|| "gone".to_owned(), |error| error.to_string()));
        }
    }
    paths.sort();
    paths.dedup();
    let mut inputs: Vec<Input> = if stdin { vec![Input::Stdin] } else { Vec::new() };
    inputs.extend(in_order(paths));
    (inputs, bad)
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>, refuse: &mut impl FnMut(String)) {
    match fs::read_dir(folder) {
        Ok(entries) => {
            for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
                // what a link leads to may be the folder it stands in
                if path.is_dir() && !path.is_symlink() {
                    walk(&path, paths, refuse);
                } else if path.is_file() {
                    paths.push(path);
                }
            }
        }
        Err(error) => refuse(format!("{}: {error}", folder.display())),
    }
}

fn glob(pattern: &str, paths: &mut Vec<PathBuf>, refuse: &mut impl FnMut(String)) {
    let matcher = match GlobBuilder::new(pattern).literal_separator(true).build() {
        Ok(glob) => glob.compile_matcher(),
        Err(error) => return refuse(error.to_string()),
    };
    let fixed = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    let folder = pattern[..fixed].rfind('/').map_or(Path::new("."), |end| Path::new(&pattern[..=end]));
    let mut all = Vec::new();
    walk(folder, &mut all, refuse);
    let before = paths.len();
    paths.extend(all.into_iter().filter(|path| matcher.is_match(path.strip_prefix("./").unwrap_or(path))));
    if paths.len() == before {
        refuse(format!("no file matches; looked in {}", folder.display()));
    }
}

/// Files of one rotation stand next to each other, the oldest first.
fn in_order(paths: Vec<PathBuf>) -> Vec<Input> {
    let mut logs: Vec<Log> = paths.into_iter().map(Log::new).collect();
    logs.sort_by(|one, other| one.family.cmp(&other.family).then_with(|| one.age(other)));
    let mut before: Option<PathBuf> = None;
    logs.into_iter()
        .map(|log| {
            let continues = before.as_ref() == Some(&log.family);
            before = Some(log.family);
            Input::File { path: log.path, continues }
        })
        .collect()
}

struct Log {
    path: PathBuf,
    /// The name without what a rotation adds to it.
    family: PathBuf,
    /// The number that a rotation has put into the name.
    number: Option<u64>,
    begins: Option<Stamp>,
}

impl Log {
    fn new(path: PathBuf) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (family, number) = family(&name);
        let begins = Input::File { path: path.clone(), continues: false }.open().ok().and_then(begins);
        Self { family: path.with_file_name(family), number, begins, path }
    }

    /// By the first time stamp inside; without one, a higher number is older, and the file without a number is newest.
    fn age(&self, other: &Self) -> Ordering {
        match (self.begins, other.begins) {
            (Some(one), Some(other)) if one != other => one.cmp(&other),
            _ => other.number.cmp(&self.number),
        }
    }
}

fn begins(log: impl Read) -> Option<Stamp> {
    let mut head = Vec::new();
    log.take(16 * 1024).read_to_end(&mut head).ok()?;
    crate::framing::lines(&head).take(64).find_map(Stamp::find)
}

/// `app.log.3.gz` is the third of `app.log`; so are `app-3.log` and `app.3.log`.
fn family(name: &str) -> (String, Option<u64>) {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let number = |digits: &str| digits.parse::<u64>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    if let Some((base, digits)) = name.rsplit_once('.')
        && let Some(number) = number(digits)
    {
        return (base.to_owned(), Some(number));
    }
    if let Some(stem) = name.strip_suffix(".log")
        && let Some((base, digits)) = stem.rsplit_once(['-', '.'])
        && let Some(number) = number(digits)
    {
        return (format!("{base}.log"), Some(number));
    }
    (name.to_owned(), None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(inputs: &[Input]) -> Vec<String> {
        inputs
            .iter()
            .map(|input| {
                let continues = matches!(input, Input::File { continues: true, .. });
                format!("{}{}", input.path().file_name().unwrap().to_str().unwrap(), if continues { "+" } else { "" })
            })
            .collect()
    }

    #[test]
    fn rotated_files_are_read_oldest_first() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["app.log", "app.log.1", "app.log.2", "app.log.10", "other.log"] {
            fs::write(folder.path().join(name), "x\n").unwrap();
        }
        let (inputs, bad) = expand(&[folder.path().to_owned()]);
        assert!(bad.is_empty());
        assert_eq!(names(&inputs), ["app.log.10", "app.log.2+", "app.log.1+", "app.log+", "other.log"]);
    }

    #[test]
    fn time_stamps_know_better_than_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for (name, hour) in [("sdk.log", 3), ("sdk-1.log", 1), ("sdk-2.log", 2)] {
            fs::write(folder.path().join(name), format!("2026-11-22 0{hour}:00:00 x\n")).unwrap();
        }
        let (inputs, _) = expand(&[folder.path().join("*.log")]);
        assert_eq!(names(&inputs), ["sdk-1.log", "sdk-2.log+", "sdk.log+"]);
    }

    #[test]
    fn what_names_no_file_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let (inputs, bad) = expand(&[folder.path().join("none.log"), folder.path().join("*.log")]);
        assert!(inputs.is_empty());
        assert!(bad[0].to_string().contains("none.log: No such file"), "{}", bad[0]);
        assert!(bad[1].to_string().contains("no file matches; looked in"), "{}", bad[1]);
        assert_eq!(expand(&[]).0, [Input::Stdin]);
    }
}
