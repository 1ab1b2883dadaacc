//! Text that is not plain UTF-8: marks, colours and other encodings are taken off before anybody reads it.

use super::frame::Framing;
use std::borrow::Cow;

/// The mark that some programs for Windows begin a file with.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// A line without what may stand before its first character: a byte order mark, NULs that a truncation left, colours.
pub fn bare(mut line: &[u8]) -> &[u8] {
    loop {
        line = match line {
            [0xef, 0xbb, 0xbf, rest @ ..] | [0, rest @ ..] => rest,
            [0x1b, b'[', ..] => &line[colour(line)..],
            _ => return line,
        }
    }
}

/// An event without colours and NULs.
#[must_use]
pub fn clean(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(0x1b, 0, text).is_none() && !text.starts_with(BOM) {
        return Cow::Borrowed(text);
    }
    let mut rest = bare(text);
    let mut out = Vec::with_capacity(rest.len());
    while let Some(at) = memchr::memchr2(0x1b, 0, rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + colour(&rest[at..]).max(1)..];
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// The length of the control sequence that the text begins with (ECMA-48: `ESC [`, parameters, one final letter).
fn colour(text: &[u8]) -> usize {
    let Some(parameters) = text.strip_prefix(b"\x1b[") else { return usize::from(!text.is_empty()) };
    let end = parameters.iter().position(|byte| !matches!(byte, 0x20..=0x3f)).unwrap_or(parameters.len());
    (2 + end + 1).min(text.len())
}

/// UTF-16 as UTF-8, line by line, so that offsets of lines can be told in both.
#[derive(Debug, Default)]
pub struct Decoded {
    /// The text.
    pub text: Vec<u8>,
    starts: Vec<(usize, usize)>, // of each line: in the text, in the file's bytes
}

impl Decoded {
    /// Decodes the whole units of `bytes`.
    #[must_use]
    pub fn new(bytes: &[u8], framing: Framing) -> Self {
        let unit = |pair: [u8; 2]| match framing {
            Framing::Utf16Be => u16::from_be_bytes(pair),
            _ => u16::from_le_bytes(pair),
        };
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let mut decoded = Self::default();
        let mut read = 0;
        let mut begins = true;
        for character in char::decode_utf16(units) {
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            if begins {
                decoded.starts.push((decoded.text.len(), read));
            }
            begins = character == '\n';
            read += character.len_utf16() * 2;
            let mut buffer = [0; 4];
            decoded.text.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        }
        decoded.starts.push((decoded.text.len(), read));
        decoded
    }

    /// Where in the file's bytes the line stands that begins at an offset of the text.
    #[must_use]
    pub fn place(&self, start: usize) -> usize {
        match self.starts.binary_search_by_key(&start, |(text, _)| *text) {
            Ok(found) => self.starts[found].1,
            Err(behind) => self.starts.get(behind.saturating_sub(1)).map_or(0, |(_, bytes)| *bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_marks_come_off() {
        for (text, wanted) in [
            (&b"plain"[..], &b"plain"[..]),
            (b"\xef\xbb\xbf2026", b"2026"),
            (b"\0\0\0x", b"x"),
            (b"\x1b[31mERROR\x1b[0m code\x1b[1;32m:\x1b[m X", b"ERROR code: X"),
            (b"a\x1b", b"a"),
            (b"a\x1b[", b"a"),
            (b"a\x1b[31", b"a"),
            (b"a\0b", b"ab"),
        ] {
            assert_eq!(&*clean(text), wanted, "{text:?}");
        }
        assert_eq!(bare(b"\xef\xbb\xbf\x1b[31mERROR"), b"ERROR");
    }

    #[test]
    fn utf_16_keeps_its_places() {
        let bytes: Vec<u8> = "\u{feff}a😀\nb\nc".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let decoded = Decoded::new(&bytes, Framing::Utf16Le);
        assert_eq!(decoded.text, "\u{feff}a😀\nb\nc".as_bytes());
        let second = "\u{feff}a😀\n".len();
        assert_eq!(decoded.place(second), 10);
        assert_eq!(decoded.place(second + 2), 14);
        assert_eq!(decoded.place(decoded.text.len()), bytes.len());
        let odd = Decoded::new(b"\0\xd8\0", Framing::Utf16Be);
        assert_eq!(odd.place(odd.text.len()), 2);
    }
}
