//! Maps and sets of paths that compare by their bytes.
//!
//! The standard library compares and hashes paths component by component, so that `a//b` is `a/b`. Paths here come from
//! walks, which write them in one way only; and ten thousand of them are looked up several times in each look at all
//! files, which cost more than asking the kernel for all those files did.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;

/// Values by path.
#[derive(Debug)]
pub struct PathMap<V>(HashMap<OsString, V, RandomState>);

/// Paths, each once.
pub type PathSet = PathMap<()>;

impl<V> Default for PathMap<V> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<V> PathMap<V> {
    /// The value of a path.
    pub fn get(&self, path: &Path) -> Option<&V> {
        self.0.get(path.as_os_str())
    }

    /// The value of a path, to be changed.
    pub fn get_mut(&mut self, path: &Path) -> Option<&mut V> {
        self.0.get_mut(path.as_os_str())
    }

    /// Whether a path has a value.
    pub fn contains(&self, path: &Path) -> bool {
        self.0.contains_key(path.as_os_str())
    }

    /// Gives a path a value. True if it had none.
    pub fn insert(&mut self, path: PathBuf, value: V) -> bool {
        self.0.insert(path.into_os_string(), value).is_none()
    }

    /// Takes away the value of a path.
    pub fn remove(&mut self, path: &Path) -> Option<V> {
        self.0.remove(path.as_os_str())
    }

    /// Keeps only some.
    pub fn retain(&mut self, mut keep: impl FnMut(&Path, &mut V) -> bool) {
        self.0.retain(|path, value| keep(Path::new(path), value));
    }

    /// How many paths have a value.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All paths and their values, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &V)> {
        self.0.iter().map(|(path, value)| (Path::new(path), value))
    }

    /// All paths, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(Path::new)
    }

    /// All values, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.values()
    }

    /// All values, to be changed, in no order.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.values_mut()
    }
}

impl<V: Default> PathMap<V> {
    /// The value of a path, which gets one if it has none.
    pub fn entry(&mut self, path: &Path) -> &mut V {
        self.0.entry(path.as_os_str().to_owned()).or_default()
    }
}

impl<P: AsRef<Path>> FromIterator<P> for PathSet {
    fn from_iter<I: IntoIterator<Item = P>>(paths: I) -> Self {
        Self(paths.into_iter().map(|path| (path.as_ref().as_os_str().to_owned(), ())).collect())
    }
}
