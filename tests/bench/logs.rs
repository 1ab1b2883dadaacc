//! Logs whose errors are known. The same kind, size and seed give the same bytes.
//!
//! Kinds: `clean` (an application's lines without an error), `errors1` and `errors50` (1 % and 50 % of the lines are
//! error reports of five clients), `cri` (as `errors1`, as a container runtime writes it), `decoys` (an anchor in each
//! line, and no error), `json` (lines of JSON, 1 % errors), `java` (1 % errors with a stack trace of 30 lines each).

use std::collections::BTreeMap;
use std::io::{self, Write};

/// Enough randomness for a log, the same everywhere (xorshift64*, Vigna 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 16) % bound
    }

    fn of<'t, T: ?Sized>(&mut self, choice: &[&'t T]) -> &'t T {
        choice[self.below(choice.len() as u64) as usize]
    }
}

const CODES: [(&str, u16, &str); 8] = [
    ("NoSuchKey", 404, "Not Found"),
    ("AccessDenied", 403, "Forbidden"),
    ("SlowDown", 503, "Service Unavailable"),
    ("InternalError", 500, "Internal Server Error"),
    ("InArrearOrInsufficientBalance", 403, "Forbidden"),
    ("SignatureDoesNotMatch", 403, "Forbidden"),
    ("InvalidArgument", 400, "Bad Request"),
    ("NoSuchBucket", 404, "Not Found"),
];

/// A line of the application, without its end.
type Line = fn(&mut Random, &str) -> String;

/// A report of one response, without its end, whose lines are one event.
type Report = fn(&mut Random, &str, &(&str, u16, &str)) -> String;

fn ordinary(random: &mut Random, time: &str) -> String {
    let (a, b) = (random.next(), random.below(100_000));
    match random.below(8) {
        0 => format!(
            "{time} INFO  [http-nio-8080-exec-{}] c.e.s.web.RequestFilter - GET /api/v1/orders/{b}?page={} 200 {} ms",
            a % 40,
            b % 9,
            a % 900
        ),
        1 => format!(
            "{time} DEBUG [worker-{}] c.e.s.store.Uploader - part {} of upload {a:016x} sent, {b} bytes in {} ms",
            a % 16,
            b % 100,
            a % 300
        ),
        2 => format!(
            "{time} INFO  [scheduler-1] c.e.s.jobs.Cleanup - {b} expired sessions removed, next run in {} s",
            a % 3600
        ),
        3 => format!(
            "{time} WARN  [pool-{}-thread-{}] c.e.s.db.Pool - connection {a:x} was idle for {} ms, closing it",
            a % 4,
            b % 20,
            a % 60_000
        ),
        4 => format!(
            "{time} INFO  [http-nio-8080-exec-{}] c.e.s.auth.Tokens - token for user-{b} renewed until {time}",
            a % 40
        ),
        5 => format!(
            "{time} DEBUG [kafka-consumer-{}] c.e.s.events.Listener - order.created key={a:016x} partition={} offset={b}",
            a % 6,
            b % 12
        ),
        6 => format!(
            "{time} INFO  [worker-{}] c.e.s.store.Uploader - stored reports/2026/11/{b}.parquet ({} bytes)",
            a % 16,
            a % 9_000_000
        ),
        _ => format!(
            "{time} TRACE [http-nio-8080-exec-{}] c.e.s.cart.Prices - price of item {b} is {}.{:02} EUR, cached",
            a % 40,
            a % 500,
            a % 100
        ),
    }
}

/// Words that begin reports of some client, in lines that are none.
fn decoy(random: &mut Random, time: &str) -> String {
    let n = random.next();
    match random.below(6) {
        0 => format!("{time} INFO  [worker-{}] retry policy: errorCode=none attempts={} backoff=200ms", n % 16, n % 9),
        1 => format!("{time} DEBUG [worker-{}] parsed <Code> element of schema version {n:x}", n % 16),
        2 => format!("{time} INFO  [main] docs: 'An error occurred (' begins the message, see page {}", n % 300),
        3 => format!("{time} INFO  [main] mapping \"code\": {} to message {n:x}", n % 100),
        4 => format!("{time} DEBUG [main] Error Code: {} means the job is done", n % 2),
        _ => format!("{time} INFO  [main] counter request_id generated {n:x} so far"),
    }
}

fn json(random: &mut Random, time: &str) -> String {
    let (a, b) = (random.next(), random.below(100_000));
    format!(
        "{{\"time\":\"{time}Z\",\"level\":\"info\",\"logger\":\"shop.orders\",\"msg\":\"order stored\",\"order\":{b},\"user\":\"user-{}\",\"trace\":\"{a:016x}\",\"took_ms\":{}}}",
        a % 5000,
        a % 700
    )
}

fn id(random: &mut Random) -> String {
    format!("{:016X}{:016X}", random.next() >> 20, random.next())
}

fn go(random: &mut Random, time: &str, (code, status, reason): &(&str, u16, &str)) -> String {
    let id = id(random);
    format!(
        "{time} ERROR [worker-{}] upload failed: obs: service returned error: Status={status} {reason}, Code={code}, Message=refused, RequestId={id}",
        random.below(16)
    )
}

fn logfmt(random: &mut Random, time: &str, (code, status, _): &(&str, u16, &str)) -> String {
    let id = id(random);
    format!(
        "{time} ERROR [worker-{}] c.e.s.store.Uploader - upload failed errorCode={code} status={status} requestId={id}",
        random.below(16)
    )
}

fn xml(random: &mut Random, time: &str, (code, status, _): &(&str, u16, &str)) -> String {
    let id = id(random);
    format!(
        "{time} ERROR [worker-{}] PUT answered {status}: <?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>refused</Message><RequestId>{id}</RequestId></Error>",
        random.below(16)
    )
}

fn aws(random: &mut Random, time: &str, (code, status, _): &(&str, u16, &str)) -> String {
    let id = id(random);
    format!(
        "{time} ERROR [worker-{}] com.amazonaws.services.s3.model.AmazonS3Exception: refused (Service: Amazon S3; Status Code: {status}; Error Code: {code}; Request ID: {id}; S3 Extended Request ID: null; Proxy: null)",
        random.below(16)
    )
}

fn boto(random: &mut Random, time: &str, (code, _, _): &(&str, u16, &str)) -> String {
    format!(
        "{time} ERROR [worker-{}] upload failed: An error occurred ({code}) when calling the PutObject operation: refused",
        random.below(16)
    )
}

fn json_error(random: &mut Random, time: &str, (code, status, _): &(&str, u16, &str)) -> String {
    let id = id(random);
    format!(
        "{{\"time\":\"{time}Z\",\"level\":\"error\",\"logger\":\"shop.store\",\"msg\":\"upload failed\",\"error\":{{\"code\":\"{code}\",\"status\":{status},\"request_id\":\"{id}\",\"message\":\"refused\"}}}}"
    )
}

fn traced(random: &mut Random, time: &str, what: &(&str, u16, &str)) -> String {
    let mut event = aws(random, time, what);
    for frame in 0..30 {
        let line = random.below(900);
        event.push_str(&format!("\n\tat com.example.shop.layer{frame}.Handler$Inner.invoke(Handler.java:{line})"));
    }
    event
}

/// A kind of log.
pub struct Kind {
    /// What it is called.
    pub name: &'static str,
    line: Line,
    errors: &'static [Report],
    percent: u64,
    cri: bool,
}

const FIVE: &[Report] = &[go, logfmt, xml, aws, boto];

/// All kinds.
pub const KINDS: [Kind; 7] = [
    Kind { name: "clean", line: ordinary, errors: FIVE, percent: 0, cri: false },
    Kind { name: "errors1", line: ordinary, errors: FIVE, percent: 1, cri: false },
    Kind { name: "errors50", line: ordinary, errors: FIVE, percent: 50, cri: false },
    Kind { name: "cri", line: ordinary, errors: FIVE, percent: 1, cri: true },
    Kind { name: "decoys", line: decoy, errors: FIVE, percent: 0, cri: false },
    Kind { name: "json", line: json, errors: &[json_error], percent: 1, cri: false },
    Kind { name: "java", line: ordinary, errors: &[traced], percent: 1, cri: false },
];

/// How often each code and status has to be counted.
pub type Truth = BTreeMap<(&'static str, u16), u64>;

/// Writes a log of a kind, of so many bytes or a line more.
pub fn write(kind: &Kind, bytes: u64, seed: u64, out: &mut impl Write) -> io::Result<Truth> {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut truth = Truth::new();
    let (mut written, mut millis) = (0, 0_u64);
    while written < bytes {
        millis += random.below(20);
        let (second, minute, hour) = (millis / 1000 % 60, millis / 60_000 % 60, millis / 3_600_000 % 24);
        let time = format!(
            "2026-11-{:02}T{hour:02}:{minute:02}:{second:02}.{:03}",
            1 + millis / 86_400_000 % 28,
            millis % 1000
        );
        let event = if random.below(100) < kind.percent {
            let what = &CODES[random.below(CODES.len() as u64) as usize];
            *truth.entry((what.0, what.1)).or_default() += 1;
            let report = kind.errors[random.below(kind.errors.len() as u64) as usize];
            report(&mut random, &time, what)
        } else {
            (kind.line)(&mut random, &time)
        };
        for line in event.split('\n') {
            let stream = if kind.cri { random.of(&["stdout", "stderr"]) } else { "" };
            let head = if kind.cri { format!("{time}123456Z {stream} F ") } else { String::new() };
            writeln!(out, "{head}{line}")?;
            written += head.len() as u64 + line.len() as u64 + 1;
        }
    }
    out.flush()?;
    Ok(truth)
}
