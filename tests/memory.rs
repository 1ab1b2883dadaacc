//! What a line looks like does not decide how much memory it takes. Measured with the release binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

/// `tests/run --quick` leaves out what is in here.
mod release {
    use super::support::daemon::{Start, counts};
    use super::support::process::{peak, wait};
    use serde_json::Value;
    use std::fs::{self, File};
    use std::io::{BufWriter, Read, Write};
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};
    use std::sync::Mutex;
    use std::thread;
    use std::time::{Duration, SystemTime};

    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;

    /// What the process may take at most, in KiB.
    const BOUND: u64 = 32 << 10;

    const ERROR: &str = "2026-11-22T13:10:36Z ERROR code=SlowDown status=503 \
        request_id=0000018F0000000000000000000000FF\n2026-11-22T13:10:37Z INFO bye\n";

    /// One at a time, so that there is never more than one large file.
    static ALONE: Mutex<()> = Mutex::new(());

    fn newest(folder: &Path) -> SystemTime {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let times = entries
            .map(|path| if path.is_dir() { newest(&path) } else { fs::metadata(path).unwrap().modified().unwrap() });
        times.max().unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// The release binary beside the one that the tests are built with.
    fn program() -> PathBuf {
        let built = Path::new(env!("CARGO_BIN_EXE_obs-error-exporter"));
        let path = built.parent().unwrap().with_file_name("release").join(built.file_name().unwrap());
        let hint = "run cargo build --release, or tests/run, which does all of it";
        assert!(path.exists(), "no release binary at {}: {hint}", path.display());
        let source = newest(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        let age = fs::metadata(&path).unwrap().modified().unwrap();
        assert!(age >= source, "{} is older than the source: {hint}", path.display());
        path
    }

    /// A folder that has room for the large files.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let room = rustix::fs::statvfs(folder.path()).unwrap();
        let room = room.f_bavail * room.f_frsize;
        assert!(room > 2 * GIB, "{} MiB free in {}, 2048 are needed", room / MIB, folder.path().display());
        folder
    }

    /// A gibibyte without an end of line, as real bytes: reading a hole is something else.
    fn endless(folder: &Path) -> u64 {
        let mut file = File::create(folder.join("app.log")).unwrap();
        let piece = vec![b'x'; MIB as usize];
        for _ in 0..GIB / MIB {
            file.write_all(&piece).unwrap();
        }
        GIB
    }

    /// Lines of 10 MiB with an error behind each. How many bytes are in lines that are too long.
    fn long(folder: &Path) -> u64 {
        let mut file = BufWriter::new(File::create(folder.join("app.log")).unwrap());
        let piece = vec![b'x'; 10 * MIB as usize];
        for number in 0..5 {
            file.write_all(&piece).unwrap();
            file.write_all(b"\n").unwrap();
            file.write_all(ERROR.replace("FF\n", &format!("{number:02}\n")).as_bytes()).unwrap();
        }
        file.flush().unwrap();
        5 * (10 * MIB + 1)
    }

    fn append(folder: &Path, text: &str) {
        let mut file = File::options().append(true).open(folder.join("app.log")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn the_daemon_reads_a_gibibyte_without_a_line() {
        let _alone = ALONE.lock();
        let folder = folder();
        let size = endless(folder.path());
        let daemon = Start::new(folder.path(), "app.log").program(&program()).start();
        let overlong = "obs_error_exporter_lost_bytes_total{reason=\"overlong\"}";
        let read = || {
            let metrics = daemon.scrape();
            let (read, lost) = (metrics.value("obs_error_exporter_read_bytes_total"), metrics.value(overlong));
            (read == size).then_some(lost)
        };
        assert_eq!(wait("all of it to be read", Duration::from_secs(120), read), size);
        // the line ends at last; what comes after it counts
        append(folder.path(), &format!("x\n{ERROR}"));
        let metrics = daemon.wait_for(&counts(&[("SlowDown", "503", 1)]));
        assert_eq!(metrics.value(overlong), size + 2);
        let peak = daemon.program.peak().unwrap();
        assert!(peak < BOUND, "{peak} KiB");
    }

    #[test]
    fn the_daemon_reads_lines_of_ten_mebibytes() {
        let _alone = ALONE.lock();
        let folder = folder();
        let lost = long(folder.path());
        let daemon = Start::new(folder.path(), "app.log").program(&program()).start();
        let metrics = daemon.wait_for(&counts(&[("SlowDown", "503", 5)]));
        assert_eq!(metrics.value("obs_error_exporter_lost_bytes_total{reason=\"overlong\"}"), lost);
        let peak = daemon.program.peak().unwrap();
        assert!(peak < BOUND, "{peak} KiB");
    }

    /// What `scan` finds, and the most memory that it was seen with. The mark only grows, so the last look tells.
    fn scan(folder: &Path) -> (Value, u64) {
        let mut scan = Command::new(program())
            .args(["scan", "--output", "json"])
            .arg(folder.join("app.log"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = scan.stdout.take().unwrap();
        let found = thread::spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).unwrap();
            text
        });
        let mut most = 0;
        while scan.try_wait().unwrap().is_none() {
            most = peak(scan.id()).unwrap_or(0).max(most);
            thread::sleep(Duration::from_millis(1));
        }
        (serde_json::from_str(&found.join().unwrap()).unwrap(), most)
    }

    #[test]
    fn scan_reads_a_gibibyte_without_a_line() {
        let _alone = ALONE.lock();
        let folder = folder();
        let size = endless(folder.path());
        append(folder.path(), &format!("\n{ERROR}"));
        let (found, peak) = scan(folder.path());
        assert_eq!(found["errors"][0]["count"], 1, "{found}");
        assert_eq!(found["bytes"], size + 1 + ERROR.len() as u64);
        assert!(peak > 0 && peak < BOUND, "{peak} KiB");
    }

    #[test]
    fn scan_reads_lines_of_ten_mebibytes() {
        let _alone = ALONE.lock();
        let folder = folder();
        long(folder.path());
        let (found, peak) = scan(folder.path());
        assert_eq!(found["errors"][0]["count"], 5, "{found}");
        assert!(peak > 0 && peak < BOUND, "{peak} KiB");
    }
}
