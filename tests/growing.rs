//! Logs that grow while they are read, in the pieces and at the pace in which something was once counted wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
#[path = "support/drive.rs"]
mod drive;

use drive::{Daemon, counts};
use obs_error_exporter::tail::Behind;
use std::time::Duration;

/// `COUNT CODE STATUS` of a log whose parts come one after the other with a pause behind each.
fn grown(parts: &[&str], pause: Duration) -> Vec<String> {
    let log = parts.concat();
    let mut daemon = Daemon::new();
    let (mut length, mut now) = (0, Duration::ZERO);
    for part in parts {
        length += part.len();
        daemon.show(log.as_bytes(), length, Behind::Nothing);
        for _ in 0..4 {
            now += pause / 4;
            daemon.tick(now);
        }
    }
    let pipeline = daemon.finish(log.as_bytes());
    let counts = counts(&pipeline);
    counts.into_iter().map(|((code, status), count)| format!("{count} {code} {status}")).collect()
}

#[test]
fn a_line_that_the_runtime_has_cut_within_an_id() {
    let parts = [
        "2026-11-22T12:47:06.206345678Z stdout P 2026-11-22T12:50:05.208ZZ [WARN]: http.go:168|Do http request with error: obs: service returned error: Status=404 Not Found, Code=NoSuchKey, Message=m, RequestId=00000839F5C7\n",
        "2026-11-22T12:47:06.206345678Z stdout F B9AA60900772923C4E5D, Indicator=.\n",
    ];
    assert_eq!(grown(&parts, Duration::ZERO), ["1 NoSuchKey 404"]);
    assert_eq!(grown(&parts, Duration::from_secs(20)), ["1 NoSuchKey 404"]);
}

/// The second line of the message brings the id; the one before it was somebody's text.
#[test]
fn an_id_that_turns_out_to_be_part_of_the_message() {
    let parts = [
        "2026-11-22T12:50:05.208ZZ [WARN]: http.go:168|Do http request with error: obs: service returned error: Status=404 Not Found, Code=NoSuchKey, Message=a, RequestId=00000FA15E000000000000000000000F\n",
        "b, RequestId=00000839F5C7B9AA60900772923C4E5D, Indicator=.\n",
        "2026/11/22 12:50:21 ERROR app: obs: service returned error: Status=404 Not Found, Code=NoSuchKey, Message=b, RequestId=00000839F5C7B9AA60900772923C4E5D, Indicator=.\n",
    ];
    assert_eq!(grown(&parts, Duration::ZERO), ["1 NoSuchKey 404"]);
    assert_eq!(grown(&parts, Duration::from_secs(2)), ["1 NoSuchKey 404"]);
}

/// A buffered writer may leave the rest of a block to its next flush.
#[test]
fn a_block_whose_lines_come_slowly() {
    let c = [
        "[2026-11-22 13:08:31.987] [tid:8407] [obs-sdk-c.run] [error] |x-obs-error-code: SlowDown\n",
        "[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |request_finish request_finish status = 0,httpResponseCode = 418\n",
        "[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |Request Id: 0000025BC9C1FFEF20012170D418F7AF\n",
        "[2026-11-22 13:08:31.989] [tid:8407] [obs-sdk-c.run] [warning] |x\n",
    ];
    assert_eq!(grown(&c, Duration::from_secs(20)), ["1 SlowDown 503"], "the status of the log came too late");
    let java = [
        "2026-11-22 12:55:46 754|main|ERROR|HTTP Code:418\n",
        "2026-11-22 12:55:46 754|main|ERROR|Error Code:BadRequest\n",
        "2026-11-22 12:55:46 754|main|ERROR|Request ID:0000025BC9C1FFEF20012170D418F7AF\n",
        "2026-11-22 12:55:46 754|main|ERROR|x\n",
    ];
    assert_eq!(grown(&java, Duration::from_secs(4)), ["1 BadRequest 418"]);
    assert_eq!(grown(&java, Duration::from_secs(20)), ["1 BadRequest 418"]);
}
