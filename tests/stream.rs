//! The recorded logs of real clients through the running daemon, while they are written: files advance together, piece
//! by piece.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};
use support::daemon::Start;
use support::expected::{Counts, Set};

/// Sets whose recognisers are not there yet. One that passes has to leave the list.
const NOT_YET: &[&str] = &[
    "aws_sdk_go_v1",
    "aws_sdk_go_v2",
    "boto3_json_WARNING",
    "boto3_plain_INFO",
    "c_WARN",
    "java_INFO_console",
    "java_WARN_all",
    "java_WARN_south",
    "java_WARN_south_north",
    "minio_py",
    "nodejs_default_sdk",
    "nodejs_info_sdk",
    "nodejs_warn_sdk_app",
    "obs_access_log",
];

/// A set has at most so many pieces, of at least so many lines.
const PIECES: usize = 400;
const LINES: usize = 25;
const PAUSE: Duration = Duration::from_millis(10);

/// Counts are final when they have not changed for so long: longer than a report waits for the rest of it.
const STABLE: Duration = Duration::from_secs(7);

fn random(seed: &mut u64) -> f64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 11) as f64 / (1_u64 << 53) as f64
}

struct Growing {
    lines: Vec<Vec<u8>>,
    at: usize,
    file: File,
}

impl Growing {
    fn progress(&self) -> f64 {
        self.at as f64 / self.lines.len() as f64
    }
}

fn stream(set: &Set) -> Counts {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let mut files: Vec<_> = set
        .files
        .iter()
        .map(|path| Growing {
            lines: fs::read(path).unwrap().split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect(),
            at: 0,
            file: File::create(logs.join(path.file_name().unwrap())).unwrap(),
        })
        .collect();
    let daemon = Start::new(folder.path(), "logs/*").start();

    let piece = LINES.max(files.iter().map(|file| file.lines.len()).sum::<usize>() / PIECES);
    let mut seed = 1;
    loop {
        // the file that lags behind most goes on, but not always
        let behind = files
            .iter_mut()
            .filter(|file| file.at < file.lines.len())
            .map(|file| (file.progress() + random(&mut seed) * 0.02, file))
            .min_by(|one, other| one.0.total_cmp(&other.0));
        let Some((_, file)) = behind else { break };
        let end = (file.at + piece).min(file.lines.len());
        for line in &file.lines[file.at..end] {
            file.file.write_all(line).unwrap();
        }
        file.at = end;
        thread::sleep(PAUSE);
    }

    let (mut last, mut since) = (daemon.scrape().errors(), Instant::now());
    while since.elapsed() < STABLE {
        thread::sleep(Duration::from_millis(250));
        let now = daemon.scrape().errors();
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    last
}

#[test]
fn logs_are_counted_while_they_are_written() {
    let sets = Set::all();
    let wrong: Vec<_> = thread::scope(|scope| {
        let streams: Vec<_> = sets.iter().map(|set| (set, scope.spawn(|| set.differences(&stream(set))))).collect();
        let done = streams.into_iter().map(|(set, stream)| (set.name.as_str(), stream.join().unwrap()));
        done.filter_map(|(name, differences)| match (NOT_YET.contains(&name), differences.is_empty()) {
            (false, false) => Some(format!("{name}: {}", differences.join("; "))),
            (true, true) => Some(format!("{name} passes: take it from the list NOT_YET")),
            _ => None,
        })
        .collect()
    });
    assert!(wrong.is_empty(), "{} of {} sets are wrong:\n{}", wrong.len(), sets.len(), wrong.join("\n"));
}

#[test]
fn the_list_of_what_is_missing_names_sets() {
    let names: Vec<_> = Set::all().into_iter().map(|set| set.name).collect();
    for name in NOT_YET {
        assert!(names.iter().any(|known| known == name), "{name} is no set");
    }
}
