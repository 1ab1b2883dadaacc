//! Serves what it is handed over HTTP: it knows requests, sockets and limits, and nothing of files or of OBS.
//! What is shown to people it has from [`view`](crate::view).
//!
//! A request goes this way: `address` binds the sockets, `server` accepts connections and asks the [`Backend`],
//! `drive` speaks TLS and HTTP on each, `connection` keeps count of the connections and says which of them has waited too
//! long, `access` knows who may ask, and `routes` decides, as pure functions from the request's head and the backend's answer, what is sent. [`healthcheck`] is the other
//! side: the client behind the command of that name.

mod access;
mod address;
mod api;
mod connection;
mod drive;
pub mod healthcheck;
mod language;
mod negotiate;
mod options;
mod pinned;
mod routes;
mod server;
mod signatures;

use std::future::Future;
use std::{fmt, io};

pub use access::{Access, AccessError};
pub use address::{Bound, ListenAddress};
pub use hyper::body::Bytes;
pub use negotiate::Exposition;
pub use options::{Limits, Options, TelemetryPath};
pub use server::serve;

use crate::view::View;

/// What the server asks of the program that it serves.
pub trait Backend: Send + Sync + 'static {
    /// Commits what has changed and renders the committed values in the form that the client has asked for.
    ///
    /// Expected to answer within about two seconds; the server gives up after [`Limits::answer_timeout`]. The future
    /// is dropped when the client goes away, so work that must be finished must not depend on it being polled.
    fn metrics(&self, exposition: Exposition) -> impl Future<Output = Result<Bytes, Unavailable>> + Send;

    /// The alert rules that a query asks for, as YAML; the query is what stands behind the `?`, undecoded.
    fn rules(&self, query: &str) -> Result<Bytes, BadRequest>;

    /// What there is to be shown to people, with so many files at most.
    fn view(&self, files: usize) -> impl Future<Output = Result<View, Unavailable>> + Send;

    /// Whether the process works.
    fn healthy(&self) -> bool;

    /// Whether everything that was there at start has been taken in.
    fn ready(&self) -> bool;

    /// Takes up the configuration anew. Only called when [`Options::enable_lifecycle`] is set.
    fn reload(&self) -> impl Future<Output = Result<(), ReloadRefused>> + Send;

    /// Is told of a change in the state of the server, for the log: once for each change, not for each request.
    fn notice(&self, _notice: &Notice) {}
}

/// The metrics cannot be had now; clients get 503 with this reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(
    /// The reason in one line, fit to be shown to a client.
    pub String,
);

/// Something was asked for that there is not; clients get 400 with this reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRequest(
    /// The reason in one line, fit to be shown to a client.
    pub String,
);

/// A new configuration was refused and the old one goes on; clients get 500 with this reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReloadRefused(
    /// The reason, fit to be shown to a client.
    pub String,
);

/// A change in the state of the server that an operator wants to find in the log.
#[derive(Debug)]
pub enum Notice {
    /// Connections cannot be accepted for the moment; the server goes on trying.
    AcceptFailing(io::Error),
    /// Connections are accepted again after [`Notice::AcceptFailing`].
    AcceptRecovered,
    /// All connections are taken, this many; from now on a new one displaces the one that has been idle for longest.
    Full(usize),
    /// The web configuration or a file that it names has changed, and was taken up.
    AccessRenewed,
    /// It has changed, and cannot be used: what it said before holds.
    AccessRefused(AccessError),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AcceptFailing(error) => write!(f, "cannot accept connections, trying again: {error}"),
            Self::AcceptRecovered => f.write_str("connections are accepted again"),
            Self::AccessRenewed => f.write_str("web configuration was read anew"),
            Self::AccessRefused(error) => {
                write!(f, "web configuration cannot be used, the one before goes on: {error}")
            }
            Self::Full(most) => {
                write!(f, "all {most} connections are in use, a new one now closes the one idle for longest")
            }
        }
    }
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// A listen address is not written as one.
    #[error("{given:?} is not a listen address: {reason}")]
    Address {
        /// The address as it was given.
        given: String,
        /// What is wrong with it, and how it should look.
        reason: &'static str,
    },
    /// The telemetry path cannot be served.
    #[error("{given:?} is not a path for the metrics: {reason}")]
    TelemetryPath {
        /// The path as it was given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No address to listen on was given.
    #[error("no address to listen on was given")]
    NoAddress,
    /// The host name of a listen address has no address.
    #[error("cannot listen on {address}: the host name cannot be resolved")]
    Resolve {
        /// The listen address.
        address: ListenAddress,
        /// What the resolver said.
        source: io::Error,
    },
    /// Another socket has the address.
    #[error(
        "cannot listen on {address}: the address is already in use; stop the process that listens there or choose \
         another address with --web.listen-address"
    )]
    InUse {
        /// The listen address.
        address: ListenAddress,
        /// What the system said.
        source: io::Error,
    },
    /// A listen address cannot be bound for another reason.
    #[error("cannot listen on {address}: {hint}")]
    Bind {
        /// The listen address.
        address: ListenAddress,
        /// What the failure means.
        hint: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A bound socket cannot be handed to the async runtime.
    #[error("cannot wait for connections")]
    Runtime {
        /// What the system said.
        source: io::Error,
    },
}
