//! The Terraform provider for Huawei Cloud: its diagnostics, on the console and in what CI keeps of it.
//!
//! `Error: error creating bucket reports: BucketAlreadyExists,` and ` Reason: …` on the next line, without status and id;
//! newer versions of Terraform draw a line down the margin, on a terminal in colours. Errors that the provider hands on as the SDK prints them are
//! read by another recogniser.

use super::{Recogniser, Report, Reports, Seen, fields};
use crate::framing::short::{self, lit};

const REASON: &str = " Reason: ";
const MARGIN: &[u8] = "│".as_bytes();

pub struct Terraform;

impl Recogniser for Terraform {
    fn name(&self) -> &'static str {
        "terraform"
    }

    fn anchors(&self) -> &[&str] {
        &[REASON]
    }

    fn begins(&self, line: &[u8]) -> bool {
        let opened = line.starts_with(b"Error: ") || line.starts_with(MARGIN) || line.starts_with(b"\x1b[");
        opened && short::find(line, lit!("Error: ")).is_some() && code(line).is_some()
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        for at in short::find_iter(event, lit!(REASON)) {
            let Some(before) = line_above(&event[..at]) else { continue };
            let line = fields::line_before(event, before);
            if let Some(code) = code(&line[short::rfind(line, lit!("\\n")).map_or(0, |feed| feed + 2)..]) {
                let until = fields::string_end(event, at);
                let start = code.as_ptr().addr() - event.as_ptr().addr();
                found.push(Report { code: Some(code), until, ..Report::at(start) });
            }
        }
    }
}

/// Where the line above ends; its line feed may be escaped.
fn line_above(before: &[u8]) -> Option<usize> {
    let margin = undecorated(before);
    let above = margin.strip_suffix(b"\n").or_else(|| margin.strip_suffix(b"\\n"))?;
    Some(above.strip_suffix(b"\r").unwrap_or(above).len())
}

/// Without blanks, the line of the margin and colours at the end.
fn undecorated(mut text: &[u8]) -> &[u8] {
    while let Some(rest) =
        text.strip_suffix(b" ").or_else(|| text.strip_suffix(MARGIN)).or_else(|| without_colour(text))
    {
        text = rest;
    }
    text
}

fn without_colour(text: &[u8]) -> Option<&[u8]> {
    let digits = text.strip_suffix(b"m")?;
    let end = digits.iter().rposition(|byte| !(byte.is_ascii_digit() || *byte == b';'))?;
    digits[..=end].strip_suffix(b"\x1b[")
}

/// `…rror creating bucket reports: BucketAlreadyExists,`
fn code(line: &[u8]) -> Option<&str> {
    let text = undecorated(line.trim_ascii_end()).strip_suffix(b",")?;
    let colon = short::rfind(text, lit!(": "))?;
    short::find(&text[..colon], lit!("rror "))?;
    fields::code(&text[colon + 2..])
}
