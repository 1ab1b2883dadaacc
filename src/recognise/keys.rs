//! Names that applications give to the fields of an OBS error, and what is evidence enough that it is one.

use super::{Report, fields};
use crate::framing::short;

/// Which field of an error a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Code,
    Status,
    RequestId,
}

/// Longer names are none of those that are looked for.
pub const LONGEST: usize = 24;

/// Keys without case, `_` and `-`.
fn named(plain: &[u8]) -> Option<Field> {
    Some(match plain {
        b"code" | b"errorcode" | b"errcode" | b"obscode" | b"obserrorcode" | b"xobserrorcode" | b"xamzerrorcode" => {
            Field::Code
        }
        b"status" | b"statuscode" | b"httpstatus" | b"httpstatuscode" | b"httpcode" | b"responsecode"
        | b"responsestatus" | b"obsstatus" => Field::Status,
        b"requestid" | b"reqid" | b"obsrequestid" | b"xobsrequestid" | b"xamzrequestid" | b"awsrequestid" => {
            Field::RequestId
        }
        _ => return None,
    })
}

/// The field that a key names, whatever its spelling (`request_id`, `requestId`, `RequestID`, `x-obs-request-id`).
pub fn field(key: &[u8]) -> Option<Field> {
    let mut back = key.iter().rev().filter(|byte| !separates(**byte)).map(u8::to_ascii_lowercase);
    // so end all that there are, and few others
    let ending = [back.next()?, back.next()?];
    if key.len() > LONGEST || !matches!(&ending, b"ed" | b"su" | b"di") {
        return None;
    }
    let (plain, length) = plain(key);
    named(&plain[..length])
}

/// The first letters and digits of a name, small, and how many there are.
pub fn plain(name: &[u8]) -> ([u8; LONGEST], usize) {
    let mut plain = [0; LONGEST];
    let letters = name.iter().filter(|byte| !separates(**byte));
    let mut length = 0;
    for (place, byte) in plain.iter_mut().zip(letters) {
        *place = byte.to_ascii_lowercase();
        length += 1;
    }
    (plain, length)
}

fn separates(byte: u8) -> bool {
    matches!(byte, b'_' | b'-' | b'.')
}

/// What was found under keys like these is an OBS error if it comes with a request id in the form that OBS gives them;
/// without one it is doubtful, and its code has to be one that OBS has. Applications have fields of these names for
/// errors of their own. Without a code it takes a field for one (`coded`) that is empty, as the answer to a HEAD leaves
/// it.
pub fn judge(mut report: Report<'_>, coded: bool) -> Option<Report<'_>> {
    let ours = report.request_id.is_some_and(obs_id);
    report.doubtful = !ours;
    if !ours && report.status.is_some_and(|status| status < 300) {
        return None; // what succeeded names no code of OBS
    }
    (report.code.is_some() || ours && coded && report.status.is_some()).then_some(report)
}

/// Hexadecimal digits with capital letters, 32 from OBS, 16 from some servers before it. Ids that tracing gives to the
/// requests of the service itself have small letters.
fn obs_id(id: &str) -> bool {
    id.len() >= 16 && id.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'A'..=b'F'))
}

/// Where `piece`, which was read out of an escaped copy, stands in the event itself: what may be a code or an id needs
/// no escapes, so it stands there as it is.
pub fn locate<'e>(event: &'e [u8], piece: &str) -> Option<&'e str> {
    let at = short::find(event, piece.as_bytes())?;
    std::str::from_utf8(&event[at..at + piece.len()]).ok()
}

/// A code in its form, without the words that stand for "none".
pub fn code(text: &[u8]) -> Option<&str> {
    fields::code(text).filter(|code| !matches!(*code, "None" | "Null" | "NULL" | "Unknown" | "UnknownError" | "Error"))
}
