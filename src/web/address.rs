//! Listen addresses: how they are written, and binding them.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::str::FromStr;

use socket2::{Domain, Protocol, Socket, Type};

use super::WebError;

/// Connections that may wait to be accepted; the kernel cuts it down to `net.core.somaxconn`.
const BACKLOG: i32 = 1024;

/// An address to listen on: `:19765` for all interfaces, `127.0.0.1:19765`, `[::1]:19765` or `host:19765`; port 0
/// leaves the choice to the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// Every interface, IPv6 and IPv4.
    All,
    Ip(IpAddr),
    Name(String),
}

impl FromStr for ListenAddress {
    type Err = WebError;

    fn from_str(given: &str) -> Result<Self, WebError> {
        let wrong = |reason| WebError::Address { given: given.to_owned(), reason };
        let Some((host, port)) = given.rsplit_once(':') else {
            return Err(wrong("the port is missing; write :19765 for all interfaces, or 127.0.0.1:19765"));
        };
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits).ok_or_else(|| wrong("the port is not a number up to 65535"))?;
        Ok(Self { host: Host::parse(host).map_err(wrong)?, port })
    }
}

impl Host {
    fn parse(host: &str) -> Result<Self, &'static str> {
        if host.is_empty() {
            return Ok(Self::All);
        }
        if let Some(inner) = host.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or("the bracket is not closed")?;
            return inner.parse().map(|ip| Self::Ip(IpAddr::V6(ip))).map_err(|_| "no IPv6 address in the brackets");
        }
        if host.contains("//") {
            return Err("it is written without a scheme, as in localhost:19765");
        }
        if host.contains(':') {
            return Err("an IPv6 address must stand in brackets, as in [::1]:19765");
        }
        if let Ok(ip) = host.parse() {
            return Ok(Self::Ip(IpAddr::V4(ip)));
        }
        let numeric = host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if numeric || !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)) {
            return Err("the part before the port is neither an IP address nor a host name");
        }
        Ok(Self::Name(host.to_owned()))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::All => write!(f, ":{}", self.port),
            Host::Ip(ip) => write!(f, "{}", SocketAddr::new(*ip, self.port)),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

impl ListenAddress {
    /// The addresses under which a program on this machine reaches a server that listens here, the likelier one first.
    pub(super) fn dial(&self) -> io::Result<Vec<SocketAddr>> {
        let local = |ips: &[IpAddr]| ips.iter().map(|ip| SocketAddr::new(*ip, self.port)).collect();
        let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
        match &self.host {
            Host::All => Ok(local(&[v4, v6])),
            // [::] takes IPv4 too, see `listen`.
            Host::Ip(IpAddr::V6(ip)) if ip.is_unspecified() => Ok(local(&[v6, v4])),
            Host::Ip(IpAddr::V4(ip)) if ip.is_unspecified() => Ok(local(&[v4])),
            Host::Ip(ip) => Ok(local(&[*ip])),
            Host::Name(name) => Ok((name.as_str(), self.port).to_socket_addrs()?.collect()),
        }
    }

    fn bind(&self) -> Result<TcpListener, WebError> {
        let bound = match &self.host {
            Host::All => self.bind_all(),
            Host::Ip(ip) => listen(SocketAddr::new(*ip, self.port)),
            Host::Name(name) => {
                let resolved = (name.as_str(), self.port).to_socket_addrs();
                let found = resolved.and_then(|mut addrs| addrs.next().ok_or_else(|| ErrorKind::NotFound.into()));
                let addr = found.map_err(|source| WebError::Resolve { address: self.clone(), source })?;
                listen(addr)
            }
        };
        bound.map_err(|source| self.explain(source))
    }

    /// One socket for IPv6 and IPv4, or only IPv4 where the kernel has no IPv6.
    fn bind_all(&self) -> io::Result<TcpListener> {
        match listen((Ipv6Addr::UNSPECIFIED, self.port).into()) {
            Err(error) if !matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => {
                listen((Ipv4Addr::UNSPECIFIED, self.port).into())
            }
            bound => bound,
        }
    }

    fn explain(&self, source: io::Error) -> WebError {
        let address = self.clone();
        let hint = match source.kind() {
            ErrorKind::AddrInUse => return WebError::InUse { address, source },
            ErrorKind::PermissionDenied => "this process may not use the port (ports below 1024 need a privilege)",
            ErrorKind::AddrNotAvailable => "no network interface of this machine has this address",
            _ => "the system refuses",
        };
        WebError::Bind { address, hint, source }
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the connections of the process before to be forgotten by the kernel.
    socket.set_reuse_address(true)?;
    if addr.is_ipv6() && addr.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Listening sockets. The kernel lets clients connect from now on; they are answered once [`serve`](super::serve) runs.
#[derive(Debug)]
pub struct Bound {
    pub(super) listeners: Vec<TcpListener>,
    addrs: Vec<SocketAddr>,
}

impl Bound {
    /// Binds every address, or none. Needs no async runtime, so that a program can find out that its port is taken
    /// before it starts anything.
    ///
    /// # Errors
    /// The address that cannot be bound, and why.
    pub fn bind(addresses: &[ListenAddress]) -> Result<Self, WebError> {
        Self::inherit(addresses.iter().map(ListenAddress::bind).collect::<Result<_, _>>()?)
    }

    /// Takes over sockets that listen already.
    ///
    /// # Errors
    /// When there are none, or the system cannot say where they listen.
    pub fn inherit(listeners: Vec<TcpListener>) -> Result<Self, WebError> {
        if listeners.is_empty() {
            return Err(WebError::NoAddress);
        }
        let addrs = listeners.iter().map(|listener| {
            listener.set_nonblocking(true)?;
            listener.local_addr()
        });
        let addrs = addrs.collect::<io::Result<_>>().map_err(|source| WebError::Runtime { source })?;
        Ok(Self { listeners, addrs })
    }

    /// The addresses that are listened on, in the order in which they were given, with the ports that the kernel chose.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_read_as_prometheus_writes_them() {
        for good in [":19765", "127.0.0.1:0", "[::1]:9", "[::]:80", "localhost:19765", "my-host.example:1"] {
            assert_eq!(good.parse::<ListenAddress>().unwrap().to_string(), good);
        }
    }

    #[test]
    fn a_wrong_address_is_named_with_the_reason() {
        for (bad, reason) in [
            ("19765", "the port is missing"),
            ("", "the port is missing"),
            ("localhost:", "not a number"),
            (":http", "not a number"),
            (":+1", "not a number"),
            (":65536", "not a number"),
            ("::1:9", "in brackets"),
            ("[::1:9", "bracket is not closed"),
            ("[fe80::x]:9", "no IPv6 address"),
            ("300.0.0.1:9", "neither an IP address"),
            ("http://localhost:9", "scheme"),
            ("a b:9", "neither an IP address"),
        ] {
            let said = bad.parse::<ListenAddress>().unwrap_err().to_string();
            assert!(said.contains(reason) && said.contains(&format!("{bad:?}")), "{bad}: {said}");
        }
    }

    #[test]
    fn a_server_on_all_interfaces_is_reached_over_the_loopback() {
        let dial = |address: &str| address.parse::<ListenAddress>().unwrap().dial().unwrap();
        assert_eq!(dial(":9"), ["127.0.0.1:9".parse().unwrap(), "[::1]:9".parse().unwrap()]);
        assert_eq!(dial("0.0.0.0:9"), ["127.0.0.1:9".parse().unwrap()]);
        assert_eq!(dial("10.1.2.3:9"), ["10.1.2.3:9".parse().unwrap()]);
    }
}
