//! What this binary was built from.

/// The version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The revision of the source.
pub const REVISION: &str = env!("OBS_ERROR_EXPORTER_REVISION");

/// The labels of the metric that tells it.
pub const LABELS: [(&str, &str); 3] =
    [("version", VERSION), ("revision", REVISION), ("rustversion", env!("OBS_ERROR_EXPORTER_RUSTVERSION"))];
