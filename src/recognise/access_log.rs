//! The access log of a bucket, which OBS itself writes: a line for each response, 19 to 24 fields with blanks between.
//!
//! `owner bucket [time] ip requester request-id operation key "request" status code bytes size total turn-around
//! "referer" "agent" version …`, with `-` for an empty field. Key, request, referer and agent come from the client and may
//! hold quotes, blanks and text that looks like the fields behind them. The time and the operation say where the key
//! begins; where it ends is found from the shape of the fields behind it.

use super::{Recogniser, Report, fields};
use crate::framing::lines;
use memchr::memmem;

const OPERATION: &str = " REST.";

pub struct AccessLog;

impl Recogniser for AccessLog {
    fn name(&self) -> &'static str {
        "access_log"
    }

    fn anchors(&self) -> &[&str] {
        &[OPERATION]
    }

    fn read<'e>(&self, event: &'e [u8], found: &mut Vec<Report<'e>>) {
        for line in lines(event) {
            let at = line.as_ptr().addr() - event.as_ptr().addr();
            found.extend(read_line(line).map(|report| Report { at, ..report }));
        }
    }
}

fn read_line(line: &[u8]) -> Option<Report<'_>> {
    let time = memmem::find(line, b" [")?;
    let rest = fields::after(&line[time..], "] ")?;
    let operation = memmem::find(rest, OPERATION.as_bytes())?;
    let (ip_and_requester, id) = rest[..operation].split_at(memchr::memrchr(b' ', &rest[..operation])?);
    if !ip_and_requester.contains(&b' ') {
        return None;
    }
    let outcomes = || {
        let text = &rest[operation + 1..];
        memmem::find_iter(text, b"\" ").filter_map(move |quote| outcome(&text[..quote], &text[quote + 2..]))
    };
    // the right one has nothing but blank fields behind the agent, unless the agent has quotes in it
    let outcome = outcomes().find(|outcome| outcome.clean).or_else(|| outcomes().next())?;
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
}

/// Status and code, if `before` ends with a request and `text` goes on as it must: status, code, four numbers, two quoted
/// fields.
fn outcome<'e>(before: &'e [u8], text: &'e [u8]) -> Option<Outcome<'e>> {
    if !is_request(before) {
        return None;
    }
    let status = fields::status(text)?;
    let rest = text[3..].strip_prefix(b" ")?;
    // one code is sent with a blank in it
    let (code, rest) = [1, 2].into_iter().find_map(|words| {
        let (code, rest) = take(rest, words)?;
        numbers(rest).map(|rest| (code, rest))
    })?;
    let quoted = rest.strip_prefix(b"\"")?;
    let agent = fields::after(quoted, "\" \"");
    let behind =
        agent.map(|agent| &agent[fields::until(agent, "\"").len()..]).and_then(|rest| rest.strip_prefix(b"\""));
    let clean = behind.is_some_and(|behind| !behind.contains(&b'"'));
    let code = if code == b"-" { None } else { fields::code(code) };
    Some(Outcome { status, code, clean })
}

/// `… "GET /key HTTP/1.1`, or an empty request.
fn is_request(before: &[u8]) -> bool {
    if before.ends_with(b" \"-") {
        return true;
    }
    let Some(version) = memmem::rfind(before, b" HTTP/").filter(|at| before.len() - at <= 10) else { return false };
    let Some(target) = memchr::memrchr(b' ', &before[..version]) else { return false };
    let method = before[..target].iter().rev().take_while(|byte| byte.is_ascii_uppercase()).count();
    method > 0 && before[..target - method].ends_with(b" \"")
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
