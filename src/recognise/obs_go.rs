//! The OBS SDK for Go: its own log, what an application prints of the errors it was handed, and the lines of its official
//! sample. `obsutil`, which is built on it, writes an older form of the same lines.
//!
//! A call that fails is told once, with everything. An attempt that is tried again is told only by its status; so is the
//! last attempt, but the line of the call follows it. At DEBUG each answer is printed with its headers before that.

use super::{Link, Recogniser, Report, Reports, Seen, fields, owned};
use crate::framing::short::{self, lit};

const ERROR: &str = "service returned error: Status=";
const ATTEMPT: &str = "Failed to send request with reason:";
const ANSWER: &str = "resp.StatusCode [";
const SAMPLE: &str = "Message:";

pub struct ObsGo;

impl Recogniser for ObsGo {
    fn name(&self) -> &'static str {
        "obs_go"
    }

    fn anchors(&self) -> &[&str] {
        &[ERROR, ATTEMPT, ANSWER, SAMPLE]
    }

    fn begins(&self, line: &[u8]) -> bool {
        line.starts_with(b"Code:") || line.starts_with(b"err: obs: service returned error")
    }

    fn by_shape(&self) -> bool {
        true
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        errors(event.text, event.places(0), found);
        let reports = [
            event.place(1).and_then(|at| attempt(event.text, at)),
            event.place(2).and_then(|at| answer(event.text, at)),
            event.place(3).and_then(|_| sample(event.text)),
        ];
        reports.into_iter().flatten().for_each(|report| found.push(report));
    }
}

/// `obs: service returned error: Status=404 Not Found, Code=NoSuchKey, Message=…, RequestId=…, Indicator=.`
///
/// The message may hold anything, another error's text too: the id of an error is the last one before the next error
/// begins, and an error that begins before the id of the one around it has come is part of its message.
fn errors<'e>(event: &'e [u8], starts: impl Iterator<Item = usize>, found: &mut Reports<'e>) {
    let mut starts = starts.peekable();
    while let Some(at) = starts.next() {
        if !own_place(fields::line_before(event, at)) {
            continue;
        }
        let mut text = &event[at + ERROR.len()..];
        while let Some(next) = starts.peek() {
            if fields::ended(event, at, *next, ", RequestId=") {
                text = &event[at + ERROR.len()..*next];
                break;
            }
            starts.next();
        }
        let id = fields::after_last(text, lit!(", RequestId="));
        let status = fields::status(text).or_else(|| fields::status(fields::after(id?, lit!("but status code is: "))?));
        let code = fields::after(text, lit!(", Code=")).map(|rest| fields::value(rest, lit!(", Message=")));
        let call = fields::line_before(event, at).ends_with(b"|Do http request with error: obs: ");
        let (code, request_id) = (code.and_then(fields::code), id.and_then(fields::request_id));
        if code.is_none() && status.is_none() && request_id.is_none() {
            continue;
        }
        found.push(Report {
            code,
            status,
            request_id,
            link: if call { status.map_or(Link::Alone, |status| Link::Ends(last(status))) } else { Link::Alone },
            ..Report::at(at)
        });
    }
}

/// Whether `before` is what stands before the text of a line of the SDK.
fn begins_text(before: &[u8]) -> bool {
    memchr::memchr(b'|', before).is_some_and(|bar| bar + 1 == before.len())
}

/// Whether an error may be told behind `before`: in a line of the SDK only behind words, not in a header or a URL.
fn own_place(before: &[u8]) -> bool {
    let words = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b' ' | b':' | b',' | b'.');
    owned::go(before).is_none_or(|text| text.iter().all(words))
}

/// `http.go:437|Failed to send request with reason:503 Service Unavailable, will try again`, and without the end for the
/// last attempt. A redirect that is followed is no error.
fn attempt(event: &[u8], at: usize) -> Option<Report<'_>> {
    if !begins_text(fields::line_before(event, at)) {
        return None;
    }
    let reason = fields::until(&event[at + ATTEMPT.len()..], lit!("\n")).trim_ascii_end();
    let status = fields::status(reason).filter(|status| *status >= 400)?;
    let again = reason.ends_with(b"will try again");
    let link =
        if again { Link::Ends(tried(status)) } else { Link::Starts { key: last(status), taking: Some(tried(status)) } };
    Some(Report { status: Some(status), link, ..Report::at(at) })
}

/// `resp.StatusCode [503] resp.Status [503 Service Unavailable] Response headers: [… X-Obs-Request-Id: [..] …]`
fn answer(event: &[u8], at: usize) -> Option<Report<'_>> {
    if !begins_text(fields::line_before(event, at)) {
        return None;
    }
    let text = &event[at + ANSWER.len()..];
    let status = fields::status(text)?;
    let header = |name: &str| {
        let colon = short::find_iter(text, lit!(": [")).find(|colon| {
            text[..*colon].len() >= name.len() && text[colon - name.len()..*colon].eq_ignore_ascii_case(name.as_bytes())
        })?;
        Some(fields::until(&text[colon + 3..], lit!("]")))
    };
    let code = header("X-Obs-Error-Code").or_else(|| header("X-Amz-Error-Code")).and_then(fields::code);
    let code = code.filter(|_| status >= 300); // that of a success is what somebody gave an object along
    if code.is_none() && (300..400).contains(&status) {
        return None;
    }
    let id = header("X-Obs-Request-Id").or_else(|| header("X-Amz-Request-Id")).and_then(fields::request_id);
    let link = if status >= 400 { Link::Starts { key: tried(status), taking: None } } else { Link::Alone };
    Some(Report { code, status: Some(status), request_id: id, link, ..Report::at(at) })
}

/// The official sample prints two lines: `Code:NoSuchKey`, `Message:…`.
fn sample(event: &[u8]) -> Option<Report<'_>> {
    let rest = event.strip_prefix(b"Code:")?;
    let code = fields::until(rest, lit!("\n"));
    rest.get(code.len() + 1..)?.starts_with(SAMPLE.as_bytes()).then_some(())?;
    Some(Report { code: Some(fields::code(code)?), ..Report::at(0) })
}

/// The key of attempts with a status whose answer was printed.
fn tried(status: u16) -> u64 {
    fields::key("go answer", &status.to_le_bytes())
}

/// The key of last attempts with a status, whose call's line is still to come.
fn last(status: u16) -> u64 {
    fields::key("go last attempt", &status.to_le_bytes())
}
