//! The parts of runbooks that follow from the list of alerts and the catalogue.

use super::alert::{Alert, select};
use super::texts::Said;
use super::{INHIBITIONS, Settings};
use crate::catalogue::{Catalogue, Lang, Owner};
use crate::tally::metrics;
use std::fmt::Write as _;

/// A part of a page that is written from the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Severity, owner, query, parameters, and which alert silences it.
    Facts,
    /// Where to look: the query, the status page, the logs.
    See,
    /// What to do for each code.
    Codes,
    /// How to see that it is over.
    Over,
}

impl Part {
    /// All parts, by the names that the markers in the pages have.
    pub const ALL: [(&str, Self); 4] =
        [("facts", Self::Facts), ("see", Self::See), ("codes", Self::Codes), ("over", Self::Over)];

    /// The text of the part. Empty for a part that an alert has not.
    #[must_use]
    pub fn text(self, alert: &Alert, lang: Lang) -> String {
        match self {
            Self::Facts => facts(alert, lang),
            Self::See => see(alert, lang),
            Self::Codes => codes(alert, lang),
            Self::Over => over(alert, lang),
        }
    }
}

fn facts(alert: &Alert, lang: Lang) -> String {
    let settings = Settings::default();
    let mut text = String::new();
    let owner = owners(alert).join(", ");
    let Alert { severity, hold, keep, .. } = alert;
    let _ = match lang {
        Lang::En => {
            writeln!(
                text,
                "Severity `{severity}`, owner {owner}, `for: {hold}`, `keep_firing_for: {keep}`. It fires on:"
            )
        }
        Lang::Zh => {
            writeln!(text, "级别 `{severity}`，责任方 {owner}，`for: {hold}`，`keep_firing_for: {keep}`。触发条件：")
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
                writeln!(
                    text,
                    "\nThe shipped configuration of Alertmanager silences it while [{source}]({source}.md) fires."
                )
            }
            Lang::Zh => writeln!(text, "\n随附的 Alertmanager 配置在 [{source}]({source}.md#zh) 触发期间抑制本告警。"),
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

fn see(alert: &Alert, lang: Lang) -> String {
    let Some(subject) = alert.subject else {
        return match lang {
            Lang::En => "The labels `job` and `instance` (and `namespace` and `pod`, where they are scraped) name the \
                exporter. Its status page is at `/` of its port, its metrics at `/metrics`, and its own log says each \
                change once.\n",
            Lang::Zh => "标签 `job` 和 `instance`（以及抓取时带有的 `namespace`、`pod`）指明是哪个导出器。状态页在其端口的 `/`，\
                指标在 `/metrics`，导出器自身的日志对每个变化只记录一次。\n",
        }
        .to_owned();
    };
    let errors = select(metrics::ERRORS.name, [subject.codes.matchers()]);
    let query = format!("sum by (job, namespace, pod, instance, code, status) (increase({errors}[1h])) > 0");
    match lang {
        Lang::En => format!(
            "Which jobs, pods and codes, over the last hour:\n\n```promql\n{query}\n```\n\n- The status page at `/` of the \
             exporter that `instance` names shows the errors by code, when each was last seen, and request ids.\n\
             - The logs themselves: `obs-error-exporter scan /var/log/app` prints count, first and last time, what to do, \
             and request ids for a ticket.\n- What one code means: `obs-error-exporter explain {}`.\n",
            subject.lead
        ),
        Lang::Zh => format!(
            "最近一小时涉及的作业、Pod 和错误码：\n\n```promql\n{query}\n```\n\n- 状态页：`instance` 所指导出器端口的 `/`，\
             按错误码列出错误、最近出现时间和请求 ID。\n- 日志本身：`obs-error-exporter scan --lang zh /var/log/app` \
             给出次数、首末时间、处理方法，以及提工单所需的请求 ID。\n- 单个错误码的含义：`obs-error-exporter explain --lang zh {}`。\n",
            subject.lead
        ),
    }
}

fn codes(alert: &Alert, lang: Lang) -> String {
    let Some(subject) = alert.subject else { return String::new() };
    let mut text = String::from(match lang {
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

fn over(alert: &Alert, lang: Lang) -> String {
    let settings = Settings::default();
    let keep = settings.period(alert, "keep_firing_for").filter(|keep| !keep.is_zero());
    let window = settings.of(alert, "window");
    let looks = alert.more.iter().any(|parameter| parameter.name == "window") && alert.name != "ObsExporterDown";
    let mut text = match lang {
        Lang::En => "What it fires on has no result any more".to_owned(),
        Lang::Zh => "上面的触发条件不再有结果".to_owned(),
    };
    text.push_str(&match (lang, looks) {
        (Lang::En, true) => format!("; it looks back {window}, so that takes as long after the last event."),
        (Lang::Zh, true) => format!("；它回看 {window}，因此最后一次事件之后还需这么久。"),
        (Lang::En, false) => ".".to_owned(),
        (Lang::Zh, false) => "。".to_owned(),
    });
    if let Some(keep) = keep {
        let _ = match lang {
            Lang::En => write!(text, " The alert goes on for {keep} after that, so that it does not come and go."),
            Lang::Zh => write!(text, "此后告警仍保持 {keep}，以免反复触发。"),
        };
    }
    text.push('\n');
    text
}
