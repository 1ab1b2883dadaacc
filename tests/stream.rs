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
        done.filter(|(_, differences)| !differences.is_empty())
            .map(|(name, differences)| format!("{name}: {}", differences.join("; ")))
            .collect()
    });
    assert!(wrong.is_empty(), "{} of {} sets are wrong:\n{}", wrong.len(), sets.len(), wrong.join("\n"));
}
