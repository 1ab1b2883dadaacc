//! The one list of metrics. What is served, documented and asked for in rules and dashboards are these names.

/// What kind a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// A value of now.
    Gauge,
}

/// A metric: its name, labels and what it says.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub help: &'static str,
    /// Counter or gauge.
    pub kind: Kind,
    /// The labels that every series of it has, beside those of the input.
    pub labels: &'static [&'static str],
}

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal $labels:tt $help:literal;)+) => {
        $(#[doc = $help]
        pub static $constant: Metric = Metric { name: $name, help: $help, kind: Kind::$kind, labels: &$labels };)+

        /// All metrics, in the order in which they are served.
        pub static METRICS: &[&Metric] = &[$(&$constant,)+];
    };
}

metrics! {
    ERRORS = Counter "huaweicloud_obs_errors_total" ["code", "status", "category"]
        "OBS error responses that the logs tell of.";
    ERROR_INFO = Gauge "huaweicloud_obs_error_info" ["code", "category", "retryable", "owner"]
        "What the catalogue says of a code; always 1, to join on code.";
    BUILD_INFO = Gauge "obs_error_exporter_build_info" ["version", "revision", "rustversion"]
        "What this binary was built from; always 1.";
    FILES = Gauge "obs_error_exporter_files" []
        "Files that are tailed now.";
    UNREAD_BYTES = Gauge "obs_error_exporter_unread_bytes" []
        "Bytes on disk that are not read yet, over all files.";
    READ_BYTES = Counter "obs_error_exporter_read_bytes_total" []
        "Bytes read from log files.";
    READ_LINES = Counter "obs_error_exporter_read_lines_total" []
        "Lines read from log files.";
    REPORTS = Counter "obs_error_exporter_reports_total" ["recogniser"]
        "Reports that recognisers took out of log events, before those of one response are merged.";
    DUPLICATES = Counter "obs_error_exporter_duplicate_reports_total" []
        "Reports of a response that was counted already.";
    UNLISTED = Counter "obs_error_exporter_unlisted_codes_total" []
        "Responses whose code is not in the catalogue.";
    ROTATIONS = Counter "obs_error_exporter_rotations_total" []
        "Log files that were replaced by a new one.";
    TRUNCATIONS = Counter "obs_error_exporter_truncations_total" []
        "Log files that were truncated in place.";
    LOST_BYTES = Counter "obs_error_exporter_lost_bytes_total" ["reason"]
        "Bytes of logs that are known to be lost unread.";
    READ_ERRORS = Counter "obs_error_exporter_read_errors_total" ["operation"]
        "Errors of the file system while logs were looked for and read.";
    WATCH_MODE = Gauge "obs_error_exporter_watch_mode" ["mode"]
        "How changes of files are noticed: notify (with a poll behind it) or poll; always 1.";
    STATE_DURABLE = Gauge "obs_error_exporter_state_durable" []
        "1 when what is served is on disk; 0 without a state or while it cannot be written.";
    STATE_SET_ASIDE = Counter "obs_error_exporter_state_set_aside_total" []
        "State files that could not be read and were set aside.";
    COMMITS = Counter "obs_error_exporter_commits_total" []
        "Times that positions and counters were written to disk.";
    COMMIT_FAILURES = Counter "obs_error_exporter_commit_failures_total" []
        "Times that positions and counters could not be written to disk.";
    LAST_COMMIT = Gauge "obs_error_exporter_last_commit_timestamp_seconds" []
        "When positions and counters were last written to disk, in seconds since 1970.";
    CONFIG_RELOADED = Gauge "obs_error_exporter_config_last_reload_successful" []
        "1 when the configuration was taken up the last time that it was read; 0 when it was refused.";
    CONFIG_RELOADED_AT = Gauge "obs_error_exporter_config_last_reload_success_timestamp_seconds" []
        "When a configuration was last taken up, in seconds since 1970.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for metric in METRICS {
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
            assert!(metric.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", metric.name);
            assert!(metric.help.ends_with('.'), "{}", metric.name);
        }
        let names: std::collections::HashSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
    }
}
