//! Stopped, killed, and started again.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::bench::Bench;

/// What gzip does.
fn gzip(from: &Path, to: &Path) {
    let mut packed = flate2::write::GzEncoder::new(fs::File::create(to).unwrap(), flate2::Compression::fast());
    packed.write_all(&fs::read(from).unwrap()).unwrap();
    packed.finish().unwrap();
    let modified = fs::metadata(from).unwrap().modified().unwrap();
    fs::File::options().write(true).open(to).unwrap().set_modified(modified).unwrap();
    fs::remove_file(from).unwrap();
}

#[test]
fn rotated_while_down() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log.1", "old history\n");
    bench.append("app.log", "one\n");
    bench.run();
    bench.while_down(|bench| {
        bench.append("app.log", "two\n");
        bench.rename("app.log.1", "app.log.3");
        bench.rename("app.log", "app.log.2");
        bench.append("app.log.1", "three\n");
        bench.append("app.log", "four\n");
    });
    bench.pass(10);
    bench.while_down(|_| {});
    bench.pass(10);
    bench.expect(&["one", "two", "three", "four"]);
    assert_eq!(bench.lost(), 0);
}

#[test]
fn rotated_and_compressed_while_down() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log.1", "old history\n".repeat(1000));
    let many: String = (0..100_000).map(|number| format!("line {number}\n")).collect();
    bench.append("app.log", &many);
    bench.run();
    bench.while_down(|bench| {
        let more: String = (100_000..200_000).map(|number| format!("line {number}\n")).collect();
        bench.append("app.log", more);
        gzip(&bench.path("app.log.1"), &bench.path("app.log.3.gz"));
        gzip(&bench.path("app.log"), &bench.path("app.log.2.gz"));
        bench.append("app.log", "line 200000\n");
        gzip(&bench.path("app.log"), &bench.path("app.log.1.gz"));
        bench.append("app.log", "line 200001\n");
    });
    bench.pass(10);
    let expected: Vec<_> = (0..=200_001).map(|number| format!("line {number}")).collect();
    assert_eq!(bench.seen.lines.len(), expected.len());
    assert_eq!(bench.seen.lines, expected);
    assert_eq!(bench.lost(), 0);
}

#[test]
fn compressed_while_running_is_not_read() {
    let mut bench = Bench::new(&["app.log*"]);
    for round in 0..5 {
        bench.append("app.log", format!("line {round}\n"));
        bench.run();
        for number in (1..5).rev() {
            let (from, to) = (format!("app.log.{number}.gz"), format!("app.log.{}.gz", number + 1));
            let _ = fs::rename(bench.path(&from), bench.path(&to));
        }
        bench.rename("app.log", "app.log.1");
        if round % 2 == 0 {
            bench.run();
        }
        gzip(&bench.path("app.log.1"), &bench.path("app.log.1.gz"));
    }
    bench.pass(20);
    bench.while_down(|_| {});
    bench.pass(20);
    bench.expect(&["line 0", "line 1", "line 2", "line 3", "line 4"]);
}

#[test]
fn deleted_while_down_is_let_go() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\nhalf");
    bench.run();
    bench.while_down(|bench| {
        bench.append("app.log", "unknown\n");
        bench.remove("app.log");
        bench.append("app.log", "two\n");
    });
    bench.expect(&["one", "two"]);
    assert_eq!(bench.lost(), 0); // what was shown is the consumer's to count; of the rest nothing is known
}

#[test]
fn other_inodes_after_a_volume_was_restored() {
    let mut bench = Bench::new(&["app.log*"]);
    bench.append("app.log", "one\n");
    bench.run();
    bench.rename("app.log", "app.log.1");
    bench.append("app.log", "two\n");
    bench.run();
    bench.pass(10);
    bench.while_down(|bench| {
        for name in ["app.log", "app.log.1"] {
            fs::copy(bench.path(name), bench.path("tmp")).unwrap();
            bench.rename("tmp", name);
        }
        bench.append("app.log", "three\n");
    });
    bench.pass(10);
    bench.expect(&["one", "two", "three"]);
}

#[test]
fn an_older_record_shows_again_what_came_after_it() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\n");
    bench.run();
    let saved = bench.save();
    let lines = bench.seen.lines.clone();
    bench.append("app.log", "two\n");
    bench.run();
    bench.rename("app.log", "app.log.1");
    bench.append("app.log", "three\n");
    bench.run();
    bench.pass(10);
    bench.seen.lines = lines;
    bench.restart_from(&saved);
    bench.pass(10);
    bench.expect(&["one", "two", "three"]);
}

#[test]
fn a_rotated_file_is_gone_on_with_after_a_restart() {
    let mut bench = Bench::new(&["app.log"]);
    let mut writer = bench.writer("app.log");
    write!(writer, "one\ntw").unwrap();
    bench.run();
    bench.rename("app.log", "app.log.1");
    bench.append("app.log", "four\n");
    bench.run();
    bench.while_down(|bench| {
        bench.rename("app.log.1", "app.log.2");
        writeln!(writer, "o").unwrap();
        write!(writer, "three").unwrap();
    });
    bench.pass(10);
    bench.expect(&["one", "four", "two", "three"]);
    bench.while_down(|_| writeln!(writer, " and more").unwrap());
    bench.pass(10);
    assert_eq!(bench.seen.lines.last().unwrap(), " and more");
}

#[test]
fn many_rotations_and_compressions_while_down() {
    let mut bench = Bench::new(&["0.log"]);
    bench.append("0.log", "line 0\n");
    bench.run();
    bench.while_down(|bench| {
        for round in 1..=12 {
            bench.append("0.log", format!("line {round}\n"));
            let rotated = format!("0.log.20261122-1305{round:02}");
            bench.rename("0.log", &rotated);
            if round > 1 {
                let older = format!("0.log.20261122-1305{:02}", round - 1);
                gzip(&bench.path(&older), &bench.path(&format!("{older}.gz")));
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        bench.append("0.log", "line 13\n");
    });
    bench.pass(10);
    let expected: Vec<_> = (0..=13).map(|round| format!("line {round}")).collect();
    assert_eq!(bench.seen.lines, expected);
    assert_eq!(bench.lost(), 0);
}

#[test]
fn the_end_of_a_file_that_a_power_cut_took_is_not_counted_again() {
    let mut bench = Bench::new(&["app.log"]);
    let lines: String = (0..200).map(|number| format!("line {number}\n")).collect();
    bench.append("app.log", &lines);
    bench.run();
    bench.while_down(|bench| {
        let file = fs::File::options().write(true).open(bench.path("app.log")).unwrap();
        file.set_len(lines.len() as u64 - 25).unwrap();
    });
    bench.append("app.log", " torn\nline 200\n");
    bench.run();
    assert_eq!(bench.seen.lines.len(), 202, "the torn line and the new one come in addition");
    assert_eq!(bench.seen.lines.last().unwrap(), "line 200");
}
