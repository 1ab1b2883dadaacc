//! The recorded logs inside the frames that logs are kept in: the counts stay what they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use obs_error_exporter::app::scan::Scanner;
use obs_error_exporter::config::Config;
use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use support::expected::{Counts, Set};

const STAMP: &str = "2026-11-22T12:47:06.206345678Z";

fn counts(files: &[Vec<u8>]) -> Counts {
    let mut scanner = Scanner::new(Config::default()).unwrap();
    for file in files {
        scanner.read(Path::new("x.log"), false, Cursor::new(file)).unwrap();
    }
    scanner.finish().errors.into_iter().map(|row| ((row.code, row.status), row.count)).collect()
}

/// Frames every file of every set, and compares with the same files unframed.
fn same_counts(frame: impl Fn(&str) -> Vec<u8>) {
    let mut compared = 0;
    for set in Set::all() {
        let plain: Vec<Vec<u8>> = set.files.iter().map(|path| fs::read(path).unwrap()).collect();
        let framed: Vec<_> = plain.iter().map(|text| frame(&String::from_utf8_lossy(text))).collect();
        let wanted = counts(&plain);
        assert_eq!(counts(&framed), wanted, "{}", set.name);
        compared += wanted.values().sum::<u64>();
    }
    assert!(compared > 1000, "the sets tell of hardly anything: {compared}");
}

#[test]
fn cri() {
    same_counts(|text| {
        let lines = text.lines().map(|line| format!("{STAMP} stdout F {line}\n"));
        lines.collect::<String>().into_bytes()
    });
}

#[test]
fn cri_with_cut_lines_and_a_second_stream_between() {
    same_counts(|text| {
        let mut out = String::new();
        for (number, line) in text.lines().enumerate() {
            let mut rest = line;
            let cut = number % 7 * 13 + 1;
            while rest.len() > cut && number % 3 == 0 {
                let at = (cut..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap();
                let _ = writeln!(out, "{STAMP} stdout P {}", &rest[..at]);
                let _ = writeln!(out, "{STAMP} stderr F 2026-11-22 12:00:00 INFO a line of the other stream {number}");
                rest = &rest[at..];
            }
            let _ = writeln!(out, "{STAMP} stdout F {rest}");
        }
        out.into_bytes()
    });
}

#[test]
fn docker() {
    same_counts(|text| {
        let mut out = String::new();
        for (number, line) in text.lines().enumerate() {
            let stream =
                if number % 5 == 4 { "{\"log\":\"noise\\n\",\"stream\":\"stderr\",\"time\":\"t\"}\n" } else { "" };
            let log = serde_json::to_string(&format!("{line}\n")).unwrap();
            let log = log.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
            let _ = writeln!(out, "{stream}{{\"log\":{log},\"stream\":\"stdout\",\"time\":\"{STAMP}\"}}");
        }
        out.into_bytes()
    });
}

#[test]
fn docker_cuts_long_lines() {
    let id = "0000018B66D1A2C3E4F5061728394A5C";
    let line = format!("{}<Error><Code>SlowDown</Code><RequestId>{id}</RequestId></Error>", "x".repeat(16 * 1024 - 12));
    let (one, other) = line.split_at(16 * 1024);
    let text = format!(
        "{{\"log\":\"{one}\",\"stream\":\"stdout\",\"time\":\"t\"}}\n{{\"log\":\"{other}\\n\",\"stream\":\"stdout\",\"time\":\"t\"}}\n"
    );
    assert!(!one.contains("<Code>") && !other.contains("<Code>"), "the cut is not where it has to be");
    assert_eq!(counts(&[text.into_bytes()]).values().sum::<u64>(), 1);
}

#[test]
fn carriage_returns() {
    same_counts(|text| text.replace('\n', "\r\n").into_bytes());
}

#[test]
fn utf_16() {
    same_counts(|text| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect());
    same_counts(|text| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect());
}

#[test]
fn byte_order_mark() {
    same_counts(|text| format!("\u{feff}{text}").into_bytes());
}

#[test]
fn colours() {
    same_counts(|text| {
        let lines = text.lines().map(|line| format!("\x1b[1;31m{line}\x1b[0m\n"));
        lines.collect::<String>().into_bytes()
    });
}

#[test]
fn holes_that_a_truncation_left() {
    same_counts(|text| [vec![0; 5000], text.as_bytes().to_vec()].concat());
}

#[test]
fn bytes_that_are_no_text() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = Vec::new();
    for _ in 0..300_000 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        noise.push(seed as u8);
    }
    assert!(counts(&[noise.clone()]).is_empty());
    // a good line behind bad ones is found
    noise.extend_from_slice(b"\n2026-11-22T12:50:05.208ZZ [WARN]: http.go:168|Do http request with error: obs: service returned error: Status=404 Not Found, Code=NoSuchKey, Message=\xff\xfe, RequestId=00000839F5C7B9AA60900772923C4E5D, Indicator=.\n");
    assert_eq!(counts(&[noise]).into_values().sum::<u64>(), 1);
}
