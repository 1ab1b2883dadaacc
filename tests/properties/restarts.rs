//! A process that is restarted at any place of a log goes on to the same counts.

use super::drive::{Counts, Daemon, counts, whole};
use super::logs::Of;
use super::{check, logs};
use obs_error_exporter::tail::Behind;
use proptest::prelude::*;

/// What is counted if the process is restarted when the log has that length, and again when it has each greater one.
fn restarted_from(log: &[u8], first: usize) -> Counts {
    let mut daemon = Daemon::new();
    for length in first..log.len() {
        daemon.show(log, length, Behind::Nothing);
        daemon = daemon.restart();
    }
    counts(&daemon.finish(log))
}

/// The lines below an exception may be those of another client, which writes nearly the same before an id.
#[test]
fn in_an_exception_with_that_of_another_client_below() {
    let line = "2026-11-20 09:14:24,000 [12] ERROR - Rethrowing as a ObsException error in PerformRequest";
    let exception = "OBS.ObsException: Request error, StatusCode:503, ErrorCode:SlowDown, ErrorMessage:m, RequestId:A000018B66D1A2C3E4F5061700000003, HostId:x";
    let below = "Caused by: com.obs.services.exception.ObsException: Error message:Request Error.OBS service Error Message. -- ResponseCode: 404, ResponseStatus: Not Found, RequestId: A001018B66D1A2C3E4F5061700000005, HostId: x";
    let log = [line, exception, line, exception, below, ""].join("\n").into_bytes();
    let wanted = [(("SlowDown", "503"), 1), (("none", "404"), 1)];
    let wanted: Counts = wanted.map(|((code, status), count)| ((code.to_owned(), status.to_owned()), count)).into();
    assert_eq!(whole(&log), wanted);
    for first in [1, log.len() - below.len(), log.len()] {
        assert_eq!(restarted_from(&log, first), wanted, "from {first} on");
    }
}

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
