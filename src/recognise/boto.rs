//! boto3 and botocore, and what is built on them (AWS CLI, s3fs, s3transfer).
//!
//! `An error occurred (CODE) when calling the OPERATION operation (reached max retries: 3): message`, in whatever the
//! application logs. A number in the parentheses is the status: botocore puts it there if there was no body to read.

use super::{Recogniser, Report, Reports, Seen, fields, names};
use crate::framing::short::{self, lit};

const ERROR: &str = "An error occurred (";
const CALLING: &[u8] = b") when calling the ";

/// How lines of the AWS CLI begin, which have no time stamp.
const CLI: [&[u8]; 9] = [
    b"upload failed: ",
    b"download failed: ",
    b"copy failed: ",
    b"move failed: ",
    b"delete failed: ",
    b"make_bucket failed: ",
    b"remove_bucket failed: ",
    b"fatal error: ",
    b"aws: [ERROR]: ",
];

pub struct Boto;

impl Recogniser for Boto {
    fn name(&self) -> &'static str {
        "boto"
    }

    fn anchors(&self) -> &[&str] {
        &[ERROR]
    }

    fn begins(&self, line: &[u8]) -> bool {
        line.starts_with(ERROR.as_bytes())
            || CLI.iter().any(|head| line.starts_with(head)) && short::find(line, lit!(ERROR)).is_some()
    }

    fn by_shape(&self) -> bool {
        true
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let mut floor = 0;
        let (places, event) = (event.places(0), event.text);
        for at in places {
            if at >= floor
                && let Some(report) = error(event, at)
            {
                found.push(report);
                floor = fields::text_end(event, at); // what the message says is no report
            }
        }
    }
}

fn error(event: &[u8], at: usize) -> Option<Report<'_>> {
    let text = &event[at + ERROR.len()..];
    let close = memchr::memchr(b')', text)?;
    if !text[close..].starts_with(CALLING) {
        return None; // before it is asked where the text ends
    }
    let text = &event[at + ERROR.len()..fields::text_end(event, at)];
    let (name, call) = text.split_at_checked(close)?;
    let call = call.strip_prefix(CALLING)?;
    let operation = call.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let rest = call[operation..].strip_prefix(b" operation").filter(|_| operation > 0)?;
    let message = fields::after(rest, lit!(": ")).unwrap_or_default();
    let code = fields::code(name).filter(|name| !names::made_up(name, message, None));
    let status = if name.len() == 3 { fields::status(name) } else { None };
    (code.is_some() || status.is_some()).then_some(Report { code, status, ..Report::at(at) })
}
