//! Values as Prometheus reads them.

use super::labels::Labels;
use super::metrics::{Kind, Metric};
use crate::report::RequestId;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::MetricType;
use std::fmt::Write as _;
use std::time::Duration;

/// A metric with its series.
#[derive(Debug, Clone)]
pub struct Family {
    /// Which metric.
    pub metric: &'static Metric,
    /// Its series.
    pub samples: Vec<Sample>,
}

/// A series with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Names and values of the labels.
    pub labels: Labels,
    /// The value.
    pub value: f64,
    /// When the counter began, since 1970, if that is to be told.
    pub created: Option<Duration>,
    /// An error that it counts, if one can be named.
    pub exemplar: Option<Exemplar>,
}

/// One error that a counter counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemplar {
    /// The request id of its response.
    pub request_id: RequestId,
    /// When it was counted, since 1970.
    pub at: Duration,
}

impl Exemplar {
    /// The label that the request id has.
    pub const LABEL: &str = "request_id";
    /// Characters that the names and values of the labels of an exemplar may have in all, by OpenMetrics.
    const MOST: usize = 128;

    /// The exemplar with this id, if it is one that may be shown: ids come from logs.
    #[must_use]
    pub fn new(request_id: &RequestId, at: Duration) -> Option<Self> {
        let text = request_id.text()?;
        let form = Self::LABEL.len() + text.len() <= Self::MOST
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        form.then(|| Self { request_id: request_id.clone(), at })
    }
}

impl Sample {
    /// A series with its value.
    pub fn new<'l>(labels: impl IntoIterator<Item = (&'l str, &'l str)>, value: f64) -> Self {
        Self { labels: Labels::new(labels), value, created: None, exemplar: None }
    }
}

/// The `process_*` metrics of this process, read when they are asked for.
pub struct ProcessMetrics(ProcessCollector);

impl Default for ProcessMetrics {
    fn default() -> Self {
        Self(ProcessCollector::for_self())
    }
}

/// A metric that is not in the list of metrics, with its series.
pub(super) struct Foreign {
    pub name: String,
    pub help: String,
    pub kind: Kind,
    pub sample: Sample,
}

impl ProcessMetrics {
    pub(super) fn read(&self) -> Vec<Foreign> {
        let families = self.0.collect();
        let foreign = families.iter().filter_map(|family| {
            let metric = family.get_metric().first()?;
            let (kind, value) = match family.get_field_type() {
                MetricType::COUNTER => (Kind::Counter, metric.get_counter().get_value()),
                _ => (Kind::Gauge, metric.get_gauge().get_value()),
            };
            let sample = Sample::new([], value);
            Some(Foreign { name: family.name().to_owned(), help: family.help().to_owned(), kind, sample })
        });
        foreign.collect()
    }
}

/// The families in the text format 0.0.4. A family without series is left out.
#[must_use]
pub fn text(families: &[Family], process: Option<&ProcessMetrics>) -> String {
    let mut out = room(families);
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        write_family(&mut out, family.metric.name, family.metric.kind, family.metric.help, &family.samples);
    }
    for Foreign { name, help, kind, sample } in process.map(ProcessMetrics::read).unwrap_or_default() {
        write_family(&mut out, &name, kind, &help, &[sample]);
    }
    out
}

/// Room for an answer: thousands of series are not copied again and again while it grows.
pub(super) fn room(families: &[Family]) -> String {
    let series = families.iter().flat_map(|family| &family.samples).map(|sample| 64 + sample.labels.as_str().len());
    String::with_capacity(16 * 1024 + series.sum::<usize>())
}

// writing to a string cannot fail
fn write_family(out: &mut String, name: &str, kind: Kind, help: &str, samples: &[Sample]) {
    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
    let kind = match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
    };
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for sample in samples {
        out.push_str(name);
        out.push_str(sample.labels.as_str());
        write_value(out, sample.value);
        out.push('\n');
    }
}

/// A space and the value.
pub(super) fn write_value(out: &mut String, value: f64) {
    let whole = value as u64; // saturates, and then it is not the same any more
    let _ = if whole < 1 << f64::MANTISSA_DIGITS && whole as f64 == value && value.is_sign_positive() {
        write!(out, " {whole}") // what counters are, in a tenth of the time
    } else {
        write!(out, " {value}")
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::metrics;

    #[test]
    fn the_exposition_is_written_as_prometheus_has_it() {
        let values = [0.0, 17.0, 0.25, 1e300, 9_007_199_254_740_992.0, 1.8e19, -1.0, -0.0, f64::INFINITY, f64::NAN];
        let families = [
            Family {
                metric: &metrics::ERRORS,
                samples: vec![Sample::new([("code", "a\"\\\nb"), ("status", "404")], 17.0)],
            },
            Family { metric: &metrics::REPORTS, samples: Vec::new() },
            Family { metric: &metrics::UNREAD_BYTES, samples: values.map(|value| Sample::new([], value)).to_vec() },
        ];
        let mut expected = "# HELP huaweicloud_obs_errors_total OBS error responses that the logs tell of.\n\
             # TYPE huaweicloud_obs_errors_total counter\n\
             huaweicloud_obs_errors_total{code=\"a\\\"\\\\\\nb\",status=\"404\"} 17\n\
             # HELP obs_error_exporter_unread_bytes Bytes on disk that are not read yet, over all files.\n\
             # TYPE obs_error_exporter_unread_bytes gauge\n"
            .to_owned();
        for value in values {
            expected += &format!("obs_error_exporter_unread_bytes {value}\n");
        }
        assert_eq!(text(&families, None), expected);
    }
}
