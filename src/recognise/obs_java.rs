//! The OBS SDK for Java: its own logs, and what an application prints of the exceptions it was handed.
//!
//! The SDK writes three files with overlapping content. *South* is the one that counts: `time|thread|LEVEL|text`, one
//! `Request failed` for each call that failed, with status and id and never with a code, and before it a line for each
//! attempt that was tried again: by status (`performRequest`) or by code (`Retrying connection`). The last attempt is told
//! twice, once as an attempt and once as the call. At DEBUG each answer is printed with its headers before all that.
//! *North* sums up the calls without ids, and *access* repeats the lines of both behind a class and a method: neither is
//! read. Where an application sends the SDK's lines to a log of its own they have its layout, with the thread, if at all,
//! in brackets.
//!
//! The code is in the exception: in the XML or JSON body that its text holds, or in the headers at its end. The official
//! sample prints an exception as a block of lines, which a logger may stamp one by one.

use super::{Key, Link, Recogniser, Report, Reports, Seen, fields};
use crate::framing::lines;
use crate::framing::short::{self, lit};
use serde::Deserialize;

const FAILED: &str = "Request failed, Response code: ";
const ATTEMPT: &str = "|performRequest||||";
const RETRYING: &str = "Retrying connection that failed with ";
const EXCEEDED: &str = "Exceeded maximum number of retries for ";
const ANSWER: &str = "Response for '";
const EXCEPTION: &str = " -- ResponseCode: ";
const BODY: &str = ", XML Error Message: ";
const SAMPLE_STATUS: &str = "HTTP Code:";
const SAMPLE_CODE: &str = "Error Code:";
const SAMPLE_ID: &str = "Request ID:";

/// What the SDK calls an attempt to which no answer came, with the status 408 that it makes up for it.
const NO_ANSWER: &str = "RequestTimeOut";

pub struct ObsJava;

impl Recogniser for ObsJava {
    fn name(&self) -> &'static str {
        "obs_java"
    }

    fn anchors(&self) -> &[&str] {
        &[FAILED, ATTEMPT, RETRYING, EXCEEDED, ANSWER, EXCEPTION, SAMPLE_STATUS, SAMPLE_CODE, SAMPLE_ID]
    }

    fn begins(&self, line: &[u8]) -> bool {
        line.starts_with(SAMPLE_STATUS.as_bytes()) || line.starts_with(FAILED.as_bytes())
    }

    fn by_shape(&self) -> bool {
        true
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let line = fields::line(event.text);
        let first = |anchor: usize| event.place(anchor).filter(|at| *at < line.len());
        let reports = [
            first(0).and_then(|at| failed(line, at)),
            first(1).and_then(|at| attempt(line, at)),
            retried(line, first(2), first(3)),
            first(4).and_then(|at| answer(line, at, event.text)),
        ];
        reports.into_iter().flatten().for_each(|report| found.push(report));
        exceptions(event.text, event.places(5), found);
        let sampled = if line.starts_with(SAMPLE_STATUS.as_bytes()) {
            sample(event.text)
        } else {
            sample_line(line, [6, 7, 8].map(first))
        };
        if let Some(report) = sampled {
            found.push(report);
        }
    }
}

/// The thread that writes a text, if `before` is what stands before the texts of the south log or of an application's.
fn thread(before: &[u8]) -> Option<&[u8]> {
    let Some(south) = before.strip_suffix(b"|") else {
        return fields::logged(before).then(|| fields::thread(before));
    };
    let mut parts = south.split(|byte| *byte == b'|');
    let (_time, thread, level) = (parts.next()?, parts.next()?, parts.next()?);
    (parts.next().is_none() && fields::level(level)).then_some(thread)
}

/// The thread that writes the text, and what stands behind `anchor`, if the line's own text begins with it, at `at`.
fn text<'e>(line: &'e [u8], at: usize, anchor: &str) -> Option<(&'e [u8], &'e [u8])> {
    Some((thread(&line[..at])?, line.get(at + anchor.len()..)?))
}

/// `Request failed, Response code: 404; Request ID: …; Request path: …`
///
/// A status of -1 stands for no answer; so does a 408 without an id, in releases that make it up.
fn failed(line: &[u8], at: usize) -> Option<Report<'_>> {
    let (thread, text) = text(line, at, FAILED)?;
    let status = fields::status(text)?;
    let id = text.get(3..)?.strip_prefix(b"; Request ID: ").and_then(fields::request_id);
    if status == 408 && id.is_none() {
        return None;
    }
    Some(Report { status: Some(status), request_id: id, link: Link::Ends(last(thread)), ..Report::at(at) })
}

/// `Storage|1|HTTP+XML|performRequest||||2026-11-22 12:55:54|null||Internal Server error(s).|503|`
fn attempt(line: &[u8], at: usize) -> Option<Report<'_>> {
    let mut parts = line[..at].rsplitn(3, |byte| *byte == b'|').skip(2);
    let thread = thread(parts.next()?.strip_suffix(b"Storage")?)?;
    let result = line.strip_suffix(b"|")?.rsplit(|byte| *byte == b'|').next()?;
    let status = fields::status(result).filter(|status| *status >= 400)?;
    let link = Link::Starts { key: last(thread), taking: Some(answered(thread)) };
    Some(Report { status: Some(status), link, ..Report::at(at) })
}

/// `Retrying connection that failed with RequestTimeout error, attempt number 1 of 3`, and for the last attempt
/// `Exceeded maximum number of retries for RequestTimeout errors: 3`.
fn retried(line: &[u8], retrying: Option<usize>, exceeded: Option<usize>) -> Option<Report<'_>> {
    let retrying = retrying.and_then(|at| Some((at, text(line, at, RETRYING)?)));
    let (at, code, link) = if let Some((at, (thread, text))) = retrying {
        let end = short::find(text, lit!(" error, attempt number "))?;
        (at, &text[..end], Link::Ends(answered(thread)))
    } else {
        let at = exceeded?;
        let (thread, text) = text(line, at, EXCEEDED)?;
        let end = short::find(text, lit!(" errors: "))?;
        (at, &text[..end], Link::Starts { key: last(thread), taking: Some(answered(thread)) })
    };
    Some(Report { code: Some(fields::code(code)?), link, ..Report::at(at) })
}

/// `Response for 'HEAD'. Content-Type: null, ResponseCode:403, Headers: Server: OBS`, the other headers on lines of their
/// own. A redirect that is followed is no error.
fn answer<'e>(line: &'e [u8], at: usize, event: &'e [u8]) -> Option<Report<'e>> {
    let (thread, text) = text(line, at, ANSWER)?;
    let status = fields::status(fields::after(text, lit!(", ResponseCode:"))?)?;
    let headers = fields::after(&event[at..], lit!(", Headers: "))?;
    let header = |names: [&str; 2]| lines(headers).find_map(|line| names.iter().find_map(|n| fields::header(line, n)));
    let code = header(["x-obs-error-code", "x-amz-error-code"]).and_then(fields::code);
    let id = header(["x-obs-request-id", "x-amz-request-id"]).and_then(fields::request_id);
    if code.is_none() && (300..400).contains(&status) {
        return None;
    }
    let link = if status >= 400 { Link::Begins(answered(thread)) } else { Link::Alone };
    let until = event.len();
    Some(Report { code, status: Some(status), request_id: id, until, link, ..Report::at(at) })
}

/// `…ObsException: Error message:Request Error.OBS service Error Message. -- ResponseCode: 404, ResponseStatus: Not Found,
/// XML Error Message: <?xml …>…headers{error-code:…,request-id:…}`; without a body `RequestId: …, HostId: …` in its place.
///
/// A text is one line, since the SDK takes the line breaks out of a body; so the first on a line is the exception's own,
/// and another is part of the body. What DEBUG prints of an exception repeats the line of the call: it is of use only
/// with an id.
fn exceptions<'e>(event: &'e [u8], places: impl Iterator<Item = usize>, found: &mut Reports<'e>) {
    let detail = || short::find(fields::line(event), lit!("|Exception detail.")).is_some();
    let mut end = 0;
    for at in places {
        let before = fields::line_before(event, at);
        let own =
            short::find(before, lit!("ception: ")).is_some() || short::find(before, lit!(" Error Message.")).is_some();
        if at < end || !own {
            continue;
        }
        let text = fields::line(&event[at + EXCEPTION.len()..]);
        end = at + EXCEPTION.len() + text.len();
        found.extend(exception(text, at).filter(|report| report.request_id.is_some() || !detail()));
    }
}

fn exception(text: &[u8], at: usize) -> Option<Report<'_>> {
    let status = fields::status(text)?;
    let rest = text.get(3..)?.strip_prefix(b", ResponseStatus: ")?;
    // what stands behind the id is somebody's text
    let plain = short::find(rest, lit!(", RequestId: ")).unwrap_or(rest.len());
    let body = short::find(rest, lit!(BODY)).filter(|at| *at < plain).map(|at| &rest[at + BODY.len()..]);
    let told = &rest[..rest.len() - body.map_or(0, <[u8]>::len)];
    // a body may hold anything, and so may the headers behind it
    let headers = match body {
        Some(_) => fields::after_last(text, lit!("headers{")),
        None => fields::after(text, lit!("headers{")),
    };
    let headers = headers.unwrap_or_default();
    let header = |name: &str| {
        short::find_iter(headers, name.as_bytes())
            .find(|at| *at == 0 || headers[at - 1] == b',')
            .map(|at| fields::until(&headers[at + name.len()..], lit!(",")))
    };
    let (code, id) = match body {
        Some(body) => in_body(body),
        None => (None, fields::after(told, lit!(", RequestId: ")).and_then(fields::request_id)),
    };
    let code = code.or_else(|| header("error-code:").and_then(fields::code));
    let id = id.or_else(|| header("request-id:").and_then(fields::request_id));
    let no_answer = status == 408 && id.is_none() && told.starts_with(b"Request error.");
    (!no_answer).then_some(Report { code, status: Some(status), request_id: id, ..Report::at(at) })
}

/// The code and the id of an XML or JSON error body.
fn in_body(body: &[u8]) -> (Option<&str>, Option<&str>) {
    #[derive(Deserialize)]
    struct Body<'e> {
        #[serde(borrow, default)]
        code: Option<&'e str>,
        #[serde(default)]
        request_id: Option<&'e str>,
    }
    let body = body.trim_ascii_start();
    if body.starts_with(b"{") {
        let json = serde_json::Deserializer::from_slice(body).into_iter::<Body<'_>>().next();
        let Some(Ok(json)) = json else { return (None, None) };
        let code = json.code.and_then(|code| fields::code(code.as_bytes()));
        return (code, json.request_id.and_then(|id| fields::request_id(id.as_bytes())));
    }
    let Some(error) = fields::after(body, lit!("<Error")) else { return (None, None) };
    let element = |name: &str| fields::after(error, name).map(|rest| fields::until(rest, lit!("</")));
    (element("<Code>").and_then(fields::code), element("<RequestId>").and_then(fields::request_id))
}

/// The official sample printed plain: `HTTP Code:404`, `Error Code:NoSuchKey`, `Error Message:…`, `Request ID:…`.
fn sample(event: &[u8]) -> Option<Report<'_>> {
    let value = |label: &str| lines(event).find_map(|line| line.strip_prefix(label.as_bytes()));
    let status = only_status(value(SAMPLE_STATUS)?)?;
    let code = fields::code(value(SAMPLE_CODE)?); // the line is always there, many a program prints the one before
    let id = value(SAMPLE_ID).and_then(|id| fields::request_id(id.trim_ascii()));
    let no_answer = code == Some(NO_ANSWER) && id.is_none();
    (!no_answer).then_some(Report { code, status: Some(status), request_id: id, ..Report::at(0) })
}

/// The status of an error, if there is nothing else in the text.
fn only_status(text: &[u8]) -> Option<u16> {
    let text = text.trim_ascii();
    fields::status(text).filter(|status| *status >= 300 && text.len() == 3)
}

/// One line of the official sample, where a logger stamps each. Without the line of the status the others are of no use:
/// many a program prints lines like them.
fn sample_line(line: &[u8], [status, code, id]: [Option<usize>; 3]) -> Option<Report<'_>> {
    if let Some((at, (thread, text))) = status.and_then(|at| Some((at, text(line, at, SAMPLE_STATUS)?))) {
        let status = only_status(text)?;
        return Some(Report { status: Some(status), link: Link::Opens(block(thread)), ..Report::at(at) });
    }
    let coded = |at: usize| line.get(at + SAMPLE_CODE.len()..).is_some_and(|text| fields::code(text).is_some());
    if status.is_none() && id.is_none() && !code.is_some_and(coded) {
        return None;
    }
    if let Some((at, (thread, text))) = code.and_then(|at| Some((at, text(line, at, SAMPLE_CODE)?))) {
        return Some(Report { code: Some(fields::code(text)?), link: Link::Adds(block(thread)), ..Report::at(at) });
    }
    let at = id?;
    let (thread, text) = text(line, at, SAMPLE_ID)?;
    let id = fields::request_id(text.trim_ascii())?;
    Some(Report { request_id: Some(id), link: Link::Ends(block(thread)), ..Report::at(at) })
}

/// The key of an answer whose headers were printed.
fn answered(thread: &[u8]) -> Key {
    fields::key("java answer", thread)
}

/// The key of attempts after which the line of their call may come.
fn last(thread: &[u8]) -> Key {
    fields::key("java last attempt", thread)
}

/// The key of the lines of a sample block.
fn block(thread: &[u8]) -> Key {
    fields::key("java sample", thread)
}
