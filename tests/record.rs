//! What the state record holds: never what logs say, and never more than a known size.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use support::daemon::Start;
use support::http;
use support::process::wait;

const PATIENCE: Duration = Duration::from_secs(120);

/// The bound that is promised:
///
/// - 8 bytes for each of the last 65,536 request ids: 512 KiB;
/// - 40 bytes or fewer for each of at most 4,096 responses that wait for their rest: 160 KiB;
/// - for each log that is tailed or still read to its end after it was rotated, its path twice and about 150 bytes, and
///   the fingerprints (about 60 bytes) of its last 16 rotated files;
/// - for each series about 10 bytes, for each code its name.
///
/// So 200 logs with paths of 100 bytes: 512 KiB + 200 × (2 × 100 + 150 + 16 × 60) bytes = 775 KiB.
const MOST: u64 = 2 << 20;

#[test]
fn its_size_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("app.log");
    fs::write(&log, "2026-11-22T13:10:36Z INFO it begins\n").unwrap();
    let daemon = Start::new(folder.path(), "app.log*").start();
    wait("the log to be tailed", PATIENCE, || (daemon.scrape().value("obs_error_exporter_files") == 1).then_some(()));
    let mut most = 0;
    let size = || fs::metadata(folder.path().join("state/state")).map_or(0, |meta| meta.len());
    for number in 0..200_u64 {
        let mut text = String::new();
        for line in number * 1000..(number + 1) * 1000 {
            let code = if line % 10 == 0 { format!("Unheard{}", line % 1000) } else { "NoSuchKey".to_owned() };
            text += &format!("2026-11-22T13:10:36Z ERROR failed code={code} status=404 request_id=A{line:031X}\n");
        }
        File::options().append(true).create(true).open(&log).unwrap().write_all(text.as_bytes()).unwrap();
        fs::rename(&log, folder.path().join(format!("app.log.20261122-{number:06}"))).unwrap();
        File::create(&log).unwrap();
        most = most.max(size());
    }
    wait("200,000 errors to be counted", PATIENCE, || {
        most = most.max(size());
        (daemon.scrape().errors().values().sum::<u64>() == 200_000).then_some(())
    });
    let metrics = daemon.scrape();
    // a rename that is seen half done may count once more
    assert!((200..=205).contains(&metrics.value("obs_error_exporter_rotations_total")));
    assert!(metrics.errors().contains_key(&("other".to_owned(), "404".to_owned())), "more codes than are named");
    most = most.max(size());
    eprintln!("the record was {most} bytes long at most");
    assert!(most < MOST, "{most}");
    assert!(most > 8 << 16, "{most}: is this the record?");
}

/// Things that nobody but the log may have.
const SECRETS: &[&str] = &[
    "AKIAIOSFODNN7EXAMPLE",
    "frJIUN8DYpKDtOLCwo0yzllqDzg0",
    "password=",
    "hunter2",
    "Authorization: AWS", // the word alone is in the catalogue
    "eyJhbGciOiJIUzI1NiJ9",
    "top-secret-bucket",
    "private/object.key",
    "the quick brown fox",
];

/// What only the recent errors may show, by their ids.
const IDS: &[&str] = &["0000018F9A3B4C5D6E7F8091A2B3C4D5", "5EC2E75EC2E75EC2", "4442587FB7D0A2F9"];

fn lines() -> String {
    let header = "Authorization: AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo0yzllqDzg0";
    let mut text = format!("2026-11-22T13:10:35Z INFO the quick brown fox {header} password=hunter2\n");
    for (code, id) in [("AccessDenied", IDS[0]), ("NewFromHuawei", IDS[1]), ("SlowDown", "")] {
        text += &format!(
            "2026-11-22T13:10:36Z ERROR upload failed code={code} status=403 request_id={id} bucket=top-secret-bucket \
             message=\"password=hunter2 {header}\"\n"
        );
    }
    text += &format!(
        "2026-11-22T13:10:37Z ERROR obs: service returned error: Status=403 Forbidden, Code=SignatureDoesNotMatch, \
         Message=password=hunter2 {header}, RequestId={}\n",
        IDS[2]
    );
    text += &format!(
        "2026-11-22T13:10:38Z ERROR answer <?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code>\
         <Message>the quick brown fox</Message><RequestId>{}</RequestId>\
         <AWSAccessKeyId>AKIAIOSFODNN7EXAMPLE</AWSAccessKeyId><StringToSign>GET eyJhbGciOiJIUzI1NiJ9</StringToSign>\
         <Key>private/object.key</Key></Error>\n",
        IDS[2]
    );
    // an event that waits for its end, one that waits for its rest, and half a line
    text += &format!("2026-11-22T13:10:39Z ERROR failed code=NoSuchKey request_id={}\n", IDS[0]);
    text += &format!("  {header}\n  password=hunter2 the quick brown fox\n");
    text + "2026-11-22T13:10:40Z ERROR failed code=NoSuchBucket password=hunter2 the quick"
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

fn check(what: &str, bytes: &[u8], forbidden: &[&str]) {
    for text in forbidden {
        assert!(!holds(bytes, text), "{what} holds {text:?}:\n{}", String::from_utf8_lossy(bytes));
    }
}

fn check_files(folder: &Path, forbidden: &[&str]) -> usize {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // the new record may just be taking the place of the old one
    let read =
        files.filter_map(|path| fs::read(&path).ok().map(|bytes| check(&path.to_string_lossy(), &bytes, forbidden)));
    read.count()
}

#[test]
fn what_logs_say_stays_in_them() {
    assert!(SECRETS.iter().chain(IDS).all(|text| holds(lines().as_bytes(), text)), "the log has them all");
    let forbidden = [SECRETS, IDS].concat();
    let folder = tempfile::tempdir().unwrap();
    let start = Start::new(folder.path(), "*.log");
    fs::write(folder.path().join("app.log"), lines()).unwrap();
    for round in 0..3 {
        let daemon = start.start();
        let mut polls = 0;
        wait("the errors to be counted and nothing to wait", PATIENCE, || {
            polls += 1;
            let metrics = daemon.scrape();
            check_files(&folder.path().join("state"), &forbidden);
            let errors = metrics.errors();
            (errors.len() >= 4 && polls > 30).then_some(())
        });
        assert!(check_files(&folder.path().join("state"), &forbidden) >= 2);
        let api = ["/api/v1/status", "/api/v1/errors"];
        for path in ["/metrics", "/", "/-/ready", "/-/healthy", "/nowhere", "/rules"].iter().chain(&api) {
            let (_, text) = http::get(daemon.address, path).unwrap();
            check(path, text.as_bytes(), SECRETS);
            if *path == "/metrics" {
                check(path, text.as_bytes(), IDS);
            }
        }
        // what is lost or cannot be read is said without what it says
        let log = folder.path().join("app.log");
        if round == 0 {
            File::options().write(true).truncate(true).open(&log).unwrap().write_all(lines().as_bytes()).unwrap();
        }
        fs::rename(&log, folder.path().join("app.log.1")).unwrap();
        fs::write(&log, lines() + &lines()).unwrap();
        let (status, said) = daemon.terminate();
        assert!(status.success(), "{status}: {said}");
        check("the daemon's own log", said.as_bytes(), &forbidden);
        check_files(&folder.path().join("state"), &forbidden);
    }
}
