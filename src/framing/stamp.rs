//! The time stamp of a log line, in the forms that logs have.

use std::fmt;

/// A time as a log line gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Milliseconds since 1970, in UTC if the line gives a zone, else in whatever zone the log is written in.
    pub millis: i64,
    /// Whether the line gives a zone.
    pub zoned: bool,
}

/// A stamp stands near the beginning of a line.
const REACH: usize = 256;

/// The keys of a line of JSON or `key=value` stand anywhere in it; so far they are looked for.
const KEYS_REACH: usize = 16 * 1024;

/// How far above a line without a stamp one is looked for, in bytes and lines.
const ABOVE: (usize, usize) = (1024, 8);

/// What the time of a line is called where it has a name.
const KEYS: [&[u8]; 4] = [b"time", b"ts", b"timestamp", b"@timestamp"];

/// Names of months as logs write them.
pub(super) const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

impl Stamp {
    /// The stamp of a line: `2026-11-22 12:47:06,206`, `2026/11/22T12:47:06Z`, `22/Nov/2026:12:47:06 +0000`,
    /// `22 Nov 2026 12:47:06 GMT`, near its beginning behind whatever brackets and keys; or one of these, or seconds
    /// since 1970 and parts of them, under a key such as `"time"` or `ts=`.
    #[must_use]
    pub fn find(line: &[u8]) -> Option<Self> {
        let line = first(line);
        if line.starts_with(b"{") {
            return keyed(line).or_else(|| early(line)); // a message may quote another time
        }
        early(line).or_else(|| keyed(line))
    }

    /// The stamp of an event: of its first line, else the `Date` of an HTTP answer in it.
    #[must_use]
    pub fn of_event(text: &[u8]) -> Option<Self> {
        Self::find(text).or_else(|| {
            let dated = memchr::memmem::find(text, b"Date: ").or_else(|| memchr::memmem::find(text, b"\ndate: "))?;
            early(first(&text[dated + 6..]))
        })
    }

    /// The stamp of the nearest line above, if one of the last few has any.
    #[must_use]
    pub fn above(text: &[u8]) -> Option<Self> {
        let (bytes, lines) = ABOVE;
        let near = &text[text.len().saturating_sub(bytes)..];
        let near = near.strip_suffix(b"\n").unwrap_or(near);
        near.rsplit(|byte| *byte == b'\n').take(lines).find_map(Self::find)
    }
}

fn first(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())]
}

/// The first stamp near the beginning.
fn early(line: &[u8]) -> Option<Stamp> {
    let head = &line[..line.len().min(REACH)];
    let mut before = b' ';
    for (at, byte) in head.iter().enumerate() {
        if byte.is_ascii_digit() && !before.is_ascii_digit() {
            let text = &line[at..];
            let found = numeric(text).or_else(|| named(text)).or_else(|| (at <= 1).then(|| epoch(text)).flatten());
            if found.is_some() {
                return found;
            }
        }
        before = *byte;
    }
    None
}

/// The value of a key that means the time.
fn keyed(line: &[u8]) -> Option<Stamp> {
    let line = &line[..line.len().min(KEYS_REACH)];
    KEYS.iter().find_map(|key| {
        memchr::memmem::find_iter(line, key).find_map(|at| {
            let before = at.checked_sub(1).map_or(b' ', |at| line[at]);
            let rest = &line[at + key.len()..];
            let value = match before {
                b'"' => rest.strip_prefix(b"\"")?.trim_ascii_start().strip_prefix(b":"),
                b' ' | b'\t' => rest.strip_prefix(b"="),
                _ => None,
            }?;
            let value = value.trim_ascii_start();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            numeric(value).or_else(|| named(value)).or_else(|| epoch(value))
        })
    })
}

fn numeric(text: &[u8]) -> Option<Stamp> {
    let separator = *text.get(4)?;
    let shaped = matches!(separator, b'-' | b'/')
        && text.get(7) == Some(&separator)
        && matches!(text.get(10), Some(b' ' | b'T'));
    if !shaped {
        return None;
    }
    stamp(number(text, 0, 4)?, number(text, 5, 2)?, number(text, 8, 2)?, &text[11..])
}

/// The minute that a line was written in, which is most often that of the line before it.
#[derive(Debug, Clone, Default)]
pub struct Minute {
    /// The first bytes of the stamp of a line, up to its seconds: `2026-11-22 12:47`.
    head: [u8; HEAD],
    /// The minute that they mean, in seconds since 1970.
    seconds: i64,
}

/// Bytes of a stamp before those of its seconds.
const HEAD: usize = 16;

impl Minute {
    /// The same as [`Stamp::of_event`], quicker for a line that begins with its stamp.
    #[inline]
    pub fn stamp(&mut self, line: &[u8]) -> Option<Stamp> {
        self.early(line).or_else(|| Stamp::of_event(line))
    }

    #[inline]
    fn early(&mut self, line: &[u8]) -> Option<Stamp> {
        let (head, rest) = line.split_first_chunk()?;
        if self.head != *head {
            let begins = numeric(&[head.as_slice(), b":00 "].concat())?;
            (self.head, self.seconds) = (*head, begins.millis / 1000);
        }
        in_minute(self.seconds, rest)
    }
}

fn named(text: &[u8]) -> Option<Stamp> {
    let separator = *text.get(2)?;
    let shaped = matches!(separator, b'/' | b' ' | b'-')
        && text.get(6) == Some(&separator)
        && matches!(text.get(11), Some(b':' | b' '));
    let month = MONTHS.iter().position(|month| text.get(3..6) == Some(*month)).filter(|_| shaped)?;
    stamp(number(text, 7, 4)?, i64::try_from(month).ok()? + 1, number(text, 0, 2)?, &text[12..])
}

/// Time since 1970 in seconds, or in thousandths, millionths or billionths of them, of this century.
fn epoch(text: &[u8]) -> Option<Stamp> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = number(text, 0, digits)?;
    let millis = match digits {
        10 => {
            let fraction = text[digits..].strip_prefix(b".").unwrap_or_default();
            whole * 1000 + thousandths(fraction)
        }
        13 => whole,
        16 => whole / 1000,
        19 => whole / 1_000_000,
        _ => return None,
    };
    let end = text[digits..].first().is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-');
    (end && (978_307_200_000..4_102_444_800_000).contains(&millis)).then_some(Stamp { millis, zoned: true })
}

/// The first three digits of a fraction.
fn thousandths(fraction: &[u8]) -> i64 {
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (0..3)
        .fold(0, |millis, place| millis * 10 + fraction[..digits].get(place).map_or(0, |digit| i64::from(digit - b'0')))
}

/// Numbers of so many digits fit.
const MOST_DIGITS: usize = 19;

/// Nothing if there is something else than digits, or more of them than a number can have.
fn number(text: &[u8], at: usize, digits: usize) -> Option<i64> {
    let text = text.get(at..at + digits).filter(|_| digits <= MOST_DIGITS)?;
    let mut number = 0_u64;
    for digit in text {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u64::from(digit - b'0');
    }
    i64::try_from(number).ok()
}

fn stamp(year: i64, month: i64, day: i64, time: &[u8]) -> Option<Stamp> {
    let (hour, minute) = (number(time, 0, 2)?, number(time, 3, 2)?);
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60;
    if !valid || time[2] != b':' {
        return None;
    }
    in_minute(days(year, month, day) * 86_400 + hour * 3600 + minute * 60, &time[5..])
}

/// The stamp whose minute is so many seconds since 1970, of which `time` is the rest: `:06.208Z`.
fn in_minute(minute: i64, time: &[u8]) -> Option<Stamp> {
    let [b':', tens, ones, fraction @ ..] = time else { return None };
    if !(tens.is_ascii_digit() && ones.is_ascii_digit()) {
        return None;
    }
    let second = i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
    if second > 60 {
        return None;
    }
    let mut rest = fraction;
    let mut millis = 0;
    if let [b'.' | b',', a, b, c, end, ..] = rest
        && a.is_ascii_digit() & b.is_ascii_digit() & c.is_ascii_digit() & !end.is_ascii_digit()
    {
        // as most loggers write it
        millis = i64::from(a - b'0') * 100 + i64::from(b - b'0') * 10 + i64::from(c - b'0');
        rest = &rest[4..];
    } else if let Some(fraction) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) {
        millis = thousandths(fraction);
        rest = &fraction[fraction.iter().take_while(|byte| byte.is_ascii_digit()).count()..];
    } else if let [b' ', a, b, c, b'|', ..] = rest
        && [a, b, c].iter().all(|byte| byte.is_ascii_digit())
    {
        millis = thousandths(&rest[1..4]); // the OBS SDKs for Java and Node.js
    }
    let zone = zone(rest);
    let seconds = minute + second - zone.unwrap_or(0) * 60;
    Some(Stamp { millis: seconds * 1000 + millis, zoned: zone.is_some() })
}

/// Minutes east of UTC.
fn zone(text: &[u8]) -> Option<i64> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let sign = match text.first()? {
        b'Z' => return Some(0),
        b'G' | b'U' if text.starts_with(b"GMT") || text.starts_with(b"UTC") => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let minutes = if text.get(3) == Some(&b':') { 4 } else { 3 };
    Some(sign * (number(text, 1, 2)? * 60 + number(text, minutes, 2)?))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl fmt::Display for Stamp {
    /// As in RFC 3339, with a `Z` only if the zone is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (second, millis) = (self.millis.div_euclid(1000), self.millis.rem_euclid(1000));
        let (day, second) = (second.div_euclid(86_400), second.rem_euclid(86_400));
        let shifted = day + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}")?;
        if self.zoned { f.write_str("Z") } else { Ok(()) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_logs_have() {
        for (line, wanted) in [
            ("2026-11-22 12:47:06,206|process:1", Some("2026-11-22T12:47:06.206")),
            ("2026-11-22T12:50:05.208ZZ [WARN]", Some("2026-11-22T12:50:05.208Z")),
            ("2026/11/22 12:50:21 ERROR", Some("2026-11-22T12:50:21.000")),
            ("[2026-11-22 13:08:31.987] [tid:1]", Some("2026-11-22T13:08:31.987")),
            ("[2026-11-22T13:01:29.144931+00:00][INFO]", Some("2026-11-22T13:01:29.144Z")),
            ("x y [22/Nov/2026:12:47:06 +0800] z", Some("2026-11-22T04:47:06.000Z")),
            ("{\"level\":\"error\",\"time\":\"2024-02-29T23:59:59.5-01:30\"}", Some("2024-03-01T01:29:59.500Z")),
            ("2026-11-22 12:55:47 699|main|ERROR|x", Some("2026-11-22T12:55:47.699")),
            ("2026-11-22 12:55:47 699 bytes", Some("2026-11-22T12:55:47.000")),
            ("Sun, 22 Nov 2026 13:10:06 GMT", Some("2026-11-22T13:10:06.000Z")),
            ("22-Nov-2026 13:10:06.25 UTC x", Some("2026-11-22T13:10:06.250Z")),
            ("{\"level\":50,\"time\":1795352432857,\"m\":\"2024-01-01 00:00:00\"}", Some("2026-11-22T13:00:32.857Z")),
            ("{\"m\":\"2024-01-01 00:00:00\", \"ts\": 1795352432.5}", Some("2026-11-22T13:00:32.500Z")),
            ("{\"msg\":\"at time: 1795352432\",\"runtime\":1795352432}", None),
            ("level=error ts=1795352432.857 msg=x", Some("2026-11-22T13:00:32.857Z")),
            ("1795352432 ERROR x", Some("2026-11-22T13:00:32.000Z")),
            ("[1795352432857123] ERROR x", Some("2026-11-22T13:00:32.857Z")),
            ("[1795352432857123456] ERROR x", Some("2026-11-22T13:00:32.857Z")),
            ("99999999999999999999 ERROR x", None),
            ("1795352432-account", None),
            ("upload 1795352432 failed", None),
            ("2026/11/22 HH:50:03 352|sdk-file|", None),
            ("99999-99-99 99:99:99", None),
            ("2026-13-22 12:47:06", None),
            ("no stamp", None),
            ("1969-12-31T23:59:59Z", Some("1969-12-31T23:59:59.000Z")),
        ] {
            assert_eq!(Stamp::find(line.as_bytes()).map(|stamp| stamp.to_string()).as_deref(), wanted, "{line}");
        }
    }

    #[test]
    fn the_key_of_json_is_found_behind_a_long_message() {
        let line = format!("{{\"msg\":\"{}\",\"ts\":\"2026-11-22T13:00:00Z\"}}", "x".repeat(2000));
        assert_eq!(Stamp::find(line.as_bytes()).unwrap().to_string(), "2026-11-22T13:00:00.000Z");
    }

    #[test]
    fn an_event_without_a_stamp_has_the_date_of_its_answer() {
        let answer = b"< HTTP/1.1 503 Slow Down\n< Date: Sun, 22 Nov 2026 13:10:06 GMT\n< \n";
        assert_eq!(Stamp::of_event(answer).unwrap().to_string(), "2026-11-22T13:10:06.000Z");
        assert_eq!(Stamp::of_event(b"Code:SlowDown\nUpdated: 2026-11-22 13:10:06\n"), None);
    }

    #[test]
    fn the_line_above_is_near() {
        let text = b"2026-11-22 13:10:06 a\n2026-11-22 13:10:07 b\nfailed:\n";
        assert_eq!(Stamp::above(text).unwrap().to_string(), "2026-11-22T13:10:07.000");
        let far = format!("2026-11-22 13:10:06 a\n{}", "no time\n".repeat(8));
        assert_eq!(Stamp::above(far.as_bytes()), None);
        assert_eq!(Stamp::above(b""), None);
    }
}
