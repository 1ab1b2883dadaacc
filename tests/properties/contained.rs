//! No input yields a code, a request id or a status that the input does not contain.

use super::drive::{Daemon, counts};
use super::logs::Of;
use super::{check, logs};
use memchr::memmem;
use obs_error_exporter::catalogue::Catalogue;
use obs_error_exporter::framing::Framing;
use proptest::prelude::*;
use proptest::sample::Index;

/// The input as it is, and as it reads once everything is taken off that may stand in the middle of a name.
fn readings(input: &[u8]) -> Vec<Vec<u8>> {
    let utf_16 = |unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = input.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units).into_bytes()
    };
    let texts = match input {
        [0xff, 0xfe, ..] => vec![utf_16(u16::from_le_bytes)],
        [0xfe, 0xff, ..] => vec![utf_16(u16::from_be_bytes)],
        _ => [(Framing::Cri, 0), (Framing::Cri, 1), (Framing::Docker, 0), (Framing::Docker, 1)]
            .map(|(framing, stream)| unframed(input, framing, stream))
            .into_iter()
            .chain([input.to_vec()])
            .collect(),
    };
    texts.iter().map(|text| without_colours(text)).chain(texts.clone()).collect()
}

/// What one stream says in a frame, with its cut lines put together.
fn unframed(input: &[u8], framing: Framing, stream: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in input.split(|byte| *byte == b'\n').map(|line| framing.piece(line)) {
        if piece.stream == stream {
            out.extend_from_slice(&piece.content);
            out.extend_from_slice(if piece.partial { b"" } else { b"\n" });
        }
    }
    out
}

fn without_colours(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.iter().peekable();
    while let Some(byte) = rest.next() {
        if *byte == 0x1b {
            if rest.next_if(|next| **next == b'[').is_some() {
                while rest.next_if(|next| (0x20..=0x3f).contains(*next)).is_some() {}
                rest.next();
            }
        } else if *byte != 0 {
            out.push(*byte);
        }
    }
    out
}

fn holds(input: &[u8]) -> Result<(), TestCaseError> {
    let readings = readings(input);
    let contained = |piece: &str| readings.iter().any(|text| memmem::find(text, piece.as_bytes()).is_some());
    let pipeline = Daemon::new().finish(input);
    for ((code, status), _) in counts(&pipeline) {
        let aliases = Catalogue::built_in().get(&code).map_or("", |entry| &entry.aliases);
        let named = code == "none" || code == "other" || contained(&code) || aliases.split('|').any(contained);
        prop_assert!(named, "{code} does not stand in {}", String::from_utf8_lossy(input));
        let number: Option<u16> = status.parse().ok();
        prop_assert!(status == "unknown" || number.is_some_and(|number| (100..600).contains(&number)), "{status}");
        prop_assert!(code != "none" || number.is_some_and(|number| number >= 300), "no code, and status {status}");
    }
    for finding in &pipeline.observer.0 {
        let id = finding.id.as_ref().and_then(|id| id.text());
        prop_assert!(id.is_none_or(contained), "{id:?} does not stand in {}", String::from_utf8_lossy(input));
        let status = finding.status.map(|status| status.to_string());
        prop_assert!(status.as_deref().is_none_or(contained), "{status:?} does not stand in the input");
    }
    Ok(())
}

#[test]
fn of_any_bytes() {
    check(200, &prop::collection::vec(any::<u8>(), 0..3000), |bytes| holds(&bytes));
}

/// What is put into a line: pieces that mean something to a recogniser, and bytes that mean something to a frame.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "\n", "\r\n", "\0", "\\n", "\\", "\"", "'", "{", "}", "[", "]", "|", ": ", ", ", "\u{feff}", "\x1b[31m",
        "\x1b[", "<", ">", "</", "\\u003c", "&lt;", "%3C", "None", "null", "404", "-1", "Code", "code=", "Code:",
        "<Code>", "</Code>", "<Error>", "\t", "│", "中",
    ];
    prop_oneof![
        3 => prop::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
        1 => logs::lines(2, Of::All, 1, 1).prop_map(|lines| lines.concat().into_bytes()),
    ]
}

/// Where, how much is taken out there, and what is put in its place.
fn edits() -> impl Strategy<Value = Vec<(Index, usize, Vec<u8>)>> {
    prop::collection::vec((any::<Index>(), prop_oneof![0..4_usize, 0..200_usize], piece()), 0..12)
}

#[test]
fn of_damaged_and_spliced_logs() {
    let inputs = (logs::lines(0, Of::All, 4, 8), logs::lines(1, Of::Single, 2, 4), logs::frame(), edits());
    check(1200, &inputs, |(lines, other, frame, edits)| {
        let mut log = frame.put(&lines, &other);
        for (at, out, piece) in edits {
            let at = at.index(log.len() + 1);
            let end = (at + out).min(log.len());
            log.splice(at..end, piece);
        }
        holds(&log)
    });
}
