//! The parts of runbooks that follow from the list of alerts and the catalogue.

use super::alert::{Alert, select};
use super::texts::Said;
use super::{INHIBITIONS, Settings};
use crate::catalogue::{Catalogue, Lang, Owner};
use crate::tally::metrics;
use std::fmt::Write as _;

/// What is so by the list: severity, owner, query, parameters, and which alert silences it.
#[must_use]
pub fn facts(alert: &Alert, lang: Lang) -> String {
    let settings = Settings::default();
    let mut text = String::new();
    let owner = owners(alert).join(", ");
    let Alert { severity, hold, keep, .. } = alert;
    let _ = match lang {
        Lang::En => {
            writeln!(text, "Severity `{severity}`, owner {owner}, `for: {hold}`, `keep_firing_for: {keep}`. Query:")
        }
        Lang::Zh => {
            writeln!(text, "级别 `{severity}`，责任方 {owner}，`for: {hold}`，`keep_firing_for: {keep}`。查询：")
        }
    };
    let _ = writeln!(text, "\n```promql\n{}\n```\n", alert.query(&settings));
    let parameters = alert.parameters();
    let parameters: Vec<_> = parameters
        .iter()
        .map(|parameter| format!("`{}.{}={}`", alert.name, parameter.name, parameter.default))
        .collect();
    let _ = match lang {
        Lang::En => writeln!(text, "Settings and their defaults: {}.", parameters.join(", ")),
        Lang::Zh => writeln!(text, "可调参数及默认值：{}。", parameters.join("、")),
    };
    for inhibition in INHIBITIONS.iter().filter(|inhibition| inhibition.targets.contains(&alert.name)) {
        let source = inhibition.source;
        let _ = match lang {
            Lang::En => {
                writeln!(text, "\nThe example for Alertmanager silences it while [{source}]({source}.md) fires.")
            }
            Lang::Zh => writeln!(text, "\n在 Alertmanager 示例配置中，[{source}]({source}.md#zh) 触发时它会被抑制。"),
        };
    }
    text
}

fn owners(alert: &Alert) -> Vec<String> {
    let said = Said::of(alert, Catalogue::built_in(), &Settings::default(), Lang::En);
    let Some(subject) = alert.subject.filter(|_| alert.by_code()) else { return vec![format!("`{}`", said.owner)] };
    let has = |owner: &&Owner| subject.codes.of(Catalogue::built_in()).any(|entry| entry.owner == **owner);
    Owner::ALL.iter().filter(has).map(|owner| format!("`{owner}`")).collect()
}

/// Where it comes from, as a query, and what to do for each code it is about. Nothing for alerts about the exporter.
#[must_use]
pub fn todo(alert: &Alert, lang: Lang) -> String {
    let Some(subject) = alert.subject else { return String::new() };
    let errors = select(metrics::ERRORS.name, [subject.codes.matchers()]);
    let mut text = format!(
        "```promql\nsum by (job, namespace, pod, instance, code, status) (increase({errors}[1h])) > 0\n```\n\n"
    );
    text.push_str(match lang {
        Lang::En => "| code | status | retry | owner | what it means | what to do |\n|---|---|---|---|---|---|\n",
        Lang::Zh => "| 错误码 | 状态码 | 可重试 | 责任方 | 含义 | 处理 |\n|---|---|---|---|---|---|\n",
    });
    for entry in subject.codes.of(Catalogue::built_in()) {
        let status = entry.status.map_or_else(|| "–".to_owned(), |status| status.to_string());
        let (meaning, remedy) = (entry.meaning(lang).replace('|', "\\|"), entry.remedy(lang).replace('|', "\\|"));
        let _ = writeln!(
            text,
            "| `{}` | {status} | {} | {} | {meaning} | {remedy} |",
            entry.code, entry.retryable, entry.owner
        );
    }
    text
}
