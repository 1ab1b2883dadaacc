//! What clients may use up, and that the others are answered meanwhile.

use std::fs::File;
use std::io::{Read, Seek};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use obs_error_exporter::web::{Bytes, Options};

use crate::support::{Client, METRICS, Server, ms, until};

#[test]
fn a_head_that_is_too_large_is_431() {
    let server = Server::start();
    let fits = format!("GET /metrics HTTP/1.1\r\nHost: h\r\nX: {}\r\nConnection: close\r\n\r\n", "x".repeat(15_000));
    assert!(server.raw(fits).starts_with("HTTP/1.1 200 "));
    for size in [17_000, 100_000, 1_000_000] {
        let line = format!("GET /metrics HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(size));
        assert!(server.raw(line).starts_with("HTTP/1.1 431 "), "{size}");
        let path = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(size));
        assert!(server.raw(path).starts_with("HTTP/1.1 431 "), "{size}");
    }
    let many = format!("GET /metrics HTTP/1.1\r\nHost: h\r\n{}\r\n", "X: y\r\n".repeat(200));
    assert!(server.raw(many).starts_with("HTTP/1.1 431 "));
    let endless = format!("GET /metrics HTTP/1.1\r\nHost: h\r\nX: {}", "x".repeat(20_000));
    assert!(server.raw(endless).starts_with("HTTP/1.1 431 "));
}

#[test]
fn a_body_that_is_too_large_is_413_and_one_that_is_not_is_ignored() {
    let server = Server::start();
    let post = |length: usize, sent: usize| {
        let head =
            format!("POST /-/reload HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        server.raw(head + &"x".repeat(sent))
    };
    assert!(post(65_536, 65_536).starts_with("HTTP/1.1 403 "));
    // The answer comes although nothing of the body does, and arrives although all of it does.
    for sent in [0, 65_537, 900_000] {
        let answered = post(900_000, sent);
        assert!(answered.starts_with("HTTP/1.1 413 ") && answered.contains("connection: close"), "{answered}");
    }
    // Nor is a client reset that only reads once it has sent everything.
    let mut stubborn = server.connect();
    stubborn.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n");
    for _ in 0..9 {
        std::thread::sleep(ms(5));
        stubborn.send([b'x'; 100_000]);
    }
    assert_eq!(stubborn.answer("POST").status, 413);
    assert!(post(isize::MAX.unsigned_abs(), 10).starts_with("HTTP/1.1 413 "));
    let expecting = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\nExpect: 100-continue\r\n\r\n";
    assert!(server.raw(expecting).starts_with("HTTP/1.1 413 "));
}

#[test]
fn a_client_that_sends_for_ever_is_cut_off() {
    let server = Server::with(|options| options.limits.drain_timeout = ms(300));
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000000\r\n\r\n");
    let begin = Instant::now();
    while client.try_send([b'x'; 65536]) {
        assert!(begin.elapsed() < ms(8000));
    }
}

#[test]
fn a_slow_head_is_cut_off_however_it_trickles() {
    let server = Server::with(|options| options.limits.header_timeout = ms(300));
    let mut silent = server.connect();
    let mut trickling = server.connect();
    let mut second = server.connect();
    second.request("GET", "/metrics");
    second.answer("GET");
    let begin = Instant::now();
    trickling.send("GET /metrics HTTP/1.1\r\nHost: h\r\n");
    second.send("GET /metrics HTTP/1.1\r\n");
    while begin.elapsed() < ms(5000) && trickling.try_send("X: y\r\n") {
        std::thread::sleep(ms(20));
    }
    assert!((ms(250)..ms(2000)).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    silent.closed();
    second.closed();
    assert!(begin.elapsed() < ms(2000), "{:?}", begin.elapsed());
    assert_eq!(server.get("/metrics").status, 200);
}

#[test]
fn an_idle_connection_is_kept_longer_than_a_slow_head_and_not_for_ever() {
    let server = Server::with(|options| {
        options.limits.header_timeout = ms(50);
        options.limits.idle_timeout = ms(400);
    });
    let mut client = server.connect();
    for _ in 0..3 {
        client.request("GET", "/metrics");
        assert_eq!(client.answer("GET").status, 200);
        std::thread::sleep(ms(100));
    }
    let idle = client.closed();
    assert!((ms(150)..ms(2000)).contains(&idle), "{idle:?}");
}

#[test]
fn a_client_that_takes_no_answer_is_cut_off_and_one_that_takes_it_slowly_is_not() {
    let server = Server::with(|options| options.limits.write_timeout = ms(300));
    let large = Bytes::from(vec![b'#'; 24 * 1024 * 1024]);
    *server.fake.body.lock().unwrap() = Ok(large.clone());
    let mut deaf = server.connect();
    deaf.request("GET", "/metrics");
    std::thread::sleep(ms(900));
    assert!(deaf.rest().len() < large.len(), "it was not cut off");

    let mut slow = server.connect();
    slow.send("GET /metrics HTTP/1.0\r\n\r\n");
    let begin = Instant::now();
    assert!(slow.rest_with_pauses(ms(10)).len() > large.len());
    assert!(begin.elapsed() > ms(600), "it was not slow: {:?}", begin.elapsed());
}

#[test]
fn scrapes_take_turns_and_the_health_does_not_wait_for_them() {
    let server = Server::with(|options| options.limits.max_requests = 3);
    *server.fake.takes.lock().unwrap() = ms(100);
    let mut clients: Vec<Client> = (0..9).map(|_| server.connect()).collect();
    clients.iter_mut().for_each(|client| client.request("GET", "/metrics"));
    server.await_running(3);
    assert_eq!(server.get("/-/healthy").status, 200);
    assert!(server.fake.running.load(Ordering::SeqCst) > 0, "the health has waited for the scrapes");
    for client in &mut clients {
        assert_eq!(client.answer("GET").body, METRICS);
    }
    assert_eq!(server.fake.most_running.load(Ordering::SeqCst), 3);
}

#[test]
fn a_scrape_that_waits_too_long_for_its_turn_is_503() {
    let server = Server::with(|options| {
        options.limits.max_requests = 1;
        options.limits.queue_timeout = ms(50);
    });
    *server.fake.takes.lock().unwrap() = ms(1500);
    let mut first = server.connect();
    first.request("GET", "/metrics");
    server.await_running(1);
    let second = server.get("/metrics");
    assert_eq!((second.status, second.header("Retry-After")), (503, Some("5")));
    assert_eq!(second.body, "too many requests at the same time\n");
    assert_eq!(first.answer("GET").status, 200);
}

#[test]
fn a_scrape_whose_client_has_gone_gives_its_turn_back() {
    let server = Server::with(|options| options.limits.max_requests = 1);
    *server.fake.takes.lock().unwrap() = Duration::from_secs(3600);
    let mut gone = server.connect();
    gone.request("GET", "/metrics");
    server.await_running(1);
    *server.fake.takes.lock().unwrap() = Duration::ZERO;
    drop(gone);
    assert_eq!(server.get("/metrics").status, 200);
}

#[test]
fn a_backend_that_hangs_is_503_and_no_limit_is_no_limit() {
    let server = Server::with(|options| {
        options.limits.max_requests = 0;
        options.limits.answer_timeout = ms(50);
    });
    *server.fake.takes.lock().unwrap() = Duration::from_secs(3600);
    let answer = server.get("/metrics");
    assert_eq!((answer.status, answer.body.as_str()), (503, "the answer was not ready in time\n"));
    assert_eq!(server.get("/-/healthy").status, 200);
}

/// Clients that take what connections they can get, in four ways, and keep them.
fn hang(server: &Server, count: usize) -> Vec<Client> {
    let hanging = (0..count).map(|i| {
        let mut client = server.connect();
        match i % 4 {
            0 => {}
            1 => client.send("GET /metr"),
            2 => client.send("GET /metrics HTTP/1.1\r\nHost: h\r\nX: "),
            _ => client.request("GET", "/-/healthy"),
        }
        client
    });
    hanging.collect()
}

#[test]
fn five_hundred_hanging_connections_lock_out_no_scrape() {
    // Fewer than hang, so that each scrape displaces one, and the descriptors of a plain shell are enough for the test.
    let server = Server::with(|options| options.limits.connections = 64);
    let mut hanging = hang(&server, 500);

    let begin = Instant::now();
    assert_eq!(server.get("/metrics").body, METRICS);
    let one = begin.elapsed();
    assert!(one < ms(1000), "a scrape took {one:?}");

    *server.fake.takes.lock().unwrap() = ms(5);
    let begin = Instant::now();
    let mut scrapes: Vec<Client> = (0..200).map(|_| server.connect()).collect();
    scrapes.iter_mut().for_each(|scrape| scrape.request("GET", "/metrics"));
    for scrape in &mut scrapes {
        let answer = scrape.answer("GET");
        assert_eq!((answer.status, answer.body.as_str()), (200, METRICS));
    }
    assert!(begin.elapsed() < ms(10_000), "200 scrapes took {:?}", begin.elapsed());
    assert_eq!(server.notices().len(), 1, "{:?}", server.notices());
    assert!(server.notices()[0].starts_with("all 64 connections are in use"));
    hanging.clear();
}

#[test]
fn the_connection_that_did_something_last_is_displaced_last() {
    let server = Server::with(|options| {
        options.limits.connections = 3;
        options.limits.newcomer = ms(1);
    });
    let mut clients: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.request("GET", "/metrics");
        client.answer("GET");
        std::thread::sleep(ms(5));
    }
    clients[0].request("GET", "/metrics");
    clients[0].answer("GET");
    assert_eq!(server.get("/metrics").status, 200);
    clients[1].closed();
    for kept in [0, 2] {
        clients[kept].request("GET", "/metrics");
        assert_eq!(clients[kept].answer("GET").status, 200);
    }
}

#[test]
fn a_request_that_is_being_answered_is_never_displaced() {
    let server = Server::with(|options| options.limits.connections = 2);
    *server.fake.takes.lock().unwrap() = ms(400);
    let mut running: Vec<Client> = (0..2).map(|_| server.connect()).collect();
    running.iter_mut().for_each(|client| client.request("GET", "/metrics"));
    server.await_running(2);
    // Waits in the backlog of the kernel until one of the two is done.
    assert_eq!(server.get("/-/healthy").status, 200);
    for client in &mut running {
        assert_eq!(client.answer("GET").body, METRICS);
    }
}

#[test]
fn a_newcomer_has_time_to_send_its_request() {
    let server = Server::with(|options| {
        options.limits.connections = 1;
        options.limits.newcomer = Duration::from_secs(60);
    });
    let mut newcomer = server.connect();
    newcomer.send("GET /metrics HTTP/1.1\r\n");
    let mut next = server.connect();
    next.request("GET", "/metrics");
    std::thread::sleep(ms(100));
    newcomer.send("Host: h\r\n\r\n");
    assert_eq!(newcomer.answer("GET").status, 200);
    assert_eq!(next.answer("GET").status, 200);
}

/// Runs alone in a process of its own, because it takes all its descriptors.
#[test]
fn accepting_recovers_from_the_lack_of_descriptors() {
    const ALONE: &str = "WEB_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        let name = "limits::accepting_recovers_from_the_lack_of_descriptors";
        let output = alone.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        return;
    }
    let limit = rustix::process::Rlimit { current: Some(64), maximum: Some(64) };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
    assert_eq!(Options::default().limits.connections, 16);

    let server = Server::with(|options| {
        options.limits.connections = 1000;
        // Otherwise it would help itself by closing an idle connection.
        options.limits.newcomer = Duration::from_secs(3600);
    });
    // Once it answers it has the descriptors that it cannot do without.
    assert_eq!(server.get("/metrics").status, 200);
    // Opened now, because soon no file can be.
    let mut stat = File::open("/proc/self/stat").unwrap();
    let mut hoard = Vec::new();
    let mut clients = Vec::new();
    until(|| {
        // The only descriptor that is left becomes a client, so there is none for the server's side.
        hoard.extend(std::iter::from_fn(|| File::open("/dev/null").ok()));
        hoard.pop();
        clients.extend(TcpStream::connect(server.addrs[0]));
        !server.notices().is_empty()
    });
    let before = cpu_time(&mut stat);
    std::thread::sleep(ms(300));
    assert!(cpu_time(&mut stat) - before < ms(150), "accepting spins");
    assert_eq!(server.notices().len(), 1);
    drop(hoard);
    until(|| server.notices().len() == 2);
    assert_eq!(server.get("/metrics").status, 200);
    let notices = server.notices();
    assert!(notices[0].starts_with("cannot accept connections, trying again: "), "{notices:?}");
    assert_eq!(notices[1], "connections are accepted again");
}

/// The time that this process has computed, from `/proc/self/stat`.
fn cpu_time(stat: &mut File) -> Duration {
    let mut text = String::new();
    stat.rewind().unwrap();
    stat.read_to_string(&mut text).unwrap();
    // After the name in brackets, user and system time are the 12th and 13th field, in hundredths of a second.
    let fields = text.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2);
    ms(fields.map(|field| field.parse::<u64>().unwrap()).sum::<u64>() * 10)
}
