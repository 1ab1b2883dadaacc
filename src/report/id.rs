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
    long: Option<Arc<String>>,
}

impl Text {
    /// One that is not as long as most are.
    #[cold]
    fn other(text: &[u8]) -> Self {
        let mut kept = Self { length: text.len(), ..Self::default() };
        match kept.short.get_mut(..text.len()) {
            Some(short) => short.copy_from_slice(text),
            None => kept.long = Some(Arc::new(String::from_utf8_lossy(text).into_owned())),
        }
        kept
    }
}

impl RequestId {
    /// The id with this text.
    #[must_use]
    pub fn new<T: AsRef<[u8]> + ?Sized>(text: &T) -> Self {
        let text = text.as_ref();
        let mut id = Self { hash: 0, text: Text::default() };
        id.set(text, Self::hash_of(text));
        id
    }

    /// The hash of a text.
    #[must_use]
    pub fn hash_of(text: &[u8]) -> u64 {
        xxhash_rust::xxh3::xxh3_64(text)
    }

    /// Becomes the id with a text, the [hash](Self::hash_of) of which is known. Where it stands: a processor has to wait
    /// before it reads as a whole what it has just written in parts, so a new one is slower.
    pub fn set(&mut self, text: &[u8], hash: u64) {
        self.hash = hash;
        if let Ok(short) = text.try_into() {
            (self.text.length, self.text.short, self.text.long) = (SHORT, short, None); // as nearly all
        } else {
            self.text = Text::other(text);
        }
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
