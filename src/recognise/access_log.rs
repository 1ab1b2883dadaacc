//! The access log of a bucket, which OBS itself writes: a line for each response, 19 to 24 fields with blanks between.
//!
//! `owner bucket [time] ip requester request-id operation key "request" status code bytes size total turn-around
//! "referer" "agent" version …`, with `-` for an empty field. Key, request, referer and agent come from the client and may
//! hold quotes, blanks and text that looks like the fields behind them. The time and the operation say where the key
//! begins; where it ends is found from the shape of the fields behind it. Where several places have that shape, the right
//! one is the last whose request asks for the key before it: what a client puts into its key comes before that, and for
//! what it puts behind, the key would have to name all the fields in between.

use super::{Recogniser, Report, Reports, Seen, fields, owned};
use crate::framing::short::{self, lit};
use crate::framing::{clean, lines};
use std::borrow::Cow;

const OPERATION: &str = " REST.";

pub struct AccessLog;

impl Recogniser for AccessLog {
    fn name(&self) -> &'static str {
        "access_log"
    }

    fn anchors(&self) -> &[&str] {
        &[OPERATION]
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        for line in lines(event) {
            let start = line.as_ptr().addr() - event.as_ptr().addr();
            // where something else stands before it, that may be the text of which it is a part
            let head = if owned::access_log(line) { 0 } else { short::find(line, lit!(OPERATION)).unwrap_or(0) };
            found.extend(read_line(line).map(|report| Report { at: start + head, ..report }));
        }
    }
}

fn read_line(line: &[u8]) -> Option<Report<'_>> {
    let time = short::find(line, lit!(" ["))?;
    let rest = fields::after(&line[time..], lit!("] "))?;
    let operation = short::find(rest, lit!(OPERATION))?;
    let (ip_and_requester, id) = rest[..operation].split_at(memchr::memrchr(b' ', &rest[..operation])?);
    if !ip_and_requester.contains(&b' ') {
        return None;
    }
    let outcomes = || {
        let text = &rest[operation + 1..];
        short::find_iter(text, lit!("\" ")).filter_map(move |quote| outcome(&text[..quote], &text[quote + 2..]))
    };
    // a request for a bucket has no key; else nothing but blank fields stand behind the agent, unless it has quotes in it
    let outcome = outcomes()
        .filter(|outcome| outcome.asked)
        .last()
        .or_else(|| outcomes().find(|outcome| outcome.keyless))
        .or_else(|| outcomes().find(|outcome| outcome.clean))
        .or_else(|| outcomes().next())?;
    let error = outcome.code.is_some() || outcome.status >= 400;
    error.then_some(Report {
        code: outcome.code,
        status: Some(outcome.status),
        request_id: fields::request_id(id.trim_ascii()),
        ..Report::at(0)
    })
}

struct Outcome<'e> {
    status: u16,
    code: Option<&'e str>,
    /// No quotes stand where none are expected.
    clean: bool,
    /// The request asks for the key before it.
    asked: bool,
    /// There is no key before the request.
    keyless: bool,
}

/// Status and code, if `before` ends with a request and `text` goes on as it must: status, code, four numbers, two quoted
/// fields.
fn outcome<'e>(before: &'e [u8], text: &'e [u8]) -> Option<Outcome<'e>> {
    let (key, target) = request(before)?;
    let status = fields::status(text)?;
    let rest = text[3..].strip_prefix(b" ")?;
    // one code is sent with a blank in it
    let (code, rest) = [1, 2].into_iter().find_map(|words| {
        let (code, rest) = take(rest, words)?;
        numbers(rest).map(|rest| (code, rest))
    })?;
    let quoted = rest.strip_prefix(b"\"")?;
    let agent = fields::after(quoted, lit!("\" \""));
    let behind =
        agent.map(|agent| &agent[fields::until(agent, lit!("\"")).len()..]).and_then(|rest| rest.strip_prefix(b"\""));
    let clean = behind.is_some_and(|behind| !behind.contains(&b'"'));
    let code = if code == b"-" { None } else { fields::code(code) };
    let asked = !key.is_empty() && asks_for(fields::until(target, lit!("?")), key);
    Some(Outcome { status, code, clean, asked, keyless: key == b"-" })
}

/// The key and the target of the request in `REST.GET.OBJECT key "GET /key HTTP/1.1`; the request may be empty.
fn request(before: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = fields::after(before, lit!(" "))?;
    if let Some(key) = text.strip_suffix(b" \"-") {
        return Some((key, b""));
    }
    let version = short::rfind(text, lit!(" HTTP/")).filter(|at| text.len() - at <= 10)?;
    let target = memchr::memrchr(b' ', &text[..version])?;
    let method = text[..target].iter().rev().take_while(|byte| byte.is_ascii_uppercase()).count();
    let key = text[..target - method].strip_suffix(b" \"").filter(|_| method > 0)?;
    Some((key, &text[target + 1..version]))
}

/// Whether a request's target names the key, which may be written as it is, or as it was sent, or encoded once more. A key
/// may hold percent signs itself, so each is compared at every stage.
fn asks_for(target: &[u8], key: &[u8]) -> bool {
    let stages = |text: &[u8]| {
        let once = decoded(text);
        let twice = decoded(&once);
        [text.to_vec(), once, twice]
    };
    let keys = stages(key);
    stages(target).iter().any(|target| keys.iter().any(|key| target.ends_with(key)))
}

/// What the percent signs stand for, without the colours that are taken off a line where they stand as they are.
fn decoded(text: &[u8]) -> Vec<u8> {
    let hex = |at: usize| char::from(*text.get(at)?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            _ => {
                out.push(if *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    match clean(&out) {
        Cow::Borrowed(_) => out,
        Cow::Owned(clean) => clean,
    }
}

/// So many words, and what is behind them.
fn take(text: &[u8], words: usize) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr_iter(b' ', text).nth(words - 1)?;
    Some((&text[..end], &text[end + 1..]))
}

/// What is behind four fields that hold a number or nothing.
fn numbers(mut text: &[u8]) -> Option<&[u8]> {
    for _ in 0..4 {
        let (number, rest) = take(text, 1)?;
        if number != b"-" && (number.is_empty() || !number.iter().all(u8::is_ascii_digit)) {
            return None;
        }
        text = rest;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_asks_for_its_key_in_any_writing() {
        for (target, key) in [
            ("/b/a%2Fc%20d", "a/c d"),
            ("/b/a/100%25", "100%"),
            ("/b/a%2520b", "a%20b"),
            ("/b/a+b", "a%20b"),
            ("/b/%1B%5B31mred%1B%5B0m", "red"), // what is left of one that stood there with its colours
            ("/b/%1B%5B31mred", "%1B%5B31mred"),
        ] {
            assert!(asks_for(target.as_bytes(), key.as_bytes()), "{target} {key}");
        }
        assert!(!asks_for(b"/b/%1B%5B31mred", b"green"));
    }
}
