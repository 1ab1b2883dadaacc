//! The MinIO client for Python: the text of an exception, in whatever the application logs.
//!
//! `S3 operation failed; code: CODE, message: …, resource: …, request_id: …, host_id: …` has no status. An answer 5xx is
//! retried, and at last told only by its status: `too many 503 error responses`. An answer that is no XML is told with
//! status and body. Version 6 and older: `ResponseError: code: CODE, message: …, request_id: …`.
//!
//! The client for Go prints the message alone, which says neither code nor status: nothing can be counted.

use super::{Recogniser, Report, Reports, Seen, fields};
use crate::framing::short::{self, lit};

const ERROR: &str = "S3 operation failed; code: ";
const OLD: &str = "ResponseError: code: ";
const RETRIES: &str = "ResponseError('too many ";
const ID: &str = ", request_id: ";
const BODY: &str = "non-XML response from server; Response code: ";

pub struct Minio;

impl Recogniser for Minio {
    fn name(&self) -> &'static str {
        "minio"
    }

    fn anchors(&self) -> &[&str] {
        &[ERROR, OLD, RETRIES, BODY]
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        for anchor in [ERROR, OLD] {
            let mut floor = 0;
            for at in short::find_iter(event, anchor) {
                if at >= floor
                    && let Some((report, end)) = error(event, at, anchor)
                {
                    found.push(report);
                    floor = end;
                }
            }
        }
        found.extend(short::find_iter(event, lit!(RETRIES)).filter_map(|at| retries(event, at)));
        found.extend(short::find_iter(event, lit!(BODY)).filter_map(|at| body(event, at)));
    }
}

/// The report, and where the text of this error ends. A message may hold anything, and run over lines; the id stands
/// between it and the id of the host.
fn error<'e>(event: &'e [u8], at: usize, anchor: &str) -> Option<(Report<'e>, usize)> {
    let text = &event[at + anchor.len()..];
    let code = fields::value(text, lit!(", message: "));
    if code.len() == text.len() {
        return None;
    }
    let id_at = |place: usize| {
        let rest = &text[place + ID.len()..];
        let id = fields::request_id(rest)?;
        rest[id.len()..].starts_with(b", host_id: ").then_some((id, place))
    };
    // the message and the key before it may look like one too, and behind it the key may be named once more
    let id = short::find_iter(text, lit!(ID)).find_map(id_at).and_then(|(_, first)| {
        let line = &text[..fields::text_end(text, first)];
        let line = &line[..short::rfind(line, lit!(", bucket_name: ")).unwrap_or(line.len())];
        short::rfind_iter(line, lit!(ID)).find_map(id_at).or_else(|| id_at(first))
    });
    let end = at + anchor.len() + id.map_or(code.len(), |(_, place)| place);
    let code = fields::code(code)?;
    let report = Report { code: Some(code), request_id: id.map(|(id, _)| id), ..Report::at(at) };
    Some((report, fields::text_end(event, end)))
}

/// `(Caused by ResponseError('too many 503 error responses'))`
fn retries(event: &[u8], at: usize) -> Option<Report<'_>> {
    let before = fields::line_before(event, at);
    // the same words of another library: requests
    let ours = before.ends_with(b"(Caused by ") && short::find(before, lit!("exceptions.RetryError")).is_none();
    let text = &event[at + RETRIES.len()..];
    let status = fields::status(text).filter(|_| ours && text[3..].starts_with(b" error responses'"))?;
    Some(Report { status: Some(status), ..Report::at(at) })
}

/// `Response code: 403, Content-Type: application/json, Body: {"code": "AccessDenied", …, "request_id": "…"}`
fn body(event: &[u8], at: usize) -> Option<Report<'_>> {
    let text = &event[at + BODY.len()..];
    let status = fields::status(text)?;
    let body = fields::after(text, lit!(", Body: ")).filter(|body| body.starts_with(b"{")).unwrap_or_default();
    let code = value(body, &["code", "Code", "errorCode"]).map(|text| &text[..text.len().min(65)]);
    let code = code.and_then(|text| {
        let end = text.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        fields::code(&text[..end])
    });
    let id = value(body, &["request_id", "requestId", "RequestId"]).and_then(fields::request_id);
    Some(Report { code, status: Some(status), request_id: id, ..Report::at(at) })
}

/// The text of a field of a JSON body, whose quotes may be escaped.
fn value<'e>(body: &'e [u8], keys: &[&str]) -> Option<&'e [u8]> {
    // what is escaped once more than the first quote stands within a string of the body
    let slashes = |quote: usize| body[..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
    let level = slashes(memchr::memchr(b'"', body)?);
    keys.iter().find_map(|key| {
        short::find_iter(body, *key).filter(|at| *at > 0 && slashes(at - 1) == level).find_map(|at| {
            let before = body[..at].last();
            let colon = skip(&body[at + key.len()..], b"\\\"").strip_prefix(b":")?;
            let quoted = skip(colon, b" \\");
            quoted.strip_prefix(b"\"").filter(|_| before == Some(&b'"'))
        })
    })
}

fn skip<'e>(text: &'e [u8], bytes: &[u8]) -> &'e [u8] {
    &text[text.iter().position(|byte| !bytes.contains(byte)).unwrap_or(text.len())..]
}
