//! A process that is restarted at any place of a log goes on to the same counts.

use super::drive::{Daemon, counts, whole};
use super::logs::Of;
use super::{check, logs};
use obs_error_exporter::tail::Behind;
use proptest::prelude::*;

#[test]
fn at_any_place() {
    let pieces = prop::collection::vec((1..2000_usize, any::<bool>()), 1..20);
    let inputs = (logs::lines(0, Of::All, 5, 12), logs::lines(1, Of::Single, 2, 6), logs::frame(), pieces);
    check(400, &inputs, |(lines, other, frame, pieces)| {
        let log = frame.put(&lines, &other);
        let mut daemon = Daemon::new();
        let mut length = 0;
        for (piece, restart) in pieces.iter().cycle() {
            length += piece;
            if length >= log.len() {
                break;
            }
            daemon.show(&log, length, Behind::Nothing);
            if *restart {
                daemon = daemon.restart();
            }
        }
        prop_assert_eq!(counts(&daemon.finish(&log)), whole(&log), "{}", String::from_utf8_lossy(&log));
        Ok(())
    });
}
