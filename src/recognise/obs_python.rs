//! The OBS SDK for Python (esdk-obs-python): its own log.
//!
//! `time|process:N|thread:N|LEVEL|HTTP(s)+XML|LOGGER|function,line|text|`, where a text may run over several lines. One
//! `exceptional obs response` for each attempt that was answered with a status of 300 or more. At DEBUG
//! `http response result` stands before it and has the headers, in which a HEAD has its code; it is printed for
//! successes too.

use super::{Recogniser, Report, Reports, Seen, fields};
use crate::framing::short::{self, lit};

const EXCEPTIONAL: &str = "exceptional obs response:status:";
const RESULT: &str = "http response result:status:";

pub struct ObsPython;

impl Recogniser for ObsPython {
    fn name(&self) -> &'static str {
        "obs_python"
    }

    fn anchors(&self) -> &[&str] {
        &[EXCEPTIONAL, RESULT]
    }

    fn by_shape(&self) -> bool {
        true
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        for (anchor, id_before) in [(EXCEPTIONAL, ",requestId:"), (RESULT, "('request-id', '")] {
            let Some(at) = short::find(event, anchor.as_bytes()) else { continue };
            if !begins_text(fields::line_before(event, at)) {
                continue;
            }
            let text = &event[at + anchor.len()..];
            // in a value of a header the quotes are escaped
            let headers = short::rfind(text, lit!(",headers:[('")).filter(|_| anchor == RESULT).map(|at| &text[at..]);
            let id = match headers {
                Some(headers) => fields::after(headers, id_before),
                None => fields::after_last(text, id_before), // a message may hold anything, the id stands behind it
            };
            let report = Report {
                code: code(text).or_else(|| header_code(headers?)),
                status: fields::status(text),
                request_id: id.and_then(fields::request_id),
                ..Report::at(at)
            };
            let followed =
                anchor == RESULT && report.code.is_none() && report.status.is_some_and(|s| (300..400).contains(&s));
            if report.status.is_some() && !followed {
                found.push(report);
            }
        }
    }
}

/// The text of a record stands behind the seventh bar, or, where another handler prints it, behind a `: ` or `- `. A key
/// or URL that holds the words of a record stands further back.
fn begins_text(before: &[u8]) -> bool {
    if before.ends_with(b"|") {
        return memchr::memchr_iter(b'|', before).count() == 7;
    }
    before.len() < 160
        && short::find(before, lit!("path:")).is_none()
        && [b": ".as_slice(), b"- ", b"] ", b""]
            .iter()
            .any(|end| before.ends_with(end) && (!end.is_empty() || before.is_empty()))
}

/// Nothing before the code can hold a line feed.
fn code(text: &[u8]) -> Option<&str> {
    let value = fields::until(fields::after(fields::until(text, lit!("\n")), lit!(",code:"))?, lit!(",message:"));
    fields::code(value).filter(|code| *code != "None")
}

fn header_code(headers: &[u8]) -> Option<&str> {
    fields::code(fields::until(fields::after(headers, lit!("('error-code', '"))?, lit!("'")))
}
