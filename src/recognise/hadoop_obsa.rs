//! OBSA, the file system of Hadoop on OBS: the texts of the exceptions it makes of those of the OBS SDK for Java.
//!
//! `OPERATION on PATH: ResponseCode[404],ErrorCode[NoSuchKey],ErrorMessage[…],RequestId[…]`; older releases wrote
//! `OPERATION on PATH: status [404] - request id […] - error code [NoSuchKey] - error message […]`. Who catches them prints
//! them, so one response may be told in many places, with the same id. A bulk deletion that fails has a form of its own;
//! one that fails for some of the objects was answered, and is no report. The place of the code may hold an indicator, a
//! number; -1 stands for no answer.

use super::{Recogniser, Report, Reports, Seen, fields};
use crate::framing::short::{self, lit};

const TRANSLATED: &str = ": ResponseCode[";
const OLD: &str = ": status [";
const REDIRECT: &str = " redirect response, status [";
const BULK: &str = "bulk delete objects failed: request [";

/// What a call gets as its code, beside the status 408, when no answer came.
const NO_ANSWER: &str = "RequestTimeOut";

pub struct HadoopObsa;

impl Recogniser for HadoopObsa {
    fn name(&self) -> &'static str {
        "hadoop_obsa"
    }

    fn anchors(&self) -> &[&str] {
        &[TRANSLATED, "] - error code [", "], error code ["]
    }

    fn by_shape(&self) -> bool {
        true
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        translated(event, found);
        for anchor in [OLD, REDIRECT] {
            found.extend(short::find_iter(event, anchor).filter_map(|at| old(&event[at + anchor.len()..], at)));
        }
        found.extend(bulk(event));
    }
}

fn report<'e>(status: &[u8], code: &'e [u8], id: Option<&'e [u8]>, at: usize) -> Option<Report<'e>> {
    let (status, code, id) = (fields::status(status)?, fields::code(code), id.and_then(fields::request_id));
    let no_answer = id.is_none() && code == Some(NO_ANSWER);
    (!no_answer).then_some(Report { code, status: Some(status), request_id: id, ..Report::at(at) })
}

/// A message may span lines and hold anything; a text that begins before the id of the one around it has come is part of
/// its message.
fn translated<'e>(event: &'e [u8], found: &mut Reports<'e>) {
    const ID: &str = "],RequestId[";
    let mut starts = short::find_iter(event, lit!(TRANSLATED)).peekable();
    while let Some(at) = starts.next() {
        let mut end = event.len();
        while let Some(next) = starts.peek() {
            if fields::ended(event, at, *next, ID) {
                end = *next;
                break;
            }
            starts.next();
        }
        let text = &event[at + TRANSLATED.len()..end];
        let Some(rest) = text.get(3..).and_then(|rest| rest.strip_prefix(b"],ErrorCode[")) else { continue };
        found.extend(report(
            text,
            fields::until(rest, lit!("],ErrorMessage[")),
            fields::after_last(rest, lit!(ID)),
            at,
        ));
    }
}

/// `404] - request id […] - error code [NoSuchKey] - …`
fn old(text: &[u8], at: usize) -> Option<Report<'_>> {
    let id = text.get(3..)?.strip_prefix(b"] - request id [")?;
    let rest = &id[fields::until(id, lit!("]")).len()..];
    let code = rest.strip_prefix(b"] - error code [")?;
    report(text, fields::until(code, lit!("]")), Some(id), at)
}

/// `bulk delete objects failed: request […], response code [403], error code [AccessDenied], error message […], request id
/// […]`. The request names keys and the message is the server's: the last of each is the line's own.
fn bulk(event: &[u8]) -> Option<Report<'_>> {
    let at = short::find(event, lit!(BULK)).filter(|at| fields::logged(fields::line_before(event, *at)))?;
    let text = &event[at..];
    let status = fields::after_last(fields::until(text, lit!("], error message [")), lit!("], response code ["))?;
    let code = status.get(3..)?.strip_prefix(b"], error code [")?;
    report(status, code, fields::after_last(text, lit!("], request id [")), at)
}
