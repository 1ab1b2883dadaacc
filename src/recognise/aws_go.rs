//! The AWS SDKs for Go, and what is built on them (rclone, registries, backup tools). They log nothing themselves: the
//! error's text stands in whatever the application logs, as it is or as a string of JSON or logfmt.
//!
//! Version 1 has two lines, `CODE: message` and, behind a tab, `status code: 404, request id: …, host id: …`. The code is
//! found from the second line: it is the one at the head of what stands before it. Version 2 has one, `https response
//! error StatusCode: 404, RequestID: …, HostID: …, api error CODE: message`; an error that the SDK has a type for has only
//! `CODE: `. Both put a name of their own in the code's place where there was no body to read.

use super::{Recogniser, Report, Reports, Seen, fields, names};
use crate::framing::short::{self, lit};

const V1: &str = ", request id: ";
const V2: &str = "response error StatusCode: ";

/// So deep strings stand in strings, told apart by how many backslashes a line feed in them has.
const DEEPEST: usize = 4;

pub struct AwsGo;

impl Recogniser for AwsGo {
    fn name(&self) -> &'static str {
        "aws_go"
    }

    fn anchors(&self) -> &[&str] {
        &["status code: ", V2]
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        // a line feed that is escaped more often is one in the message of an error whose own is not
        let mut floors = [0; DEEPEST];
        for at in short::find_iter(event, lit!(V1)) {
            if let Some((report, depth)) = v1(event, &floors, at) {
                found.push(report);
                floors[depth..].fill(at + V1.len());
            }
        }
        let mut floor = 0;
        for at in short::find_iter(event, lit!(V2)) {
            if at >= floor
                && let Some(report) = v2(event, at)
            {
                found.push(report);
                floor = fields::text_end(event, at); // what the message says is no report
            }
        }
    }
}

/// The error whose second line holds `, request id: ` at `at`, and how deep in strings it stands; what is before the floor
/// of that depth belongs to another one.
fn v1<'e>(event: &'e [u8], floors: &[usize; DEEPEST], at: usize) -> Option<(Report<'e>, usize)> {
    let head = event.get(..at.checked_sub(3)?)?;
    let status = fields::status(&event[head.len()..])?;
    let (end, slashes) = first_line_end(head.strip_suffix(b"status code: ")?)?;
    let depth = slashes.min(DEEPEST - 1);
    let mut text = event.get(floors[depth]..end)?;
    if slashes > 0 {
        let line = fields::line_before(text, text.len());
        text = &line[string_start(line, slashes - 1)?..];
    }
    if let Some(cause) = short::rfind_iter(text, lit!("caused by: ")).find(|cause| new_line(&text[..*cause])) {
        text = &text[cause + b"caused by: ".len()..];
    }
    let named = name_at_head(text, slashes);
    let start = named.map_or(at, |named| named.name.as_ptr().addr() - event.as_ptr().addr());
    let code = named.filter(|named| !names::made_up(named.name, named.message, Some(status)));
    let report = Report {
        code: code.map(|named| named.name),
        status: Some(status),
        request_id: fields::request_id(&event[at + V1.len()..]),
        until: fields::string_end(event, at),
        ..Report::at(start)
    };
    Some((report, depth))
}

/// Where the line before the one that begins behind `before` ends, and with how many backslashes its line feed is
/// escaped. Between the two may be whatever a terminal or a logger indents with.
fn first_line_end(before: &[u8]) -> Option<(usize, usize)> {
    let mut text = before;
    loop {
        while let Some(rest) = text
            .strip_suffix(b" ")
            .or_else(|| text.strip_suffix(b"\t"))
            .or_else(|| text.strip_suffix(b"|"))
            .or_else(|| text.strip_suffix("│".as_bytes()))
            .or_else(|| text.strip_suffix(b"#011"))
        // syslog's tab
        {
            text = rest;
        }
        if let Some(line) = text.strip_suffix(b"#012") {
            return Some((line.len(), 0)); // syslog's line feed
        }
        let (last, rest) = text.split_last()?;
        if *last == b'\n' {
            return Some((rest.len(), 0));
        }
        let slashes = backslashes(rest);
        if slashes == 0 || !matches!(last, b'n' | b't') {
            return None;
        }
        let slashes = of_feed(slashes);
        text = &rest[..rest.len() - slashes];
        if *last == b'n' {
            return Some((text.len(), slashes));
        }
    }
}

fn backslashes(text: &[u8]) -> usize {
    text.iter().rev().take_while(|byte| **byte == b'\\').count()
}

/// How many of the backslashes before an `n` make it a line feed: the others are backslashes that the text ends with.
fn of_feed(slashes: usize) -> usize {
    slashes & slashes.wrapping_neg()
}

fn new_line(before: &[u8]) -> bool {
    before.is_empty() || before.ends_with(b"\n") || before.ends_with(b"\\n")
}

/// Where the string begins that reaches to the end of `text`, and whose quotes have so many backslashes.
fn string_start(text: &[u8], slashes: usize) -> Option<usize> {
    memchr::memrchr_iter(b'"', text).find(|quote| backslashes(&text[..*quote]) == slashes).map(|quote| quote + 1)
}

/// The name at the head of a text of one or more lines. Below the first line, both a message that goes on and lines that
/// belong to something else may have names: there it has to begin the line, or stand behind a colon.
fn name_at_head(text: &[u8], slashes: usize) -> Option<names::Named<'_>> {
    const ESCAPED: &[u8] = br"\\\\\\\\n";
    let feed = if slashes == 0 { b"\n" } else { &ESCAPED[(ESCAPED.len() - 1).saturating_sub(slashes)..] };
    let mut end = text.len();
    loop {
        // one that is escaped more often is in the message
        let own = |at: &usize| of_feed(backslashes(&text[..at + feed.len() - 1])) == slashes;
        let above = short::rfind_iter(&text[..end], feed).find(own);
        let start = above.map_or(0, |above| above + feed.len());
        let line = &text[start..end];
        if let Some(named) = names::named(line) {
            let before = fields::until(line, named.name).trim_ascii_end();
            let before = before.strip_suffix("│".as_bytes()).unwrap_or(before);
            if above.is_none() || before.is_empty() || before.ends_with(b":") {
                // a message of several lines is no reason phrase
                let message = if end == text.len() { named.message } else { b"." };
                return Some(names::Named { message, ..named });
            }
        }
        match above {
            Some(above) => end = above,
            None => return names::named(text),
        }
    }
}

/// `operation error S3: GetObject, https response error StatusCode: 404, RequestID: …, HostID: …, api error CODE: message`
fn v2(event: &[u8], at: usize) -> Option<Report<'_>> {
    let before = fields::line_before(event, at);
    if !(before.ends_with(b"https ") || before.ends_with(b"http ")) || !of_s3(before) {
        return None;
    }
    let text = &event[at + V2.len()..fields::text_end(event, at)];
    let status = fields::status(text)?;
    let mut rest = text[3..].strip_prefix(b", ").unwrap_or_default();
    let mut request_id = None;
    if let Some(id) = rest.strip_prefix(b"RequestID: ") {
        request_id = fields::request_id(id);
        rest = fields::after(id, lit!(", ")).unwrap_or_default();
    }
    if let Some(host) = rest.strip_prefix(b"HostID: ") {
        rest = fields::after(host, lit!(", ")).unwrap_or_default();
    }
    let generic = rest.strip_prefix(b"api error ");
    let error = generic.unwrap_or(rest);
    let name = fields::until(error, lit!(": "));
    let code = error[name.len()..].strip_prefix(b": ").and_then(|message| {
        // an error with a type of its own came with that code, whatever its message
        let message = if generic.is_some() { message.trim_ascii() } else { b"." };
        fields::code(name).filter(|name| !names::made_up(name, message, Some(status)))
    });
    Some(Report { code, status: Some(status), request_id, ..Report::at(at) })
}

/// Other services of AWS are told of in the same words.
fn of_s3(before: &[u8]) -> bool {
    fields::after_last(before, lit!("operation error ")).is_none_or(|service| service.starts_with(b"S3: "))
}

#[cfg(test)]
mod tests {
    use super::super::tests::ask;
    use super::*;

    #[test]
    fn a_message_may_hold_escaped_lines() {
        for message in [
            r"\\nat x: SlowDown: m",
            r"\\n  Code: 'SlowDown',",
            r"SlowDown: m\\n\\tstatus code: 503, request id: FALSE0001",
        ] {
            let line =
                format!(r#"{{"error":"BadDigest: {message}\n\tstatus code: 400, request id: TRUE0001, host id: x"}}"#);
            let found = ask(&AwsGo, line.as_bytes());
            let own = found.iter().find(|report| report.request_id == Some("TRUE0001"));
            assert_eq!(own.map(|report| report.code), Some(Some("BadDigest")), "{line}");
        }
        let line = r#"{"error":"x\nBadDigest: it ends with \\\n\tstatus code: 400, request id: TRUE0001"}"#;
        assert_eq!(ask(&AwsGo, line.as_bytes())[0].code, Some("BadDigest"));
    }
}
