//! The kernel's hints that something changed. They shorten the wait; the poll is the truth.
//!
//! Folders are watched, not files: a watch on a file follows the inode, and says nothing of its successor.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{EventKind, ModifyKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::paths::PathSet;

/// Hints that are kept apart; with more than this all files are looked at.
const HINTS: usize = 1024;

/// File systems whose changes by other machines the kernel does not tell: NFS, SMB, CIFS, SMB2, FUSE, 9P, Ceph, AFS,
/// Lustre, GFS2, OCFS2.
const REMOTE: [u64; 11] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x6573_5546,
    0x0102_1997,
    0x00c3_6400,
    0x5346_414f,
    0x0bd0_0bd0,
    0x0116_1970,
    0x7461_636f,
];

/// How changes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchMode {
    /// The kernel tells; a slow poll stands behind it.
    Notify,
    /// Every file is looked at every second.
    Poll,
}

impl WatchMode {
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Poll => "poll",
        }
    }
}

/// What the kernel said since the last question.
#[derive(Debug, Default)]
pub struct Hints {
    /// Files that were written to.
    pub written: HashSet<PathBuf>,
    /// Names that appeared, vanished or changed.
    pub renamed: HashSet<PathBuf>,
    /// Something was lost: look at everything.
    pub everything: bool,
    /// A watch failed.
    pub broken: bool,
}

impl Hints {
    fn is_empty(&self) -> bool {
        self.written.is_empty() && self.renamed.is_empty() && !self.everything && !self.broken
    }

    fn add(&mut self, event: notify::Result<Event>) {
        let Ok(event) = event else {
            self.broken = true;
            self.everything = true;
            return;
        };
        if event.need_rescan() {
            self.everything = true;
            return;
        }
        let names = match event.kind {
            // Opening and closing change nothing, and we do it ourselves.
            EventKind::Access(_) => return,
            EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => &mut self.written,
            _ => &mut self.renamed,
        };
        names.extend(event.paths);
        if names.len() > HINTS {
            names.clear();
            self.everything = true;
        }
    }
}

/// Watches folders.
pub struct Watch {
    watcher: Option<RecommendedWatcher>,
    hints: Arc<Mutex<Hints>>,
    folders: PathSet,
    mode: WatchMode,
}

impl Watch {
    /// Starts to watch. `wake` is called by the watching thread when there is a first hint.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let hints = Arc::new(Mutex::new(Hints::default()));
        let shared = Arc::clone(&hints);
        let handler = move |event: notify::Result<Event>| {
            let mut hints = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let was_empty = hints.is_empty();
            hints.add(event);
            if was_empty && !hints.is_empty() {
                drop(hints);
                wake();
            }
        };
        let watcher = RecommendedWatcher::new(handler, Config::default()).ok();
        let mode = if watcher.is_some() { WatchMode::Notify } else { WatchMode::Poll };
        Self { watcher, hints, folders: PathSet::default(), mode }
    }

    /// Watches nothing: files are looked at in intervals.
    pub fn none() -> Self {
        Self { watcher: None, hints: Arc::default(), folders: PathSet::default(), mode: WatchMode::Poll }
    }

    /// How changes are noticed now.
    pub fn mode(&self) -> WatchMode {
        self.mode
    }

    /// Takes the hints.
    pub fn take(&mut self) -> Hints {
        let hints = std::mem::take(&mut *self.hints.lock().unwrap_or_else(PoisonError::into_inner));
        if hints.broken {
            self.mode = WatchMode::Poll;
        }
        hints
    }

    /// Watches these folders and no others. A folder that cannot be watched means polling.
    pub fn follow(&mut self, folders: &PathSet) {
        let Some(watcher) = &mut self.watcher else { return };
        self.folders.retain(|folder, ()| {
            let wanted = folders.contains(folder);
            if !wanted {
                // Fails if the folder is gone, and its watch with it.
                let _ = watcher.unwatch(folder);
            }
            wanted
        });
        let mut complete = true;
        for folder in folders.keys() {
            if self.folders.contains(folder) {
                continue;
            }
            if is_remote(folder) {
                complete = false;
                continue;
            }
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.folders.insert(folder.to_owned(), ());
                }
                Err(error) => {
                    complete &= matches!(error.kind, notify::ErrorKind::PathNotFound);
                    if matches!(error.kind, notify::ErrorKind::MaxFilesWatch) {
                        break;
                    }
                }
            }
        }
        self.mode = if complete { WatchMode::Notify } else { WatchMode::Poll };
    }

    /// Forgets a folder that was removed or renamed, so that one of that name that comes later is watched anew.
    pub fn forget(&mut self, folder: &Path) {
        if self.folders.remove(folder).is_some()
            && let Some(watcher) = &mut self.watcher
        {
            let _ = watcher.unwatch(folder);
        }
    }
}

fn is_remote(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|stat| REMOTE.contains(&(stat.f_type as u64 & 0xffff_ffff)))
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, DataChange, Flag};

    use super::*;

    fn event(kind: EventKind, path: &str) -> notify::Result<Event> {
        Ok(Event::new(kind).add_path(PathBuf::from(path)))
    }

    #[test]
    fn hints_are_sorted_and_our_own_reading_is_none() {
        let mut hints = Hints::default();
        hints.add(event(EventKind::Access(AccessKind::Read), "/a"));
        assert!(hints.is_empty());
        hints.add(event(EventKind::Modify(ModifyKind::Data(DataChange::Any)), "/a"));
        hints.add(event(EventKind::Create(CreateKind::File), "/b"));
        assert!(hints.written.contains(Path::new("/a")) && hints.renamed.contains(Path::new("/b")));
        assert!(!hints.everything);
    }

    #[test]
    fn what_overflows_or_breaks_means_everything() {
        let mut hints = Hints::default();
        hints.add(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert!(hints.everything && !hints.broken);
        let mut hints = Hints::default();
        for number in 0..=HINTS {
            hints.add(event(EventKind::Create(CreateKind::File), &format!("/{number}")));
        }
        assert!(hints.everything && hints.renamed.is_empty());
        let mut hints = Hints::default();
        hints.add(Err(notify::Error::generic("gone")));
        assert!(hints.everything && hints.broken);
    }

    #[test]
    fn folders_that_cannot_be_watched_mean_polling_and_absent_ones_do_not() {
        let mut watch = Watch::new(|| {});
        if watch.mode() == WatchMode::Poll {
            return; // a machine without inotify
        }
        watch.follow(&["/nowhere/at/all"].iter().collect());
        assert_eq!(watch.mode(), WatchMode::Notify);
        watch.hints.lock().unwrap_or_else(PoisonError::into_inner).broken = true;
        assert!(watch.take().broken);
        assert_eq!(watch.mode(), WatchMode::Poll);
    }
}
