//! The OBS SDKs for Node.js and for browsers: their own log, and the block of lines that their official samples print.
//!
//! `time|category|LEVEL|Operation|text` (no category in a browser). Two lines for a response, of the same operation: one
//! with the status, and one with code and id if the body had a code. At info the id stands on a line between them, which
//! is written for successes too. At debug the answer with its headers comes first, in which a HEAD has its code, and a
//! line that sums up the call last. Calls of one operation run side by side: their lines may be mixed.

use super::{Key, Link, Recogniser, Report, Reports, Seen, fields};
use crate::framing::lines;
use crate::framing::short::{self, lit};

const STATUS: &str = "request error with http status code:";
const CODE: &str = "request error with error code:";
const FINISHED: &str = "request finished with request id:";
const ANSWER: &str = "response msg :statusCode:";
const SUMMARY: &str = " finish, Status:";
const SAMPLE: &str = "Code-->";

pub struct ObsNode;

impl Recogniser for ObsNode {
    fn name(&self) -> &'static str {
        "obs_node"
    }

    fn anchors(&self) -> &[&str] {
        &[STATUS, CODE, FINISHED, ANSWER, SUMMARY, SAMPLE]
    }

    fn begins(&self, line: &[u8]) -> bool {
        arrow(line).is_some()
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        if let Some((at, operation)) = prefix(fields::line(event)) {
            let text = &event[at..];
            let report = Report::at(at);
            found.extend(
                status(text, operation, report)
                    .or_else(|| code(text, operation, report))
                    .or_else(|| finished(text, operation, report))
                    .or_else(|| answer(text, operation, report))
                    .or_else(|| summary(text, operation, report)),
            );
        } else {
            found.extend(sample(event));
        }
    }
}

/// Where the text of a line begins, and the operation before it.
fn prefix(line: &[u8]) -> Option<(usize, &[u8])> {
    let mut bars = memchr::memchr_iter(b'|', &line[..line.len().min(256)]);
    let (mut one, mut two, mut three) = (bars.next()?, bars.next()?, bars.next()?);
    if !fields::level(&line[one + 1..two]) {
        (one, two, three) = (two, three, bars.next()?);
    }
    (fields::level(&line[one + 1..two]) && three > two + 1).then(|| (three + 1, &line[two + 1..three]))
}

fn value<'e>(text: &'e [u8], label: &str) -> Option<&'e [u8]> {
    text.strip_prefix(label.as_bytes())
}

/// `request error with http status code:404`
fn status<'e>(text: &'e [u8], operation: &[u8], report: Report<'e>) -> Option<Report<'e>> {
    let status = fields::status(value(text, STATUS)?).filter(|status| *status >= 300)?;
    let link = Link::Starts { key: call(operation), taking: Some(answered(operation)) };
    Some(Report { status: Some(status), link, ..report })
}

/// `request error with error code:NoSuchKey, error message:…, request id:…`; the message may be anything.
fn code<'e>(text: &'e [u8], operation: &[u8], report: Report<'e>) -> Option<Report<'e>> {
    let rest = value(text, CODE)?;
    let code = fields::code(fields::value(rest, lit!(", error message:")));
    let id = fields::after_last(rest, lit!(", request id:")).and_then(fields::request_id);
    (code.is_some() || id.is_some()).then(|| Report {
        code,
        request_id: id,
        link: Link::Ends(call(operation)),
        ..report
    })
}

/// `request finished with request id:…`
fn finished<'e>(text: &'e [u8], operation: &[u8], report: Report<'e>) -> Option<Report<'e>> {
    let id = fields::request_id(value(text, FINISHED)?)?;
    Some(Report { request_id: Some(id), link: Link::Follows(call(operation)), ..report })
}

/// `response msg :statusCode:403, headers:{"x-obs-request-id":"…","x-obs-error-code":"AccessDenied",…}`. A redirect that
/// is followed is no error.
fn answer<'e>(text: &'e [u8], operation: &[u8], report: Report<'e>) -> Option<Report<'e>> {
    let rest = value(text, ANSWER)?;
    let status = fields::status(rest)?;
    let headers = fields::line(fields::after(rest, lit!(", headers:"))?);
    let header = |names: [&str; 2]| {
        let rest = names.iter().find_map(|name| fields::after(headers, *name))?;
        let start = rest.iter().position(|byte| !matches!(byte, b'"' | b'\'' | b':' | b'=' | b' '))?;
        let end = rest[start..].iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')));
        Some(&rest[start..end.map_or(rest.len(), |end| start + end)])
    };
    let code = header(["x-obs-error-code\"", "x-amz-error-code\""]).and_then(fields::code);
    let id = header(["x-obs-request-id\"", "x-amz-request-id\""]).and_then(fields::request_id);
    if status < 400 && code.is_none() {
        return None;
    }
    // without a status line, which only an error has, no more will come
    let link = if status < 300 { Link::Alone } else { Link::Starts { key: answered(operation), taking: None } };
    Some(Report { code, status: Some(status), request_id: id, link, ..report })
}

/// `exec interface GetObject finish, Status:404, Code:NoSuchKey, Message:…`
///
/// Repeats the lines before it; only of a HEAD it may know more. Without a code it is the last of the response whose
/// status was told.
fn summary<'e>(text: &'e [u8], operation: &[u8], report: Report<'e>) -> Option<Report<'e>> {
    let rest = value(text, "exec interface ")?;
    let rest = rest.strip_prefix(operation)?.strip_prefix(SUMMARY.as_bytes())?;
    let status = fields::status(rest).filter(|status| *status >= 300)?;
    let code = fields::after(rest, lit!(", Code:")).and_then(|code| fields::code(fields::value(code, lit!(","))));
    let link = if code.is_some() { Link::Adds(call(operation)) } else { Link::Ends(call(operation)) };
    Some(Report { code, status: Some(status), link, ..report })
}

/// The official samples print `putObject-->404`, `Code-->NoSuchKey`, `Message-->…`; a line of a logger's own may hold
/// `Code-->NoSuchKey` alone.
fn sample(event: &[u8]) -> Option<Report<'_>> {
    let line = fields::line(event);
    if let Some(status) = arrow(line) {
        let status = status.filter(|status| *status >= 300)?;
        let code = lines(event).find_map(|line| line.strip_prefix(SAMPLE.as_bytes()))?;
        return Some(Report { code: fields::code(code), status: Some(status), ..Report::at(0) });
    }
    let at = short::find(line, lit!(SAMPLE)).filter(|at| *at > 0 && fields::logged(&line[..*at]))?;
    Some(Report { code: Some(fields::code(&line[at + SAMPLE.len()..])?), ..Report::at(at) })
}

/// The status of a line `putObject-->404`; nothing if it is none of those.
fn arrow(line: &[u8]) -> Option<Option<u16>> {
    let line = line.trim_ascii_end();
    let (call, status) = (line.get(..line.len().checked_sub(6)?)?, line.get(line.len() - 6..)?);
    let digits = status.strip_prefix(b"-->")?;
    let name = (1..=64).contains(&call.len())
        && call[0].is_ascii_alphabetic()
        && call.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b' '));
    (name && digits.iter().all(u8::is_ascii_digit)).then(|| fields::status(digits))
}

/// The key of responses of an operation whose status was told.
fn call(operation: &[u8]) -> Key {
    fields::key("node call", operation)
}

/// The key of answers to an operation whose headers were printed.
fn answered(operation: &[u8]) -> Key {
    fields::key("node answer", operation)
}
