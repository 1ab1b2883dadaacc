//! What the engine lets others see while it works: the last values, and whether it turns.

use super::recent::Recent;
use crate::report::{Code, Now};
use crate::tally::Family;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What may be seen: all of it stands in one record on disk, if there is a state.
#[derive(Debug, Default)]
pub struct Shown {
    /// All of the exporter's own; those of the process are read when they are rendered.
    pub families: Vec<Family>,
    /// The responses by code and status, those included that the families show as 0 for the first time.
    pub totals: BTreeMap<(Option<Code>, Option<u16>), u64>,
    /// What was counted lately.
    pub recent: Arc<Recent>,
}

impl Shown {
    /// The same with other numbers for codes and recognisers.
    #[must_use]
    pub fn renewed(&self, code: &dyn Fn(Code) -> Code, recogniser: &dyn Fn(u8) -> u8) -> Self {
        let mut totals = BTreeMap::new();
        for ((old, status), count) in &self.totals {
            *totals.entry((old.map(code), *status)).or_insert(0) += count;
        }
        Self { families: self.families.clone(), totals, recent: Arc::new(self.recent.renewed(code, recogniser)) }
    }
}

/// The engine counts as hanging when it has not turned for so long.
const HANGS: Duration = Duration::from_secs(30);

/// How the configuration was taken up last.
#[derive(Debug, Clone, Copy)]
pub struct Reload {
    /// The last attempt was successful.
    pub successful: bool,
    /// When the last successful one was, since 1970.
    pub succeeded: Duration,
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Shared by the engine and those who answer requests.
#[derive(Debug)]
pub struct Board {
    began: Instant,
    shown: Mutex<Arc<Shown>>,
    turned_millis: AtomicU64,
    ready: AtomicBool,
    reload: Mutex<Reload>,
    told: AtomicBool,
}

impl Board {
    /// A board on which nothing stands yet.
    #[must_use]
    pub fn new(began: Instant) -> Self {
        Self {
            began,
            shown: Mutex::default(),
            turned_millis: AtomicU64::new(0),
            ready: AtomicBool::new(false),
            reload: Mutex::new(Reload { successful: true, succeeded: since_1970() }),
            told: AtomicBool::new(false),
        }
    }

    /// Puts up what may be seen.
    pub fn show(&self, shown: Arc<Shown>) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    /// What may be seen.
    #[must_use]
    pub fn shown(&self) -> Arc<Shown> {
        Arc::clone(&self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The engine has turned. Once it was ready it stays so.
    pub fn turned(&self, now: Now, ready: bool) {
        self.turned_millis.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if ready {
            self.ready.store(true, Ordering::Relaxed);
        }
    }

    /// Whether every file that was there at the start has been read to the end that it had then.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Whether the engine turns.
    #[must_use]
    pub fn turning(&self) -> bool {
        let turned = Duration::from_millis(self.turned_millis.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(turned) < HANGS
    }

    /// The configuration was read anew, with success or without.
    pub fn reloaded(&self, successful: bool) {
        let mut reload = self.reload.lock().unwrap_or_else(PoisonError::into_inner);
        reload.successful = successful;
        if successful {
            reload.succeeded = since_1970();
        }
    }

    /// How the configuration was taken up last.
    #[must_use]
    pub fn reload(&self) -> Reload {
        *self.reload.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A log may have changed. True if the engine has not been told so since it last heard it.
    pub fn tell(&self) -> bool {
        !self.told.swap(true, Ordering::AcqRel)
    }

    /// The engine has heard that a log may have changed.
    pub fn heard(&self) {
        self.told.store(false, Ordering::Release);
    }
}
