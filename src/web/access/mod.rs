//! The web configuration file, in the format of Prometheus' exporter-toolkit: TLS, passwords and headers.
//!
//! It and the files that it names are read again when they have changed, before the next connection or request is
//! served: a new certificate or password holds at once. A file that cannot be used changes nothing.

mod clients;
mod password;
mod read;
mod tls;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::header::{HeaderName, HeaderValue};

use super::Notice;
use super::routes::Response;
pub(super) use password::{Users, Verdict};

/// It is looked for changes no more often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is wrong with a web configuration, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct AccessError {
    /// The file.
    pub file: String,
    /// The line, from 1; 1 if it is the file as a whole.
    pub line: usize,
    /// What is wrong, with the name of the key, and what to do.
    pub reason: String,
}

/// How connections and requests are served now.
#[derive(Debug, Default)]
pub(super) struct Policy {
    /// How TLS is spoken, if it is.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Who may ask, if not everybody.
    pub users: Option<Arc<Users>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Policy {
    fn locks_nothing(&self) -> bool {
        self.tls.is_none() && self.users.is_none()
    }

    /// Adds the headers that were asked for; what an answer says of itself stands.
    pub(super) fn dress(&self, response: &mut Response) {
        for (name, value) in &self.headers {
            response.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// A web configuration file, and what it says now.
#[derive(Debug)]
pub struct Access {
    file: PathBuf,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    policy: Arc<Policy>,
    /// The files as they were when they were read last, with success or without.
    stamps: Stamps,
    looked: Instant,
}

/// Files, and how they were if they were there.
type Stamps = Vec<(PathBuf, Option<Stamp>)>;

/// What changes when a file does: device, inode, size, and when it was written and changed.
type Stamp = (u64, u64, u64, (i64, i64), (i64, i64));

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(path).ok()?;
    let (written, changed) = ((meta.mtime(), meta.mtime_nsec()), (meta.ctime(), meta.ctime_nsec()));
    Some((meta.dev(), meta.ino(), meta.size(), written, changed))
}

fn stamps(paths: impl IntoIterator<Item = PathBuf>) -> Stamps {
    paths.into_iter().map(|path| (stamp(&path), path)).map(|(stamp, path)| (path, stamp)).collect()
}

impl Access {
    /// Reads a web configuration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(file: &Path) -> Result<Self, AccessError> {
        let (policy, stamps) = look(file);
        let current = Current { policy: Arc::new(policy?), stamps, looked: Instant::now() };
        Ok(Self { file: file.to_owned(), current: Mutex::new(current) })
    }

    /// Reads it anew. If it cannot be used, what it said before holds.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn renew(&self) -> Result<(), AccessError> {
        let (policy, stamps) = look(&self.file);
        // who writes a file empties it first: that must not open the door
        let policy = policy.and_then(|policy| {
            if policy.locks_nothing() { read::not_empty(&self.file).map(|()| policy) } else { Ok(policy) }
        });
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        (current.stamps, current.looked) = (stamps, Instant::now());
        current.policy = Arc::new(policy?);
        Ok(())
    }

    /// Reads it anew if a file has changed. Whether it was.
    fn look(&self) -> Result<bool, AccessError> {
        let known = self.current.lock().unwrap_or_else(PoisonError::into_inner).stamps.clone();
        let changed = known.iter().any(|(path, before)| stamp(path) != *before);
        if changed { self.renew().map(|()| true) } else { Ok(false) }
    }

    /// What holds now. Files are read in another thread, so that nobody else has to wait for the disk.
    pub(super) async fn policy(self: &Arc<Self>, notice: impl FnOnce(&Notice)) -> Arc<Policy> {
        if self.due() {
            let this = Arc::clone(self);
            match tokio::task::spawn_blocking(move || this.look()).await {
                Ok(Ok(true)) => notice(&Notice::AccessRenewed),
                Ok(Err(error)) => notice(&Notice::AccessRefused(error)),
                Ok(Ok(false)) | Err(_) => {}
            }
        }
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner).policy)
    }

    fn due(&self) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let due = current.looked.elapsed() >= LOOK_EVERY;
        if due {
            current.looked = Instant::now();
        }
        due
    }

    /// The certificate of the server, if it speaks TLS: what a client on the same machine can know it by.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn certificate(file: &Path) -> Result<Option<Vec<u8>>, AccessError> {
        read::certificate(file)
    }
}

/// Reads the files, and says how they were before they were read.
fn look(file: &Path) -> (Result<Policy, AccessError>, Stamps) {
    let mut files = stamps([file.to_owned()]);
    let policy = read::document(file).and_then(|document| {
        files.extend(stamps(document.files()));
        document.policy()
    });
    (policy, files)
}
