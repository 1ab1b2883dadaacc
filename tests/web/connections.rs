//! HTTP/1.1 as it is spoken, and as it is abused: keep-alive, pipelining, smuggling, garbage.

use crate::support::{METRICS, Server};

/// The status lines in what a connection was answered.
fn statuses(answered: &str) -> Vec<&str> {
    let heads = answered.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head.get(..3).unwrap_or("")).collect()
}

#[test]
fn a_connection_is_kept_for_the_next_request() {
    let server = Server::start();
    let mut client = server.connect();
    for _ in 0..3 {
        client.request("GET", "/metrics");
        assert_eq!(client.answer("GET").body, METRICS);
    }
    let closing = "GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    client.send(closing);
    assert!(client.rest().ends_with(METRICS));
    assert!(server.raw("GET /metrics HTTP/1.0\r\n\r\n").ends_with(METRICS));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::start();
    let mut client = server.connect();
    client.send(
        "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\nHEAD / HTTP/1.1\r\nHost: h\r\n\r\n\
         POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello\
         GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\nGET /-/ready HTTP/1.1\r\nHost: h\r\n\r\n",
    );
    let answered: Vec<_> =
        ["GET", "HEAD", "POST", "GET", "GET"].map(|method| client.answer(method).status).into_iter().collect();
    assert_eq!(answered, [200, 200, 405, 404, 200]);
}

#[test]
fn five_hundred_pipelined_requests_are_all_answered() {
    let server = Server::start();
    let mut client = server.connect();
    client.send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n".repeat(500));
    for _ in 0..500 {
        assert_eq!(client.answer("GET").body, METRICS);
    }
}

#[test]
fn a_request_that_a_proxy_could_read_otherwise_is_refused_and_nothing_after_it_is_answered() {
    let server = Server::start();
    let smuggled = "GET /-/ready HTTP/1.1\r\nHost: h\r\n\r\n";
    let heads = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\x0bchunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 6",
        "Content-Length: -1",
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length: 5 5",
        "Content-Length: 99999999999999999999999",
        "Content-Length : 5",
        " Content-Length: 5",
        "X: y\r\n folded: z",
        "X: y\rContent-Length: 5",
        "X: y\0z",
        "Host: other",
    ];
    for head in heads {
        for method in ["POST", "GET"] {
            let request = format!("{method} /metrics HTTP/1.1\r\nHost: h\r\n{head}\r\n\r\n0\r\n\r\n{smuggled}");
            let answered = server.raw(request);
            assert_eq!(statuses(&answered), ["400"], "{head:?}: {answered:?}");
            assert!(answered.to_lowercase().contains("connection: close"), "{head:?}: {answered:?}");
        }
    }
    let two_hosts = "GET /metrics HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n";
    assert!(server.raw(two_hosts).starts_with("HTTP/1.0 400 "));
    assert!(
        server.raw(format!("GET /metrics HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{smuggled}")).contains(" 400 ")
    );
}

#[test]
fn equal_content_lengths_are_one_and_hide_no_request() {
    let server = Server::start();
    let answered = server.raw(
        "POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nGET \
         GET /nowhere HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(statuses(&answered), ["405", "404"], "{answered:?}");
}

#[test]
fn what_is_not_http_is_refused() {
    let server = Server::start();
    let no_host = "GET /metrics HTTP/1.1\r\n\r\n";
    let garbage: [&[u8]; 8] = [
        no_host.as_bytes(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello of a TLS client\r\n\r\n",
        b"GET /metrics\r\n\r\n",
        b"GET /metrics HTTP/3.0\r\nHost: h\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nHost: h\r\n\r\n",
        b"G\0T / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
    ];
    for bytes in garbage {
        let answered = server.raw(bytes);
        assert!(answered.starts_with("HTTP/1.1 400 "), "{:?}: {answered:?}", String::from_utf8_lossy(bytes));
    }
    // The preface of HTTP/2, which is not spoken without TLS.
    assert!(!server.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").contains(" 200 "));
    assert_eq!(server.get("/metrics").status, 200);
}

#[test]
fn a_connect_opens_no_tunnel() {
    let server = Server::start();
    assert_eq!(server.ask("CONNECT", "example.org:443").status, 404);
    let upgrade = "GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n";
    assert!(server.raw(upgrade).starts_with("HTTP/1.1 200 "));
}
