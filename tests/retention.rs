//! Series whose logs are gone are dropped after a while, and not before somebody has had their last values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use obs_error_exporter::app::{self, Pipeline, Plan, Record, Unobserved};
use obs_error_exporter::config::{Config, PathLabels};
use obs_error_exporter::report::Bounds;
use obs_error_exporter::tail::{Behind, Consumer, SourceKey};
use obs_error_exporter::tally::{Labels, metrics};
use std::path::Path;
use std::time::Duration;

const BOUNDS: Bounds = Bounds { counted: 1024, saved: 1024, waiting: 64 };
const HOUR: u64 = 3600;

fn pipeline() -> Pipeline<Unobserved> {
    let (mut pipeline, _) = app::pipeline(Config::default(), BOUNDS, Unobserved).unwrap();
    let path_labels = Some(PathLabels::new("/(?P<pod>[^/]+)/[^/]+$").unwrap());
    pipeline.inputs.push(Plan { path_labels, ..Plan::default() });
    pipeline
}

struct Bench {
    pipeline: Pipeline<Unobserved>,
    ids: u64,
}

impl Bench {
    fn at(&mut self, seconds: u64) -> &mut Self {
        let now = Duration::from_secs(seconds);
        self.pipeline.now = now;
        self.pipeline.tick(now);
        self.pipeline.retire(now);
        self
    }

    fn open(&mut self, key: u64, pod: &str) -> &mut Self {
        self.pipeline.opened(SourceKey(key), 0, Path::new(&format!("/pods/{pod}/app.log")), None);
        self
    }

    fn fail(&mut self, key: u64) -> &mut Self {
        self.ids += 1;
        let line = format!("ERROR code=NewFromHuawei status=409 request_id=0000018F{:024X}\nbye\n", self.ids);
        self.pipeline.take(SourceKey(key), self.ids * 1000, line.as_bytes(), Behind::Nothing);
        self
    }

    fn close(&mut self, key: u64) -> &mut Self {
        self.pipeline.closed(SourceKey(key));
        self
    }

    /// A scrape: the value of each pod.
    fn scrape(&mut self) -> Vec<(String, f64)> {
        let now = self.pipeline.now;
        self.pipeline.tally.show(now);
        let families = self.pipeline.tally.families(now);
        self.pipeline.tally.seen(now);
        let errors = families.into_iter().find(|family| family.metric == &metrics::ERRORS).unwrap();
        let pod = |labels: &Labels| labels.pairs().into_iter().find(|(name, _)| name == "pod").unwrap().1;
        errors.samples.iter().map(|sample| (pod(&sample.labels), sample.value)).collect()
    }
}

fn bench() -> Bench {
    Bench { pipeline: pipeline(), ids: 0 }
}

fn values(values: &[(&str, f64)]) -> Vec<(String, f64)> {
    values.iter().map(|(pod, value)| ((*pod).to_owned(), *value)).collect()
}

#[test]
fn the_series_of_a_pod_that_is_gone_are_dropped_after_the_retention_and_no_others() {
    let mut bench = bench();
    bench.at(0).open(1, "old").open(2, "live").fail(1).fail(2);
    bench.at(15).scrape();
    assert_eq!(bench.at(30).scrape(), values(&[("old", 1.0), ("live", 1.0)]));
    bench.close(1);
    bench.at(60).scrape();
    assert_eq!(bench.at(60 + HOUR - 1).scrape(), values(&[("old", 1.0), ("live", 1.0)]));
    assert_eq!(bench.at(60 + HOUR).scrape(), values(&[("live", 1.0)]));
    // should it come back after all, it begins anew, at 0
    bench.open(3, "old").fail(3);
    assert_eq!(bench.at(2 * HOUR).scrape(), values(&[("live", 1.0), ("old", 0.0)]));
    assert_eq!(bench.at(2 * HOUR + 15).scrape(), values(&[("live", 1.0), ("old", 1.0)]));
}

#[test]
fn a_pod_that_comes_back_in_time_goes_on_counting() {
    let mut bench = bench();
    bench.at(0).open(1, "a").fail(1);
    bench.at(15).scrape();
    bench.at(30).scrape();
    bench.close(1).at(60).scrape();
    bench.at(HOUR).open(2, "a").fail(2);
    bench.at(HOUR + 15);
    assert_eq!(bench.scrape(), values(&[("a", 2.0)]));
    // the time begins anew
    bench.close(2).at(HOUR + 30).scrape();
    assert_eq!(bench.at(2 * HOUR + 29).scrape(), values(&[("a", 2.0)]));
    assert_eq!(bench.at(2 * HOUR + 30).scrape(), values(&[]));
}

#[test]
fn nothing_is_dropped_before_a_scrape_has_had_it() {
    let mut bench = bench();
    bench.at(0).open(1, "a").fail(1).close(1);
    bench.at(10);
    assert_eq!(bench.at(5 * HOUR).scrape(), values(&[("a", 0.0)]));
    assert_eq!(bench.at(5 * HOUR + 15).scrape(), values(&[("a", 1.0)]));
    assert_eq!(bench.at(5 * HOUR + 30).scrape(), values(&[]));
}

#[test]
fn after_a_restart_the_time_begins_anew_and_the_numbers_hold() {
    let mut bench = bench();
    for key in 1..=3 {
        bench.at(0).open(key, &format!("pod{key}")).fail(key);
    }
    bench.at(15).scrape();
    bench.at(30).scrape();
    bench.close(1).close(2).close(3).at(60).open(4, "pod3");
    bench.at(60 + HOUR);
    let bytes = Record::of(&bench.pipeline, Vec::new()).encode().unwrap();
    let mut again = self::bench();
    Record::decode(&bytes).unwrap().restore(&mut again.pipeline, Duration::ZERO);
    again.ids = 100;
    assert_eq!(again.at(0).scrape(), values(&[("pod3", 1.0)]));
    again.fail(4);
    assert_eq!(again.at(15).scrape(), values(&[("pod3", 2.0)]));
    again.close(4).at(30);
    assert_eq!(again.at(HOUR).scrape(), values(&[("pod3", 2.0)]));
    assert_eq!(again.at(HOUR + 60).scrape(), values(&[]));
}
