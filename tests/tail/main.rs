//! What happens to files while they are tailed: one file of tests for each kind of accident. Nothing sleeps: the clock
//! is a parameter, and looks are asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod bench;
mod copytruncate;
mod failures;
mod inputs;
mod lines;
mod logrotate;
mod many_files;
mod model;
mod odd_files;
mod rename;
mod restart;
mod swap;
