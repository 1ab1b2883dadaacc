//! What happens to files, in the log: one line for each transition, none for each line of theirs.

use super::check::Matches;
use crate::tail::Event;

/// Logs what a glob matches at the start.
pub fn found(matches: &Matches) {
    let (glob, files, bytes) = (&matches.glob, matches.files.len(), matches.bytes());
    if files > 0 {
        tracing::info!(glob, files, bytes, "logs are tailed");
        return;
    }
    let looked_in = matches.looked_in();
    match matches.missing() {
        Some(folder) => {
            tracing::warn!(glob, missing = %folder.display(), looked_in, "no log matches yet: a folder does not exist");
        }
        None => tracing::warn!(glob, looked_in, "no log matches yet; files that appear are tailed"),
    }
}

/// Logs that everything has been read that was there at the start.
pub fn caught_up(files: usize, bytes: u64, responses: u64) {
    tracing::info!(files, bytes, responses, "all logs have been read that were there; what is written now is tailed");
}

/// Logs an event; `settled` says that the start is over, where [`found`] and [`caught_up`] tell of all files together.
pub fn log(event: &Event, settled: bool) {
    match event {
        Event::Opened { path, at } if !settled => tracing::debug!(path = %path.display(), at, "file is tailed"),
        Event::Opened { path, at } => tracing::info!(path = %path.display(), at, "file is tailed"),
        Event::Rotated { path } => tracing::info!(path = %path.display(), "file was rotated; it is read to its end"),
        Event::Truncated { path } => {
            tracing::info!(path = %path.display(), "file was truncated; it is read from its beginning")
        }
        Event::Gone { path } => tracing::info!(path = %path.display(), "file was deleted; it is read to its end"),
        Event::Finished { path } => tracing::info!(path = %path.display(), "file was read to its end and is let go"),
        Event::Skipped { path, reason } => {
            tracing::warn!(path = %path.display(), reason, "file matches and is not read")
        }
        Event::Lost { path, reason, bytes } => {
            tracing::warn!(path = %path.display(), reason, bytes, "bytes were lost unread")
        }
        Event::Failing { path, operation, error } => {
            tracing::warn!(path = %path.display(), operation, error, "file or folder cannot be read; trying again");
        }
        Event::Recovered { path } => tracing::info!(path = %path.display(), "file or folder can be read again"),
        Event::WatchModeChanged { mode } => tracing::info!(?mode, "changes of files are noticed in another way"),
    }
}
