//! What cannot be looked at or read, and can be again.

use std::fs;
use std::os::unix::fs::symlink;

use obs_error_exporter::tail::Event;

use crate::bench::Bench;

fn failing(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Failing { .. })).count()
}

/// A path that cannot be looked at, even by root: a link that leads to itself.
#[test]
fn a_path_that_cannot_be_looked_at_for_a_while() {
    let mut bench = Bench::new(&["app.log", "other.log"]);
    bench.append("app.log", "one\n");
    bench.append("other.log", "other\n");
    bench.run();
    bench.rename("app.log", "away");
    symlink("app.log", bench.path("app.log")).unwrap();
    bench.events();
    bench.pass(10);
    assert_eq!(failing(&bench.events()), 2, "once by the walk over the globs, once for the file");
    assert!(bench.stats().read_errors["stat"] >= 10);
    bench.append("away", "two\n");
    bench.append("other.log", "other\n");
    bench.pass(10);
    bench.remove("app.log");
    bench.rename("away", "app.log");
    bench.append("app.log", "three\n");
    bench.pass(10);
    bench.expect_any_order(&["one", "other", "other", "two", "three"]);
    assert_eq!(bench.lost(), 0);
    let events = bench.events();
    assert_eq!(failing(&events), 0);
    assert!(events.iter().any(|event| matches!(event, Event::Recovered { .. })));
}

#[test]
fn a_folder_that_cannot_be_read_stops_nothing_else() {
    let mut bench = Bench::new(&["logs/*/*.log"]);
    fs::create_dir_all(bench.path("logs/a")).unwrap();
    bench.append("logs/a/app.log", "one\n");
    symlink("loop", bench.path("logs/loop")).unwrap();
    bench.run();
    bench.expect(&["one"]);
}

/// Permissions hold nobody back who runs as root; then this shows nothing.
#[test]
fn permission_lost_and_back() {
    use std::os::unix::fs::PermissionsExt;
    let mut bench = Bench::with(&["*.log"], |options| options.open_files = 1);
    bench.append("app.log", "one\n");
    bench.append("other.log", "other\n");
    bench.run();
    let mode = |mode| fs::set_permissions(bench.path("app.log"), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o000);
    let root = fs::File::open(bench.path("app.log")).is_ok();
    mode(0o644);
    bench.append("app.log", "two\n");
    bench.append("other.log", "other\n");
    fs::set_permissions(bench.path("app.log"), fs::Permissions::from_mode(0o000)).unwrap();
    bench.pass(3);
    if !root {
        bench.expect_any_order(&["one", "other", "other"]);
        assert!(bench.stats().read_errors["open"] >= 3);
    }
    fs::set_permissions(bench.path("app.log"), fs::Permissions::from_mode(0o644)).unwrap();
    bench.pass(3);
    bench.expect_any_order(&["one", "other", "other", "two"]);
    assert_eq!(bench.lost(), 0);
}
