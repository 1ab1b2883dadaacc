//! Pieces of a line: what may be a code, a status, a request id, and where a text begins and ends. Everything that comes
//! out is ASCII; what has another form than the field does not come out at all.

use crate::framing::short::{self, Needle, lit};

/// The text behind `needle`, from `from` on.
pub fn after<'e, 'n>(text: &'e [u8], needle: impl Into<Needle<'n>>) -> Option<&'e [u8]> {
    let needle = needle.into();
    short::find(text, needle).map(|at| &text[at + needle.len()..])
}

/// The text up to `stop`; all of it if there is none.
pub fn until<'e, 'n>(text: &'e [u8], stop: impl Into<Needle<'n>>) -> &'e [u8] {
    &text[..short::find(text, stop).unwrap_or(text.len())]
}

/// The text up to `stop`, or to the end of its line: what is no message holds no line feed, and the lines behind it may
/// still be to come.
pub fn value<'e, 'n>(text: &'e [u8], stop: impl Into<Needle<'n>>) -> &'e [u8] {
    until(until(text, lit!("\n")), stop)
}

/// The text behind the last `needle`.
pub fn after_last<'e, 'n>(text: &'e [u8], needle: impl Into<Needle<'n>>) -> Option<&'e [u8]> {
    let needle = needle.into();
    short::rfind(text, needle).map(|at| &text[at + needle.len()..])
}

/// A code: a capital, then 2 to 63 letters, digits and dots. A blank may be inside, since OBS sends one in
/// `IncorrectNumberOfFilesInPost Request`; whether that is a code is for the catalogue to say.
pub fn code(text: &[u8]) -> Option<&str> {
    let text = text.trim_ascii();
    let form = (3..=64).contains(&text.len())
        && text[0].is_ascii_uppercase()
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b' '));
    if form { std::str::from_utf8(text).ok() } else { None }
}

/// Three digits, 100 to 599, with no digit behind them.
pub fn status(text: &[u8]) -> Option<u16> {
    let digits = text.get(..3)?;
    if !digits.iter().all(u8::is_ascii_digit) || text.get(3).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let status = digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
    (100..600).contains(&status).then_some(status)
}

/// A request id at the beginning of the text: 8 to 128 letters, digits, `-` and `_`.
pub fn request_id(text: &[u8]) -> Option<&str> {
    let end = text.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
    let id = &text[..end.unwrap_or(text.len())];
    if (8..=128).contains(&id.len()) { std::str::from_utf8(id).ok() } else { None }
}

/// Whether the text of an error that begins at `at`, and whose id stands behind `label`, has ended where another one
/// begins. A message may hold the text of an error as a whole; only on a line of its own, or in another string, it is
/// another one.
pub fn ended(event: &[u8], at: usize, next: usize, label: &str) -> bool {
    let end = string_end(event, at);
    let lines = event.get(end).is_none_or(|byte| *byte == b'\n');
    short::find(&event[at..next], label.as_bytes())
        .is_some_and(|id| if lines { memchr::memchr(b'\n', &event[at + id..next]).is_some() } else { end < next })
}

/// The part of the line before `at`.
pub fn line_before(text: &[u8], at: usize) -> &[u8] {
    &text[memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1)..at]
}

/// Where the text around `at` ends: with its line, also where a logger has written the line feed as `\n`, and in a line
/// of JSON with its string. What is behind has nothing to do with it.
pub fn text_end(event: &[u8], at: usize) -> usize {
    let line = at - line_before(event, at).len();
    let json = event.get(line) == Some(&b'{');
    let mut from = at;
    while let Some(hit) = memchr::memchr3(b'\n', b'\\', b'"', &event[from..]).map(|hit| from + hit) {
        if event[hit] == b'\n' || event[hit] == b'"' && json {
            return hit;
        }
        let slashes = event[hit..].iter().take_while(|byte| **byte == b'\\').count();
        if slashes > 0 && event.get(hit + slashes) == Some(&b'n') {
            return hit;
        }
        from = hit + slashes + usize::from(slashes % 2 == 1 || slashes == 0);
        if from >= event.len() {
            break;
        }
    }
    event.len()
}

/// Where the string ends that `at` stands in, or the line if it is in none. In a string that is also where a line feed
/// is written as `\n`; with two backslashes, or outside of a string, somebody wrote a backslash.
pub fn string_end(event: &[u8], at: usize) -> usize {
    let mut next = at - line_before(event, at).len();
    let mut quoted = false;
    while let Some(hit) = memchr::memchr3(b'\n', b'\\', b'"', &event[next..]).map(|hit| next + hit) {
        let (behind, byte) = (hit >= at, event[hit]);
        if behind && (byte == b'\n' || quoted && (byte == b'"' || event[hit..].starts_with(b"\\n"))) {
            return hit;
        }
        quoted ^= byte == b'"' && !behind;
        next = (hit + 1 + usize::from(byte == b'\\')).min(event.len());
    }
    event.len()
}

/// The line that begins at the start of the text, without its end.
pub fn line(text: &[u8]) -> &[u8] {
    until(text, lit!("\n")).trim_ascii_end()
}

/// A level as loggers write it, padded or not.
pub fn level(text: &[u8]) -> bool {
    const LEVELS: [&str; 10] =
        ["ERROR", "WARN", "WARNING", "INFO", "DEBUG", "TRACE", "FATAL", "SEVERE", "CRITICAL", "NOTICE"];
    LEVELS.iter().any(|level| text.trim_ascii().eq_ignore_ascii_case(level.as_bytes()))
}

/// Whether `before`, the part of a line before a text, is what a logger writes before it, or nothing: what stands in the
/// middle of a sentence or in a URL is not its own text.
pub fn logged(before: &[u8]) -> bool {
    const ENDS: [&[u8]; 8] = [b": ", b"- ", b"] ", b") ", b"> ", b"\t", b"\":\"", b"\": \""];
    let last = || before.trim_ascii_end().rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
    let leveled = || before.ends_with(b" ") && last().iter().all(u8::is_ascii_uppercase) && level(last());
    before.is_empty()
        || before.len() < 256
            && (ENDS.iter().any(|end| before.ends_with(end)) || leveled())
            && short::find(before, lit!("://")).is_none()
}

/// The thread of which `before`, what a logger writes before a text, tells in brackets: the first that hold neither a
/// time nor a level. Nothing if there are none.
pub fn thread(before: &[u8]) -> &[u8] {
    let mut rest = before;
    while let Some(open) = memchr::memchr(b'[', rest) {
        let inside = until(&rest[open + 1..], lit!("]"));
        let stamp = inside.len() > 9 && inside[0].is_ascii_digit();
        if !stamp && !inside.is_empty() && !level(inside) {
            return inside;
        }
        rest = &rest[open + 1..];
    }
    &[]
}

/// The value of an HTTP header on a line `Name: value`, whatever the case of the name.
pub fn header<'e>(line: &'e [u8], name: &str) -> Option<&'e [u8]> {
    let (head, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    head.eq_ignore_ascii_case(name.as_bytes()).then(|| value.trim_ascii())
}

/// A key for lines that belong together: what they are, and what they have in common.
pub fn key(what: &str, common: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(common, xxhash_rust::xxh3::xxh3_64(what.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_a_form() {
        for good in ["NoSuchKey", " KMS.DisabledException ", "IncorrectNumberOfFilesInPost Request", "Abc"] {
            assert_eq!(code(good.as_bytes()), Some(good.trim()));
        }
        for bad in ["", "404", "noSuchKey", "No", "No-Such", "No\nSuch", "Näh", &"A".repeat(65)] {
            assert_eq!(code(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_status_is_three_digits() {
        assert_eq!(status(b"404 Not Found"), Some(404));
        assert_eq!(status(b"200"), Some(200));
        for bad in ["", "40", "4040", "099", "600", "-1", "4x4", "404a"] {
            assert_eq!(status(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_text_ends_with_its_line_or_string() {
        for (event, at, end) in [
            ("one\ntwo\n", 5, 7),
            ("plain \"quoted\" text", 0, 19),
            (r#"{"a":"one\"two","b":1}"#, 6, 14),
            (r#"{"a":"one\\","b":1}"#, 6, 11),
            (r#"x="one\ntwo""#, 3, 6),
            (r#"x="one\\ntwo""#, 3, 6),
            ("x\\", 0, 2),
            ("", 0, 0),
        ] {
            assert_eq!(text_end(event.as_bytes(), at), end, "{event}");
        }
    }

    #[test]
    fn a_logger_writes_before_a_text() {
        for good in [
            "",
            "2026-11-22 12:47:06.206  WARN 7 --- [main] c.o.s.RestStorageService : ",
            "2026-11-22 12:47:06,206 [12] ERROR - ",
            "2026-11-22 12:47:06 WARN ",
            "WARNING: ",
            "{\"level\":\"warn\",\"message\":\"",
        ] {
            assert!(logged(good.as_bytes()), "{good}");
        }
        for bad in ["it said ", "2026-11-22 GET http://b.obs.example.com/a: ", "name-", "x|"] {
            assert!(!logged(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_thread_stands_in_brackets() {
        assert_eq!(thread(b"[2026-11-22 12:47:06] [ERROR] [pool-1] "), b"pool-1");
        assert_eq!(thread(b"2026-11-22 12:47:06 [12] ERROR - "), b"12");
        assert_eq!(thread(b"2026-11-22 12:47:06 ["), b"");
        assert_eq!(thread(b""), b"");
    }

    #[test]
    fn an_id_ends_where_its_letters_do() {
        assert_eq!(request_id(b"0000018B66D1A2C3|"), Some("0000018B66D1A2C3"));
        assert_eq!(request_id(b"(null)"), None);
        assert_eq!(request_id(b""), None);
    }
}
