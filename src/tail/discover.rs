//! From globs to paths.
//!
//! A glob is matched component by component, so that `/var/log/pods/*/*/*.log` reads the folders that it names and no
//! others. Links to folders are followed where a component names them, never by `**`, so that a loop cannot catch us.

use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

use super::identity::{Kind, Stat};
use super::paths::PathSet;
use super::rotation;
use super::{InputOptions, StartAt, TailError};

/// Folders deeper than this below a `**` are not looked into.
const DEPTH: usize = 64;
/// Links that lead to links are followed so often, as the kernel does.
const LINKS: usize = 40;

/// A path that a glob matches.
#[derive(Debug)]
pub struct Found {
    /// The path.
    pub path: PathBuf,
    /// Index of the input that it belongs to: the first whose glob matches.
    pub input: usize,
    /// What is there.
    pub stat: Stat,
}

/// What one walk over all globs found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Regular files, each path once.
    pub found: Vec<Found>,
    /// Paths that match and are never read, and why.
    pub skipped: Vec<(PathBuf, &'static str)>,
    /// Folders in which something that matches may appear.
    pub folders: PathSet,
    /// What could not be looked at.
    pub failed: Vec<(PathBuf, &'static str, io::Error)>,
    paths: PathSet,
}

#[derive(Debug)]
enum Part {
    Name(OsString),
    Glob(GlobMatcher),
    AnyFolders,
}

#[derive(Debug)]
struct Pattern {
    literal: PathBuf,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Input {
    patterns: Vec<Pattern>,
    exclude: GlobSet,
    start_at: StartAt,
    globs: Vec<String>,
}

/// The compiled globs of all inputs.
#[derive(Debug)]
pub struct Discovery {
    inputs: Vec<Input>,
}

impl Discovery {
    /// Compiles the globs.
    pub fn new(inputs: &[InputOptions]) -> Result<Self, TailError> {
        let inputs = inputs.iter().map(Input::new).collect::<Result<_, _>>()?;
        Ok(Self { inputs })
    }

    /// Where files of an input begin that were never seen before.
    pub fn start_at(&self, input: usize) -> StartAt {
        self.inputs.get(input).map_or(StartAt::Beginning, |input| input.start_at)
    }

    /// Whether an input reads from these globs.
    pub fn has_globs(&self, globs: &[String]) -> bool {
        self.inputs.iter().any(|input| input.globs == globs)
    }

    /// Globs of an input.
    pub fn globs(&self, input: usize) -> &[String] {
        self.inputs.get(input).map_or(&[], |input| &input.globs)
    }

    /// Whether a file at this path would be found.
    pub fn matches(&self, path: &Path) -> bool {
        let names: Vec<&OsStr> = path.iter().skip(1).collect();
        self.inputs.iter().any(|input| {
            !input.exclude.is_match(path)
                && input.patterns.iter().any(|pattern| {
                    pattern.literal == path
                        || path.parent() == Some(&pattern.literal)
                        || parts_match(&pattern.parts, &names)
                })
        })
    }

    /// Finds all files that match now.
    pub fn walk(&self) -> Walk {
        let mut walk = Walk::default();
        for (index, input) in self.inputs.iter().enumerate() {
            for pattern in &input.patterns {
                let mut walker = Walker { input, index, walk: &mut walk };
                // A name that holds a `[` or `*` of its own is taken as it stands if there is such a file.
                if pattern.parts.iter().any(|part| !matches!(part, Part::Name(_))) {
                    if fs::symlink_metadata(&pattern.literal).is_ok() {
                        walker.accept(pattern.literal.clone(), true);
                    }
                    walker.enter(Path::new("/"), &pattern.parts, 0);
                } else {
                    walker.accept(pattern.literal.clone(), true);
                }
            }
        }
        walk
    }
}

impl Input {
    fn new(options: &InputOptions) -> Result<Self, TailError> {
        let mut patterns = Vec::new();
        for glob in &options.paths {
            for glob in split_braces(glob) {
                patterns.push(Pattern::new(&glob)?);
            }
        }
        let mut exclude = GlobSetBuilder::new();
        for glob in &options.exclude {
            let anchored = if glob.starts_with('/') || glob.starts_with("**") {
                glob.clone()
            } else if glob.contains('/') {
                absolute(Path::new(glob)).to_string_lossy().into_owned()
            } else {
                format!("**/{glob}")
            };
            exclude.add(compile(&anchored, glob)?);
        }
        let bad = |source| TailError::Glob { glob: options.exclude.join(", "), source };
        Ok(Self {
            patterns,
            exclude: exclude.build().map_err(bad)?,
            start_at: options.start_at,
            globs: options.paths.clone(),
        })
    }
}

fn compile(glob: &str, said: &str) -> Result<globset::Glob, TailError> {
    GlobBuilder::new(glob)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|source| TailError::Glob { glob: said.to_owned(), source })
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl Pattern {
    fn new(glob: &str) -> Result<Self, TailError> {
        let literal = absolute(Path::new(glob));
        let mut parts = Vec::new();
        for part in literal.as_os_str().as_bytes().split(|&byte| byte == b'/').filter(|part| !part.is_empty()) {
            parts.push(if part == b"**" {
                Part::AnyFolders
            } else if part.iter().any(|byte| b"*?[{\\".contains(byte)) {
                Part::Glob(compile(&String::from_utf8_lossy(part), glob)?.compile_matcher())
            } else {
                Part::Name(OsString::from_vec(part.to_vec()))
            });
        }
        // `dir/**` means all files below.
        if matches!(parts.last(), Some(Part::AnyFolders)) {
            parts.push(Part::Glob(compile("*", glob)?.compile_matcher()));
        }
        Ok(Self { literal, parts })
    }
}

fn parts_match(parts: &[Part], names: &[&OsStr]) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((Part::AnyFolders, rest)), _) => {
            parts_match(rest, names) || names.split_first().is_some_and(|(_, names)| parts_match(parts, names))
        }
        (Some((Part::Name(part), rest)), Some((name, names))) => part == name && parts_match(rest, names),
        (Some((Part::Glob(part), rest)), Some((name, names))) => {
            part.is_match(Path::new(name)) && parts_match(rest, names)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// Turns alternatives that reach over a `/` into globs of their own; others are left to the glob.
fn split_braces(glob: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let (mut open, mut commas) = (None, Vec::new());
    for (at, byte) in glob.bytes().enumerate() {
        match byte {
            b'{' => {
                depth += 1;
                if depth == 1 {
                    open = Some(at);
                    commas.clear();
                }
            }
            b',' if depth == 1 => commas.push(at),
            b'}' if depth > 0 => {
                depth -= 1;
                let Some(from) = open.filter(|_| depth == 0) else { continue };
                if !glob[from..at].contains('/') {
                    continue;
                }
                commas.push(at);
                let mut begin = from + 1;
                let mut globs = Vec::new();
                for &comma in &commas {
                    let one = format!("{}{}{}", &glob[..from], &glob[begin..comma], &glob[at + 1..]);
                    globs.extend(split_braces(&one));
                    begin = comma + 1;
                }
                return globs;
            }
            _ => {}
        }
    }
    vec![glob.to_owned()]
}

struct Walker<'a> {
    input: &'a Input,
    index: usize,
    walk: &'a mut Walk,
}

impl Walker<'_> {
    fn enter(&mut self, folder: &Path, parts: &[Part], depth: usize) {
        let Some((part, rest)) = parts.split_first() else { return };
        match part {
            Part::Name(name) => {
                // Only the last part is looked at: what stands between need not be readable to be walked through.
                let path = folder.join(name);
                if rest.is_empty() {
                    self.watch(folder);
                    self.accept(path, false);
                } else {
                    self.enter(&path, rest, depth);
                }
            }
            Part::Glob(glob) => {
                for (name, kind) in self.list(folder) {
                    if glob.is_match(Path::new(&name)) {
                        let path = folder.join(&name);
                        if rest.is_empty() {
                            self.accept(path, false);
                        } else if is_folder(&path, kind) {
                            self.enter(&path, rest, depth);
                        }
                    }
                }
            }
            Part::AnyFolders => {
                self.enter(folder, rest, depth);
                if depth < DEPTH {
                    for (name, kind) in self.list(folder) {
                        if kind.is_some_and(|kind| kind.is_dir()) {
                            self.enter(&folder.join(name), parts, depth + 1);
                        }
                    }
                }
            }
        }
    }

    /// The names in a folder, each with what the listing says that it is.
    fn list(&mut self, folder: &Path) -> Vec<(OsString, Option<FileType>)> {
        match fs::read_dir(folder) {
            Ok(entries) => {
                if !self.walk.folders.contains(folder) {
                    self.walk.folders.insert(folder.to_owned(), ());
                }
                entries.filter_map(Result::ok).map(|entry| (entry.file_name(), entry.file_type().ok())).collect()
            }
            Err(error) => {
                self.watch(folder);
                if !is_absent(&error) {
                    self.walk.failed.push((folder.to_owned(), "list", error));
                }
                Vec::new()
            }
        }
    }

    /// Notes the folder, or the nearest one above it that exists, as one where something may appear.
    fn watch(&mut self, folder: &Path) {
        if !self.walk.folders.contains(folder)
            && let Some(existing) = folder.ancestors().find(|path| path.is_dir())
        {
            self.walk.folders.insert(existing.to_owned(), ());
        }
    }

    fn accept(&mut self, path: PathBuf, named: bool) {
        let excluded = !self.input.exclude.is_empty() && self.input.exclude.is_match(&path);
        if excluded || self.walk.paths.contains(&path) {
            return;
        }
        if named && let Some(folder) = path.parent() {
            self.watch(folder); // else it was noted when it was listed
        }
        let stat = match fs::metadata(&path) {
            Ok(meta) => Stat::from(&meta),
            Err(error) if is_absent(&error) => return,
            Err(error) => {
                self.walk.failed.push((path, "stat", error));
                return;
            }
        };
        if stat.kind == Kind::Directory && named {
            for (name, kind) in self.list(&path) {
                let inner = path.join(name);
                if !is_folder(&inner, kind) {
                    self.accept(inner, false);
                }
            }
            return;
        }
        self.walk.paths.insert(path.clone(), ());
        let name = path.file_name().unwrap_or(OsStr::new(""));
        if stat.kind != Kind::Regular {
            self.walk.skipped.push((path, stat.kind.as_str()));
        } else if rotation::packing(name.as_bytes()).1.is_some() {
            self.walk.skipped.push((path, "compressed"));
        } else {
            self.walk.found.push(Found { path, input: self.index, stat });
        }
    }
}

/// Whether a folder is there, or a link to one; asked only where the listing does not say it.
fn is_folder(path: &Path, listed: Option<FileType>) -> bool {
    match listed {
        Some(kind) if !kind.is_symlink() => kind.is_dir(),
        _ => path.is_dir(),
    }
}

/// Whether an error means that there is nothing, rather than that something is wrong.
pub fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The path that a path leads to over links, if it does: also while there is no file, as between the renaming of a file
/// that a link names and the making of the next one.
pub fn leads_to(path: &Path) -> Option<PathBuf> {
    let mut at = path.to_owned();
    for _ in 0..LINKS {
        let Ok(target) = fs::read_link(&at) else { break };
        at = at.parent().unwrap_or(Path::new("")).join(target);
    }
    let folder = at.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let real = fs::canonicalize(folder).ok()?.join(at.file_name()?);
    Some(real).filter(|real| real != path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_somewhere_while_no_file_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, folder.join(at)).unwrap();
        fs::create_dir_all(folder.join("pods/shop")).unwrap();
        fs::create_dir(folder.join("logs")).unwrap();
        link("pods", "elsewhere");
        link("../elsewhere/shop/0.log", "logs/shop.log");
        link("shop.log", "logs/again.log");
        link("round.log", "logs/round.log");
        let file = folder.join("pods/shop/0.log");
        for there in [false, true] {
            if there {
                fs::write(&file, "").unwrap();
            }
            for name in ["logs/shop.log", "logs/again.log", "elsewhere/shop/0.log"] {
                assert_eq!(leads_to(&folder.join(name)).as_ref(), Some(&file), "{name}, file {there}");
            }
            assert_eq!(leads_to(&file), None);
        }
        assert_eq!(leads_to(&folder.join("missing/app.log")), None);
        leads_to(&folder.join("logs/round.log")); // ends
    }

    #[test]
    fn alternatives_over_folders_are_split() {
        assert_eq!(split_braces("/a/{b/c,d}/*.log"), ["/a/b/c/*.log", "/a/d/*.log"]);
        assert_eq!(split_braces("/a/{b,c}.log"), ["/a/{b,c}.log"]);
        assert_eq!(split_braces("/{a,b}/{c/d,e}"), ["/{a,b}/c/d", "/{a,b}/e"]);
    }
}
