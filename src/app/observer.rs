//! Who is told of the responses that are counted.

use crate::report::{Code, Codes, Finding};
use serde::{Deserialize, Serialize};

/// Responses that are counted, for those who choose or list them.
pub trait Observer {
    /// Whether it matters when they were.
    const TIMES: bool = true;

    /// Whether it matters in which log they were told of.
    const LOGS: bool = false;

    /// Whether a response is to be counted.
    fn wants(&mut self, _: &Codes, _: &Finding) -> bool {
        true
    }

    /// A response was counted.
    fn counted(&mut self, finding: &Finding);

    /// What has to be kept of it over a restart.
    fn save(&self) -> Vec<LastTold> {
        Vec::new()
    }

    /// Takes up what was kept.
    fn restore(&mut self, _: Vec<LastTold>) {}

    /// Codes and recognisers have other numbers from now on.
    fn renew(&mut self, _code: &dyn Fn(Code) -> Code, _recogniser: &dyn Fn(u8) -> u8) {}
}

/// When the logs told of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastTold {
    /// The code.
    pub code: Option<Code>,
    /// The status as it was logged.
    pub status: Option<u16>,
    /// The last time, in milliseconds since 1970.
    pub millis: i64,
    /// How often in the hour before, minute by minute; nothing if that hour is over.
    pub minutes: Vec<u32>,
}

/// Observes nothing.
#[derive(Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    const TIMES: bool = false;

    fn counted(&mut self, _: &Finding) {}
}
