//! What `scan` is asked to read: files, globs, folders and standard input, rotated files in the order of their age.

use super::open::unpacked;
use crate::framing::Stamp;
use crate::tail;
use globset::GlobBuilder;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
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
    /// Opens it and decompresses it if it has to be (gzip, zstd).
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self) -> io::Result<Box<dyn Read>> {
        self.open_watched(|file| file)
    }

    /// Opens it, with something between the file and who reads it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_watched<'l>(
        &self,
        watch: impl FnOnce(Box<dyn Read + 'l>) -> Box<dyn Read + 'l>,
    ) -> io::Result<Box<dyn Read + 'l>> {
        let file: Box<dyn Read + 'l> = match self {
            Self::Stdin => Box::new(io::stdin().lock()),
            Self::File { path, .. } => Box::new(File::open(path)?),
        };
        unpacked(self.path(), watch(file))
    }

    /// Where it is, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Stdin => Path::new("standard input"),
            Self::File { path, .. } => path,
        }
    }

    /// How long it is on the disk, in bytes, if that can be known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::File { path, .. } => fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|about| about.len()),
        }
    }
}

/// What can be done about a log that cannot be read.
#[must_use]
pub fn advice(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            let nearest = std::path::absolute(path).ok();
            let nearest = nearest.as_deref().into_iter().flat_map(Path::ancestors).skip(1).find(|path| path.is_dir());
            let nearest = nearest.unwrap_or(Path::new("/")).display();
            format!("there is no such file or folder; the nearest folder that exists is {nearest}")
        }
        io::ErrorKind::PermissionDenied => "permission denied; run this as a user who may read it".to_owned(),
        io::ErrorKind::UnexpectedEof => {
            "it ends in the middle of its compressed data; what is before that counts".to_owned()
        }
        _ => error.to_string(),
    }
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
            let reason = fs::metadata(argument).err().map(|error| advice(argument, &error));
            refuse(reason.unwrap_or_else(|| "it has just vanished; try again".to_owned()));
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
        Err(error) => refuse(format!("{}: {}", folder.display(), advice(folder, &error))),
    }
}

fn glob(pattern: &str, paths: &mut Vec<PathBuf>, refuse: &mut impl FnMut(String)) {
    let matcher = match GlobBuilder::new(pattern).literal_separator(true).build() {
        Ok(glob) => glob.compile_matcher(),
        Err(error) => return refuse(error.to_string()),
    };
    let fixed = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    let folder = pattern[..fixed].rfind('/').map_or(Path::new("."), |end| Path::new(&pattern[..=end]));
    if !folder.is_dir() {
        let nearest = folder.ancestors().find(|path| path.is_dir()).filter(|path| !path.as_os_str().is_empty());
        return refuse(format!(
            "no file matches: there is no folder {}; the nearest that exists is {}",
            folder.display(),
            nearest.unwrap_or(Path::new(".")).display()
        ));
    }
    let mut all = Vec::new();
    walk(folder, &mut all, refuse);
    let (before, looked_at) = (paths.len(), all.len());
    paths.extend(all.into_iter().filter(|path| matcher.is_match(path.strip_prefix("./").unwrap_or(path))));
    if paths.len() == before {
        let files = if looked_at == 1 { "file" } else { "files" };
        refuse(format!("no file matches; looked at {looked_at} {files} in and below {}", folder.display()));
    }
}

/// Files of one rotation stand next to each other, the oldest first.
fn in_order(paths: Vec<PathBuf>) -> Vec<Input> {
    let there: HashSet<PathBuf> = paths.iter().cloned().collect();
    let mut logs: Vec<Log> = paths.into_iter().map(|path| Log::new(path, &there)).collect();
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
    /// The log that it is a rotated file of, or itself.
    family: PathBuf,
    /// The number that a rotation has put into the name.
    number: Option<u64>,
    begins: Option<Stamp>,
}

impl Log {
    fn new(path: PathBuf, there: &HashSet<PathBuf>) -> Self {
        let name = path.file_name().map(OsStr::as_bytes).unwrap_or_default();
        let mut bases = tail::rotated_from(name);
        bases.sort_by_key(Vec::len);
        let mut bases = bases.into_iter().map(|base| path.with_file_name(OsString::from_vec(base)));
        let shortest = bases.next();
        let family = shortest.iter().cloned().chain(bases).find(|base| there.contains(base)).or(shortest);
        let number = family.as_ref().and_then(|family| number(name, family.file_name()?.as_bytes()));
        let input = Input::File { path: path.clone(), continues: false };
        // what is read from a pipe here would be missing later
        let begins = input.size().and_then(|_| input.open().ok()).and_then(begins);
        Self { family: family.unwrap_or_else(|| path.clone()), number, begins, path }
    }

    /// By the first time stamp inside; without one, by the name: a higher number is older, a later date is newer, and
    /// the log itself is newest.
    fn age(&self, other: &Self) -> Ordering {
        match (self.begins, other.begins) {
            (Some(one), Some(other)) if one != other => return one.cmp(&other),
            _ => {}
        }
        let newest = |log: &Self| log.path == log.family;
        match (self.number, other.number) {
            _ if newest(self) != newest(other) => newest(self).cmp(&newest(other)),
            (Some(one), Some(other)) if one.min(other) >= A_DATE => one.cmp(&other),
            _ => other.number.cmp(&self.number),
        }
    }
}

/// Numbers of rotations are smaller, dates written as a number are not: `20261122`.
const A_DATE: u64 = 1_000_000;

fn begins(log: impl Read) -> Option<Stamp> {
    let mut head = Vec::new();
    log.take(16 * 1024).read_to_end(&mut head).ok()?;
    crate::framing::lines(&head).take(64).find_map(Stamp::find)
}

/// What the name of a rotated file has more than the name of its log, as a number: 3 for `app.log.3.gz`.
fn number(name: &[u8], log: &[u8]) -> Option<u64> {
    let same = name.iter().zip(log).take_while(|(one, other)| one == other).count();
    let digits: String =
        name[same..].iter().filter(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte)).collect();
    digits.get(..digits.len().min(19))?.parse().ok()
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
        let place = folder.path().display();
        let expected =
            format!("{place}/none.log: there is no such file or folder; the nearest folder that exists is {place}");
        assert_eq!(bad[0].to_string(), expected);
        let expected = format!("{place}/*.log: no file matches; looked at 0 files in and below {place}/");
        assert_eq!(bad[1].to_string(), expected);
        assert_eq!(expand(&[]).0, [Input::Stdin]);
        let (_, bad) = expand(&[folder.path().join("gone/app*.log")]);
        let expected = format!(
            "{place}/gone/app*.log: no file matches: there is no folder {place}/gone/; the nearest that exists is {place}"
        );
        assert_eq!(bad[0].to_string(), expected);
    }

    #[test]
    fn names_say_the_age_of_logs_without_time_stamps() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.log", "a.log-20261120", "a.log-20261121.gz", "b-2026-11-20.log", "b.log", "c.log.old", "c.log"]
        {
            let text: &[u8] = if name.ends_with("gz") { &[0x1f, 0x8b] } else { b"x\n" };
            fs::write(folder.path().join(name), text).unwrap();
        }
        let (inputs, _) = expand(&[folder.path().to_owned()]);
        let expected =
            ["a.log-20261120", "a.log-20261121.gz+", "a.log+", "b-2026-11-20.log", "b.log+", "c.log.old", "c.log+"];
        assert_eq!(names(&inputs), expected);
    }
}
