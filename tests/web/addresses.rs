//! Binding, and the client that asks whether a server is ready.

use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::Instant;

use obs_error_exporter::web::healthcheck::Target;
use obs_error_exporter::web::{Bound, ListenAddress, Options, WebError};

use crate::support::{Client, METRICS, Server, ms};

fn refused(addresses: &[&str]) -> String {
    let addresses: Vec<ListenAddress> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Bound::bind(&addresses).unwrap_err().to_string()
}

#[test]
fn all_interfaces_means_ipv4_too_and_ipv6_where_there_is_any() {
    let server = Server::on(&[":0"], Options::default());
    let port = server.addrs[0].port();
    let ask = |addr: &str| {
        let mut client = Client::connect(format!("{addr}:{port}").parse().unwrap());
        client.request("GET", "/metrics");
        client.answer("GET").body
    };
    assert_eq!(ask("127.0.0.1"), METRICS);
    if TcpListener::bind("[::1]:0").is_ok() {
        assert_eq!(ask("[::1]"), METRICS);
    }
}

#[test]
fn several_addresses_are_served_at_once() {
    let server = Server::on(&["127.0.0.1:0", "127.0.0.1:0", "localhost:0"], Options::default());
    assert_eq!(server.addrs.len(), 3);
    for addr in &server.addrs {
        assert_ne!(addr.port(), 0);
        for _ in 0..3 {
            let mut client = Client::connect(*addr);
            client.request("GET", "/-/healthy");
            assert_eq!(client.answer("GET").status, 200);
        }
    }
}

#[test]
fn an_address_in_use_is_named_with_what_to_do() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let said = refused(&["127.0.0.1:0", &taken]);
    assert!(said.contains(&format!("cannot listen on {taken}: the address is already in use")), "{said}");
    assert!(said.contains("--web.listen-address"), "{said}");

    let all = format!(":{}", holder.local_addr().unwrap().port());
    let said = refused(&[&all]);
    assert!(said.contains(&format!("cannot listen on {all}: the address is already in use")), "{said}");
}

#[test]
fn an_address_of_another_machine_or_of_none_is_refused() {
    assert!(refused(&["192.0.2.1:0"]).contains("no network interface of this machine"));
    assert!(refused(&["no-such-host.invalid:0"]).contains("cannot be resolved"));
    assert!(matches!(Bound::bind(&[]), Err(WebError::NoAddress)));
}

#[test]
fn a_port_can_be_taken_again_at_once() {
    let mut first = Server::start();
    let addr = first.addrs[0];
    // The server closes first, so its side of the connection stays in TIME_WAIT.
    first.raw("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    first.end();
    let second = Server::on(&[&addr.to_string()], Options::default());
    assert_eq!(second.get("/metrics").status, 200);
}

#[test]
fn the_healthcheck_tells_ready_from_unready_and_from_absent() {
    let mut server = Server::start();
    let addr = server.addrs[0];
    let by_url: Target = format!("http://{addr}").parse().unwrap();
    let by_address = Target::from(format!(":{}", addr.port()).parse::<ListenAddress>().unwrap());
    for target in [&by_url, &by_address] {
        server.fake.ready.store(true, Ordering::SeqCst);
        target.check(ms(5000)).unwrap();
        server.fake.ready.store(false, Ordering::SeqCst);
        let said = target.check(ms(5000)).unwrap_err().to_string();
        assert!(said.contains("answers 503: not ready: "), "{said}");
    }
    server.end();
    let said = by_address.check(ms(5000)).unwrap_err().to_string();
    assert_eq!(said, format!("the server on :{} cannot be reached", addr.port()));
}

#[test]
fn the_healthcheck_does_not_wait_for_ever() {
    // Accepts in the kernel's backlog and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let target: Target = format!("http://{}", silent.local_addr().unwrap()).parse().unwrap();
    let begin = Instant::now();
    assert!(target.check(ms(100)).is_err());
    assert!(begin.elapsed() < ms(2000), "{:?}", begin.elapsed());
}
