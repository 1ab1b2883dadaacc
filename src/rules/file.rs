//! Rules as files.

use super::recordings::RECORDINGS;
use super::texts::Said;
use super::{Alert, Settings, alerts};
use crate::catalogue::{Catalogue, Lang};
use serde::Serialize;
use std::collections::BTreeMap;

/// How rules are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A rule file of Prometheus.
    #[default]
    Prometheus,
    /// A `PrometheusRule` object for the Prometheus Operator.
    Operator,
}

#[derive(Serialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Group {
    name: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Rule {
    Recording {
        record: &'static str,
        expr: String,
    },
    Alert {
        alert: &'static str,
        expr: String,
        #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
        hold: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        keep_firing_for: Option<String>,
        labels: BTreeMap<&'static str, String>,
        annotations: Annotations,
    },
}

#[derive(Serialize)]
struct Annotations {
    summary: String,
    description: String,
    runbook_url: String,
}

/// The object that the operator knows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PrometheusRule {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Groups,
}

#[derive(Serialize)]
struct Metadata {
    name: &'static str,
    labels: BTreeMap<&'static str, &'static str>,
}

/// The name of the program, and so of the object.
const NAME: &str = "obs-error-exporter";

/// Rules for these codes with these settings, as YAML.
#[must_use]
pub fn render(catalogue: &Catalogue, settings: &Settings, lang: Lang, format: Format) -> String {
    let groups = groups(catalogue, settings, lang);
    let rules = match format {
        Format::Prometheus => yaml(&groups),
        Format::Operator => yaml(&PrometheusRule {
            api_version: "monitoring.coreos.com/v1",
            kind: "PrometheusRule",
            metadata: Metadata { name: NAME, labels: [("app.kubernetes.io/name", NAME)].into() },
            spec: groups,
        }),
    };
    format!(
        "# Written by `obs-error-exporter rules`; change it by --set or in the alerts section of the configuration.\n{rules}"
    )
}

#[allow(clippy::expect_used, reason = "only maps with texts as keys are written; the tests write every one")]
fn yaml(value: &impl Serialize) -> String {
    serde_saphyr::to_string(value).expect("texts can be written as YAML")
}

/// What is recorded stands before the alerts that ask for it: rules of a group are evaluated in order.
fn groups(catalogue: &Catalogue, settings: &Settings, lang: Lang) -> Groups {
    let recorded =
        RECORDINGS.iter().map(|recording| Rule::Recording { record: recording.name, expr: recording.query(settings) });
    let of = |obs: bool| {
        let enabled =
            alerts().filter(move |alert| alert.subject.is_some() == obs && settings.of(alert, "enabled") == "true");
        enabled.map(move |alert| rule(alert, catalogue, settings, lang))
    };
    let mut groups = vec![Group { name: "obs-errors", rules: recorded.chain(of(true)).collect() }];
    let exporter: Vec<_> = of(false).collect();
    if !exporter.is_empty() {
        groups.push(Group { name: NAME, rules: exporter });
    }
    Groups { groups }
}

fn rule(alert: &'static Alert, catalogue: &Catalogue, settings: &Settings, lang: Lang) -> Rule {
    let said = Said::of(alert, catalogue, settings, lang);
    let period =
        |name| settings.period(alert, name).filter(|period| !period.is_zero()).map(|period| period.to_string());
    Rule::Alert {
        alert: alert.name,
        expr: alert.query(settings),
        hold: period("for"),
        keep_firing_for: period("keep_firing_for"),
        labels: [("severity", settings.of(alert, "severity")), ("owner", said.owner)].into(),
        annotations: Annotations {
            summary: said.summary,
            description: said.description,
            runbook_url: said.runbook_url,
        },
    }
}
