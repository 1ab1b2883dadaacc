//! Request ids.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The text of an id of so many bytes, as many as those of OBS have, needs no memory of its own.
const SHORT: usize = 32;

/// A request id: its hash, and its text as long as this process remembers it. Only the hash is kept on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestId {
    /// 64-bit hash of the text.
    pub hash: u64,
    #[serde(skip)]
    text: Text,
}

/// A text that is not shared if it is short: each response has one, and few are ever looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Text {
    length: usize,
    short: [u8; SHORT],
    long: Option<Arc<str>>,
}

impl RequestId {
    /// The id with this text.
    #[must_use]
    pub fn new<T: AsRef<[u8]> + ?Sized>(text: &T) -> Self {
        let text = text.as_ref();
        let mut kept = Text { length: text.len(), ..Text::default() };
        if let Ok(whole) = text.try_into() {
            kept.short = whole;
        } else if let Some(short) = kept.short.get_mut(..text.len()) {
            short.copy_from_slice(text);
        } else {
            kept.long = Some(String::from_utf8_lossy(text).into());
        }
        Self { hash: xxhash_rust::xxh3::xxh3_64(text), text: kept }
    }

    /// The text as it was logged, if it is remembered.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let Text { length, short, long } = &self.text;
        let text = match long {
            Some(long) => long,
            None => std::str::from_utf8(short.get(..*length)?).ok()?,
        };
        (!text.is_empty()).then_some(text)
    }

    /// Takes over the text of another one with this hash, if it remembers none itself.
    pub(super) fn recall(&mut self, other: Self) {
        if self.text.length == 0 {
            self.text = other.text;
        }
    }
}
