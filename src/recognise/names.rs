//! `CODE: message`, as SDKs print an error: where the code stands behind whatever was logged before it, and whether it is
//! one that the server sent. An answer without a readable body leaves an SDK without a code; some then put a name of
//! their own in its place, mostly the reason phrase.

use super::fields;
use crate::catalogue::Catalogue;
use crate::framing::short::{self, lit};

/// A name and the text behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'e> {
    pub name: &'e str,
    pub message: &'e [u8],
}

/// Names that SDKs have for answers that they could not read. No server sends them.
const OF_SDKS: [&str; 6] =
    ["SerializationError", "UnmarshalError", "BucketRegionError", "Unknown", "UnknownError", "Error"];

/// Reason phrases, as they are registered.
const PHRASES: [(u16, &str); 41] = [
    (300, "Multiple Choices"),
    (301, "Moved Permanently"),
    (302, "Found"),
    (303, "See Other"),
    (304, "Not Modified"),
    (305, "Use Proxy"),
    (307, "Temporary Redirect"),
    (308, "Permanent Redirect"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (402, "Payment Required"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (407, "Proxy Authentication Required"),
    (408, "Request Timeout"),
    (409, "Conflict"),
    (410, "Gone"),
    (411, "Length Required"),
    (412, "Precondition Failed"),
    (413, "Request Entity Too Large"),
    (414, "Request URI Too Long"),
    (415, "Unsupported Media Type"),
    (416, "Requested Range Not Satisfiable"),
    (417, "Expectation Failed"),
    (421, "Misdirected Request"),
    (422, "Unprocessable Entity"),
    (423, "Locked"),
    (424, "Failed Dependency"),
    (425, "Too Early"),
    (426, "Upgrade Required"),
    (428, "Precondition Required"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Gateway Timeout"),
    (505, "HTTP Version Not Supported"),
];

/// Operations begin with one of these and another word.
const VERBS: [&str; 13] = [
    "Put", "Get", "List", "Head", "Delete", "Create", "Copy", "Upload", "Download", "Complete", "Abort", "Restore",
    "Select",
];

/// The code in a line that holds `CODE: message`, behind any text. What stands before it may have a code's form too
/// (`ERROR: `, `Upload: `, `PutObject: `): a name that OBS has, or one of several words that is no operation, goes before
/// any other.
pub fn named(line: &[u8]) -> Option<Named<'_>> {
    let mut chain: Option<(Named<'_>, usize)> = None; // the last of the names that follow each other without a gap
    let mut operation = None;
    let details = short::find(line, lit!("(Service: ")).unwrap_or(line.len()); // AWS SDKs for Java go on so behind a message
    for colon in short::find_iter(&line[..details], lit!(":")) {
        let behind = &line[colon + 1..];
        if !(behind.is_empty() || behind.starts_with(b" ")) {
            continue;
        }
        let Some((start, name)) = name_before(line, colon) else { continue };
        let named = Named { name, message: behind.trim_ascii() };
        if name == "Error" || name.bytes().all(|byte| byte.is_ascii_uppercase()) || is_class(name) {
            continue;
        }
        let listed = Catalogue::built_in().get(name).is_some();
        if listed || several_words(name) && !is_operation(name) {
            return Some(named);
        } else if is_operation(name) {
            operation = operation.or(Some(named));
        } else if chain.is_none_or(|(_, end)| end == start) {
            chain = Some((named, colon + 2));
        }
    }
    chain.map(|(named, _)| named).or(operation)
}

/// The name that ends at `end`, and where it begins.
fn name_before(line: &[u8], end: usize) -> Option<(usize, &str)> {
    let begin = |end: usize| {
        line[..end]
            .iter()
            .rposition(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'.'))
            .map_or(0, |before| before + 1)
    };
    let mut start = begin(end);
    if &line[start..end] == b"Request" && line[..start].ends_with(b"IncorrectNumberOfFilesInPost ") {
        start = begin(start - 1); // the one code that is sent with a blank
    }
    let opened =
        start == 0 || matches!(line[start - 1], b' ' | b'\t' | b'"' | b'\'' | b'`' | b'(' | b'[' | b'>' | b'|' | b':');
    let name = fields::code(&line[start..end]).filter(|_| opened)?;
    Some((start, name))
}

fn several_words(name: &str) -> bool {
    name.bytes().skip(1).any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'.')
}

fn is_operation(name: &str) -> bool {
    VERBS.iter().any(|verb| {
        name.strip_prefix(verb).is_some_and(|rest| rest.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase()))
    })
}

/// `OBS.ObsException`, as .NET prints the class before its message. Only the key service has codes like that.
fn is_class(name: &str) -> bool {
    name.ends_with("Exception") && name.contains('.') && !name.starts_with("KMS.")
}

/// The reason phrase of a status.
pub fn phrase(status: u16) -> Option<&'static str> {
    PHRASES.iter().find(|(known, _)| *known == status).map(|(_, phrase)| *phrase)
}

/// Whether an SDK made this name up: one of its own, or the reason phrase without its blanks, where either the message
/// is that phrase too or no server has such a code.
pub fn made_up(name: &str, message: &[u8], status: Option<u16>) -> bool {
    OF_SDKS.contains(&name)
        || PHRASES
            .iter()
            .filter(|(of, phrase)| {
                phrase.as_bytes().first() == name.as_bytes().first() // rules out most at once
                    && status.is_none_or(|status| status == *of)
                    && phrase.bytes().filter(|byte| *byte != b' ').eq(name.bytes().filter(|byte| *byte != b' '))
            })
            .any(|(_, phrase)| is_text(message, phrase) || Catalogue::built_in().get(name).is_none())
}

/// Whether a message is this text, up to whatever closes the string it stands in.
fn is_text(message: &[u8], text: &str) -> bool {
    message.strip_prefix(text.as_bytes()).is_some_and(|rest| {
        rest.first().is_none_or(|next| matches!(next, b'"' | b'\'' | b'\\' | b'\n' | b'\r' | b')' | b']' | b'}'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_behind_any_text() {
        for (line, name) in [
            ("AccessDenied: Access Denied", "AccessDenied"),
            ("2026/11/22 13:02:56 ERROR storage putObject svc-4/data/a: SlowDown: later", "SlowDown"),
            ("ERROR : Attempt 1/1 failed with 1 errors and: KMS.DisabledException: x", "KMS.DisabledException"),
            ("Upload: PutObject: NoSuchBucket: no NoSuchKey: here", "NoSuchBucket"),
            ("Error: Failed: Unauthorized: The request: of AccessDenied: x", "Unauthorized"),
            ("Failed: QuotaExceeded2099: no AccessDenied: x", "QuotaExceeded2099"),
            ("Failed: Throttled: x", "Throttled"),
            ("GetObject: x", "GetObject"),
            ("x: IncorrectNumberOfFilesInPost Request: y", "IncorrectNumberOfFilesInPost Request"),
            ("data/NoSuchKey: key=SlowDown: BadDigest: x", "BadDigest"),
            ("no such thing: InvalidRange:", "InvalidRange"),
            ("OBS.ObsException: KMS.NotFoundException: x", "KMS.NotFoundException"),
        ] {
            assert_eq!(named(line.as_bytes()).map(|named| named.name), Some(name), "{line}");
        }
        for line in [
            "",
            ":",
            "ERROR: x",
            "12:47:06 http://x: y",
            "no name here",
            "code: 404",
            "OBS.ObsException: x",
            "x (Service: S3, Status Code: 404)",
        ] {
            assert_eq!(named(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn names_that_are_made_up() {
        for (name, message, status) in [
            ("NotFound", "Not Found", Some(404)),
            ("Forbidden", "anything", Some(403)),
            ("BadRequest", "Bad Request\"", Some(400)),
            ("ServiceUnavailable", "Service Unavailable", None),
            ("SerializationError", "failed to unmarshal error message", Some(502)),
            ("BadGateway", "", Some(502)),
        ] {
            assert!(made_up(name, message.as_bytes(), status), "{name}");
        }
        for (name, message, status) in [
            ("ServiceUnavailable", "Reduce your request rate.", Some(503)),
            ("BadRequest", "Bad Request, really", Some(400)),
            ("Unauthorized", "", Some(403)),
            ("NoSuchKey", "Not Found", Some(404)),
        ] {
            assert!(!made_up(name, message.as_bytes(), status), "{name}");
        }
    }
}
