//! What is remembered of a line for others like it never makes a difference: a log reads the same where nothing is
//! remembered, as in UTF-16.

use super::check;
use super::drive::Daemon;
use super::logs::{self, Frame, Of};
use obs_error_exporter::framing::Stamp;
use obs_error_exporter::report::RequestId;
use proptest::prelude::*;
use proptest::sample::Index;

/// What becomes of a line when it is written again.
#[derive(Debug, Clone)]
enum Edit {
    /// Every digit of the line for which a bit is set is another one.
    Digits(u64, u64),
    /// Every hexadecimal digit for which a bit is set is another one of its kind, which may be a letter.
    Hexadecimal(u64, u64),
    /// A byte is another one.
    Byte(Index, u8),
    /// A byte stands twice, or not at all.
    Length(Index, bool),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        8 => (any::<u64>(), any::<u64>()).prop_map(|(which, what)| Edit::Digits(which, what)),
        8 => (any::<u64>(), any::<u64>()).prop_map(|(which, what)| Edit::Hexadecimal(which, what)),
        2 => (any::<Index>(), b' '..b'~').prop_map(|(at, byte)| Edit::Byte(at, byte)),
        1 => (any::<Index>(), any::<bool>()).prop_map(|(at, twice)| Edit::Length(at, twice)),
    ]
}

impl Edit {
    fn apply(&self, line: &mut Vec<u8>) {
        let ascii = |line: &[u8], at: &Index| {
            Some(at.index(line.len().max(1))).filter(|at| line.get(*at).is_some_and(u8::is_ascii))
        };
        match self {
            Self::Digits(which, what) => {
                turn(line, *which, *what, |byte, by| {
                    byte.is_ascii_digit().then(|| b'0' + (byte - b'0' + by % 10) % 10)
                });
            }
            Self::Hexadecimal(which, what) => turn(line, *which, *what, |byte, by| {
                let kind: &[u8] = match byte {
                    b'0'..=b'9' => b"0123456789ABCDEF",
                    b'A'..=b'F' => b"ABCDEF0123456789",
                    b'a'..=b'f' => b"abcdef0123456789",
                    _ => return None,
                };
                Some(kind[usize::from(by) % kind.len()])
            }),
            Self::Byte(at, byte) => ascii(line, at).into_iter().for_each(|at| line[at] = *byte),
            Self::Length(at, twice) => {
                if let Some(at) = ascii(line, at) {
                    let byte = line.remove(at);
                    if *twice {
                        line.splice(at..at, [byte, byte]);
                    }
                }
            }
        }
    }
}

/// Puts another byte where there is one, for the bits that are set in `which`, as the next bits of `what` say.
fn turn(line: &mut [u8], which: u64, what: u64, other: impl Fn(u8, u8) -> Option<u8>) {
    let mut turned = 0_u32;
    for (at, byte) in line.iter_mut().enumerate() {
        if which.rotate_right(u32::try_from(at).unwrap()) & 3 == 0
            && let Some(other) = other(*byte, u8::try_from(what.rotate_right(turned) & 0xff).unwrap())
        {
            *byte = other;
            turned += 5;
        }
    }
}

/// Lines as applications write them around what an SDK says, where the recorded ones have no time of their own.
fn dated(line: &str) -> String {
    if line.starts_with("20") { line.to_owned() } else { format!("2026-11-22 12:47:06.206 ERROR [worker-3] x: {line}") }
}

/// Code, status and request id of a response, and when it was told of.
type Told = (String, Option<u16>, Option<String>, Option<Stamp>);

fn told(log: &[u8]) -> Vec<Told> {
    let pipeline = Daemon::new().finish(log);
    let codes = &pipeline.tally.codes;
    let found = pipeline.observer.0.iter().map(|finding| {
        let id = finding.id.as_ref().and_then(RequestId::text).map(str::to_owned);
        (codes.name(finding.code).to_owned(), finding.status, id, finding.time)
    });
    found.collect()
}

#[test]
fn lines_written_again_with_other_numbers() {
    let variants = prop::collection::vec((any::<Index>(), prop::collection::vec(edit(), 0..3)), 1..24);
    check(4000, &(logs::lines(0, Of::All, 3, 3), variants), |(lines, variants)| {
        let mut written = Vec::new();
        for (of, edits) in variants {
            let mut line = dated(&lines[of.index(lines.len())]).into_bytes();
            edits.iter().for_each(|edit| edit.apply(&mut line));
            written.push(String::from_utf8_lossy(&line).into_owned());
        }
        let (plain, decoded) = (Frame::Plain.put(&written, &[]), Frame::Utf16.put(&written, &[]));
        prop_assert_eq!(told(&plain), told(&decoded), "{}", String::from_utf8_lossy(&plain));
        Ok(())
    });
}
