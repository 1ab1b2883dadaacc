//! In which bytes lines may differ that are alike.

use std::ops::Range;

/// Hexadecimal digits of a request id of OBS or of a server before it: fewer are not taken for one.
const ID: usize = 16;

/// More digits than those of a billionth are no part of a second.
const NANOSECONDS: usize = 9;

/// Which bytes may stand at a place of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// This one.
    Only(u8),
    /// A digit.
    Digit,
    /// A hexadecimal digit, with a capital letter.
    Capital,
    /// A hexadecimal digit, with a small letter.
    Small,
}

impl Place {
    /// The first and the last byte, and how many behind the digits are none.
    pub const fn range(self) -> (u8, u8, u8) {
        match self {
            Self::Only(byte) => (byte, byte, 0),
            Self::Digit => (b'0', b'9', 0),
            Self::Capital => (b'0', b'F', b'A' - b'9' - 1),
            Self::Small => (b'0', b'f', b'a' - b'9' - 1),
        }
    }
}

/// What may stand at each place of the lines that are like this one. Nothing if it is not known which are.
pub fn places(line: &[u8], id: Option<Range<usize>>) -> Option<Vec<Place>> {
    // where a character may be escaped, or a text be a value of JSON, digits are not only digits
    let json = memchr::memchr(b'{', line).is_some() && memchr::memchr(b'"', line).is_some();
    let escaped = memchr::memchr(b'\\', line).is_some();
    let stamp = stamp(line)?;
    if json || escaped {
        return None;
    }
    let mut places: Vec<Place> = line.iter().map(|byte| Place::Only(*byte)).collect();
    let mut free = |range: Range<usize>, place: Place| places[range].fill(place);
    (0..stamp).filter(|at| line[*at].is_ascii_digit()).for_each(|at| free(at..at + 1, Place::Digit));
    for run in runs(line, stamp) {
        let text = &line[run.clone()];
        let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
        let small = text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let before = line[run.start - 1];
        let part = before == b'-' || line.get(run.end) == Some(&b'-'); // of an id in the form of a UUID
        if id.as_ref().is_some_and(|id| *id == run) && capital(text) {
            free(run, Place::Capital);
        } else if matches!(before, b'.' | b'%' | b'_') {
            // it may be part of a name, or stand for another character
        } else if digits == text.len() && digits != 3 {
            free(run, Place::Digit);
        } else if digits > 0 && digits < text.len() && small && (text.len() >= 8 || part && text.len() >= 4) {
            free(run, Place::Small);
        }
    }
    // an id that may not differ is one that never comes again
    let differs = id.is_none_or(|id| places[id].iter().any(|place| !matches!(place, Place::Only(_))));
    differs.then_some(places)
}

/// Whether a text has the form that OBS gives its request ids.
fn capital(text: &[u8]) -> bool {
    text.len() >= ID && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

/// The runs of letters and digits behind `from`.
fn runs(line: &[u8], from: usize) -> impl Iterator<Item = Range<usize>> {
    let mut at = from;
    std::iter::from_fn(move || {
        let start = at + line[at..].iter().position(u8::is_ascii_alphanumeric)?;
        let rest = &line[start..];
        at = start + rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        Some(start..at)
    })
}

/// Where the time ends that the line begins with: `2026-11-22 12:47:06`, with what may follow of its seconds.
fn stamp(line: &[u8]) -> Option<usize> {
    const FORM: &[u8; 19] = b"0000-00-00 00:00:00";
    let head = line.first_chunk::<{ FORM.len() }>()?;
    let fits = head.iter().zip(FORM).all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        b' ' => matches!(byte, b' ' | b'T'),
        form => byte == form,
    });
    let rest = &line[FORM.len()..];
    let part =
        rest.first().is_some_and(|byte| matches!(byte, b'.' | b',')) || rest.get(4) == Some(&b'|') && rest[0] == b' '; // the OBS SDKs for Java and Node.js
    let digits = rest.iter().skip(1).take_while(|byte| part && byte.is_ascii_digit()).count();
    let end = if digits > 0 { digits + 1 } else { 0 };
    let ends = rest.get(end).is_none_or(|byte| !byte.is_ascii_digit());
    (fits && ends && digits <= NANOSECONDS).then_some(FORM.len() + end)
}
