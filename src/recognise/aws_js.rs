//! The AWS SDK for JavaScript, version 3. It logs nothing itself: applications log the error object.
//!
//! `util.inspect` writes it over many lines, all of one event: the stack, `'$metadata'` with `httpStatusCode` and
//! `requestId`, then `Code`, which is only there if the body had one. The name before the message is the code too, but
//! the SDK makes one up where there was no body. A line `time error: CODE: message` has nothing else: it is a report only
//! if OBS has such a code. JSON is read by another recogniser.

use super::{Recogniser, Report, Reports, Seen, fields, keys, names};
use crate::framing::short::{self, lit};

const STATUS: &str = "httpStatusCode: ";
const LINE: &str = "Z error: ";

pub struct AwsJs;

impl Recogniser for AwsJs {
    fn name(&self) -> &'static str {
        "aws_js"
    }

    fn anchors(&self) -> &[&str] {
        &[STATUS, LINE]
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        let before = found.len();
        let mut floor = 0;
        for at in short::find_iter(event, lit!(STATUS)) {
            let until = at + object_end(&event[at..]);
            if at >= floor
                && let Some(report) = dump(&event[..until], at)
            {
                found.push(Report { until, ..report });
                floor = until;
            }
        }
        if found.len() == before {
            found.extend(line(event));
        }
    }
}

/// An error object whose status stands at `at`; the event is cut where the object ends.
fn dump(event: &[u8], at: usize) -> Option<Report<'_>> {
    let before = fields::line_before(event, at).trim_ascii();
    if !(before.is_empty() || before.ends_with(b"{") || before.ends_with(b",")) {
        return None;
    }
    let text = &event[at + STATUS.len()..];
    let id = property(text, "requestId: '").or_else(|| property(text, "RequestId: '"));
    let code = property(text, "Code: '").and_then(|rest| fields::code(fields::until(rest, lit!("'"))));
    Some(Report {
        code: code.filter(|name| !names::made_up(name, b".", None)),
        status: Some(fields::status(text)?),
        request_id: id.and_then(fields::request_id),
        ..Report::at(at)
    })
}

/// Where an object ends, seen from within its `'$metadata'`.
fn object_end(text: &[u8]) -> usize {
    let mut depth = 2;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b'\'' | b'"' | b'`' => {
                let mut rest = text[at + 1..].iter().enumerate();
                while let Some((offset, inner)) = rest.next() {
                    if *inner == b'\\' {
                        rest.next();
                    } else if inner == byte {
                        at += offset + 1;
                        break;
                    }
                }
            }
            _ => {}
        }
        if depth == 0 {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// The value of a property: its name begins a line, or stands behind a blank in an object that fits in one.
fn property<'e>(text: &'e [u8], name: &str) -> Option<&'e [u8]> {
    short::find_iter(text, name)
        .find(|at| text[..*at].last().is_none_or(u8::is_ascii_whitespace))
        .map(|at| &text[at + name.len()..])
}

/// `2026-11-22T13:00:32.879Z error: CODE: message`, also with words before the code.
fn line(event: &[u8]) -> Option<Report<'_>> {
    let head = fields::until(event, lit!("\n"));
    let at = short::find(head, lit!(LINE))?;
    if at > 32 || !head[..at].iter().rev().take(8).all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.')) {
        return None;
    }
    let text = &head[at + LINE.len()..];
    let named = names::named(text)?;
    let before = fields::until(text, named.name);
    if !(before.is_empty() || before.ends_with(b" failed ") || before.ends_with(b": ")) {
        return None;
    }
    if names::made_up(named.name, named.message, None) {
        return None;
    }
    let report = Report { code: Some(named.name), ..Report::at(at) };
    keys::judge(report, true)
}
