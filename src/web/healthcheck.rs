//! A client that asks a running server one thing: whether it is ready. Blocking, and without an HTTP library, because
//! it runs alone in a process that does nothing else. Over TLS it takes the server's own certificate and no other.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::{ListenAddress, pinned};

/// Bytes of an answer that are looked at.
const MOST: usize = 8192;

/// The server to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    place: Place,
    path: String,
    /// The URL says https.
    https: bool,
    /// TLS is spoken, with the server that has this certificate.
    certificate: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// `host:port` of a URL.
    Authority(String),
    /// What the server was told to listen on.
    Listening(ListenAddress),
}

/// Why the server is not known to be ready.
#[derive(Debug, thiserror::Error)]
pub enum Unready {
    /// It answers, and says no.
    #[error("{target} answers {status}: {reason}")]
    Said {
        /// Who was asked.
        target: Target,
        /// The HTTP status.
        status: u16,
        /// The first line of the answer.
        reason: String,
    },
    /// Something answers that does not speak HTTP.
    #[error("{target} answers, but not in HTTP")]
    NotHttp {
        /// Who was asked.
        target: Target,
    },
    /// Nobody answers.
    #[error("{target} cannot be reached")]
    Unreachable {
        /// Who was asked.
        target: Target,
        /// What the system said.
        source: io::Error,
    },
    /// TLS is spoken there, and it is not known with whom.
    #[error("{target} cannot be trusted; name the file that the daemon has with --web.config.file")]
    Unknown {
        /// Who was to be asked.
        target: Target,
    },
    /// The URL is not one that can be asked.
    #[error("{given:?} is not a URL that can be asked: {reason}")]
    Url {
        /// The URL as it was given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl FromStr for Target {
    type Err = Unready;

    /// Takes `http://host[:port][/prefix]`, or https; `/-/ready` is put after it unless it ends so.
    fn from_str(given: &str) -> Result<Self, Unready> {
        let wrong = |reason| Unready::Url { given: given.to_owned(), reason };
        let (https, rest) = match (given.strip_prefix("http://"), given.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(wrong("it must begin with http:// or https://")),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.is_empty() || authority.contains(['@', '?', '#']) {
            return Err(wrong("a host, or host:port, must come after the scheme"));
        }
        if path.contains(['?', '#']) || !path.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(wrong("the path holds characters that it cannot have"));
        }
        let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
        let authority = match port {
            None => format!("{authority}:{}", if https { 443 } else { 80 }),
            Some(port) if port.parse::<u16>().is_ok() => authority.to_owned(),
            Some(_) => return Err(wrong("the port is not a number up to 65535")),
        };
        let prefix = path.strip_suffix("/-/ready").unwrap_or(path).trim_end_matches('/');
        Ok(Self { place: Place::Authority(authority), path: format!("{prefix}/-/ready"), https, certificate: None })
    }
}

impl From<ListenAddress> for Target {
    /// The server on this machine that listens on the address.
    fn from(address: ListenAddress) -> Self {
        Self { place: Place::Listening(address), path: "/-/ready".to_owned(), https: false, certificate: None }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Authority(authority) => {
                write!(f, "http{}://{authority}{}", if self.https { "s" } else { "" }, self.path)
            }
            Place::Listening(address) => write!(f, "the server on {address}"),
        }
    }
}

impl Target {
    /// The same server, which speaks TLS and has this certificate.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Vec<u8>) -> Self {
        self.https |= matches!(self.place, Place::Listening(_));
        self.certificate = Some(certificate).filter(|_| self.https);
        self
    }

    /// Asks whether the server is ready, taking no longer than `patience` (the resolution of a host name aside).
    ///
    /// # Errors
    /// The server is not ready or cannot be asked; the error says which and why.
    pub fn check(&self, patience: Duration) -> Result<(), Unready> {
        let deadline = Instant::now() + patience;
        let target = || self.clone();
        if self.https && self.certificate.is_none() {
            return Err(Unready::Unknown { target: target() });
        }
        let answer = self.ask(deadline).map_err(|source| Unready::Unreachable { target: target(), source })?;
        let (status, reason) = parse(&answer).ok_or_else(|| Unready::NotHttp { target: target() })?;
        if status == 200 { Ok(()) } else { Err(Unready::Said { target: target(), status, reason }) }
    }

    fn addrs(&self) -> io::Result<Vec<SocketAddr>> {
        match &self.place {
            Place::Authority(authority) => Ok(authority.to_socket_addrs()?.collect()),
            Place::Listening(address) => address.dial(),
        }
    }

    fn ask(&self, deadline: Instant) -> io::Result<Vec<u8>> {
        let stream = Timed { stream: self.connect(deadline)?, deadline };
        match &self.certificate {
            None => self.exchange(stream),
            Some(certificate) => self.exchange(pinned::client(certificate, stream)?),
        }
    }

    fn exchange(&self, mut stream: impl Read + Write) -> io::Result<Vec<u8>> {
        let host = match &self.place {
            Place::Authority(authority) => authority.as_str(),
            Place::Listening(_) => "localhost",
        };
        stream
            .write_all(format!("GET {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", self.path).as_bytes())?;
        let mut answer = Vec::new();
        let mut chunk = [0; 1024];
        while answer.len() < MOST {
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => answer.extend_from_slice(&chunk[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // a server need not say over TLS that it has nothing more to say
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            }
        }
        Ok(answer)
    }

    fn connect(&self, deadline: Instant) -> io::Result<TcpStream> {
        let mut last = ErrorKind::NotFound.into();
        for addr in self.addrs()? {
            match TcpStream::connect_timeout(&addr, left(deadline)?) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// A stream that is given up at a deadline.
struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        self.stream.read(buf).map_err(in_time)
    }
}

impl Write for Timed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.deadline)?))?;
        self.stream.write(buf).map_err(in_time)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// What a socket timeout is called differs between systems.
fn in_time(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
}

/// The time that is left, or that there is none.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// The status of an HTTP answer and the first line of its body.
fn parse(answer: &[u8]) -> Option<(u16, String)> {
    let answer = String::from_utf8_lossy(answer);
    let status = answer.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.split('\r').next()?.parse().ok()?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let reason = body.lines().next().unwrap_or("").chars().filter(|c| !c.is_control()).take(200).collect();
    Some((status, reason))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_url_names_the_server_with_or_without_the_path() {
        for (given, asked) in [
            ("http://localhost:19765", "http://localhost:19765/-/ready"),
            ("http://localhost:19765/", "http://localhost:19765/-/ready"),
            ("http://localhost/obs/-/ready", "http://localhost:80/obs/-/ready"),
            ("http://[::1]:9/a/", "http://[::1]:9/a/-/ready"),
            ("http://[::1]", "http://[::1]:80/-/ready"),
            ("https://h", "https://h:443/-/ready"),
        ] {
            assert_eq!(given.parse::<Target>().unwrap().to_string(), asked);
        }
        for (bad, reason) in [
            ("localhost:9", "begin with http:// or https://"),
            ("ftp://h", "begin with http:// or https://"),
            ("http://", "a host"),
            ("http://user@h", "a host"),
            ("http://h:x", "port"),
            ("http://h:9/a b\r\n", "characters"),
        ] {
            let said = bad.parse::<Target>().unwrap_err().to_string();
            assert!(said.contains(reason), "{bad}: {said}");
        }
    }

    #[test]
    fn an_answer_is_read_for_its_status_and_first_line() {
        let said = parse(b"HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nnot ready: reading\nmore");
        assert_eq!(said, Some((503, "not ready: reading".to_owned())));
        assert_eq!(parse(b"HTTP/1.1 200\r\n\r\n"), Some((200, String::new())));
        assert_eq!(parse(b"SSH-2.0-x\r\n"), None);
        assert_eq!(parse(b""), None);
    }
}
