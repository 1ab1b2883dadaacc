//! The OBS SDK for PHP: its own log, and what applications print of its exceptions.
//!
//! The SDK's log has one line, and only if the application turns the exception into a string: `http request:status:403,
//! code:AccessDenied, message:…`, without an id. That string says `OBS Error Code: 403, Status Code: 403`: what is called
//! the code is the status, except in old versions. `getMessage()` is the text of the HTTP client below, with the body cut
//! after 120 characters, whose code another recogniser reads. The official sample prints a line for each field.

use super::{Recogniser, Report, Reports, Seen, fields};
use crate::framing::short::{self, lit};

const LOG: &str = "http request:status:";
const STRING: &str = "OBS Error Code: ";
const MESSAGE: &str = "` resulted in a `";
const SAMPLE: &str = "Response Code:";

pub struct ObsPhp;

impl Recogniser for ObsPhp {
    fn name(&self) -> &'static str {
        "obs_php"
    }

    fn anchors(&self) -> &[&str] {
        &[LOG, STRING, MESSAGE, SAMPLE]
    }

    fn begins(&self, line: &[u8]) -> bool {
        line.strip_prefix(SAMPLE.as_bytes()).is_some_and(|rest| fields::status(rest).is_some())
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        found.extend(log(event));
        found.extend(string(event));
        found.extend(message(event));
        found.extend(sample(event));
    }
}

/// `[time][INFO][ObsException.php:141]: http request:status:403, code:AccessDenied, message:…`
fn log(event: &[u8]) -> Option<Report<'_>> {
    let at = short::find(event, lit!(LOG))?;
    if !fields::line_before(event, at).ends_with(b"]: ") {
        return None;
    }
    let text = &event[at + LOG.len()..];
    let status = fields::status(text)?;
    let code = fields::value(text[3..].strip_prefix(b", code:")?, lit!(", message:"));
    Some(Report { code: fields::code(code), status: Some(status), ..Report::at(at) })
}

/// `Obs\ObsException: OBS Error Code: 400, Status Code: 400, OBS Error Type: client, OBS Error Message: …`
fn string(event: &[u8]) -> Option<Report<'_>> {
    let at = short::find(event, lit!(STRING))?;
    if !fields::line_before(event, at).ends_with(b"ObsException: ") {
        return None;
    }
    let text = &event[at + STRING.len()..];
    let code = fields::value(text, lit!(", Status Code: "));
    let status = fields::status(text.get(code.len()..)?.strip_prefix(b", Status Code: ")?)?;
    Some(Report { code: fields::code(code), status: Some(status), ..Report::at(at) })
}

/// ``Request failed: Client error: `PUT http://…` resulted in a `400 Bad Request` response:``, then the body.
fn message(event: &[u8]) -> Option<Report<'_>> {
    let at = short::find(event, lit!(MESSAGE))?;
    let request = fields::line_before(event, at);
    let head = &request[..memchr::memrchr(b'`', request)?];
    // other clients of the same HTTP library do not begin so
    if !(head.ends_with(b"Request failed: Client error: ") || head.ends_with(b"Request failed: Server error: ")) {
        return None;
    }
    let status = fields::status(&event[at + MESSAGE.len()..])?;
    Some(Report { status: Some(status), ..Report::at(at) })
}

/// `Response Code:400`, `Error Message:…`, `Error Code:BadDigest`, `Request ID:…`, `Exception Type:client`, a line each.
fn sample(event: &[u8]) -> Option<Report<'_>> {
    let text = event.strip_prefix(SAMPLE.as_bytes())?;
    let status = fields::status(text)?;
    let rest = text[3..].trim_ascii_start().strip_prefix(b"Error Message:")?;
    let code = fields::after_last(rest, lit!("\nError Code:")).map(|rest| fields::until(rest, lit!("\n")));
    let id = fields::after_last(rest, lit!("\nRequest ID:"));
    Some(Report {
        code: code.and_then(fields::code),
        status: Some(status),
        request_id: id.and_then(fields::request_id),
        ..Report::at(0)
    })
}
