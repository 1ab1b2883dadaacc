//! Finds the error responses of Huawei Cloud OBS in the logs of the services that call it, and serves them to
//! Prometheus.
//!
//! The modules stand in the order in which the data flows: files are tailed ([`tail`]), their bytes become lines and
//! events ([`framing`]), recognisers take reports out of events ([`recognise`]), reports of one response are merged
//! ([`report`]), looked up ([`catalogue`]) and counted ([`tally`]), positions and counters are kept in one record on
//! disk ([`state`]), and what is on disk is shown to people ([`view`]) and served ([`web`]). [`app`] is the only module that knows all of them.
//! `src/README.md` says which room knows what, and what tests hold it to that.

pub mod app;
pub mod catalogue;
pub mod cli;
pub mod config;
pub mod dashboard;
pub mod framing;
pub mod recognise;
pub mod report;
pub mod rules;
pub mod state;
pub mod tail;
pub mod tally;
pub mod view;
pub mod web;
