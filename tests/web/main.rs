//! The HTTP side over real sockets, with a backend that does what a test tells it to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../support/browser.rs"]
#[allow(dead_code)]
mod browser;
#[path = "../support/process.rs"]
#[allow(dead_code)]
mod process;

mod addresses;
mod answers;
mod connections;
mod limits;
mod markup;
mod shutdown;
mod support;
mod tls;
