//! The OBS SDK for .NET: its own log (log4net), and what an application prints of the exceptions it was handed.
//!
//! `time [thread] LEVEL - text`. A call that fails is told by its exception, whose text has everything; it is printed again
//! at each step that it is thrown through, and a line `… exception code: X, with message: …` sums it up: no report. An
//! attempt that is tried again leaves its code only if that is `RequestTimeout`, and nothing if its status is 500 or more
//! (`Send http request error, will retry` is also said where no answer came), unless at DEBUG, where each answer is printed
//! with its headers. Those stand side by side without anything between them.

use super::{Key, Link, Recogniser, Report, Reports, Seen, fields};
use crate::framing::short::{self, lit};

const EXCEPTION: &str = ", StatusCode:";
const ANSWER: &str = "Response with statusCode ";
const RETRYING: &str = "Retrying connection that failed with ";

/// What stands behind a code in the headers: the names of those that may follow it.
const HEADERS: [&str; 9] =
    ["error-message:", "x-obs-", "x-amz-", "request-id:", "id-2:", "Date:", "Content-", "Connection:", "Server:"];

pub struct ObsDotnet;

impl Recogniser for ObsDotnet {
    fn name(&self) -> &'static str {
        "obs_dotnet"
    }

    fn anchors(&self) -> &[&str] {
        &[EXCEPTION, ANSWER, RETRYING]
    }

    fn by_shape(&self) -> bool {
        true
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        let line = fields::line(event);
        found.extend(answer(line));
        found.extend(retried(line));
        exceptions(event, found);
    }
}

/// `Request error, StatusCode:403, ErrorCode:AccessDenied, ErrorMessage:Access Denied, RequestId:…, HostId:…`
///
/// The message may hold anything, another exception's text too: one that begins before the id of the one around it has
/// come is part of its message. A status of 0 stands for no answer.
fn exceptions<'e>(event: &'e [u8], found: &mut Reports<'e>) {
    let mut starts = short::find_iter(event, lit!(EXCEPTION)).filter(|at| status(event, *at).is_some()).peekable();
    while let Some(at) = starts.next() {
        let text = &event[at..];
        let mut end = event.len();
        while let Some(next) = starts.peek() {
            if fields::ended(event, at, *next, ", RequestId:") {
                end = *next;
                break;
            }
            starts.next();
        }
        let status = status(event, at).and_then(fields::status);
        let code = fields::after(text, lit!(", ErrorCode:")).map(|rest| fields::value(rest, lit!(", ErrorMessage:")));
        let id = id(&event[at..end]).and_then(fields::request_id);
        if status.is_some() {
            found.push(Report { code: code.and_then(fields::code), status, request_id: id, ..Report::at(at) });
        }
    }
}

/// What stands behind the last `, RequestId:` of a text. The SDK for Java writes a blank there: what an application prints
/// of its exceptions below is not of this one.
fn id(text: &[u8]) -> Option<&[u8]> {
    let behind = |at: usize| &text[at + ", RequestId:".len()..];
    short::rfind_iter(text, lit!(", RequestId:")).map(behind).find(|id| !id.starts_with(b" "))
}

/// The digits of the status of an exception's text, if one stands at `at`.
fn status(event: &[u8], at: usize) -> Option<&[u8]> {
    let text = &event[at + EXCEPTION.len()..];
    let digits = text.iter().position(|byte| !byte.is_ascii_digit()).filter(|digits| (1..=3).contains(digits))?;
    text[digits..].starts_with(b", ErrorCode:").then(|| &text[..digits])
}

/// `Response with statusCode 503 and headers {x-obs-request-id:…x-obs-error-code:…}`. A redirect that is followed is no
/// error.
fn answer(line: &[u8]) -> Option<Report<'_>> {
    let at = short::find(line, lit!(ANSWER)).filter(|at| fields::logged(&line[..*at]))?;
    let text = &line[at + ANSWER.len()..];
    let status = fields::status(text)?;
    let headers = text.get(3..)?.strip_prefix(b" and headers {")?;
    let code = fields::after(headers, lit!("error-code:")).and_then(|rest| {
        let end = HEADERS.iter().filter_map(|name| short::find(rest, name.as_bytes())).min();
        fields::code(&rest[..end.or_else(|| memchr::memchr(b'}', rest)).unwrap_or(rest.len())])
    });
    let id = fields::after(headers, lit!("request-id:")).and_then(|rest| {
        let digits = rest.get(..32).filter(|id| id.iter().all(u8::is_ascii_hexdigit));
        digits.and_then(fields::request_id) // with nothing behind it, only its length says where it ends
    });
    if status < 400 && code.is_none() {
        return None;
    }
    let link = Link::Begins(answered(fields::thread(&line[..at])));
    Some(Report { code, status: Some(status), request_id: id, link, ..Report::at(at) })
}

/// `Retrying connection that failed with RequestTimeout error`
fn retried(line: &[u8]) -> Option<Report<'_>> {
    let at = short::find(line, lit!(RETRYING)).filter(|at| fields::logged(&line[..*at]))?;
    let code = fields::code(line[at + RETRYING.len()..].strip_suffix(b" error")?)?;
    let link = Link::Ends(answered(fields::thread(&line[..at])));
    Some(Report { code: Some(code), link, ..Report::at(at) })
}

/// The key of an answer whose headers were printed.
fn answered(thread: &[u8]) -> Key {
    fields::key("dotnet answer", thread)
}
