//! What a client can read: the form of the metrics by `Accept`, compression by `Accept-Encoding` (RFC 9110, 12.5).
//!
//! What cannot be understood is taken as not said, so whatever a client sends, it gets an answer that everybody reads.

use hyper::header::{ACCEPT, ACCEPT_ENCODING, AsHeaderName, HeaderMap};

/// The form in which the metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposition {
    /// The Prometheus text format 0.0.4.
    Text,
    /// The text format of OpenMetrics 1.0.
    OpenMetrics,
}

/// The form of the metrics: OpenMetrics if it is named and nothing is preferred to it, else the text format.
pub(super) fn exposition(headers: &HeaderMap) -> Exposition {
    let ranges = listed(headers, ACCEPT);
    let openmetrics = quality(&ranges, &["application/openmetrics-text"], "1.0.0");
    let text = quality(&ranges, &["text/plain", "text/*", "*/*"], "0.0.4").unwrap_or(0);
    match openmetrics {
        Some(quality) if quality > 0 && quality >= text => Exposition::OpenMetrics,
        _ => Exposition::Text,
    }
}

/// Whether the answer is to be compressed: gzip must be named, and not be worse than no compression.
pub(super) fn gzip(headers: &HeaderMap) -> bool {
    let codings = listed(headers, ACCEPT_ENCODING);
    let identity = quality(&codings, &["identity"], "").unwrap_or(0);
    quality(&codings, &["gzip", "x-gzip"], "").is_some_and(|quality| quality > 0 && quality >= identity)
}

/// One alternative of a client.
struct Range {
    name: String,
    version: Option<String>,
    /// Thousandths.
    quality: u16,
}

/// The quality that the first of `names` has that is listed, if one is. A range of this very version comes before one
/// without a version; one of another version is another format.
fn quality(ranges: &[Range], names: &[&str], version: &str) -> Option<u16> {
    names.iter().find_map(|name| {
        let named = |wanted: Option<&str>| {
            ranges
                .iter()
                .filter(|range| range.name == *name && range.version.as_deref() == wanted)
                .map(|r| r.quality)
                .max()
        };
        named(Some(version)).or_else(|| named(None))
    })
}

fn listed(headers: &HeaderMap, name: impl AsHeaderName) -> Vec<Range> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| split(value, ',')).filter_map(range).collect()
}

/// One alternative; nothing if its quality cannot be understood.
fn range(text: &str) -> Option<Range> {
    let mut parts = split(text, ';');
    let name = parts.next()?.trim().to_ascii_lowercase();
    let mut range = Range { name, version: None, quality: 1000 };
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => range.quality = thousandths(value)?,
            "version" => range.version = Some(value.to_owned()),
            _ => {}
        }
    }
    Some(range).filter(|range| !range.name.is_empty())
}

/// `0`, `1`, `0.5`, `0.875`: a number from 0 to 1 with three decimals at most.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str, most: usize| part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(whole, 1) && digits(decimals, 3)) || whole.is_empty() {
        return None;
    }
    let thousandths = format!("{whole}{decimals:0<3}").parse().ok()?;
    (thousandths <= 1000).then_some(thousandths)
}

/// Splits where a separator stands outside of quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c| {
        match c {
            _ if std::mem::take(&mut escaped) => {}
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c => return c == separator && !quoted,
        }
        false
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn openmetrics_is_for_those_who_name_it() {
        for (accept, openmetrics) in [
            // Prometheus 2.42
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                true,
            ),
            // Prometheus 2.49 to 2.55
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                true,
            ),
            // Prometheus 3
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 application/openmetrics-text;version=0.0.1;q=0.5,\
                 text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                true,
            ),
            // Prometheus 3 with native histograms, which prefers the protobuf format
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
                 application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,\
                 text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                true,
            ),
            // Prometheus 3 with scrape_protocols: [PrometheusText0.0.4]
            ("text/plain;version=0.0.4;q=0.6,*/*;q=0.5", false),
            // Prometheus 2.0
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", false),
            // a browser
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", false),
            ("*/*", false),
            ("", false),
            ("application/openmetrics-text", true),
            ("Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8", true),
            ("application/openmetrics-text;version=0.0.1", false),
            ("application/openmetrics-text;version=2.0.0", false),
            ("application/openmetrics-text;q=0", false),
            ("application/openmetrics-text;q=0.000, */*;q=0", false),
            ("application/openmetrics-text;q=0.001", true),
            ("application/openmetrics-text, application/openmetrics-text;version=1.0.0;q=0", false),
            ("application/openmetrics-text;q=0.4, text/plain;q=0.5", false),
            ("application/openmetrics-text;q=0.4, text/*;q=0.5", false),
            ("application/openmetrics-text;q=0.4, */*", false),
            ("application/openmetrics-text;q=0.4, */*, text/plain;q=0.3", true),
            ("application/openmetrics-text;q=0.4, text/plain;version=1.0.0;q=0.9", true),
            ("application/*", false),
            // garbage
            ("application/openmetrics-text;q=2", false),
            ("application/openmetrics-text;q=nan", false),
            ("application/openmetrics-text;q=-1", false),
            ("application/openmetrics-text;q=0.12345", false),
            ("application/openmetrics-text;q=", false),
            (";;;,,,=;q=1,;", false),
            ("x;y=\"application/openmetrics-text, application/openmetrics-text\"", false),
            ("x;y=\"\\\", application/openmetrics-text", false),
            ("x;y=\"\\\"\", application/openmetrics-text", true),
        ] {
            let expected = if openmetrics { Exposition::OpenMetrics } else { Exposition::Text };
            assert_eq!(exposition(&headers("accept", &[accept])), expected, "{accept}");
        }
        assert_eq!(exposition(&HeaderMap::new()), Exposition::Text);
        let two = headers("accept", &["text/plain;q=0.5", "application/openmetrics-text"]);
        assert_eq!(exposition(&two), Exposition::OpenMetrics);
        let mut opaque = HeaderMap::new();
        opaque.insert("accept", hyper::header::HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert_eq!(exposition(&opaque), Exposition::Text);
    }

    #[test]
    fn gzip_is_for_those_who_name_it() {
        for (accepted, expected) in [
            ("gzip", true), // Prometheus
            ("identity", false),
            ("", false),
            ("gzip, deflate, br, zstd", true), // a browser
            ("deflate, GZip;q=1.0, *;q=0.5", true),
            ("x-gzip", true),
            ("*", false),
            ("gzip;q=0", false),
            ("gzip;q=0.5, identity", false),
            ("gzip;q=0.5, identity;q=0.5", true),
            ("gzip;q=x", false),
            ("xgzip, gzipx", false),
        ] {
            assert_eq!(gzip(&headers("accept-encoding", &[accepted])), expected, "{accepted}");
        }
    }
}
