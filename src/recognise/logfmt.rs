//! `key=value` fields as applications print them: `code=NoSuchKey status=404 request_id=…`, in any order, values quoted
//! or not. What stands inside a quoted value is that value's text and no field.

use super::{Recogniser, Report, Reports, Seen, fields, keys};
use crate::framing::lines;
use crate::framing::short::{self, lit};
use keys::Field;

pub struct Logfmt;

impl Recogniser for Logfmt {
    fn name(&self) -> &'static str {
        "logfmt"
    }

    fn anchors(&self) -> &[&str] {
        &["code=", "Code="]
    }

    fn by_shape(&self) -> bool {
        true
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        for line in lines(event) {
            if let Some(hit) = short::find(line, lit!("ode=")) {
                let text = if line.starts_with(b"{\"") { message(line, hit) } else { Some(line) };
                let report = text.and_then(|text| read_line(text, text.as_ptr().addr() - event.as_ptr().addr()));
                if let Some(report) = report {
                    found.push(report);
                }
            }
        }
    }
}

/// Keys of JSON lines under which the text stands that was logged.
const MESSAGES: [&[u8]; 7] = [b"msg", b"message", b"log", b"text", b"event", b"error", b"err"];

/// The string that `hit` stands in, if it is the message of a JSON line: what stands under other keys is data.
fn message(line: &[u8], hit: usize) -> Option<&[u8]> {
    let open = memchr::memrchr_iter(b'"', &line[..hit]).find(|at| !line[..*at].ends_with(b"\\"))?;
    let key = line[..open].trim_ascii_end().strip_suffix(b":")?.trim_ascii_end().strip_suffix(b"\"")?;
    let key = &key[memchr::memrchr(b'"', key)? + 1..];
    let end = quoted_end(line, open + 1);
    let text = &line[open + 1..end];
    MESSAGES.contains(&key).then(|| text.strip_suffix(b"\"").unwrap_or(text))
}

fn read_line(line: &[u8], at: usize) -> Option<Report<'_>> {
    let mut report = Report::at(at);
    let mut coded = false;
    for (key, value) in pairs(line) {
        if key == b"Status" && line[..key.as_ptr().addr() - line.as_ptr().addr()].ends_with(b"returned error: ") {
            break; // the text of the Go SDK, whose fields look alike and whose message may too
        }
        match keys::field(key) {
            Some(Field::Code) => {
                if !coded {
                    report.at = at + (key.as_ptr().addr() - line.as_ptr().addr());
                }
                coded = true;
                report.code = report.code.or_else(|| keys::code(value));
                if report.code.is_none() {
                    report.status = report.status.or_else(|| fields::status(value));
                }
            }
            Some(Field::Status) => report.status = report.status.or_else(|| fields::status(value)),
            Some(Field::RequestId) => {
                let id = fields::request_id(value).filter(|id| id.len() == value.len());
                report.request_id = report.request_id.or(id);
            }
            None => {}
        }
    }
    // a code alone is a word of a sentence; with a status or an id it is a field of an error
    let fields = report.status.is_some() || report.request_id.is_some();
    if coded && fields { keys::judge(report, coded) } else { None }
}

/// What a byte may be in the fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Part of a key.
    Name,
    /// What ends a value without quotes.
    End,
    /// Part of such a value.
    Other,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-' | b'.' => Kind::Name,
            b' ' | b'\t' | b',' | b';' | b']' | b')' | b'}' | b'|' | b'\r' | b'\n' | b'"' => Kind::End,
            _ => Kind::Other,
        };
        byte += 1;
    }
    kinds
};

/// The fields of a line. A key begins the line or stands behind white space, a comma, a bracket or a brace.
fn pairs(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let equals = from + memchr::memchr2(b'=', b'"', &line[from..])?;
            if line[equals] == b'"' {
                from = quoted_end(line, equals + 1);
                continue;
            }
            let key_at = line[from..equals]
                .iter()
                .rposition(|byte| KINDS[usize::from(*byte)] != Kind::Name)
                .map_or(from, |before| from + before + 1);
            let opened =
                key_at == 0 || matches!(line[key_at - 1], b' ' | b'\t' | b',' | b';' | b'[' | b'(' | b'{' | b'|');
            let key = &line[key_at..equals];
            let value_at = equals + 1;
            let value = if line.get(value_at) == Some(&b'"') {
                from = quoted_end(line, value_at + 1);
                let end = if line[..from].ends_with(b"\"") && from > value_at + 1 { from - 1 } else { from };
                &line[value_at + 1..end.max(value_at + 1)]
            } else {
                let rest = &line[value_at..];
                let end = rest.iter().position(|byte| KINDS[usize::from(*byte)] == Kind::End);
                let end = end.unwrap_or(rest.len());
                from = value_at + end;
                &rest[..end]
            };
            if opened && !key.is_empty() {
                return Some((key, value));
            }
        }
    })
}

/// Behind the closing quote of a text that begins at `from`; the end of the line if nothing closes it.
pub fn quoted_end(line: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(next) = memchr::memchr2(b'"', b'\\', &line[at..]) {
        at += next;
        if line[at] == b'"' {
            return at + 1;
        }
        at = (at + 2).min(line.len());
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0000046F8C2E7B5A91D3F0E6A7B8C9D0";

    fn read(text: &str) -> Option<(Option<String>, Option<u16>, Option<String>)> {
        let text = text.replace("ID", ID);
        let found = super::super::tests::ask(&Logfmt, text.as_bytes());
        assert!(found.len() <= 1);
        let listed = |r: &&Report<'_>| !r.doubtful || r.code == Some("SlowDown");
        found.iter().find(listed).map(|r| (r.code.map(str::to_owned), r.status, r.request_id.map(str::to_owned)))
    }

    #[test]
    fn fields_in_any_order_quoted_or_not() {
        let whole = Some((Some("SlowDown".to_owned()), Some(503), Some(ID.to_owned())));
        for text in [
            "2026-11-22 WARNING storage call failed code=SlowDown status=503 request_id=ID op=PutObject",
            "level=error request_id=\"ID\" http_status=\"503\" error_code=\"SlowDown\" msg=\"code=NoSuchKey\"",
            "requestId=ID,statusCode=503,errorCode=SlowDown",
            "msg=\"a \\\" status=404 code=NoSuchKey\" code=SlowDown status=503 request-id=ID\r\n",
            "[code=SlowDown, status=503, request_id=ID]",
            "{\"level\":\"warn\",\"message\": \"failed code=SlowDown status=503 request_id=ID\",\"x\":1}",
        ] {
            assert_eq!(read(text), whole, "{text}");
        }
    }

    #[test]
    fn what_is_no_field_of_an_error() {
        for text in [
            "uploaded key=code=SlowDown size=3",
            "{\"msg\":\"uploaded\",\"key\":\"code=SlowDown status=503\"}",
            "msg=\"code=SlowDown status=503\"",
            "GET /x?code=SlowDown&status=503",
            "code=SlowDown",
            "code=200 status=200",
            "code=MyOwnError status=500",
            "retry_codes=SlowDown status=503",
            "code= status=",
            "code=\"",
            "=",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("code=404 request_id=ID"), Some((None, Some(404), Some(ID.to_owned()))));
    }
}
