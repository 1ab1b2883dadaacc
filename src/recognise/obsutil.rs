//! obsutil: its own log, its console and its reports of what failed in a batch. The log of the SDK in it is read by
//! another recogniser; the request id is the same.
//!
//! `…, status [403], error code [AccessDenied], error message […], request id […]`; on the console also `Error: Status
//! [404], …`. A failure without an answer has `status [0], error code []`.

use super::{Recogniser, Report, Reports, Seen, fields};
use crate::framing::short::{self, lit};

const CODE: &str = "], error code [";
const MESSAGE: &[u8] = b"], error message [";
const ID: &str = "], request id [";

pub struct Obsutil;

impl Recogniser for Obsutil {
    fn name(&self) -> &'static str {
        "obsutil"
    }

    fn anchors(&self) -> &[&str] {
        &[CODE]
    }

    fn begins(&self, line: &[u8]) -> bool {
        line.first().is_some_and(u8::is_ascii_uppercase)
            && short::find_iter(line, lit!(CODE)).any(|at| error(line, at).is_some())
    }

    fn by_shape(&self) -> bool {
        true
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let first = event.places(0).find_map(|at| error(event.text, at)); // others are in its message
        found.extend(first.filter(|report| report.status.is_some()));
    }
}

/// The error whose code is announced at `at`. A message may hold anything: the id is behind the last `request id`.
fn error(event: &[u8], at: usize) -> Option<Report<'_>> {
    let head = event.get(..at.checked_sub(3)?)?;
    let opened = head.strip_suffix(b"tatus [").and_then(|head| head.split_last());
    let (initial, before) = opened?;
    let place = match initial {
        b's' => before.ends_with(b", "),
        b'S' => before.ends_with(b"Error: "),
        _ => false,
    };
    let status = fields::status(&event[at - 3..]).filter(|_| place)?;
    let text = &event[at + CODE.len()..];
    let code = fields::until(text, lit!("]"));
    let message = text[code.len()..].strip_prefix(MESSAGE)?;
    let id = fields::after_last(message, lit!(ID)).and_then(fields::request_id);
    Some(Report { code: fields::code(code), status: Some(status), request_id: id, ..Report::at(at) })
}
