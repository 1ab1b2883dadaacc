//! What happens to files, in the log: one line for each transition, none for each line of theirs.

use crate::tail::Event;

/// Logs an event.
pub fn log(event: &Event) {
    match event {
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
