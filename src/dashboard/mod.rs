//! The Grafana dashboard: one list of panels, whose queries are made of the list of metrics and of what rules record.

mod json;
mod panels;

pub use json::render;
pub use panels::{PANELS, Panel, Query, Row, View};
