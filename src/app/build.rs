//! What this binary was built from.

/// The labels of the metric that tells it.
pub const LABELS: [(&str, &str); 3] = [
    ("version", env!("CARGO_PKG_VERSION")),
    ("revision", env!("OBS_ERROR_EXPORTER_REVISION")),
    ("rustversion", env!("OBS_ERROR_EXPORTER_RUSTVERSION")),
];
