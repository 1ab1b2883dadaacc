//! TLS under the limits of the server.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_error_exporter::web::{Access, Options};

use crate::support::{METRICS, Server, ms};

fn server(change: impl FnOnce(&mut Options)) -> (Server, tempfile::TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.path().join("tls.crt"), signed.cert.pem()).unwrap();
    fs::write(folder.path().join("tls.key"), signed.signing_key.serialize_pem()).unwrap();
    let file = folder.path().join("web.yaml");
    fs::write(&file, "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n").unwrap();
    let server = Server::with(|options| {
        options.access = Some(Arc::new(Access::read(&file).unwrap()));
        change(options);
    });
    (server, folder, signed.cert.der().to_vec())
}

/// A client that has said that it speaks these protocols.
fn client(
    server: &Server,
    certificate: &[u8],
    protocols: &[&[u8]],
) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.to_vec().into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let connection = rustls::ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let stream = TcpStream::connect(server.addrs[0]).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    rustls::StreamOwned::new(connection, stream)
}

/// Everything until the server closes the connection.
fn rest(mut stream: impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut chunk) {
        all.extend_from_slice(&chunk[..read]);
    }
    all
}

#[test]
fn a_handshake_that_hangs_is_cut_off_and_puts_no_end_off() {
    let (mut server, _folder, certificate) = server(|options| options.limits.header_timeout = ms(300));
    let begin = Instant::now();
    let mut silent = server.connect();
    let mut halfway = server.connect();
    halfway.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    silent.closed();
    halfway.rest();
    assert!((ms(250)..ms(3000)).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    // garbage ends it at once
    let mut garbage = server.connect();
    garbage.send(b"\x16garbage garbage garbage garbage");
    garbage.rest();
    // so does the end of the server
    let _hanging = server.connect();
    let mut stream = client(&server, &certificate, &[]);
    std::io::Write::write_all(&mut stream, b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    assert!(String::from_utf8(rest(stream)).unwrap().ends_with(METRICS));
    assert!(server.end() < ms(2000));
}

#[test]
fn five_hundred_handshakes_that_hang_lock_out_no_scrape() {
    let (server, _folder, certificate) = server(|options| options.limits.connections = 64);
    let mut hanging: Vec<_> = (0..500).map(|_| server.connect()).collect();
    let begin = Instant::now();
    for _ in 0..20 {
        let mut stream = client(&server, &certificate, &[]);
        std::io::Write::write_all(&mut stream, b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        assert!(String::from_utf8(rest(stream)).unwrap().ends_with(METRICS));
    }
    assert!(begin.elapsed() < ms(10_000), "{:?}", begin.elapsed());
    hanging.clear();
}

#[test]
fn http_2_that_asks_for_nothing_is_cut_off() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let (server, _folder, certificate) = server(|options| options.limits.header_timeout = ms(300));
    let mut stream = client(&server, &certificate, &[b"h2"]);
    let begin = Instant::now();
    std::io::Write::write_all(&mut stream, PREFACE).unwrap();
    // pings are no requests
    let ping = b"\0\0\x08\x06\0\0\0\0\0pingping";
    while begin.elapsed() < ms(5000) && std::io::Write::write_all(&mut stream, ping).is_ok() {
        std::thread::sleep(ms(20));
    }
    assert!((ms(250)..ms(4000)).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
}
