//! Writes records on a thread of its own, so that a slow disk stops neither counting nor answering.

use std::io;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

/// What became of a record.
#[derive(Debug)]
pub struct Done {
    /// The number that the record was given in with.
    pub number: u64,
    /// Whether it is on disk.
    pub result: io::Result<()>,
}

/// The thread that writes.
#[derive(Debug)]
pub struct Committer {
    records: Option<SyncSender<(u64, Vec<u8>)>>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Begins a thread that gives each record to `write` and says what became of it to `done`.
    ///
    /// # Errors
    /// When the system has no room for a thread.
    pub fn start(
        mut write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
        done: impl Fn(Done) + Send + 'static,
    ) -> io::Result<Self> {
        let (records, inbox) = sync_channel::<(u64, Vec<u8>)>(1);
        let thread = thread::Builder::new().name("commit".into()).spawn(move || {
            while let Ok((number, record)) = inbox.recv() {
                done(Done { number, result: write(&record) });
            }
        })?;
        Ok(Self { records: Some(records), thread: Some(thread) })
    }

    /// Gives in a record. False if the thread is still busy with earlier ones.
    #[must_use]
    pub fn submit(&self, number: u64, record: Vec<u8>) -> bool {
        let sent = self.records.as_ref().map(|records| records.try_send((number, record)));
        match sent {
            Some(Ok(())) => true,
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => false,
        }
    }

    /// Does not wait for the record that is being written: the disk hangs.
    pub fn abandon(mut self) {
        self.thread = None;
    }
}

impl Drop for Committer {
    /// Waits for the record that is being written.
    fn drop(&mut self) {
        self.records = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
