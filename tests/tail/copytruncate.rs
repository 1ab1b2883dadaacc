//! Rotation by copying and truncating, and other truncations.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::bench::Bench;

#[test]
fn what_was_written_before_the_copy_is_read_from_the_copy() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\nhal");
    bench.run();
    bench.append("app.log", "f\ntwo\n");
    bench.copytruncate("app.log", "app.log.1");
    bench.append("app.log", "three\n");
    bench.run();
    bench.expect(&["one", "half", "two", "three"]);
    bench.pass(10);
    bench.expect(&["one", "half", "two", "three"]);
    assert_eq!(bench.lost(), 0);
    assert_eq!(bench.stats().truncations, 1);
}

#[test]
fn truncated_and_grown_past_the_old_position() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\n");
    bench.run();
    bench.copytruncate("app.log", "app.log.1");
    bench.append("app.log", "two, which is longer\n");
    bench.run();
    bench.pass(10);
    bench.expect(&["one", "two, which is longer"]);
}

#[test]
fn truncated_and_grown_to_the_same_size() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\n");
    bench.run();
    std::thread::sleep(std::time::Duration::from_millis(20)); // the clock of the file system ticks slowly
    bench.copytruncate("app.log", "copy");
    bench.append("app.log", "two\n");
    bench.run();
    bench.expect(&["one", "two"]);
}

#[test]
fn a_half_line_at_truncation_is_dropped() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\nhalf");
    bench.run();
    OpenOptions::new().write(true).truncate(true).open(bench.path("app.log")).unwrap();
    bench.append("app.log", "two\n");
    bench.run();
    bench.expect(&["one", "two"]);
    assert_eq!(bench.lost(), 0); // it was shown: the consumer counts it
    assert_eq!(bench.seen.truncated.len(), 1);
}

#[test]
fn copies_that_match_the_glob_are_not_read() {
    let mut bench = Bench::new(&["app.log*"]);
    let mut expected = Vec::new();
    for round in 0..9 {
        bench.append("app.log", format!("line {round}\n"));
        expected.push(format!("line {round}"));
        if round % 3 == 0 {
            bench.run();
        }
        for number in (1..4).rev() {
            let _ =
                fs::rename(bench.path(&format!("app.log.{number}")), bench.path(&format!("app.log.{}", number + 1)));
        }
        fs::copy(bench.path("app.log"), bench.path("app.log.1")).unwrap();
        if round % 3 == 1 {
            bench.run(); // between the copy and the truncation
        }
        OpenOptions::new().write(true).truncate(true).open(bench.path("app.log")).unwrap();
        if round % 2 == 0 {
            bench.pass(8);
        }
    }
    bench.pass(10);
    bench.expect_any_order(&expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_copy_in_the_making_is_not_taken_for_a_new_file() {
    let mut bench = Bench::new(&["app.log*"]);
    bench.append("app.log", "one\ntwo\nthree\n");
    bench.run();
    let mut copy = bench.writer("app.log.1");
    bench.run();
    for part in ["one\nt", "wo\n", "three\n"] {
        copy.write_all(part.as_bytes()).unwrap();
        bench.run();
    }
    OpenOptions::new().write(true).truncate(true).open(bench.path("app.log")).unwrap();
    bench.append("app.log", "four\n");
    bench.pass(10);
    bench.expect(&["one", "two", "three", "four"]);
}

#[test]
fn a_writer_that_does_not_append_leaves_a_hole() {
    let mut bench = Bench::new(&["app.log"]);
    let mut writer = fs::File::create(bench.path("app.log")).unwrap();
    let long = "x".repeat(99_999);
    for _ in 0..10 {
        writeln!(writer, "{long}").unwrap();
    }
    bench.run();
    bench.copytruncate("app.log", "app.log.1");
    writeln!(writer, "after the hole").unwrap();
    bench.run();
    bench.pass(10);
    assert_eq!(bench.seen.lines.len(), 11);
    assert_eq!(bench.seen.lines.last().unwrap(), "after the hole");
    assert_eq!(bench.stats().lost_bytes.get("hole"), Some(&1_000_000));
}

#[test]
fn the_same_banner_at_the_head_of_each_file() {
    let banner = "the banner that the service writes at its start\n".repeat(100);
    for copy in [true, false] {
        let mut bench = Bench::new(&["app.log"]);
        bench.append("app.log", format!("{banner}one 1\n"));
        bench.run();
        if copy {
            bench.copytruncate("app.log", "app.log.1");
        } else {
            OpenOptions::new().write(true).truncate(true).open(bench.path("app.log")).unwrap();
        }
        bench.append("app.log", format!("{banner}two 1\ntwo 2\n"));
        bench.run();
        bench.pass(10);
        let lines: Vec<_> = bench.seen.lines.iter().filter(|line| !line.starts_with("the banner")).collect();
        assert_eq!(lines, ["one 1", "two 1", "two 2"]);
        assert_eq!(bench.seen.lines.len(), 203);
    }
}

#[test]
fn an_empty_file_that_came_back_to_its_name_was_filled_and_copied_on_the_way() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\n");
    bench.run();
    bench.copytruncate("app.log", "app.log.2");
    bench.rename("app.log", "app.log.1");
    bench.run();
    bench.while_down(|bench| {
        bench.rename("app.log.1", "app.log");
        bench.append("app.log", "two\n");
        bench.copytruncate("app.log", "app.log.1");
        bench.append("app.log", "three\n");
    });
    bench.pass(10);
    bench.expect_any_order(&["one", "two", "three"]);
}
