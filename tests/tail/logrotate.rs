//! The real logrotate in its modes, if it is installed.

use std::fs;
use std::process::Command;

use crate::bench::Bench;

fn rotate(bench: &Bench, mode: &str, round: usize) -> bool {
    let root = bench.folder.path().display();
    let config = bench.path("etc/logrotate.conf");
    // Dates in names are made to differ by the number of the round, so that nothing waits for the clock.
    let text =
        format!("{root}/log/app.log {{\n  rotate 30\n  missingok\n  {}\n}}\n", mode.replace("%N", &round.to_string()));
    fs::write(&config, text).unwrap();
    let state = bench.path("etc/state");
    let done = Command::new("logrotate").arg("-f").arg("-s").arg(state).arg(&config).output();
    match done {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            true
        }
        Err(_) => false, // not installed
    }
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
                if !rotate(&bench, mode, round) {
                    return;
                }
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
