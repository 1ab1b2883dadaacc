//! Logs made of pieces of the recorded ones, in the frames that logs are kept in.

use obs_error_exporter::framing::stamped;
use proptest::prelude::*;
use proptest::sample::Index;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// A recorded log.
struct Recorded {
    lines: Vec<String>,
    /// Its format tells of one response in several events.
    joined: bool,
}

const JOINED: [&str; 9] = ["java", "nodejs", "obs_node", "c_WARN", "obs_c", "/go_", "obs_go", "obsutil", "obsfs"];

fn recorded() -> &'static [Recorded] {
    static RECORDED: OnceLock<Vec<Recorded>> = OnceLock::new();
    RECORDED.get_or_init(|| {
        let mut logs = Vec::new();
        for folder in ["tests/corpus", "tests/recognise"] {
            gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut logs);
        }
        assert!(logs.len() > 50, "only {} logs", logs.len());
        logs
    })
}

fn gather(folder: &Path, logs: &mut Vec<Recorded>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let kind = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if path.is_dir() {
            gather(&path, logs);
        } else if !matches!(kind, "json" | "md" | "expected") {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            let lines: Vec<_> = text.lines().map(str::to_owned).collect();
            let name = path.to_string_lossy();
            let joined = JOINED.iter().any(|part| name.contains(part)) || name.contains("dotnet");
            logs.extend((!lines.is_empty()).then_some(Recorded { lines, joined }));
        }
    }
}

/// Which pieces of the recordings a log is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Of {
    /// Any.
    All,
    /// Those that begin with the first line of an event, so that no two responses are told of in one event.
    Events,
    /// Those in whose format an event tells of a response by itself. Events of two streams that are interleaved in one
    /// file come in no certain order: that of a stream ends when the next one of that stream begins.
    Single,
}

/// Some lines of one recorded log, as they stand there.
fn run(of: Of, most: usize) -> impl Strategy<Value = Vec<String>> {
    (any::<Index>(), any::<Index>(), 1..=most).prop_map(move |(log, from, length)| {
        let logs: Vec<_> = recorded().iter().filter(|log| of != Of::Single || !log.joined).collect();
        let lines = &log.get(&logs).lines;
        let mut from = from.index(lines.len());
        while of == Of::Events && from < lines.len() && !stamped(lines[from].as_bytes()) {
            from += 1;
        }
        lines[from..(from + length).min(lines.len())].to_vec()
    })
}

/// The lines of a log that was written by several clients. The recordings use the same request ids over again for
/// different codes; here every run has its own, beginning with the number of the `part`.
pub fn lines(part: usize, of: Of, runs: usize, most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(run(of, most), 1..=runs).prop_map(move |runs| {
        let own = runs.iter().enumerate().map(|(number, run)| {
            let ids = format!("{:04X}", 0xa000 + part * 256 + number);
            run.iter().map(|line| renamed(line, &ids)).collect::<Vec<_>>()
        });
        own.collect::<Vec<_>>().concat()
    })
}

/// The line with other ids: those of the recordings begin with zeros.
fn renamed(line: &str, ids: &str) -> String {
    let mut out = line.to_owned();
    let id = |at: usize| line[at..].bytes().take_while(u8::is_ascii_hexdigit).count() == 32;
    let begins = |at: usize| at == 0 || !line.as_bytes()[at - 1].is_ascii_alphanumeric();
    for (at, _) in line.match_indices("0000").filter(|(at, _)| begins(*at) && id(*at)) {
        out.replace_range(at..at + 4, ids);
    }
    out
}

/// What is around the lines.
#[derive(Debug, Clone)]
pub enum Frame {
    Plain,
    Returns,
    Utf16,
    Cri(Vec<usize>),
    Docker(Vec<usize>),
}

pub fn frame() -> impl Strategy<Value = Frame> {
    let cuts = || prop::collection::vec(1..400_usize, 1..6);
    prop_oneof![
        4 => Just(Frame::Plain),
        1 => Just(Frame::Returns),
        1 => Just(Frame::Utf16),
        3 => cuts().prop_map(Frame::Cri),
        2 => cuts().prop_map(Frame::Docker),
    ]
}

const STAMP: &str = "2026-11-22T12:47:06.206345678Z";

impl Frame {
    /// The bytes of a file with these lines, and, where the frame has a second stream, those lines of it in between.
    pub fn put(&self, lines: &[String], other: &[String]) -> Vec<u8> {
        match self {
            Self::Plain => lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes(),
            Self::Returns => lines.iter().map(|line| format!("{line}\r\n")).collect::<String>().into_bytes(),
            Self::Utf16 => {
                let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
                format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            Self::Cri(cuts) => interleaved(lines, other, cuts, |stream, text, partial| {
                format!("{STAMP} {stream} {} {text}\n", if partial { 'P' } else { 'F' })
            }),
            Self::Docker(turns) => interleaved(lines, other, &uncut(turns), |stream, text, partial| {
                let text = serde_json::to_string(&format!("{text}{}", if partial { "" } else { "\n" })).unwrap();
                let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
                format!("{{\"log\":{text},\"stream\":\"{stream}\",\"time\":\"{STAMP}\"}}\n")
            }),
        }
    }
}

fn uncut(turns: &[usize]) -> Vec<usize> {
    turns.iter().map(|turn| turn + 1_000_000).collect()
}

/// Two streams in turn; every few lines one is cut. Docker cuts at 16 KiB: none of these. What is left over of the second stands at the end.
fn interleaved(
    lines: &[String],
    other: &[String],
    cuts: &[usize],
    put: impl Fn(&str, &str, bool) -> String,
) -> Vec<u8> {
    let mut out = String::new();
    let mut cuts = cuts.iter().cycle();
    let mut other = other.iter();
    for (number, line) in lines.iter().enumerate() {
        let mut rest = line.as_str();
        let cut = *cuts.next().unwrap();
        while number % 3 == 0 && rest.len() > cut {
            let at = (cut..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap();
            out += &put("stdout", &rest[..at], true);
            rest = &rest[at..];
            if cut.is_multiple_of(2) {
                other.next().iter().for_each(|line| out += &put("stderr", line, false));
            }
        }
        out += &put("stdout", rest, false);
        if cut.is_multiple_of(3) {
            other.next().iter().for_each(|line| out += &put("stderr", line, false));
        }
    }
    other.for_each(|line| out += &put("stderr", line, false));
    out.into_bytes()
}
