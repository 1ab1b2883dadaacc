//! The HTTP side over real sockets, with a backend that does what a test tells it to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod addresses;
mod answers;
mod connections;
mod limits;
mod shutdown;
mod support;
mod tls;
