//! What several test files use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, dead_code, unreachable_pub)]

pub mod browser;
pub mod command;
pub mod daemon;
pub mod expected;
pub mod http;
pub mod load;
pub mod process;
pub mod prometheus;
pub mod tls;
