//! The real logrotate in its modes.

use std::fs;
use std::process::Command;

use crate::bench::Bench;

/// Where Debian keeps it, which is not in everybody's search path.
const LOGROTATE: &str = "/usr/sbin/logrotate";

fn rotate(bench: &Bench, mode: &str, round: usize) {
    let root = bench.folder.path().display();
    let config = bench.path("etc/logrotate.conf");
    // Dates in names are made to differ by the number of the round, so that nothing waits for the clock.
    let text =
        format!("{root}/log/app.log {{\n  rotate 30\n  missingok\n  {}\n}}\n", mode.replace("%N", &round.to_string()));
    fs::write(&config, text).unwrap();
    let state = bench.path("etc/state");
    let output = Command::new(LOGROTATE).arg("-f").arg("-s").arg(state).arg(&config).output();
    let output = output.unwrap_or_else(|error| panic!("{LOGROTATE}: {error}; tests/run installs it"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn logrotate_in_its_modes() {
    for glob in ["log/app.log", "log/app.log*", "log/*"] {
        for mode in [
            "create",
            "nocreate",
            "copytruncate",
            "create\n  compress",
            "create\n  compress\n  delaycompress",
            "copytruncate\n  compress",
            "copytruncate\n  compress\n  delaycompress",
            "create\n  dateext\n  dateformat -%Y%m%d-%s%N",
            "copytruncate\n  dateext\n  dateformat -%Y%m%d-%s%N",
        ] {
            let mut bench = Bench::new(&[glob]);
            fs::create_dir(bench.path("etc")).unwrap();
            fs::create_dir(bench.path("log")).unwrap();
            let mut expected = Vec::new();
            for round in 0..10 {
                for part in 0..3 {
                    let line = format!("line {round}.{part} of a log that is rotated by {mode:?}");
                    bench.append("log/app.log", format!("{line}\n"));
                    expected.push(line);
                    if part == 1 && round % 4 != 3 {
                        bench.run();
                    }
                }
                if round == 0 {
                    bench.run(); // a log that is rotated before the first look is not known
                }
                rotate(&bench, mode, round);
                match round % 5 {
                    0 => bench.run(),
                    1 => bench.pass(8),
                    2 => bench.while_down(|_| {}),
                    _ => {}
                }
            }
            bench.pass(10);
            let mut seen = bench.seen.lines.clone();
            seen.sort();
            expected.sort();
            assert_eq!(seen, expected, "{glob} {mode:?}");
            assert_eq!(bench.lost(), 0, "{glob} {mode:?}");
        }
    }
}
