//! obsfs, the file system over FUSE: its own log file, syslog, or the terminal.
//!
//! What stands before a text differs (`[time][thread][ERR][curl.cpp,Function,N] `, `host obsfs: curl.cpp:Function(N): `,
//! `[ERR] curl.cpp:Function(N): `), the texts do not. One `curl perform failed` for each attempt, with status and id, at
//! ERR, of 404 and 416 at INFO. The body follows at WARN for the statuses 400, 403 and 405, at DEBUG for the others: it has
//! the code, spans lines, and in newer releases has the id behind it. A status of 0 stands for no answer.

use super::{Key, Link, Recogniser, Report, Reports, Seen, fields};
use crate::framing::short::{self, lit};

const FAILED: &str = "curl perform failed,url=";
const BODY: &str = " Body Text: ";

pub struct Obsfs;

impl Recogniser for Obsfs {
    fn name(&self) -> &'static str {
        "obsfs"
    }

    fn anchors(&self) -> &[&str] {
        &[FAILED, "<Code>"]
    }

    fn by_shape(&self) -> bool {
        true
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        // a body has an element before that of the code, which many a text names without one
        let bodied = event.places(1).last().is_some_and(|at| memchr::memchr(b'<', &event.text[..at]).is_some());
        let body = if bodied { body(event.text) } else { None };
        let reports = [event.place(0).and_then(|_| failed(fields::line(event.text))), body];
        reports.into_iter().flatten().for_each(|report| found.push(report));
    }
}

/// The key of a response whose id was not told, so that only the order of the lines says which body is its.
fn nameless(before: &[u8]) -> Key {
    let own_file = before.starts_with(b"[2");
    fields::key("obsfs response", if own_file { fields::thread(before) } else { b"" })
}

/// The source file that wrote the text, and its line.
fn own(before: &[u8]) -> bool {
    short::find(before, lit!("curl.cpp")).is_some() && fields::logged(before)
}

/// `curl perform failed,url=…,response=404,requestid=…`; the URL may be anything.
fn failed(line: &[u8]) -> Option<Report<'_>> {
    let at = short::find(line, lit!(FAILED)).filter(|at| own(&line[..*at]))?;
    let end = short::rfind(line, lit!(",requestid=")).unwrap_or(line.len());
    let status = fields::status(fields::after_last(line.get(at..end)?, lit!(",response="))?)?;
    let id = fields::after(&line[end..], lit!(",requestid=")).and_then(fields::request_id);
    let link = if id.is_none() { Link::Begins(nameless(&line[..at])) } else { Link::Alone };
    Some(Report { status: Some(status), request_id: id, link, ..Report::at(at) })
}

/// `Body Text: <?xml …><Error><Code>…</Code>…</Error>, requestId: …`: the body is read as what it is; here it gets the id
/// behind it, or goes to the line before it.
fn body(event: &[u8]) -> Option<Report<'_>> {
    let at = short::find(fields::line(event), lit!(BODY)).filter(|at| own(&event[..at + 1]))?;
    let text = &event[at + BODY.len()..];
    let error = fields::after(text, lit!("<Error"))?;
    let code =
        fields::after(error, lit!("<Code>")).map(|rest| fields::until(rest, lit!("</Code>"))).and_then(fields::code)?;
    let behind = fields::after_last(error, lit!("</Error>")).unwrap_or_default();
    let behind = behind.trim_ascii_start().strip_prefix(b", requestId: ");
    let inside = || fields::after(error, lit!("<RequestId>"));
    let id = behind.and_then(fields::request_id).or_else(|| inside().and_then(fields::request_id));
    Some(Report { code: Some(code), request_id: id, link: Link::Ends(nameless(&event[..at])), ..Report::at(at) })
}
