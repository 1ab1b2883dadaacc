//! Values as Prometheus reads them.

use super::metrics::{Kind, Metric};
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::{Counter, Gauge, LabelPair, MetricFamily, MetricType};
use prometheus::{Encoder, TextEncoder};
use std::sync::Arc;
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
    pub labels: Vec<(String, String)>,
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
    pub request_id: Arc<str>,
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
    pub fn new(request_id: &Arc<str>, at: Duration) -> Option<Self> {
        let form = !request_id.is_empty()
            && Self::LABEL.len() + request_id.len() <= Self::MOST
            && request_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        form.then(|| Self { request_id: Arc::clone(request_id), at })
    }
}

impl Sample {
    /// A series with its value.
    pub fn new<'l>(labels: impl IntoIterator<Item = (&'l str, &'l str)>, value: f64) -> Self {
        let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { labels, value, created: None, exemplar: None }
    }
}

/// The `process_*` metrics of this process, read when they are asked for.
pub struct ProcessMetrics(ProcessCollector);

impl Default for ProcessMetrics {
    fn default() -> Self {
        Self(ProcessCollector::for_self())
    }
}

impl ProcessMetrics {
    pub(super) fn families(&self) -> Vec<MetricFamily> {
        self.0.collect()
    }
}

/// The families in the text format 0.0.4. A family without series is left out.
///
/// # Errors
/// When the encoder refuses a family, which the list of metrics rules out.
pub fn text(families: &[Family], process: Option<&ProcessMetrics>) -> Result<String, prometheus::Error> {
    let mut all: Vec<MetricFamily> =
        families.iter().filter(|family| !family.samples.is_empty()).map(family_of).collect();
    all.extend(process.into_iter().flat_map(ProcessMetrics::families));
    let mut out = Vec::with_capacity(32 * 1024);
    TextEncoder::new().encode(&all, &mut out)?;
    String::from_utf8(out).map_err(|error| prometheus::Error::Msg(error.to_string()))
}

fn family_of(family: &Family) -> MetricFamily {
    let mut out = MetricFamily::default();
    out.set_name(family.metric.name.to_owned());
    out.set_help(family.metric.help.to_owned());
    out.set_field_type(match family.metric.kind {
        Kind::Counter => MetricType::COUNTER,
        Kind::Gauge => MetricType::GAUGE,
    });
    let metrics = family.samples.iter().map(|sample| {
        let mut metric = prometheus::proto::Metric::default();
        metric.set_label(sample.labels.iter().map(|(name, value)| label(name, value)).collect());
        match family.metric.kind {
            Kind::Counter => {
                let mut counter = Counter::default();
                counter.set_value(sample.value);
                metric.set_counter(counter);
            }
            Kind::Gauge => {
                let mut gauge = Gauge::default();
                gauge.set_value(sample.value);
                metric.set_gauge(gauge);
            }
        }
        metric
    });
    out.set_metric(metrics.collect());
    out
}

fn label(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}
