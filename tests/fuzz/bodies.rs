//! What each fuzz target does with its input. The same bodies are run on the committed inputs by an ordinary test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, dead_code, unreachable_pub)]

#[path = "../support/drive.rs"]
mod drive;

use obs_error_exporter::framing::{self, Anchors, Bounds, Decoded, Framing, Hit, STREAMS, Stamp};
use obs_error_exporter::recognise::{BUILT_IN, Found, Recognisers};
use obs_error_exporter::tail::Behind;
use std::sync::OnceLock;

/// A target: bytes in, nothing may go wrong.
pub type Body = fn(&[u8]);

/// The targets by name.
pub const TARGETS: [(&str, Body); 4] =
    [("framing", framing), ("recognisers", recognisers), ("access_log", access_log), ("pipeline", pipeline)];

fn all() -> &'static Recognisers {
    static ALL: OnceLock<Recognisers> = OnceLock::new();
    ALL.get_or_init(|| Recognisers::new(Vec::new()).unwrap())
}

/// Every byte is worth a look: all events are visited.
struct Everything;

impl Anchors for Everything {
    fn hits<'s>(&'s self, bytes: &'s [u8]) -> impl framing::Search + 's {
        |from| (from < bytes.len()).then_some(Hit { at: from, bits: 1, literals: 0 })
    }

    fn begins(&self, line: &[u8]) -> bool {
        all().begins(line)
    }
}

/// The first byte says how it is framed and whether it ends, the second how large an event may be.
pub fn framing(data: &[u8]) {
    let [how, size, bytes @ ..] = data else { return };
    let end = how & 1 == 1;
    let bounds = Bounds { lines: usize::from(*size % 16) + 1, bytes: usize::from(*size) + 1 };
    let at_line_start = |bytes: &[u8], at: usize| at == 0 || at == bytes.len() || bytes[at - 1] == b'\n';
    let _ = (Framing::detect(bytes), Stamp::find(bytes), framing::clean(bytes), framing::lines(bytes).count());
    match how >> 1 & 3 {
        0 => {
            let mut floor = 0;
            let scan = framing::scan(bytes, end, &Everything, bounds, &mut |event: framing::Event<'_>| {
                assert!(event.at >= floor && !event.text.is_empty() && at_line_start(bytes, event.at));
                assert_eq!(event.text, &bytes[event.at..event.at + event.text.len()]);
                floor = event.at + event.text.len();
            });
            assert!(scan.done <= scan.line && scan.line <= bytes.len() && at_line_start(bytes, scan.done));
            assert!(!end || scan.done == bytes.len());
        }
        1 | 2 => {
            let framing = if how & 2 == 2 { Framing::Cri } else { Framing::Docker };
            let mut done = [0; STREAMS];
            let scan = framing::scan_framed(bytes, end, framing, &Everything, bounds, &mut done, |event| {
                assert!(event.at < bytes.len() && event.stream < STREAMS && at_line_start(bytes, event.at));
            });
            assert!(scan.done <= scan.line && scan.line <= bytes.len() && at_line_start(bytes, scan.done));
            assert!(done.iter().all(|done| (scan.done..=scan.line).contains(done)));
            assert!(!end || scan.done == bytes.len());
        }
        _ => {
            let decoded = Decoded::new(bytes, if how & 8 == 8 { Framing::Utf16Be } else { Framing::Utf16Le });
            assert!(std::str::from_utf8(&decoded.text).is_ok());
            assert!(decoded.place(decoded.text.len()) <= bytes.len());
        }
    }
}

/// All recognisers read the input as one event.
pub fn recognisers(data: &[u8]) {
    let mut found = Found::new();
    all().read(data, &framing::all_hits(all(), data), &mut found);
    for (number, report) in &found {
        let name = BUILT_IN[usize::from(*number)].name();
        let stands = |piece: &str| memchr::memmem::find(data, piece.as_bytes()).is_some();
        assert!(report.code.is_none_or(stands), "{name}: {report:?}");
        assert!(report.request_id.is_none_or(stands), "{name}: {report:?}");
        assert!(report.status.is_none_or(|status| (100..600).contains(&status)), "{name}: {report:?}");
        assert!(report.at <= data.len(), "{name}: {report:?}");
        assert!(report.code.is_some() || report.status.is_some() || report.request_id.is_some(), "{name}: {report:?}");
    }
}

const ID: &str = "000001814DC232A6D765194F6CC1AEAF";

/// The input is read as it is, and as what a client may choose (key, referer, agent, parted by line feeds) of a line whose
/// outcome has to be found all the same.
pub fn access_log(data: &[u8]) {
    let number = BUILT_IN.iter().position(|recogniser| recogniser.name() == "access_log").unwrap();
    all().ask(number, data);
    let mut parts = data.split(|byte| *byte == b'\n');
    let [key, referer, agent] = [0; 3].map(|_| parts.next().filter(|part| !part.is_empty()).unwrap_or(b"-"));
    for (status, code) in [(404, "NoSuchKey"), (200, "-")] {
        let line = line(key, referer, agent, status, code);
        let found = all().ask(number, &line);
        let shown = String::from_utf8_lossy(&line);
        if code == "-" {
            assert!(found.is_empty(), "{found:?}: {shown}");
        } else {
            assert_eq!(found.len(), 1, "{shown}");
            let report = found[0];
            assert_eq!(
                (report.status, report.code, report.request_id),
                (Some(status), Some(code), Some(ID)),
                "{shown}"
            );
        }
    }
}

fn line(key: &[u8], referer: &[u8], agent: &[u8], status: u16, code: &str) -> Vec<u8> {
    let mut target = String::new();
    for byte in key.iter().filter(|_| key != b"-") {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            target.push(char::from(*byte));
        } else {
            target.push_str(&format!("%{byte:02X}"));
        }
    }
    [
        b"787f2f92b20943998a4fe2ab75eb09b8 b [22/Nov/2026:12:47:06 +0000] 192.0.2.10 787f2f92b20943998a4fe2ab75eb09b8 ",
        ID.as_bytes(),
        b" REST.GET.OBJECT ",
        key,
        format!(" \"GET /{target} HTTP/1.1\" {status} {code} 21187 - 6413 6221 \"").as_bytes(),
        referer,
        b"\" \"",
        agent,
        b"\" - - STANDARD - - 0a1b2c3d4e5f\n",
    ]
    .concat()
}

/// The rest of the input is a log; read as it grows it counts the same as read as a whole. The first byte says how it
/// grows.
pub fn pipeline(data: &[u8]) {
    let [how, log @ ..] = data else { return };
    let pieces = [1, 2, 3, 7, 20, 50, 100, 500, 1000, 3000];
    let first = usize::from(*how >> 1) % pieces.len();
    let behind = if how & 1 == 1 { Behind::Nothing } else { Behind::More };
    let shown = String::from_utf8_lossy(log);
    assert_eq!(drive::in_pieces(log, &pieces[first..], behind), drive::whole(log), "{shown}");
}
