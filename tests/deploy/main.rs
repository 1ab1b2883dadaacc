//! What is in `deploy/` is looked at by the tools that it is for, and every container in it is run as it is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod chart;
mod compose;
mod containers;
mod elsewhere;
mod fleet;
mod image;
mod kubernetes;
mod manifests;
mod run;
#[path = "../support/mod.rs"]
mod support;
mod tools;
