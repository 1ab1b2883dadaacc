//! In whatever pieces a log is read, the counts are those of the log read as a whole.

use super::drive::{Counts, Daemon, counts, in_pieces, whole};
use super::logs::Of;
use super::{check, logs};
use obs_error_exporter::framing::{Framing, STREAMS, stamped};
use obs_error_exporter::tail::Behind;
use proptest::prelude::*;
use proptest::sample::Index;
use std::time::Duration;

/// The lengths of the pieces, over and over.
fn lengths() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        1 => Just(vec![1]),
        4 => prop::collection::vec(1..300_usize, 1..20),
        4 => prop::collection::vec(1..3000_usize, 1..20),
    ]
}

fn show(log: &[u8]) -> String {
    if log.starts_with(b"\xff\xfe") {
        let units: Vec<u16> = log.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16_lossy(&units);
    }
    String::from_utf8_lossy(log).into_owned()
}

#[test]
fn read_in_any_pieces() {
    let inputs = (logs::lines(0, Of::All, 5, 12), logs::lines(1, Of::Single, 2, 6), logs::frame(), lengths());
    check(400, &inputs, |(lines, other, frame, lengths)| {
        let log = frame.put(&lines, &other);
        prop_assert_eq!(in_pieces(&log, &lengths, Behind::More), whole(&log), "{}", show(&log));
        Ok(())
    });
}

/// What has no end yet when the end of the file is reached is taken all the same, and is not taken again when it has grown.
#[test]
fn read_while_it_grows() {
    let inputs = (logs::lines(0, Of::All, 5, 12), logs::lines(1, Of::Single, 2, 6), logs::frame(), lengths());
    check(400, &inputs, |(lines, other, frame, lengths)| {
        let log = frame.put(&lines, &other);
        prop_assert_eq!(in_pieces(&log, &lengths, Behind::Nothing), whole(&log), "{}", show(&log));
        Ok(())
    });
}

fn total(counts: &Counts) -> u64 {
    counts.values().sum()
}

/// The places at which events begin, as far as a line alone tells. In a frame each line has the stamp of the runtime, and
/// only what is in it tells; and where the event of another stream goes on behind, the place is within that one.
fn event_starts(log: &[u8]) -> Vec<usize> {
    let framing = Framing::detect(log).unwrap_or(Framing::Plain);
    let (mut lines, mut at, mut cut) = (Vec::new(), 0, [false; STREAMS]);
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        let piece = framing.piece(line.strip_suffix(b"\n").unwrap_or(line));
        lines.push((at, piece.stream, piece.content, cut[piece.stream]));
        cut[piece.stream] = piece.partial;
        at += line.len();
    }
    let (mut starts, mut begins, mut texts) = (Vec::new(), [true; STREAMS], [const { Vec::new() }; STREAMS]);
    for (at, stream, content, rest) in lines.into_iter().rev() {
        let text = [&*content, &texts[stream]].concat();
        begins[stream] = !rest && stamped(&text);
        texts[stream] = if rest { text } else { Vec::new() };
        if begins == [true; STREAMS] {
            starts.insert(0, at);
        }
    }
    starts
}

/// What waits for its rest is counted without it after a while; the rest, when it comes, is not another response.
///
/// Two bounds. What is late by more than ten minutes is not remembered. And where the writer pauses within an event, for
/// so long that its beginning is counted as it is, the id of what was counted may come too late to be merged with another
/// event that has the same: then one response is counted as two, and at most one for each such pause.
#[test]
fn read_while_it_grows_slowly() {
    let pauses = (any::<Index>(), prop_oneof![500..1500_u64, 4000..12_000_u64]);
    let pauses = prop::collection::vec(pauses, 1..40);
    let inputs =
        (logs::lines(0, Of::Events, 5, 12), logs::lines(1, Of::Single, 2, 6), logs::frame(), pauses, any::<bool>());
    check(400, &inputs, |(lines, other, frame, pauses, anywhere)| {
        let log = frame.put(&lines, &other);
        let pauses = if log.is_empty() { Vec::new() } else { pauses };
        let mut pauses: Vec<_> = pauses.iter().map(|(at, pause)| (at.index(log.len()), *pause)).collect();
        let starts = event_starts(&log);
        if !anywhere {
            let next = |at: usize| starts.iter().copied().find(|start| *start >= at).unwrap_or(0);
            pauses.iter_mut().for_each(|(at, _)| *at = next(*at));
        }
        pauses.sort_unstable();
        let mut daemon = Daemon::new();
        let (mut now, mut within) = (Duration::ZERO, 0);
        for (length, pause) in pauses {
            daemon.show(&log, length, Behind::Nothing);
            now += Duration::from_millis(pause);
            daemon.tick(now);
            within += u64::from(!starts.contains(&length));
        }
        let slowly = counts(&daemon.finish(&log));
        let at_once = whole(&log);
        let bounds = total(&at_once)..=total(&at_once) + within;
        prop_assert!(bounds.contains(&total(&slowly)), "{slowly:?}\n{at_once:?}\n{}", show(&log));
        Ok(())
    });
}

#[test]
fn events_begin_where_they_do_in_the_frame() {
    let line = |stream: &str, tag: &str, text: &str| format!("2026-11-22T12:47:06.2Z {stream} {tag} {text}\n");
    let lines = [
        (line("stdout", "P", "2026-11-22 "), true),
        (line("stderr", "F", "2026-11-22 b"), false),
        (line("stdout", "F", "12:47:06 a"), false),
        (line("stderr", "F", "  below b"), false),
        (line("stdout", "F", "2026-11-22 c"), true),
        (line("stdout", "F", "  below c"), false),
    ];
    let (mut log, mut wanted) = (String::new(), Vec::new());
    for (line, begins) in lines {
        wanted.extend(begins.then_some(log.len()));
        log += &line;
    }
    assert_eq!(event_starts(log.as_bytes()), wanted);
    assert_eq!(event_starts(b"2026-11-22 a\n  below a\n2026-11-22 b\n"), [0, 23]);
}

/// The rest of an answer that is still being joined with other lines is not lost, and an answer that waits for its code
/// gets it from its own event. After too long a pause it has no code, but takes that of no other.
#[test]
fn the_rest_of_an_answer_comes_while_it_waits() {
    let java = "2026-11-22 12:55:52 100|main|DEBUG|Response for 'HEAD'. Content-Type: null, ResponseCode:403, Headers: Server: OBS
Date: Sun, 22 Nov 2026 12:55:52 GMT
x-obs-request-id: A000018B66D1A2C3E4F5061700000008
x-obs-error-code: AllAccessDisabled
2026-11-22 12:55:52 708|main|WARN |Retrying connection that failed with RequestTimeTooSkewed error, attempt number 1 of 3
";
    let curl = "== 2026-11-22T13:10:06Z request http://b.obs.example.com/k
< HTTP/1.1 403 Forbidden
< x-obs-request-id: A000018B66D1A2C3E4F5061700000009
< x-obs-error-code: AccessDenied
< 
== 2026-11-22T13:10:09Z request http://b.obs.example.com/k
";
    for log in [java, curl].map(str::as_bytes) {
        for length in 1..log.len() {
            let after = |pauses: &[u64]| {
                let mut daemon = Daemon::new();
                daemon.show(log, length, Behind::Nothing);
                pauses.iter().for_each(|now| daemon.tick(Duration::from_secs(*now)));
                counts(&daemon.finish(log))
            };
            assert_eq!(after(&[2]), whole(log), "{}", show(&log[..length]));
            assert_eq!(total(&after(&[2, 8])), total(&whole(log)), "{}", show(&log[..length]));
        }
    }
}
