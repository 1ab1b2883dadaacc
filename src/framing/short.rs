//! Search for a short text in a short text.
//!
//! An event has a few hundred bytes, and a recogniser asks a dozen times whether some words are in it. To prepare a
//! searcher for each, as `memmem` does, costs more than the search: here the rarest byte of the words is looked for and
//! the rest compared.

/// A text to search for: [`lit!`](lit) prepares one when the program is compiled, `into()` when it runs.
#[derive(Debug, Clone, Copy)]
pub struct Needle<'n> {
    text: &'n [u8],
    /// Where its rarest byte stands in it.
    rare: usize,
    byte: u8,
}

/// The [`Needle`] of a literal.
macro_rules! lit {
    ($text:expr) => {
        const { $crate::framing::short::Needle::new($text.as_bytes()) }
    };
}
pub(crate) use lit;

impl<'n> Needle<'n> {
    /// Prepares a text.
    #[must_use]
    pub const fn new(text: &'n [u8]) -> Self {
        if text.is_empty() {
            return Self { text, rare: 0, byte: 0 };
        }
        let (mut rare, mut at) = (0, 1);
        // to choose among many more costs more than a better one saves
        while at < text.len() && at < 24 {
            if COMMON[text[at] as usize] < COMMON[text[rare] as usize] {
                rare = at;
            }
            at += 1;
        }
        Self { text, rare, byte: text[rare] }
    }

    /// Its length in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether it is found everywhere.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn find(&self, text: &[u8], mut from: usize) -> Option<usize> {
        if self.text.is_empty() {
            return (from <= text.len()).then_some(from);
        }
        let last = text.len().checked_sub(self.text.len())?;
        while from <= last {
            let at = from + memchr::memchr(self.byte, &text[from + self.rare..=last + self.rare])?;
            if text[at..].starts_with(self.text) {
                return Some(at);
            }
            from = at + 1;
        }
        None
    }
}

impl<'n> From<&'n [u8]> for Needle<'n> {
    fn from(text: &'n [u8]) -> Self {
        Self::new(text)
    }
}

impl<'n, const N: usize> From<&'n [u8; N]> for Needle<'n> {
    fn from(text: &'n [u8; N]) -> Self {
        Self::new(text)
    }
}

impl<'n> From<&'n str> for Needle<'n> {
    fn from(text: &'n str) -> Self {
        Self::new(text.as_bytes())
    }
}

/// Where `needle` begins in `text`.
#[must_use]
pub fn find<'n>(text: &[u8], needle: impl Into<Needle<'n>>) -> Option<usize> {
    needle.into().find(text, 0)
}

/// Where `needle` begins in `text` for the last time.
#[must_use]
pub fn rfind<'n>(text: &[u8], needle: impl Into<Needle<'n>>) -> Option<usize> {
    let Needle { text: needle, rare, byte } = needle.into();
    let mut end = (text.len() + 1).checked_sub(needle.len())?; // behind the last place where it can begin
    loop {
        let at =
            if needle.is_empty() { end.checked_sub(1)? } else { memchr::memrchr(byte, text.get(rare..rare + end)?)? };
        if text[at..].starts_with(needle) {
            return Some(at);
        }
        end = at;
    }
}

/// The places where `needle` begins in `text`, which do not overlap.
pub fn find_iter<'t>(text: &'t [u8], needle: impl Into<Needle<'t>>) -> impl Iterator<Item = usize> + 't {
    let needle = needle.into();
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = needle.find(text, from)?;
        from = at + needle.len().max(1);
        Some(at)
    })
}

/// The same from the end on.
pub fn rfind_iter<'t>(text: &'t [u8], needle: impl Into<Needle<'t>>) -> impl Iterator<Item = usize> + 't {
    let needle = needle.into();
    let mut end = text.len();
    std::iter::from_fn(move || {
        let at = rfind(&text[..end], needle)?;
        end = at;
        Some(at)
    })
}

/// How common a byte is in logs: the order counts, not the number.
#[must_use]
pub fn commonness(byte: u8) -> u8 {
    COMMON[usize::from(byte)]
}

/// How common a byte is in logs, from 0 up. It only has to be about right.
const COMMON: [u8; 256] = {
    let mut common = [0; 256];
    let order = b"~^$%&!?`*#@+ZQXJKYVWUGHBqzjxkLFMND;'|{}()[]<>PTOIARSCE_wvbygfphumldc\\/\"=,-:.0123456789nisroate ";
    let mut place = 0;
    while place < order.len() {
        common[order[place] as usize] = place as u8 + 1;
        place += 1;
    }
    common
};

#[cfg(test)]
mod tests {
    use super::*;
    use memchr::memmem;

    #[test]
    fn as_memmem_finds_it() {
        let texts = ["", "a", "aa", "aaaa", "abab", "error code: X, error code: Y", "xyxyx", "Code", "Cod"];
        let needles = ["", "a", "aa", "ab", "code: ", "xyx", "Code", "e"];
        for text in texts.map(str::as_bytes) {
            for needle in needles.map(str::as_bytes) {
                let shown = (String::from_utf8_lossy(text), String::from_utf8_lossy(needle));
                assert_eq!(find(text, needle), memmem::find(text, needle), "{shown:?}");
                assert_eq!(rfind(text, needle), memmem::rfind(text, needle), "{shown:?}");
                let all: Vec<_> = find_iter(text, needle).collect();
                assert_eq!(all, memmem::find_iter(text, needle).collect::<Vec<_>>(), "{shown:?}");
                if !needle.is_empty() {
                    let all: Vec<_> = rfind_iter(text, needle).collect();
                    assert_eq!(all, memmem::rfind_iter(text, needle).collect::<Vec<_>>(), "{shown:?}");
                }
            }
        }
    }
}
