//! An XML error body, wherever it stands: `<Error><Code>…</Code><Message>…</Message><RequestId>…</RequestId>…</Error>`,
//! in one line or over several, also cut off.
//!
//! Also escaped, as it stands within a string of JSON (`\u003cCode\u003e`) or in HTML (`&lt;Code&gt;`).
//!
//! Only a body whose root is `<Error>`: the `<Error>` elements inside the answer to a bulk deletion tell of objects, not
//! of a response that failed.

use super::{Recogniser, Report, Reports, Seen, fields, keys};
use crate::framing::short::{self, lit};

const CODE: &str = "<Code>";

/// Where a body ends, or another one begins.
const ENDS: [&[u8]; 3] = [b"</Error>", b"<Error>", b"<Error "];

pub struct Xml;

impl Recogniser for Xml {
    fn name(&self) -> &'static str {
        "xml"
    }

    fn anchors(&self) -> &[&str] {
        &[CODE, ESCAPED[0].0, ESCAPED[1].0, ESCAPED[2].0]
    }

    fn by_shape(&self) -> bool {
        true
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let bodies = event.place(0).is_some();
        if bodies {
            read(event.text, event.places(0), found);
        }
        if (1..=ESCAPED.len()).all(|anchor| event.place(anchor).is_none()) {
            return;
        }
        // what is escaped inside a body is text of that body
        let event = if bodies { fields::until(event.text, lit!("<")) } else { event.text };
        for (code, escapes) in ESCAPED {
            if short::find(event, code.as_bytes()).is_some() {
                let around: Vec<u8> =
                    event.iter().map(|byte| if matches!(byte, b'<' | b'>') { b' ' } else { *byte }).collect();
                let plain = escapes.iter().fold(around, |text, (escape, plain)| replace(&text, escape, plain));
                let mut inside = Reports::new();
                read(&plain, short::find_iter(&plain, lit!(CODE)), &mut inside);
                found.extend(inside.iter().filter_map(|report| {
                    // the code stands behind as many others as in the copy
                    let others = short::find_iter(&plain[..report.at], lit!(CODE)).count();
                    let own = &event[short::find_iter(event, code).nth(others)?..];
                    let code = keys::locate(own, report.code?)?;
                    let request_id = report.request_id.and_then(|id| keys::locate(own, id));
                    let at = code.as_ptr().addr() - event.as_ptr().addr();
                    Some(Report { code: Some(code), request_id, ..Report::at(at) })
                }));
            }
        }
    }
}

type Escapes = &'static [(&'static [u8], &'static [u8])];

/// How `<Code>` stands in an escaped body, and what has to be put back to read it.
const ESCAPED: [(&str, Escapes); 3] = [
    ("\\u003cCode\\u003e", &[(b"\\u003c", b"<"), (b"\\u003e", b">")]),
    ("\\u003CCode\\u003E", &[(b"\\u003C", b"<"), (b"\\u003E", b">")]),
    ("&lt;Code&gt;", &[(b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b"\"")]),
];

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = 0;
    for at in short::find_iter(text, from) {
        out.extend_from_slice(&text[rest..at]);
        out.extend_from_slice(to);
        rest = at + from.len();
    }
    out.extend_from_slice(&text[rest..]);
    out
}

fn read<'e>(event: &'e [u8], bodies: impl Iterator<Item = usize>, found: &mut Reports<'e>) {
    let mut bodies = bodies.peekable();
    let mut floor = 0;
    while let Some(at) = bodies.next() {
        let Some(root) = root(&event[floor..at]) else { continue };
        // without an end the next one ends it
        let ends = |place: &usize| ENDS.iter().any(|mark| event[*place..].starts_with(mark));
        let end = memchr::memchr_iter(b'<', &event[at..]).map(|tag| at + tag).find(ends).unwrap_or(event.len());
        while bodies.next_if(|next| *next < end).is_some() {}
        let body = &event[floor + root..end];
        // a body that is cut within the code has none: half a name would be a wrong one
        let code =
            fields::after(&event[at..end], lit!(CODE)).filter(|rest| short::find(rest, lit!("</Code>")).is_some());
        let id = fields::after(body, lit!("<RequestId>")).or_else(|| fields::after(body, lit!("<RequestID>")));
        if let Some(code) = code.and_then(|rest| fields::code(fields::until(rest, lit!("</Code>")))) {
            let until = if event[end..].starts_with(b"</") { end } else { 0 };
            let request_id = id.and_then(fields::request_id);
            found.push(Report { code: Some(code), request_id, until, ..Report::at(at) });
        }
        floor = end;
    }
}

/// Where the `<Error>` begins whose child the text behind `before` is, if it is the root of its document.
fn root(before: &[u8]) -> Option<usize> {
    let begins = |at: &usize| matches!(before[*at..].strip_prefix(b"<Error"), Some([b'>' | b' ', ..]));
    let at = memchr::memrchr_iter(b'<', before).find(begins)?;
    if short::find(&before[at..], lit!("</Error")).is_some() {
        return None;
    }
    let outside = trim_end(&before[..at]);
    (!outside.ends_with(b">") || outside.ends_with(b"?>")).then_some(at)
}

/// Without white space at the end, also where a logger has written it as `\n`, `\r` or `\t`.
fn trim_end(mut text: &[u8]) -> &[u8] {
    loop {
        let trimmed = text.trim_ascii_end();
        let escape = [b"\\n".as_slice(), b"\\r", b"\\t"].iter().find_map(|escape| trimmed.strip_suffix(*escape));
        match escape {
            Some(rest) => text = rest,
            None => return trimmed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::ask;
    use super::*;

    #[test]
    fn what_is_escaped_stands_before_a_body_or_in_it() {
        let escaped =
            "&lt;Error&gt;&lt;Code&gt;SlowDown&lt;/Code&gt;&lt;RequestId&gt;00000000A&lt;/RequestId&gt;&lt;/Error&gt;";
        let body = "<Error><Code>BadDigest</Code></Error>";
        let inside = format!("<Error><Code>BadDigest</Code><Message>{escaped}</Message></Error>");
        let codes = |text: &str| {
            let mut reports: Vec<_> =
                ask(&Xml, text.as_bytes()).iter().map(|one| (one.at, one.code.map(str::to_owned))).collect();
            reports.sort();
            reports.into_iter().filter_map(|(_, code)| code).collect::<Vec<_>>()
        };
        assert_eq!(codes(&format!("x: {escaped}\n")), ["SlowDown"]);
        assert_eq!(codes(&format!("x: {escaped}\n  <Code>of nothing</Code>\n")), ["SlowDown"]);
        assert_eq!(codes(&format!("x: {escaped}\n  {body}\n")), ["SlowDown", "BadDigest"]);
        assert_eq!(codes(&format!("x: {inside}\n")), ["BadDigest"]);
    }
}
