//! Lines that come in pieces, are too long, or never end.

use crate::bench::Bench;

#[test]
fn a_line_in_pieces_over_minutes_and_restarts() {
    let mut bench = Bench::new(&["app.log"]);
    for piece in ["on", "e", ", still one", " and that is it\ntw"] {
        bench.append("app.log", piece);
        bench.pass(61);
        bench.while_down(|_| {});
    }
    bench.while_down(|bench| bench.append("app.log", "o\n"));
    bench.expect(&["one, still one and that is it", "two"]);
}

#[test]
fn no_newline_at_the_end_of_a_rotated_file() {
    let mut bench = Bench::new(&["app.log"]);
    bench.append("app.log", "one\ntwo");
    bench.run();
    bench.rename("app.log", "app.log.1");
    bench.pass(4);
    bench.expect(&["one"]);
    bench.pass(3);
    bench.expect(&["one", "two"]);
}

#[test]
fn the_buffer_grows_for_a_long_line_and_shrinks_again() {
    let mut bench = Bench::with(&["app.log"], |options| options.line_bytes = 4 << 20);
    let long = "x".repeat(3 << 20);
    bench.append("app.log", format!("one\n{long}\ntwo\n"));
    bench.run();
    bench.expect(&["one", &long, "two"]);
    bench.append("app.log", &long[..1 << 20]);
    bench.run();
    bench.append("app.log", &long[1 << 20..]);
    bench.while_down(|bench| bench.append("app.log", "\nthree\n"));
    bench.expect(&["one", &long, "two", &long, "three"]);
}

#[test]
fn a_backlog_larger_than_a_turn_and_a_busy_file_starve_nobody() {
    let mut bench = Bench::new(&["*.log"]);
    bench.append("a.log", "a line that fills a large file\n".repeat(2_000_000));
    for number in 0..20 {
        bench.append(&format!("b{number}.log"), "short\n");
    }
    let turn = bench.tailer.turn(bench.now, &mut bench.seen);
    assert!(turn.more);
    assert!(!bench.tailer.caught_up());
    assert_eq!(bench.seen.lines.iter().filter(|line| *line == "short").count(), 20);
    assert!(bench.seen.lines.len() < 1_000_000, "a turn is bounded");
    bench.run();
    assert!(bench.tailer.caught_up());
    assert_eq!(bench.seen.lines.len(), 2_000_020);
}
