//! As much of an HTTP client as tests need.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer takes; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let (status, _, body) = ask(address, "GET", path, "")?;
    Ok((status, body))
}

/// Status, headers and body. `headers` are lines that end with CR LF.
pub fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> io::Result<(u16, String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {address}\r\n{headers}\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    Ok((status, head.to_owned(), body.to_owned()))
}
