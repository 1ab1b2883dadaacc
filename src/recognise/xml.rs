//! An XML error body, wherever it stands: `<Error><Code>…</Code><Message>…</Message><RequestId>…</RequestId>…</Error>`,
//! in one line or over several, also cut off.
//!
//! Only a body whose root is `<Error>`: the `<Error>` elements inside the answer to a bulk deletion tell of objects, not
//! of a response that failed.

use super::{Recogniser, Report, fields};
use memchr::memmem;

const CODE: &str = "<Code>";

pub struct Xml;

impl Recogniser for Xml {
    fn name(&self) -> &'static str {
        "xml"
    }

    fn anchors(&self) -> &[&str] {
        &[CODE]
    }

    fn read<'e>(&self, event: &'e [u8], found: &mut Vec<Report<'e>>) {
        let mut bodies = memmem::find_iter(event, CODE).peekable();
        let mut floor = 0;
        while let Some(at) = bodies.next() {
            let end = at + fields::until(&event[at..], "</Error>").len();
            while bodies.next_if(|next| *next < end).is_some() {}
            if let Some(root) = root(&event[floor..at]) {
                let body = &event[floor + root..end];
                // a body that is cut within the code has none: half a name would be a wrong one
                let code = fields::after(&event[at..end], CODE).filter(|rest| memmem::find(rest, b"</Code>").is_some());
                let id = fields::after(body, "<RequestId>").or_else(|| fields::after(body, "<RequestID>"));
                if let Some(code) = code.and_then(|rest| fields::code(fields::until(rest, "</Code>"))) {
                    found.push(Report {
                        code: Some(code),
                        request_id: id.and_then(fields::request_id),
                        ..Report::at(at)
                    });
                }
            }
            floor = end;
        }
    }
}

/// Where the `<Error>` begins whose child the text behind `before` is, if it is the root of its document.
fn root(before: &[u8]) -> Option<usize> {
    let at = memmem::rfind(before, b"<Error>").max(memmem::rfind(before, b"<Error "))?;
    if memmem::find(&before[at..], b"</Error").is_some() {
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
