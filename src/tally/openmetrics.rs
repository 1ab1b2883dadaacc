//! The text format of OpenMetrics 1.0.

use super::expose::{Exemplar, Family, Foreign, ProcessMetrics, Sample, room, write_value};
use super::labels::Escaped;
use super::metrics::Kind;
use std::fmt::Write as _;
use std::time::Duration;

/// What the name of every counter ends with, and the name of its family does not.
const TOTAL: &str = "_total";

/// Units that the name of a metric may end with.
const UNITS: [&str; 2] = ["seconds", "bytes"];

/// The families in the text format of OpenMetrics 1.0. A family without series is left out.
#[must_use]
pub fn openmetrics(families: &[Family], process: Option<&ProcessMetrics>) -> String {
    let mut out = room(families);
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        write_family(&mut out, family.metric.name, family.metric.kind, family.metric.help, &family.samples);
    }
    let created = families.iter().flat_map(|family| &family.samples).any(|sample| sample.created.is_some());
    for Foreign { name, help, kind, sample } in process.map(|process| of_process(process, created)).unwrap_or_default()
    {
        write_family(&mut out, &name, kind, &help, &[sample]);
    }
    out.push_str("# EOF\n");
    out
}

/// The same with the times at which counters began, if those are told.
fn of_process(process: &ProcessMetrics, created: bool) -> Vec<Foreign> {
    let mut families = process.read();
    let began = families.iter().find(|family| family.name == "process_start_time_seconds");
    let began = began.and_then(|began| Duration::try_from_secs_f64(began.sample.value).ok()).filter(|_| created);
    for family in families.iter_mut().filter(|family| family.kind == Kind::Counter) {
        family.sample.created = began;
    }
    families
}

// writing to a string cannot fail
fn write_family(out: &mut String, name: &str, kind: Kind, help: &str, samples: &[Sample]) {
    let (family, suffix, kind) = match kind {
        Kind::Counter => (name.strip_suffix(TOTAL).unwrap_or(name), TOTAL, "counter"),
        Kind::Gauge => (name, "", "gauge"),
    };
    let _ = writeln!(out, "# TYPE {family} {kind}");
    if let Some(unit) = UNITS.iter().find(|unit| family.strip_suffix(**unit).is_some_and(|rest| rest.ends_with('_'))) {
        let _ = writeln!(out, "# UNIT {family} {unit}");
    }
    let _ = writeln!(out, "# HELP {family} {}", Escaped(help));
    for sample in samples {
        write_series(out, family, suffix, sample);
        write_value(out, sample.value);
        if let Some(Exemplar { request_id, at }) = &sample.exemplar {
            let id = request_id.text().unwrap_or_default();
            let _ = write!(out, " # {{{}=\"{id}\"}} 1 {}", Exemplar::LABEL, at.as_secs_f64());
        }
        out.push('\n');
        if let Some(created) = sample.created {
            write_series(out, family, "_created", sample);
            let _ = writeln!(out, " {}", created.as_secs_f64());
        }
    }
}

fn write_series(out: &mut String, family: &str, suffix: &str, sample: &Sample) {
    out.push_str(family);
    out.push_str(suffix);
    out.push_str(sample.labels.as_str());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::RequestId;
    use crate::tally::metrics;

    #[test]
    fn the_exposition_is_written_as_the_standard_has_it() {
        let mut error = Sample::new([("code", "SlowDown"), ("team", "a\"\\\nb")], 17.0);
        error.exemplar = Exemplar::new(&RequestId::new(b"0000018F-x_1"), Duration::from_millis(1_700_000_000_250));
        error.created = Some(Duration::from_millis(1_600_000_000_500));
        let families = [
            Family { metric: &metrics::ERRORS, samples: vec![error] },
            Family { metric: &metrics::REPORTS, samples: Vec::new() },
            Family { metric: &metrics::UNREAD_BYTES, samples: vec![Sample::new([], 0.0)] },
        ];
        assert_eq!(
            openmetrics(&families, None),
            "# TYPE huaweicloud_obs_errors counter\n\
             # HELP huaweicloud_obs_errors OBS error responses that the logs tell of.\n\
             huaweicloud_obs_errors_total{code=\"SlowDown\",team=\"a\\\"\\\\\\nb\"} 17 \
             # {request_id=\"0000018F-x_1\"} 1 1700000000.25\n\
             huaweicloud_obs_errors_created{code=\"SlowDown\",team=\"a\\\"\\\\\\nb\"} 1600000000.5\n\
             # TYPE obs_error_exporter_unread_bytes gauge\n\
             # UNIT obs_error_exporter_unread_bytes bytes\n\
             # HELP obs_error_exporter_unread_bytes Bytes on disk that are not read yet, over all files.\n\
             obs_error_exporter_unread_bytes 0\n\
             # EOF\n"
        );
    }

    #[test]
    fn only_ids_of_a_plain_form_and_of_the_allowed_length_are_exemplars() {
        let exemplar = |id: &str| Exemplar::new(&RequestId::new(id.as_bytes()), Duration::ZERO).is_some();
        assert!(exemplar("0000018F2B9C_-z"));
        assert!(exemplar(&"a".repeat(118)));
        for id in ["", "a b", "a\"b", "ä", "a\n", "a}", &"a".repeat(119)] {
            assert!(!exemplar(id), "{id:?}");
        }
    }
}
