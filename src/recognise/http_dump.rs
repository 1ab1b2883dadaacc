//! Responses as they came over the wire: `curl -v`, `curl -i` and the debug dumps of other HTTP clients.
//!
//! A transfer is one event, from its request line or head to its body. A status line alone says nothing of who answered:
//! only a response that bears a mark of OBS (a header of its own, or the server's name) is a report.

use super::{Recogniser, Report, Reports, Seen, fields};
use crate::framing::lines;

pub struct HttpDump;

impl Recogniser for HttpDump {
    fn name(&self) -> &'static str {
        "http_dump"
    }

    fn anchors(&self) -> &[&str] {
        &["-request-id: ", "-Request-Id: ", "erver: OBS"]
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        let mut head: Option<Head<'e>> = None;
        for line in lines(event) {
            let bare = line.strip_prefix(b"< ").unwrap_or(line);
            if let Some(status) = status_line(bare) {
                found.extend(head.take().and_then(Head::report));
                let at = line.as_ptr().addr() - event.as_ptr().addr();
                head = Some(Head { report: Report { status: Some(status), ..Report::at(at) }, obs: false, open: true });
            } else if let Some(head) = head.as_mut().filter(|head| head.open) {
                head.header(bare);
            }
        }
        found.extend(head.and_then(Head::report));
    }
}

struct Head<'e> {
    report: Report<'e>,
    obs: bool,
    open: bool,
}

impl<'e> Head<'e> {
    fn header(&mut self, line: &'e [u8]) {
        let value = |names: [&str; 2]| names.iter().find_map(|name| fields::header(line, name));
        if line.trim_ascii().is_empty() || line == b"<" {
            self.open = false;
        } else if let Some(id) = value(["x-obs-request-id", "x-amz-request-id"]) {
            // of a header that is there twice the first holds: the second may still be to come when the first is read
            self.report.request_id = self.report.request_id.or_else(|| fields::request_id(id));
            self.obs = true;
        } else if let Some(code) = value(["x-obs-error-code", "x-amz-error-code"]) {
            self.report.code = self.report.code.or_else(|| fields::code(code));
            self.obs = true;
        } else if let Some(server) = fields::header(line, "server") {
            self.obs |= server == b"OBS";
        }
    }

    /// A redirect that the client follows (3xx without a code) is no error, nor is an interim answer.
    fn report(self) -> Option<Report<'e>> {
        let status = self.report.status?;
        let told = status >= 400 || (200..300).contains(&status) || self.report.code.is_some();
        (self.obs && told).then_some(self.report)
    }
}

fn status_line(line: &[u8]) -> Option<u16> {
    let version = line.strip_prefix(b"HTTP/")?;
    let blank = memchr::memchr(b' ', &version[..version.len().min(4)])?;
    fields::status(&version[blank + 1..])
}
