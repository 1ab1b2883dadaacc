//! Whose text is whose. What stands in the message of an error, in a line that only one SDK writes, or in a field that
//! holds a key or a URL, is no report, however much it looks like one: whoever chose the key may have written it.

use super::{BUILT_IN, Found, Report, fields, keys, logfmt};
use crate::framing::Bits;
use crate::framing::short::{self, lit};
use smallvec::SmallVec;

/// A part of an event in which only some recognisers find anything.
#[derive(Debug, Clone, Copy)]
struct Claim {
    start: usize,
    end: usize,
    /// Those that may; nobody else may, and within the text of a report nobody at all.
    may: Bits,
    /// The number of the report, if it is the text of one.
    report: Option<usize>,
}

type Claims = SmallVec<[Claim; 8]>;

/// Recognisers of forms that stand within other texts; what they find is often only part of a line.
const GENERIC: [&str; 3] = ["json", "logfmt", "http_dump"];

fn bit(name: &str) -> Bits {
    BUILT_IN.iter().position(|recogniser| recogniser.name() == name).map_or(0, |number| 1 << number)
}

/// Drops what was found in the text of another report, or in a line or field that holds no reports of that kind.
pub fn settle(event: &[u8], found: &mut Found<'_>) {
    let mut claims = Claims::new();
    let mut lines: SmallVec<[usize; 8]> = SmallVec::new();
    for (_, report) in found.iter() {
        let line = report.at - fields::line_before(event, report.at).len();
        if !lines.contains(&line) {
            lines.push(line);
            layout(event, line, &mut claims);
        }
    }
    if found.len() < 2 && claims.is_empty() {
        return;
    }
    for (index, (number, report)) in found.iter().enumerate() {
        if let Some(end) = end(event, usize::from(*number), report) {
            claims.push(Claim { start: report.at, end, may: 0, report: Some(index) });
        }
    }
    claims.sort_by_key(|claim| (claim.start, claim.report));
    let may = |claim: &Claim, index: usize, number: u8| {
        claim.report == Some(index) || claim.may.checked_shr(number.into()).is_some_and(|bits| bits & 1 == 1)
    };
    let mut holds = Claims::new();
    for claim in claims {
        let outside = |other: &Claim| !(other.start..other.end).contains(&claim.start);
        let allowed = |other: &Claim| claim.report.is_some_and(|index| may(other, index, found[index].0));
        if holds.iter().all(|other| outside(other) || allowed(other)) {
            holds.push(claim);
        }
    }
    let mut index = 0;
    found.retain(|(number, report)| {
        let own = index;
        index += 1;
        holds.iter().all(|claim| !(claim.start..claim.end).contains(&report.at) || may(claim, own, *number))
    });
}

/// Where the text of a report ends, if it is known by its own words: with its line or string, or behind the id.
fn end(event: &[u8], number: usize, report: &Report<'_>) -> Option<usize> {
    if report.until > report.at {
        return Some(report.until);
    }
    let recogniser = BUILT_IN.get(number).filter(|recogniser| !GENERIC.contains(&recogniser.name()))?;
    let id = report.request_id.filter(|_| recogniser.name() != "xml").map_or(0, |id| {
        let at = id.as_ptr().addr().wrapping_sub(event.as_ptr().addr());
        if at < event.len() { fields::string_end(event, at) } else { 0 }
    });
    Some(fields::string_end(event, report.at).max(id))
}

/// Claims what the layout of a line says of it.
fn layout(event: &[u8], start: usize, claims: &mut Claims) {
    let line = fields::until(&event[start..], lit!("\n"));
    let end = start + line.len();
    let bars = memchr::memchr(b'|', &line[..line.len().min(BAR)]).is_some();
    let bracket = bracket(line);
    let owners: &[&str] = if bars && python(line) {
        &["obs_python"]
    } else if bars && node(line) {
        &["obs_node"]
    } else if bars && c(line) {
        &["obs_c"]
    } else if let Some(message) = bracket.and_then(|open| dotnet(line, open)) {
        claims.push(Claim { start: start + message, end, may: 0, report: None });
        return;
    } else if bars && let Some(text) = go(line) {
        const OF_THE_SDK: [&[u8]; 3] = [b"Request headers: ", b"Do request with url ", b"resp.StatusCode "];
        if text.starts_with(b"body: <") {
            &["obs_go", "xml"]
        } else if OF_THE_SDK.iter().any(|head| text.starts_with(head)) {
            &["obs_go"]
        } else {
            &["obs_go", "obsutil"]
        }
    } else if bracket.is_some_and(|open| stamped(line, open)) {
        &["access_log"]
    } else if line.starts_with(b"< ") || line.starts_with(b"> ") {
        &["http_dump"]
    } else {
        data(line, start, claims);
        return;
    };
    let may = owners.iter().fold(0, |bits, owner| bits | bit(owner));
    claims.push(Claim { start, end, may, report: None });
}

/// The lines of the SDKs that part fields by bars have the first so near to their beginning.
const BAR: usize = 160;

/// `time|process:N|thread:N|LEVEL|HTTP(s)+XML|LOGGER|function,line|text|`
fn python(line: &[u8]) -> bool {
    let mut parts = line.split(|byte| *byte == b'|');
    parts.next().is_some_and(time)
        && parts.next().is_some_and(|part| part.starts_with(b"process:"))
        && parts.next().is_some_and(|part| part.starts_with(b"thread:"))
        && parts.next().is_some_and(fields::level)
        && parts.nth(3).is_some()
}

/// The text behind `time [LEVEL]: file.go:N|`.
pub fn go(line: &[u8]) -> Option<&[u8]> {
    let (head, text) = line.split_at(memchr::memchr(b'|', &line[..line.len().min(96)])?);
    let open = short::find(head, lit!(" [")).filter(|open| time(&head[..*open]))?;
    let place = fields::after(&head[open..], lit!("]: "))?;
    fields::until(place, lit!(":")).ends_with(b".go").then_some(&text[1..])
}

/// `time|sdk-file|LEVEL|Operation|text`
fn node(line: &[u8]) -> bool {
    short::find(line, lit!("|sdk-file|")).is_some_and(|bar| time(&line[..bar]))
}

/// `[time] [tid:N] [logger] [level] |text`
fn c(line: &[u8]) -> bool {
    line.starts_with(b"[") && short::find(line, lit!("] [tid:")).is_some_and(|end| time(&line[1..end]))
}

/// Where the message begins in `time [thread] LEVEL - PutObject exception code: AccessDenied, with message: …`.
fn dotnet(line: &[u8], thread: usize) -> Option<usize> {
    time(&line[..thread]).then_some(())?;
    let behind = thread + fields::until(&line[thread..], lit!("]")).len() + 2;
    line[..behind.min(line.len())].ends_with(b"] ").then_some(())?;
    let text = behind + short::find(&line[behind..], lit!("- "))? + 2;
    fields::level(&line[behind..text - 2]).then_some(())?;
    let operation = line[text..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    line[text + operation..].starts_with(b" exception code: ").then_some(())?;
    short::find(line, lit!(", with message: "))
}

/// `OWNER BUCKET [22/Nov/2026:12:47:06 +0000] …`, and what web servers write of their own clients: `ADDRESS - USER [time] …`.
pub fn access_log(line: &[u8]) -> bool {
    bracket(line).is_some_and(|open| stamped(line, open))
}

/// Where the first bracket opens near the beginning of a line.
fn bracket(line: &[u8]) -> Option<usize> {
    short::find(&line[..line.len().min(256)], lit!(" ["))
}

/// Whether the bracket at `open` holds the time as access logs write it, behind one word or two.
fn stamped(line: &[u8], open: usize) -> bool {
    let stamp = &line[open + 2..];
    let words = || line[..open].iter().filter(|byte| **byte == b' ').count();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'.' | b':' | b'_');
    stamp.first().is_some_and(u8::is_ascii_digit)
        && stamp.get(2) == Some(&b'/')
        && stamp.get(6) == Some(&b'/')
        && stamp.get(11) == Some(&b':')
        && (1..=2).contains(&words())
        && line[..open].iter().all(plain)
}

/// Nothing but a time stamp, in any of the forms that the SDKs write.
fn time(text: &[u8]) -> bool {
    let part = |byte: &u8| {
        byte.is_ascii_digit() || matches!(byte, b'-' | b'/' | b':' | b'.' | b',' | b' ' | b'T' | b'Z' | b'H')
    };
    // what is none shows it at its end most of the time
    text.first().is_some_and(u8::is_ascii_digit) && text.iter().rev().all(part)
}

/// Names of fields that hold what a client chose.
const DATA: [&str; 22] = [
    "key",
    "objectkey",
    "objectname",
    "object",
    "path",
    "requestpath",
    "filepath",
    "uri",
    "requesturi",
    "url",
    "requesturl",
    "agent",
    "useragent",
    "httpuseragent",
    "referer",
    "referrer",
    "httpreferer",
    "resource",
    "prefix",
    "marker",
    "file",
    "filename",
];

/// Whether a field of this name holds a key, a path, a URL or a name that a client gave itself.
pub fn holds_data(name: &[u8]) -> bool {
    let (plain, length) = keys::plain(name);
    name.len() <= keys::LONGEST && DATA.iter().any(|data| data.as_bytes() == &plain[..length])
}

/// Claims the quoted values of such fields, of JSON (`"key":"…"`) and of logfmt (`key="…"`).
fn data(line: &[u8], start: usize, claims: &mut Claims) {
    let name_end = |at: usize| {
        line[..at]
            .iter()
            .rposition(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')))
            .map_or(0, |before| before + 1)
    };
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'"', &line[at..]).map(|found| at + found) {
        let end = logfmt::quoted_end(line, open + 1);
        let before = line[..open].trim_ascii_end();
        let name = match before.last() {
            Some(b'=') if before.len() == open => &before[name_end(open - 1)..open - 1],
            Some(b':') => {
                let name = before[..before.len() - 1].trim_ascii_end().strip_suffix(b"\"").unwrap_or_default();
                &name[name_end(name.len())..]
            }
            _ => b"",
        };
        if holds_data(name) {
            claims.push(Claim { start: start + open, end: start + end, may: 0, report: None });
        }
        at = end;
    }
}
