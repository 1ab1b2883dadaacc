//! Search for a short text in a short text.
//!
//! An event has a few hundred bytes, and a recogniser asks a dozen times whether some words are in it. To prepare a
//! searcher for each, as `memmem` does, costs more than the search: here the rarest byte of the words is looked for and
//! the rest compared.

/// Where `needle` begins in `text`.
#[must_use]
pub fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    Needle::new(needle).find(text, 0)
}

/// Where `needle` begins in `text` for the last time.
#[must_use]
pub fn rfind(text: &[u8], needle: &[u8]) -> Option<usize> {
    let Needle { text: _, rare, byte } = Needle::new(needle);
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
pub fn find_iter<'t>(text: &'t [u8], needle: &'t (impl AsRef<[u8]> + ?Sized)) -> impl Iterator<Item = usize> + 't {
    let needle = needle.as_ref();
    let prepared = Needle::new(needle);
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = prepared.find(text, from)?;
        from = at + needle.len().max(1);
        Some(at)
    })
}

/// The same from the end on.
pub fn rfind_iter<'t>(text: &'t [u8], needle: &'t (impl AsRef<[u8]> + ?Sized)) -> impl Iterator<Item = usize> + 't {
    let needle = needle.as_ref();
    let mut end = text.len();
    std::iter::from_fn(move || {
        let at = rfind(&text[..end], needle)?;
        end = at;
        Some(at)
    })
}

struct Needle<'n> {
    text: &'n [u8],
    /// Where its rarest byte stands in it.
    rare: usize,
    byte: u8,
}

impl<'n> Needle<'n> {
    fn new(text: &'n [u8]) -> Self {
        let mut rare = 0;
        // to choose among many more costs more than a better one saves
        for at in 1..text.len().min(24) {
            if COMMON[usize::from(text[at])] < COMMON[usize::from(text[rare])] {
                rare = at;
            }
        }
        Self { text, rare, byte: text.first().map_or(0, |_| text[rare]) }
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
