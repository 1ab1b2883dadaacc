//! Which line begins an event, and which goes on with the one before it.

use super::short::{self, lit};
use super::stamp::MONTHS;
use super::text::clean;

/// The lines of a text, each without its line feed (and carriage return).
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take().filter(|text| !text.is_empty())?;
        let line = match memchr::memchr(b'\n', text) {
            Some(end) => {
                rest = Some(&text[end + 1..]);
                &text[..end]
            }
            None => text,
        };
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// Levels as they stand at the beginning of a line. Only in capitals: `Error: …` begins many a line of a stack trace.
const LEVELS: [&[u8]; 14] = [
    b"ERROR",
    b"WARNING",
    b"WARN",
    b"INFO",
    b"DEBUG",
    b"TRACE",
    b"FATAL",
    b"CRITICAL",
    b"SEVERE",
    b"NOTICE",
    b"ERR",
    b"WAN",
    b"WRN",
    b"INF",
];

/// First keys of logfmt lines.
const KEYS: [&[u8]; 8] = [b"time=", b"ts=", b"level=", b"lvl=", b"msg=", b"t=", b"timestamp=", b"severity="];

/// Whether a text begins with a date or a time in digits, as most lines do that begin an event: then they begin one
/// whatever else they hold, and need not be looked at as a whole.
pub fn dated(text: &[u8]) -> bool {
    text.first_chunk().is_some_and(date) || text.first().is_some_and(u8::is_ascii_digit) && time_stamp(text)
}

/// `2026-11-22`, as most logs write it: without branches, since it is asked of every line that is looked at.
fn date(text: &[u8; 10]) -> bool {
    [0, 1, 2, 3, 5, 6, 8, 9].iter().fold(true, |all, place: &usize| all & text[*place].is_ascii_digit())
        & (text[4] == b'-')
        & (text[7] == b'-')
}

/// Whether a line has a time stamp, level or prefix of its own, so that it begins an event wherever it stands.
pub fn stamped(line: &[u8]) -> bool {
    match line.first() {
        None => false,
        Some(b'0'..=b'9') => time_stamp(line) || access_log(line),
        Some(b'[') => bracket(&line[1..]),
        Some(b'{') => line.starts_with(b"{\""),
        Some(b'=') => line.starts_with(b"== "),
        Some(b'>') => request_line(line),
        Some(b'-' | b'a'..=b'z') => KEYS.iter().any(|key| line.starts_with(key)) || access_log(line),
        Some(b'A'..=b'Z') => level(line) || named_month(line) || glog(line),
        Some(_) => false,
    }
}

/// `2026-11-22 12:47:06`, `2026/11/22 …`, `22/Nov/2026:…`, `12:47:06.206 …`, `20261122 …`, seconds since the epoch.
fn time_stamp(line: &[u8]) -> bool {
    let shape = |pattern: &[u8]| {
        line.len() >= pattern.len()
            && line.iter().zip(pattern).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                wanted => byte == wanted,
            })
    };
    shape(b"0000-00-00")
        || shape(b"0000/00/00")
        || shape(b"00:00:00")
        || shape(b"00/")
        || shape(b"0000000000.")
        || shape(b"20000000 ")
        || shape(b"00-00-0000 ")
}

/// Behind a bracket: a time stamp, a level, or a number (seconds, a process).
fn bracket(rest: &[u8]) -> bool {
    time_stamp(rest)
        || level(rest)
        || named_month(rest)
        || rest.first().is_some_and(u8::is_ascii_digit)
            && memchr::memchr(b']', &rest[..rest.len().min(24)])
                .is_some_and(|end| rest[..end].iter().all(|byte| byte.is_ascii_digit() || *byte == b'.'))
}

fn level(line: &[u8]) -> bool {
    LEVELS.iter().any(|level| {
        line.strip_prefix(*level).is_some_and(|rest| matches!(rest.first(), Some(b' ' | b':' | b']' | b'|' | b'\t')))
    })
}

/// `Nov 22 12:47:06 host …`
fn named_month(line: &[u8]) -> bool {
    line.len() > 6
        && MONTHS.iter().any(|month| line.starts_with(month))
        && line[3] == b' '
        && (line[4].is_ascii_digit() || line[4] == b' ' && line[5].is_ascii_digit())
}

/// `E1122 12:47:06.206345 …`
fn glog(line: &[u8]) -> bool {
    line.len() > 8
        && matches!(line[0], b'I' | b'W' | b'E' | b'F')
        && line[1..5].iter().all(u8::is_ascii_digit)
        && line[5] == b' '
        && line[6].is_ascii_digit()
}

/// `OWNER BUCKET [22/Nov/2026:12:47:06 +0000] …`
fn access_log(line: &[u8]) -> bool {
    let head = &line[..line.len().min(200)];
    short::find(head, lit!(" [")).is_some_and(|at| {
        let stamp = &head[at + 2..];
        stamp.len() > 12
            && stamp[0].is_ascii_digit()
            && stamp[2] == b'/'
            && stamp[6] == b'/'
            && head[..at].iter().filter(|byte| **byte == b' ').count() == 1
    })
}

/// `> GET http://… HTTP/1.1` of a client that dumps its transfers.
fn request_line(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.starts_with(b"> ")
        && line.get(2).is_some_and(u8::is_ascii_uppercase)
        && short::rfind(line, lit!(" HTTP/")).is_some_and(|at| line.len() - at <= 10)
}

/// What the lines of an event so far say about the next line. Only the beginning of a bare body (XML or JSON with
/// nothing before it) needs it: a body that was announced belongs to the event that announced it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Context {
    announced: bool,
    head: bool,
    body: bool,
}

impl Context {
    /// Whether `line` begins an event behind the lines that were [pushed](Self::push).
    pub fn begins(&self, line: &[u8], known: impl Fn(&[u8]) -> bool) -> bool {
        if dated(line) {
            return true;
        }
        let line = &*clean(line);
        if bare_body(line) {
            return !self.announced && (!self.head || self.body);
        }
        stamped(line) || status_line(line) && !self.head || known(line)
    }

    /// Whether `line` begins an event whatever stands before it.
    pub fn begins_anywhere(line: &[u8], known: impl Fn(&[u8]) -> bool) -> bool {
        if dated(line) {
            return true;
        }
        let line = &*clean(line);
        !bare_body(line) && (stamped(line) || known(line))
    }

    /// Goes on by one line.
    pub fn push(&mut self, line: &[u8]) {
        if dated(line) && bare_end(line) {
            self.announced = announces(line);
            return;
        }
        let line = &*clean(line);
        self.body |= self.head && bare_body(line);
        self.head |= status_line(line);
        self.announced = announces(line);
    }
}

/// Whether a line says that a body follows.
fn announces(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.ends_with(b":") || line.ends_with(b"?>")
}

/// Whether no colour ends where the line does: none is longer than this.
fn bare_end(line: &[u8]) -> bool {
    memchr::memchr2(0x1b, 0, &line[line.len().saturating_sub(64)..]).is_none()
}

fn bare_body(line: &[u8]) -> bool {
    match line.first() {
        Some(b'<') => line.starts_with(b"<?xml") || line.starts_with(b"<Error>") || line.starts_with(b"<Error "),
        Some(b'{') => line.trim_ascii_end().len() == 1,
        _ => false,
    }
}

/// The first line of a response as it came over the wire, alone or in a dump.
fn status_line(line: &[u8]) -> bool {
    line.strip_prefix(b"< ").unwrap_or(line).starts_with(b"HTTP/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_log_begin_events() {
        for line in [
            "2026-11-22 12:47:06,206|process:1|",
            "2026-11-22T12:50:05.208ZZ [WARN]: http.go:168|",
            "2026/11/22 HH:50:03 352|sdk-file|ERROR|",
            "[2026-11-22 13:08:31.987] [tid:8407]",
            "[ERR] curl.cpp:PrintRequestId",
            "[1795352432.857] x",
            "12:47:06.206 [main] ERROR x",
            "Nov 22 12:47:06 host app: x",
            "Nov  2 12:47:06 host app: x",
            "E1122 12:47:06.206345 1 x.go:1] x",
            "WARNING: Retrying failed request",
            "level=error msg=x",
            "{\"level\":\"error\"}",
            "== 2026-11-22T13:10:06Z request",
            "> GET http://b.obs.example.com/k HTTP/1.1",
            "787f2f92 svc-61 [22/Nov/2026:12:47:06 +0000] 192.0.2.10 x",
            "22/Nov/2026:12:47:06 +0000 x",
        ] {
            assert!(stamped(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn continuation_lines_do_not() {
        for line in [
            "",
            "\tstatus code: 404, request id: X",
            "  File \"x.py\", line 1",
            "Traceback (most recent call last):",
            "botocore.exceptions.ClientError: An error occurred (X)",
            "Caused by: x",
            "Error: something in a stack",
            "Error Message:x",
            "line two, code AccessDenied",
            "[endpoint:http://obs.example.com, signature:OBS]",
            "502 Bad Gateway",
            "00000000  3c 68 74 6d 6c",
            "< HTTP/1.1 404 Not Found",
            "> Host: b.obs.example.com",
            "* Connected to 127.0.0.1",
            "}",
            "|",
        ] {
            assert!(!stamped(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn a_bare_body_begins_an_event_unless_it_was_announced() {
        let never = |_: &[u8]| false;
        let xml = b"<?xml version=\"1.0\"?><Error>".as_slice();
        assert!(Context::default().begins(xml, never));
        for before in ["resulted in a `400 Bad Request` response:", "< HTTP/1.1 400 Bad Request"] {
            let mut context = Context::default();
            context.push(before.as_bytes());
            assert!(!context.begins(xml, never), "{before}");
        }
        let mut context = Context::default();
        context.push(b"<?xml version=\"1.0\"?>");
        assert!(!context.begins(b"<Error>", never));
        let mut context = Context::default();
        context.push(b"< HTTP/1.1 400 Bad Request");
        context.push(xml);
        assert!(context.begins(xml, never), "a second body is not of the same response");
    }

    #[test]
    fn lines_lose_their_ends() {
        let all: Vec<_> = lines(b"a\r\nb\n\nc").collect();
        assert_eq!(all, [b"a".as_slice(), b"b", b"", b"c"]);
    }
}
