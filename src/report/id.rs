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
#[derive(Debug, Clone, PartialEq, Eq)]
enum Text {
    Short { bytes: [u8; SHORT], length: u8 },
    Long(Arc<str>),
}

impl Default for Text {
    fn default() -> Self {
        Self::Short { bytes: [0; SHORT], length: 0 }
    }
}

impl RequestId {
    /// The id with this text.
    #[must_use]
    pub fn new<T: AsRef<[u8]> + ?Sized>(text: &T) -> Self {
        let text = text.as_ref();
        Self::hashed(text, Self::hash_of(text))
    }

    /// The hash of a text.
    #[must_use]
    pub fn hash_of(text: &[u8]) -> u64 {
        xxhash_rust::xxh3::xxh3_64(text)
    }

    /// The id with this text, whose [hash](Self::hash_of) is known.
    #[must_use]
    pub fn hashed(text: &[u8], hash: u64) -> Self {
        let mut bytes = [0; SHORT];
        if let Ok(whole) = text.try_into() {
            return Self { hash, text: Text::Short { bytes: whole, length: SHORT as u8 } }; // as nearly all
        }
        let text = match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(short), Ok(length)) => {
                short.copy_from_slice(text);
                Text::Short { bytes, length }
            }
            _ => Text::Long(String::from_utf8_lossy(text).into()),
        };
        Self { hash, text }
    }

    /// The text as it was logged, if it is remembered.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let text = match &self.text {
            Text::Long(long) => long,
            Text::Short { bytes, length } => std::str::from_utf8(bytes.get(..usize::from(*length))?).ok()?,
        };
        (!text.is_empty()).then_some(text)
    }

    /// Takes over the text of another one with this hash, if it remembers none itself.
    pub(super) fn recall(&mut self, other: Self) {
        if matches!(self.text, Text::Short { length: 0, .. }) {
            self.text = other.text;
        }
    }
}
