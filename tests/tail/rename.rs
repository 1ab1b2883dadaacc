//! Rotation by renaming.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::bench::{Bench, append};

#[test]
fn the_writer_stays_on_the_renamed_file_for_a_while() {
    let mut bench = Bench::new(&["app.log"]);
    let mut writer = bench.writer("app.log");
    writeln!(writer, "one").unwrap();
    bench.run();
    bench.rename("app.log", "app.log.1");
    writeln!(writer, "two").unwrap();
    bench.run();
    bench.append("app.log", "four\n");
    writeln!(writer, "three").unwrap();
    bench.run();
    bench.expect(&["one", "two", "three", "four"]);
    // It is held while it is not quiet, and even later what is written to it is found.
    bench.pass(3);
    writeln!(writer, "five").unwrap();
    bench.pass(20);
    writeln!(writer, "six").unwrap();
    bench.pass(20);
    writeln!(writer, "seven").unwrap();
    bench.pass(20);
    bench.expect(&["one", "two", "three", "four", "five", "six", "seven"]);
    assert_eq!(bench.stats().rotations, 1);
    assert_eq!(bench.lost(), 0);
}

#[test]
fn the_new_file_follows_the_old_one() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\nhalf");
    bench.run();
    bench.rename("app.log", "app.log.1");
    bench.append("app.log", "two\n");
    bench.run();
    let first = bench.seen.opened[0].0;
    assert_eq!(bench.seen.opened[1].2, Some(first));
    bench.pass(7);
    bench.expect(&["one", "two", "half"]);
    assert_eq!(bench.seen.closed, [first]);
}

#[test]
fn several_rotations_between_two_looks() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log.1", "old history\n");
    bench.append("app.log", "one\n");
    bench.run();
    for line in ["three\n", "four\n", "five\n"] {
        for number in (1..5).rev() {
            let _ =
                fs::rename(bench.path(&format!("app.log.{number}")), bench.path(&format!("app.log.{}", number + 1)));
        }
        if line == "three\n" {
            bench.append("app.log", "two\n");
        }
        bench.rename("app.log", "app.log.1");
        bench.append("app.log", line);
    }
    bench.run();
    bench.expect(&["one", "two", "three", "four", "five"]);
    assert_eq!(bench.stats().rotations, 3);
}

/// One rotation more, among so many files that were rotated before.
fn rotate(folder: &Path, before: usize) {
    let older = |age: usize| folder.join(format!("app.log.{age}"));
    for age in (1..=before).rev() {
        fs::rename(older(age), older(age + 1)).unwrap();
    }
    fs::rename(folder.join("app.log"), older(1)).unwrap();
}

#[test]
fn a_rotation_while_rotations_are_looked_at() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\n");
    bench.run();
    rotate(bench.folder.path(), 0);
    bench.append("app.log", "two\n");
    rotate(bench.folder.path(), 1);
    bench.append("app.log", "three\n");
    let folder = bench.folder.path().to_owned();
    bench.seen.meanwhile = Some(Box::new(move || {
        rotate(&folder, 2);
        append(&folder.join("app.log"), "four\n");
    }));
    bench.run();
    assert!(bench.seen.meanwhile.is_none());
    bench.expect(&["one", "two", "three", "four"]);
    assert_eq!(bench.lost(), 0);
}

#[test]
fn rotated_files_that_match_the_glob_are_not_read_again() {
    let mut bench = Bench::new(&["app.log*"]);
    let mut expected = Vec::new();
    for round in 0..12 {
        let line = format!("line {round}");
        bench.append("app.log", format!("{line}\n"));
        expected.push(line);
        if round % 3 != 1 {
            bench.run();
        }
        for number in (1..4).rev() {
            let _ =
                fs::rename(bench.path(&format!("app.log.{number}")), bench.path(&format!("app.log.{}", number + 1)));
        }
        bench.rename("app.log", "app.log.1");
        if round % 2 == 0 {
            bench.pass(8);
        }
    }
    bench.pass(10);
    bench.expect_any_order(&expected.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(bench.lost(), 0);
}

#[test]
fn names_of_all_schemes_are_found_outside_of_the_glob() {
    for rotated in [
        "app.log.1",
        "app-1.log",
        "app.1.log",
        "app.log-20261122",
        "app.log.20261122-130501",
        "app-2026-11-22T13-05-01.000.log",
        "app.log.2026-11-22",
        "app.log.old",
    ] {
        let mut bench = Bench::new(&["app.log"]);
        bench.append("app.log", "one\n");
        bench.while_down(|_| {});
        bench.while_down(|bench| {
            bench.append("app.log", "two\n");
            bench.rename("app.log", rotated);
            bench.append("app.log", "three\n");
        });
        bench.expect(&["one", "two", "three"]);
    }
}

#[test]
fn live_logs_that_share_the_prefix_are_left_alone() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\n");
    bench.run();
    bench.append("app.log.audit", "not ours\n");
    bench.rename("app.log", "app.log.1");
    bench.append("app.log", "two\n");
    bench.run();
    bench.pass(10);
    bench.expect(&["one", "two"]);
}

#[test]
fn deleted_and_created_again() {
    let mut bench = Bench::new(&["app.log"]);
    let mut writer = bench.writer("app.log");
    writeln!(writer, "one").unwrap();
    bench.run();
    writeln!(writer, "two").unwrap();
    bench.remove("app.log");
    bench.append("app.log", "three\n");
    bench.run();
    bench.remove("app.log");
    bench.run();
    bench.append("app.log", "four\n");
    bench.run();
    bench.pass(10);
    bench.expect(&["one", "two", "three", "four"]);
}

#[test]
fn an_inode_that_is_used_again_is_another_file() {
    // Closed at once, so that the inode is free as soon as the file is deleted.
    let mut bench = Bench::with(&["*.log"], |options| options.open_files = 1);
    bench.append("z.log", "other\n");
    for round in 0..20 {
        let line = format!("line {round}\n").repeat(round % 3 + 1);
        bench.append("app.log", line);
        bench.run();
        bench.append("z.log", format!("other {round}\n"));
        bench.run();
        bench.remove("app.log");
        if round % 2 == 0 {
            bench.run();
        }
    }
    let lines: Vec<_> = bench.seen.lines.iter().filter(|line| line.starts_with("line")).cloned().collect();
    let expected: Vec<_> = (0..20).flat_map(|round| vec![format!("line {round}"); round % 3 + 1]).collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_deleted_file_is_given_back_in_time() {
    let mut bench = Bench::new(&["app.log"]);
    let mut writer = bench.writer("app.log");
    writeln!(writer, "one").unwrap();
    bench.run();
    bench.remove("app.log");
    for second in 0..400 {
        bench.pass(1);
        writeln!(writer, "line {second}").unwrap();
    }
    bench.run();
    assert_eq!(bench.stats().open, 0, "the disk is given back though it is still written to");
    assert!(bench.seen.lines.len() > 290);
}

#[test]
fn atomic_replacement_by_another_content_and_by_a_longer_copy() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\n");
    bench.run();
    bench.append("tmp", "two\n");
    bench.rename("tmp", "app.log");
    bench.run();
    bench.append("tmp", "two\nthree\n");
    bench.rename("tmp", "app.log");
    bench.run();
    bench.append("app.log", "four\n");
    bench.pass(10);
    bench.expect(&["one", "two", "three", "four"]);
}

#[test]
fn swapped_symlink() {
    let mut bench = Bench::new(&["link.log"]);
    bench.append("a", "one\n");
    bench.append("b", "two\n");
    std::os::unix::fs::symlink("a", bench.path("link.log")).unwrap();
    bench.run();
    bench.append("a", "late\n");
    std::os::unix::fs::symlink("b", bench.path("new")).unwrap();
    bench.rename("new", "link.log");
    bench.run();
    bench.append("b", "three\n");
    bench.pass(10);
    bench.expect(&["one", "late", "two", "three"]);
}

#[test]
fn rotation_behind_a_link() {
    let mut bench = Bench::new(&["containers/*.log"]);
    fs::create_dir_all(bench.path("pods")).unwrap();
    fs::create_dir_all(bench.path("containers")).unwrap();
    bench.append("pods/0.log", "one\n");
    std::os::unix::fs::symlink("../pods/0.log", bench.path("containers/x.log")).unwrap();
    bench.run();
    bench.while_down(|bench| {
        bench.append("pods/0.log", "two\n");
        bench.rename("pods/0.log", "pods/0.log.20261122-130501");
        bench.append("pods/0.log", "three\n");
    });
    bench.pass(10);
    bench.expect(&["one", "two", "three"]);
}

#[test]
fn identical_lines_in_successive_files_all_count() {
    for glob in ["app.log", "app.log*"] {
        let mut bench = Bench::new(&[glob]);
        let mut expected = Vec::new();
        for round in 0..12 {
            bench.append("app.log", "the same line\n");
            expected.push("the same line");
            if round % 4 != 2 {
                bench.run();
            }
            for number in (1..20).rev() {
                let (from, to) = (format!("app.log.{number}"), format!("app.log.{}", number + 1));
                let _ = fs::rename(bench.path(&from), bench.path(&to));
            }
            bench.rename("app.log", "app.log.1");
            if round % 5 == 4 {
                bench.pass(8);
            }
            // Files that are made within one tick of the clock of the file system cannot be told from copies.
            std::thread::sleep(std::time::Duration::from_millis(15));
            if round % 3 == 0 {
                bench.while_down(|_| {});
            }
        }
        bench.pass(10);
        bench.expect(&expected);
    }
}

#[test]
fn more_rotated_files_in_the_glob_than_are_remembered_when_they_are_gone() {
    let mut bench = Bench::new(&["app.log*"]);
    for number in 1..=40 {
        bench.append(&format!("app.log.{number}"), format!("old {number}\n"));
    }
    bench.append("app.log", "line 0\n");
    bench.run();
    for round in 1..=30 {
        for number in (1..80).rev() {
            let (from, to) = (format!("app.log.{number}"), format!("app.log.{}", number + 1));
            let _ = fs::rename(bench.path(&from), bench.path(&to));
        }
        bench.rename("app.log", "app.log.1");
        bench.append("app.log", format!("line {round}\n"));
        bench.pass(3);
        if round % 10 == 0 {
            bench.while_down(|_| {});
        }
    }
    bench.pass(20);
    assert_eq!(bench.seen.lines.len(), 40 + 31);
}

#[test]
fn a_ring_that_wraps() {
    let mut bench = Bench::new(&["OBS.log"]);
    let mut expected = Vec::new();
    for round in 0..25 {
        let lines = format!("line {round} a\nline {round} b\n");
        expected.extend(lines.lines().map(str::to_owned));
        bench.append("OBS.log", lines);
        if round % 3 != 1 {
            bench.run();
        }
        bench.rename("OBS.log", &format!("OBS.log.{}", round % 10 + 1));
    }
    bench.pass(10);
    assert_eq!(bench.seen.lines, expected);
}

#[test]
fn old_history_is_not_ours_however_much_there_is() {
    let mut bench = Bench::new(&["app.log"]);
    for number in 1..=40 {
        bench.append(&format!("app.log.{number}"), format!("old {number}\n"));
    }
    std::thread::sleep(std::time::Duration::from_millis(20)); // the clock of the file system ticks slowly
    bench.append("app.log", "one\n");
    bench.run();
    bench.while_down(|bench| {
        for number in (1..=40).rev() {
            bench.rename(&format!("app.log.{number}"), &format!("app.log.{}", number + 1));
        }
        bench.rename("app.log", "app.log.1");
        bench.append("app.log", "two\n");
    });
    bench.pass(10);
    bench.expect(&["one", "two"]);
}

#[test]
fn renamed_to_another_name_that_matches() {
    let mut bench = Bench::new(&["*.log"]);
    let mut writer = bench.writer("a.log");
    writeln!(writer, "one").unwrap();
    bench.run();
    bench.rename("a.log", "b.log");
    writeln!(writer, "two").unwrap();
    bench.append("a.log", "three\n");
    bench.run();
    writeln!(writer, "four").unwrap();
    bench.pass(20);
    // And the names are swapped.
    bench.rename("a.log", "tmp");
    bench.rename("b.log", "a.log");
    bench.rename("tmp", "b.log");
    bench.run();
    writeln!(writer, "five").unwrap();
    bench.append("b.log", "six\n");
    bench.pass(20);
    writeln!(writer, "seven").unwrap();
    bench.append("b.log", "eight\n");
    bench.pass(20);
    bench.expect_any_order(&["one", "two", "three", "four", "five", "six", "seven", "eight"]);
}

#[test]
fn renamed_and_renamed_back() {
    for seconds in [0, 20] {
        let mut bench = Bench::new(&["app.log"]);
        let mut writer = bench.writer("app.log");
        writeln!(writer, "one").unwrap();
        bench.run();
        bench.rename("app.log", "app.log.1");
        bench.run();
        bench.pass(seconds);
        bench.rename("app.log.1", "app.log");
        writeln!(writer, "two").unwrap();
        bench.pass(20);
        writeln!(writer, "three").unwrap();
        bench.while_down(|_| {});
        writeln!(writer, "four").unwrap();
        bench.run();
        bench.expect(&["one", "two", "three", "four"]);
        assert_eq!(bench.stats().files, 1);
    }
}

#[test]
fn what_comes_to_lie_beside_a_log_whose_folder_rested_is_not_ours() {
    for (reset, linked) in [(false, false), (true, false), (false, true)] {
        let mut bench = Bench::new(&["app.log"]);
        let elsewhere = tempfile::tempdir().unwrap();
        bench.append("app.log", "one\n");
        if linked {
            append(&elsewhere.path().join("file"), "others\n");
            std::os::unix::fs::symlink(elsewhere.path().join("file"), bench.path("app.log.1")).unwrap();
        }
        bench.rest();
        let rested = fs::metadata(bench.folder.path()).unwrap().modified().unwrap();
        bench.pass(30); // nothing changes, so nothing beside it is looked at
        if linked {
            append(&elsewhere.path().join("new"), "other others\n");
            fs::rename(elsewhere.path().join("new"), elsewhere.path().join("file")).unwrap();
        } else {
            bench.append("app.log.1", "others\n");
        }
        if reset {
            // what unpacks or restores files sets the times that they had
            fs::File::open(bench.folder.path()).unwrap().set_modified(rested).unwrap();
        }
        bench.pass(1);
        bench.rename("app.log.1", "app.log.2");
        bench.rename("app.log", "app.log.1");
        bench.append("app.log", "two\n");
        bench.pass(10);
        bench.expect(&["one", "two"]);
    }
}
