//! s3cmd: what it prints on stderr.
//!
//! `ERROR: S3 error: 404 (NoSuchBucket): message`, and for every attempt that is tried again `WARNING: Retrying failed
//! request: /uri (503 (SlowDown): message)` or `WARNING: Upload failed: …`. There are no request ids. If there was no body
//! to read, the parentheses hold the reason phrase and no message follows.

use super::{Recogniser, Report, Reports, Seen, fields, names};
use crate::framing::short::{self, lit};

const ERROR: &str = "ERROR: S3 error: ";
const RETRY: &str = "WARNING: Retrying failed request: ";
const UPLOAD: &str = "WARNING: Upload failed: ";

pub struct S3cmd;

impl Recogniser for S3cmd {
    fn name(&self) -> &'static str {
        "s3cmd"
    }

    fn anchors(&self) -> &[&str] {
        &[ERROR, RETRY, UPLOAD]
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        let line = fields::until(event, lit!("\n"));
        let first =
            [ERROR, RETRY, UPLOAD].iter().filter_map(|anchor| Some((short::find(line, anchor.as_bytes())?, anchor)));
        if let Some((at, anchor)) = first.min() {
            let text = &line[at + anchor.len()..];
            let report = if *anchor == ERROR {
                error(text)
            } else {
                // the URI before it is escaped: it holds no blank
                short::find(text, lit!(" (")).and_then(|open| error(&text[open + 2..]))
            };
            found.extend(report.map(|report| Report { at, ..report }));
        }
    }
}

/// `404 (NoSuchBucket): message`
fn error(text: &[u8]) -> Option<Report<'_>> {
    let status = fields::status(text)?;
    let rest = text[3..].strip_prefix(b" (")?;
    let name = fields::until(rest, lit!(")"));
    let behind = rest[name.len()..].strip_prefix(b")")?;
    let bare = !behind.starts_with(b":");
    let code = fields::code(name).filter(|name| !(bare && names::phrase(status) == Some(*name)));
    Some(Report { code, status: Some(status), ..Report::at(0) })
}
