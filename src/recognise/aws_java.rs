//! The AWS SDKs for Java, and what is built on them (Hadoop S3A, Spark, Flink, Presto): the text of an exception.
//!
//! Version 1: `… (Service: Amazon S3; Status Code: 503; Error Code: SlowDown; Request ID: …; …)`; the code of an answer
//! without a body is its status line (`404 Not Found`), which has no code's form. Version 2: `… (Service: S3, Status Code:
//! 404, Request ID: …)`; it prints no code, but the name of the exception's class is one if the SDK has a class for it.

use super::{Recogniser, Report, Reports, Seen, fields};
use crate::framing::short::{self, lit};

const SERVICE: &str = "(Service: ";
const CLASS: &str = ".services.s3.model.";

pub struct AwsJava;

impl Recogniser for AwsJava {
    fn name(&self) -> &'static str {
        "aws_java"
    }

    fn anchors(&self) -> &[&str] {
        &[SERVICE]
    }

    fn by_shape(&self) -> bool {
        true
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let (places, event) = (event.places(0), event.text);
        let mut starts = places.peekable();
        let mut floor = 0;
        while let Some(at) = starts.next() {
            let Some(report) = exception(event, floor, at) else { continue };
            // the last of a line is the exception's own, what stands before it is its message
            let end = fields::text_end(event, at);
            let last = starts.peek().is_none_or(|next| *next >= end || exception(event, floor, *next).is_none());
            if last {
                found.push(report);
                floor = at;
            }
        }
    }
}

fn exception(event: &[u8], floor: usize, at: usize) -> Option<Report<'_>> {
    let end = fields::text_end(event, at);
    let text = &event[at + SERVICE.len()..end];
    let (service, rest) = split(text, " Status Code: ")?;
    let (name, separator) = service.split_at_checked(service.len().checked_sub(1)?)?;
    if !matches!(name, b"S3" | b"Amazon S3") {
        return None;
    }
    let status = fields::status(rest)?;
    let rest = &rest[3..];
    let (code, id) = match separator {
        b";" => {
            let code = fields::until(rest.strip_prefix(b"; Error Code: ")?, lit!(";"));
            (fields::code(code), fields::after(rest, lit!("; Request ID: ")))
        }
        b"," => (class(&event[floor..at]), rest.strip_prefix(b", Request ID: ")),
        _ => return None,
    };
    let request_id = id.and_then(fields::request_id);
    Some(Report { code, status: Some(status), request_id, ..Report::at(at) })
}

fn split<'e>(text: &'e [u8], at: &str) -> Option<(&'e [u8], &'e [u8])> {
    let place = short::find(&text[..text.len().min(64)], at.as_bytes())?;
    Some((&text[..place], &text[place + at.len()..]))
}

/// `software.amazon.awssdk.services.s3.model.NoSuchBucketException: …`, the last before the details.
fn class(before: &[u8]) -> Option<&str> {
    let rest = fields::after_last(before, lit!(CLASS))?;
    let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric())?;
    let name = rest[..end].strip_suffix(b"Exception").filter(|_| rest[end] == b':')?;
    fields::code(name).filter(|name| !matches!(*name, "S3" | "AwsService" | "SdkService"))
}
