//! Things that are no logs, names that are no text, and many names for one file.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use obs_error_exporter::tail::{Event, StartAt};

use crate::bench::{Bench, append};

#[test]
fn one_file_with_many_names_is_read_once() {
    let mut bench = Bench::new(&["*.log", "a*", "links/*"]);
    bench.append("a.log", "one\n");
    fs::create_dir(bench.path("links")).unwrap();
    fs::hard_link(bench.path("a.log"), bench.path("hard.log")).unwrap();
    symlink("a.log", bench.path("soft.log")).unwrap();
    symlink("../a.log", bench.path("links/x")).unwrap();
    symlink("../a.log", bench.path("links/y")).unwrap();
    bench.run();
    bench.append("hard.log", "two\n");
    bench.run();
    bench.expect(&["one", "two"]);
    bench.remove("a.log");
    bench.run();
    bench.append("hard.log", "three\n");
    bench.pass(20);
    bench.append("hard.log", "four\n");
    bench.run();
    bench.expect(&["one", "two", "three", "four"]);
    assert_eq!(bench.stats().files, 1);
}

#[test]
fn pipes_sockets_devices_and_folders_are_skipped_and_said_once() {
    let mut bench = Bench::new(&["*"]);
    rustix::fs::mkfifoat(rustix::fs::CWD, bench.path("fifo"), rustix::fs::Mode::RUSR).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(bench.path("socket")).unwrap();
    symlink("/dev/zero", bench.path("zero")).unwrap();
    fs::create_dir(bench.path("folder")).unwrap();
    symlink("nowhere", bench.path("dangling")).unwrap();
    symlink("loop", bench.path("loop")).unwrap();
    bench.append("app.log", "one\n");
    bench.append("app.log.2.gz", "no text\n");
    bench.run();
    bench.pass(30);
    bench.expect(&["one"]);
    let mut skipped: Vec<_> = bench
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Skipped { path, reason } => Some((path.file_name().unwrap().to_string_lossy().into_owned(), reason)),
            _ => None,
        })
        .collect();
    skipped.sort();
    let expected = [
        ("app.log.2.gz", "compressed"),
        ("fifo", "fifo"),
        ("folder", "directory"),
        ("socket", "socket"),
        ("zero", "device"),
    ];
    assert_eq!(skipped, expected.map(|(name, reason)| (name.to_owned(), reason)));
}

#[test]
fn names_that_are_no_text() {
    let mut bench = Bench::new(&["*.log"]);
    for name in [&b"\xff\xfe.log"[..], b"new\nline.log", b"quo\"te'.log", b"[x].log"] {
        append(&bench.folder.path().join(OsStr::from_bytes(name)), "one\n");
    }
    bench.while_down(|_| {});
    bench.while_down(|bench| {
        for name in [&b"\xff\xfe.log"[..], b"new\nline.log"] {
            append(&bench.folder.path().join(OsStr::from_bytes(name)), "two\n");
        }
    });
    bench.expect_any_order(&["one", "one", "one", "one", "two", "two"]);
}

#[test]
fn identical_heads_empty_and_tiny_files() {
    let mut bench = Bench::new(&["*.log"]);
    let banner = "the same banner\n".repeat(200);
    for name in ["a.log", "b.log"] {
        bench.append(name, &banner);
    }
    bench.append("empty.log", "");
    bench.append("tiny1.log", "x\n");
    bench.append("tiny2.log", "x\n");
    bench.run();
    bench.append("a.log", "a\n");
    bench.append("b.log", "b\n");
    bench.append("empty.log", "e\n");
    bench.while_down(|bench| {
        bench.append("tiny1.log", "1\n");
        bench.append("tiny2.log", "2\n");
    });
    assert_eq!(bench.seen.lines.len(), 400 + 2 + 5);
}

#[test]
fn sparse_file_of_a_tebibyte() {
    let mut bench = Bench::new(&["*.log"]);
    let file = bench.writer("sparse.log");
    file.set_len(1 << 40).unwrap();
    bench.append("app.log", "one\n");
    bench.append("sparse.log", "behind\n");
    bench.run();
    assert!(bench.tailer.caught_up());
    bench.expect_any_order(&["one", "behind"]);
    assert_eq!(bench.tailer.unread_bytes(), 0);
}

#[test]
fn more_files_than_may_be_open() {
    let mut bench = Bench::with(&["*.log"], |options| options.open_files = 8);
    for round in 0..3 {
        for number in 0..100 {
            bench.append(&format!("{number}.log"), format!("{number} {round}\n"));
        }
        bench.run();
        assert!(bench.stats().open <= 8);
    }
    assert_eq!(bench.seen.lines.len(), 300);
    assert_eq!(bench.stats().files, 100);
    assert!(bench.stats().read_errors.is_empty());
}

#[test]
fn folders_that_come_later_go_and_come_again() {
    let mut bench = Bench::new(&["later/**/*.log"]);
    bench.run();
    fs::create_dir_all(bench.path("later/deep/er")).unwrap();
    bench.append("later/deep/er/app.log", "one\n");
    bench.run();
    fs::remove_dir_all(bench.path("later")).unwrap();
    bench.run();
    fs::create_dir_all(bench.path("later/deep")).unwrap();
    bench.append("later/deep/app.log", "two\n");
    fs::create_dir_all(bench.path("later/deep/er")).unwrap();
    bench.append("later/deep/er/app.log", "three\n");
    bench.pass(10);
    bench.expect_any_order(&["one", "two", "three"]);
}

#[test]
fn start_at_end_holds_for_what_is_there_at_the_first_start() {
    let mut bench = Bench::prepared(
        &["*.log"],
        |folder| append(&folder.join("app.log"), "old\nhal"),
        |options| options.inputs[0].start_at = StartAt::End,
    );
    bench.run();
    bench.append("app.log", "f\nnew\n");
    bench.append("later.log", "first\n");
    bench.run();
    bench.while_down(|bench| bench.append("down.log", "while down\n"));
    bench.expect(&["half", "new", "first", "while down"]);
}
