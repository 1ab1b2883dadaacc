//! The OBS SDK for C: its run log.
//!
//! `[time] [tid:N] [logger] [level] |text`, 5 to 20 lines of one thread for one response. In this order: the code out of
//! the body (or, of a HEAD, out of the header `x-obs-error-code`) and the id, at level error; then status, id and, if the
//! body had one, the code once more, at level warning. At level error there is no status, and a response without a code
//! leaves nothing. At level info the second half is written for successes too, with a status below 300. A message is the
//! server's: it may span lines and say anything, but not begin behind a log's own prefix.

use super::{Link, Recogniser, Report, Reports, Seen, fields};
use crate::framing::short::{self, lit};

const HEADER: &str = "|x-obs-error-code:";
const CODE: &str = "errorXml : Error/Code : ";
const ID: &str = "errorXml : Error/RequestId : ";
const STATUS: &str = ",httpResponseCode = ";
const FINAL_ID: &str = "|Request Id: ";
const FINAL_CODE: &str = "|Code: ";

pub struct ObsC;

impl Recogniser for ObsC {
    fn name(&self) -> &'static str {
        "obs_c"
    }

    fn anchors(&self) -> &[&str] {
        &[HEADER, CODE, ID, STATUS, FINAL_ID, FINAL_CODE]
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        let line = fields::line(event);
        let Some(bar) = memchr::memchr(b'|', line).filter(|bar| line[..*bar].ends_with(b"] ")) else { return };
        let Some(thread) = fields::after(&line[..bar], lit!("[tid:")).map(|rest| fields::until(rest, lit!("]"))) else {
            return;
        };
        let key = fields::key("c response", thread);
        let text = &line[bar..];
        let report = Report::at(bar);
        found.extend(if let Some(code) = value(text, HEADER).or_else(|| callback(text, CODE)) {
            fields::code(code).map(|code| Report { code: Some(code), link: Link::Begins(key), ..report })
        } else if let Some(id) = callback(text, ID).or_else(|| value(text, FINAL_ID)) {
            fields::request_id(id).map(|id| Report { request_id: Some(id), link: Link::Follows(key), ..report })
        } else if let Some(code) = value(text, FINAL_CODE) {
            fields::code(code).map(|code| Report { code: Some(code), link: Link::Ends(key), ..report })
        } else {
            status(text).map(|status| Report { status: Some(status), link: Link::Follows(key), ..report })
        });
    }
}

/// What stands behind `label` if the text begins with it.
fn value<'e>(text: &'e [u8], label: &str) -> Option<&'e [u8]> {
    text.strip_prefix(label.as_bytes()).map(<[u8]>::trim_ascii)
}

/// `errorXmlCallback errorXml : Error/Code : NoSuchKey`: the name of a function, then `label`.
fn callback<'e>(text: &'e [u8], label: &str) -> Option<&'e [u8]> {
    let (_, rest) = text.split_at_checked(memchr::memchr(b' ', text)? + 1)?;
    value(rest, label)
}

/// `request_finish request_finish status = 0,httpResponseCode = 503`; 0 stands for no answer.
fn status(text: &[u8]) -> Option<u16> {
    let at = short::find(text, lit!(STATUS)).filter(|_| text.starts_with(b"|request_finish "))?;
    fields::status(&text[at + STATUS.len()..])
}
