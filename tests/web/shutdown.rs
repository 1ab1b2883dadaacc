//! The end: running requests are finished, a last scrape is let through, and nobody can put it off.

use std::net::TcpStream;
use std::time::Duration;

use crate::support::{METRICS, Server, ms};

#[test]
fn a_running_request_is_finished_and_idle_connections_are_closed() {
    let mut server = Server::start();
    let mut idle = server.connect();
    idle.request("GET", "/metrics");
    idle.answer("GET");
    *server.fake.takes.lock().unwrap() = ms(300);
    let mut running = server.connect();
    running.request("GET", "/metrics");
    server.await_running(1);
    server.begin_shutdown();
    idle.closed();
    assert!(TcpStream::connect(server.addrs[0]).is_err(), "it still accepts");
    let answer = running.answer("GET");
    assert_eq!((answer.status, answer.body.as_str()), (200, METRICS));
    running.closed();
    assert!(server.end() < ms(1000));
}

#[test]
fn clients_that_hang_do_not_put_the_end_off() {
    let mut server = Server::start();
    let mut silent = server.connect();
    let mut halfway = server.connect();
    halfway.send("GET /metrics HTTP/1.1\r\nHos");
    // The one after them has been accepted, so they have been too.
    assert_eq!(server.get("/metrics").status, 200);
    let took = server.end();
    assert!(took < ms(2000), "{took:?}");
    silent.closed();
    halfway.closed();
}

#[test]
fn a_backend_that_hangs_puts_the_end_off_no_longer_than_allowed() {
    let mut server = Server::with(|options| options.limits.shutdown_timeout = ms(200));
    *server.fake.takes.lock().unwrap() = Duration::from_secs(3600);
    let mut running = server.connect();
    running.request("GET", "/metrics");
    server.await_running(1);
    let took = server.end();
    assert!((ms(150)..ms(2000)).contains(&took), "{took:?}");
    running.closed();
}

#[test]
fn a_last_scrape_is_let_through_and_ends_the_grace() {
    let mut server = Server::with(|options| options.shutdown_grace = Duration::from_secs(60));
    server.begin_shutdown();
    std::thread::sleep(ms(50));
    for _ in 0..2 {
        assert_eq!(server.get("/-/healthy").status, 200);
    }
    assert_eq!(server.ask("HEAD", "/metrics").status, 200);
    assert_eq!(server.get("/metrics").body, METRICS);
    assert!(server.end() < ms(2000));
}

#[test]
fn a_last_scrape_on_a_kept_connection_is_let_through() {
    let mut server = Server::with(|options| options.shutdown_grace = Duration::from_secs(60));
    let mut client = server.connect();
    client.request("GET", "/metrics");
    client.answer("GET");
    server.begin_shutdown();
    std::thread::sleep(ms(50));
    client.request("GET", "/metrics");
    assert_eq!(client.answer("GET").body, METRICS);
    client.closed();
    assert!(server.end() < ms(2000));
}

#[test]
fn without_a_scrape_the_grace_ends_by_itself() {
    let mut server = Server::with(|options| options.shutdown_grace = ms(200));
    let took = server.end();
    assert!((ms(150)..ms(2000)).contains(&took), "{took:?}");
}
