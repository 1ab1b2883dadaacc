//! The Terraform provider for Huawei Cloud: its diagnostics, on the console and in what CI keeps of it.
//!
//! `Error: error creating bucket reports: BucketAlreadyExists,` and ` Reason: …` on the next line, without status and id;
//! newer versions of Terraform draw a line down the margin. Errors that the provider hands on as the SDK prints them are
//! read by another recogniser.

use super::{Recogniser, Report, fields};
use memchr::memmem;

const REASON: &str = " Reason: ";
const HEADS: [&[u8]; 2] = [b"Error: ", "│ Error: ".as_bytes()];

pub struct Terraform;

impl Recogniser for Terraform {
    fn name(&self) -> &'static str {
        "terraform"
    }

    fn anchors(&self) -> &[&str] {
        &[REASON]
    }

    fn begins(&self, line: &[u8]) -> bool {
        HEADS.iter().any(|head| line.starts_with(head)) && code(line).is_some()
    }

    fn read<'e>(&self, event: &'e [u8], found: &mut Vec<Report<'e>>) {
        for at in memmem::find_iter(event, REASON) {
            let Some(before) = line_above(&event[..at]) else { continue };
            let line = fields::line_before(event, before);
            if let Some(code) = code(&line[memmem::rfind(line, b"\\n").map_or(0, |feed| feed + 2)..]) {
                found.push(Report { code: Some(code), ..Report::at(at) });
            }
        }
    }
}

/// Where the line above ends; its line feed may be escaped.
fn line_above(before: &[u8]) -> Option<usize> {
    let margin = before.strip_suffix("│ ".as_bytes()).or_else(|| before.strip_suffix("│".as_bytes())).unwrap_or(before);
    let above = margin.strip_suffix(b"\n").or_else(|| margin.strip_suffix(b"\\n"))?;
    Some(above.strip_suffix(b"\r").unwrap_or(above).len())
}

/// `…rror creating bucket reports: BucketAlreadyExists,`
fn code(line: &[u8]) -> Option<&str> {
    let text = line.trim_ascii_end().strip_suffix(b",")?;
    let colon = memmem::rfind(text, b": ")?;
    memmem::find(&text[..colon], b"rror ")?;
    fields::code(&text[colon + 2..])
}
