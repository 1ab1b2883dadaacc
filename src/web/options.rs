//! What can be chosen about the server.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use hyper::http::uri::PathAndQuery;
use rustix::process::{Resource, getrlimit};

use super::{Access, WebError, routes};

/// What is served, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the metrics are (`--web.telemetry-path`).
    pub telemetry_path: TelemetryPath,
    /// Whether `POST /-/reload` is allowed (`--web.enable-lifecycle`).
    pub enable_lifecycle: bool,
    /// TLS, passwords and headers (`--web.config.file`).
    pub access: Option<Arc<Access>>,
    /// What clients may use up.
    pub limits: Limits,
    /// How long connections are still accepted after the shutdown was asked for, so that the last values are scraped;
    /// ends early when a scrape has been answered. Zero by default.
    pub shutdown_grace: Duration,
}

/// What clients may use up. None of these is a promise to a client: they keep the rest of the process working.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Scrapes that are answered at the same time (`--web.max-requests`); 0 for no limit.
    pub max_requests: usize,
    /// How long a scrape waits for its turn before it gets 503.
    pub queue_timeout: Duration,
    /// How long the backend may take for an answer before the client gets 503.
    pub answer_timeout: Duration,
    /// Connections that are open at the same time; when one more comes, the one that has been idle for longest goes.
    pub connections: usize,
    /// How long a new connection is safe from being displaced: the time that its request needs to arrive. Longer is
    /// kinder to distant clients, shorter lets a scrape through a thicker crowd of hanging ones.
    pub newcomer: Duration,
    /// How long a client may take for the head of a request, from its first byte or, the first time, from connecting.
    pub header_timeout: Duration,
    /// Size of the head of a request, in bytes; at least 8 KiB.
    pub header_bytes: usize,
    /// Size of the body of a request, in bytes. No route takes one, so bodies are refused by it or ignored.
    pub body_bytes: u64,
    /// How long a kept-alive connection may wait for its next request.
    pub idle_timeout: Duration,
    /// How long a client may take no byte of its answer.
    pub write_timeout: Duration,
    /// How long what a refused client still sends is thrown away, so that it sees the answer and not a reset.
    pub drain_timeout: Duration,
    /// How long running requests are waited for at shutdown, after the grace.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_requests: 40,
            queue_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(10),
            connections: default_connections(),
            newcomer: Duration::from_millis(50),
            header_timeout: Duration::from_secs(10),
            header_bytes: 16 * 1024,
            body_bytes: 64 * 1024,
            idle_timeout: Duration::from_secs(120),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(1),
            shutdown_timeout: Duration::from_secs(5),
        }
    }
}

/// A quarter of the descriptors of the process, 512 at most: the rest belongs to the files that are read.
fn default_connections() -> usize {
    const MOST: u64 = 512;
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from((descriptors / 4).clamp(1, MOST)).unwrap_or(1)
}

/// The path of the metrics, `/metrics` unless chosen otherwise. With `/` there is no landing page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryPath(String);

impl TelemetryPath {
    /// The path, beginning with `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TelemetryPath {
    fn default() -> Self {
        Self("/metrics".to_owned())
    }
}

impl fmt::Display for TelemetryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TelemetryPath {
    type Err = WebError;

    fn from_str(given: &str) -> Result<Self, WebError> {
        let wrong = |reason| WebError::TelemetryPath { given: given.to_owned(), reason };
        if !given.starts_with('/') {
            return Err(wrong("it must begin with /"));
        }
        // Requests are compared byte by byte, so the path must be one that a request can carry as it is.
        if given.parse::<PathAndQuery>().map_or(true, |parsed| parsed.path() != given) || !given.is_ascii() {
            return Err(wrong("it holds characters that the path of a URL cannot have"));
        }
        if routes::is_taken(given) {
            return Err(wrong("another page is there"));
        }
        Ok(Self(given.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_telemetry_path_that_cannot_be_asked_for_is_refused() {
        for good in ["/metrics", "/", "/a/b", "/%C3%A4"] {
            assert_eq!(good.parse::<TelemetryPath>().unwrap().as_str(), good);
        }
        for (bad, reason) in [
            ("metrics", "begin with /"),
            ("", "begin with /"),
            ("/a?b", "characters"),
            ("/a#b", "characters"),
            ("/a b", "characters"),
            ("/ä", "characters"),
            ("/-/ready", "another page"),
            ("/page.css", "another page"),
            ("/api/v1/status", "another page"),
        ] {
            let said = bad.parse::<TelemetryPath>().unwrap_err().to_string();
            assert!(said.contains(reason), "{bad}: {said}");
        }
    }

    #[test]
    fn clients_get_at_most_a_quarter_of_the_descriptors() {
        let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) / 4;
        let got = Limits::default().connections;
        assert!((1..=512).contains(&got) && got as u64 <= most.max(1), "{got} of {most}");
    }
}
