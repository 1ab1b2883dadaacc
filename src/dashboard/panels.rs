//! The panels, in the order in which they stand: what hurts most comes first.

use crate::catalogue::Category;
use crate::rules::{BY_CATEGORY, THROTTLING_BEFORE};
use crate::tally::metrics;

/// A row of panels under a heading.
#[derive(Debug)]
pub struct Row {
    /// The heading.
    pub title: &'static str,
    /// Its panels, from left to right, wrapped where the width of the page ends.
    pub panels: &'static [Panel],
}

/// A panel.
#[derive(Debug)]
pub struct Panel {
    /// The heading.
    pub title: &'static str,
    /// What it shows and what to make of it.
    pub about: &'static str,
    /// How it is drawn.
    pub view: View,
    /// The unit, as Grafana names it.
    pub unit: &'static str,
    /// Columns of the page that it takes, of 24.
    pub width: u64,
    /// What is shown where there is nothing to show.
    pub nothing: &'static str,
    /// The alert whose runbook it links to.
    pub runbook: Option<&'static str>,
    /// What is asked.
    pub queries: &'static [Query],
}

/// How a panel is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Numbers of now; from 1 on they are bad.
    Bad,
    /// Numbers of now that are neither good nor bad.
    Number,
    /// 1 is good, 0 is bad.
    Switch,
    /// Lines over time.
    Lines,
    /// Bars over time, on each other.
    Bars,
    /// A table of the firing alerts.
    Alerts,
    /// A table of codes with what to do.
    Codes,
}

/// A query and the name of what it returns.
#[derive(Debug)]
pub struct Query {
    /// The name, with labels in braces.
    pub legend: &'static str,
    /// The query, with the variables of the dashboard.
    pub expr: fn() -> String,
}

/// The errors that the variables choose.
fn errors(matchers: &str) -> String {
    let comma = if matchers.is_empty() { "" } else { "," };
    format!("{}{{{matchers}{comma}job=~\"$job\",namespace=~\"$namespace\",pod=~\"$pod\"}}", metrics::ERRORS.name)
}

fn category(category: Category) -> String {
    errors(&format!("category=\"{category}\""))
}

/// A metric that the exporters have of themselves.
fn own(metric: &metrics::Metric) -> String {
    format!("{}{{job=~\"$job\"}}", metric.name)
}

/// What the catalogue says, once for each code however many exporters say it.
fn info(labels: &str) -> String {
    format!("max by (code, {labels}) ({})", own(&metrics::ERROR_INFO))
}

fn rate_by(labels: &str) -> String {
    format!("sum by ({labels}) (rate({}[$__rate_interval]))", errors(""))
}

fn own_rate(metric: &metrics::Metric) -> String {
    format!("rate({}[$__rate_interval])", own(metric))
}

fn throttling_now() -> String {
    format!("{}{{category=\"throttling\",job=~\"$job\",namespace=~\"$namespace\"}}", BY_CATEGORY.name)
}

fn throttling_limit() -> String {
    let before = format!("{}{{job=~\"$job\",namespace=~\"$namespace\"}}", THROTTLING_BEFORE.name);
    format!("4 * ({before} or {} * 0) + 0.05", throttling_now())
}

/// Codes that the catalogue lacks have no owner, but they are shown.
fn top_codes() -> String {
    let counts = format!("sum by (code, status, category) (increase({}[$__range]))", errors(""));
    let listed = format!("{counts} * on (code) group_left (owner, retryable) {}", info("owner, retryable"));
    let others = format!("{counts} unless on (code) {}", own(&metrics::ERROR_INFO));
    // a column of its own, in which the code is shown as what to do
    format!("label_replace(topk(15, ({listed} or {others}) > 0), \"remedy\", \"{REMEDY}$1\", \"code\", \"(.*)\")")
}

fn by_retryable() -> String {
    format!("sum by (retryable) ({} * on (code) group_left (retryable) {}) > 0", rate_by("code"), info("retryable"))
}

fn not_listed() -> String {
    format!("sum({} unless on (code) {}) > 0", rate_by("code"), own(&metrics::ERROR_INFO))
}

/// What stands before a code where its remedy is meant.
pub(super) const REMEDY: &str = "remedy of ";

const ERRORS_A_SECOND: &str = "reqps";

/// All of them.
pub static PANELS: &[Row] = &[
    Row {
        title: "Account and throttling",
        panels: &[
            Panel {
                title: "Account",
                about: "Responses that say that the account cannot be used. One is enough: nothing works until it is settled.",
                view: View::Bad,
                unit: "short",
                width: 6,
                nothing: "The account is fine",
                runbook: Some("ObsAccountInArrears"),
                queries: &[Query {
                    legend: "{{code}}",
                    expr: || format!("sum by (code) (increase({}[$__range])) > 0", category(Category::Account)),
                }],
            },
            Panel {
                title: "Throttled",
                about: "Requests a second that OBS turns away because there are too many.",
                view: View::Bad,
                unit: ERRORS_A_SECOND,
                width: 6,
                nothing: "No throttling",
                runbook: Some("ObsThrottled"),
                queries: &[Query {
                    legend: "{{job}}",
                    expr: || format!("sum by (job) (rate({}[$__rate_interval])) > 0", category(Category::Throttling)),
                }],
            },
            Panel {
                title: "Throttling against the hour before (all pods)",
                about: "Above the limit, ObsThrottlingSpike fires: four times the rate of the hour before and a little more. \
                    The limit is that of the default thresholds.",
                view: View::Lines,
                unit: ERRORS_A_SECOND,
                width: 12,
                nothing: "The recording rules are not loaded",
                runbook: Some("ObsThrottlingSpike"),
                queries: &[
                    Query { legend: "{{job}} {{namespace}}", expr: throttling_now },
                    Query { legend: "limit of {{job}} {{namespace}}", expr: throttling_limit },
                ],
            },
            Panel {
                title: "Alerts that fire",
                about: "All alerts about OBS and its exporters, of all jobs. The name leads to the runbook.",
                view: View::Alerts,
                unit: "short",
                width: 24,
                nothing: "No alert fires",
                runbook: None,
                queries: &[Query {
                    legend: "{{alertname}}",
                    expr: || "ALERTS{alertname=~\"Obs.+\",alertstate=\"firing\"}".to_owned(),
                }],
            },
        ],
    },
    Row {
        title: "Errors",
        panels: &[
            Panel {
                title: "Errors by category",
                about: "OBS error responses a second.",
                view: View::Bars,
                unit: ERRORS_A_SECOND,
                width: 12,
                nothing: "No errors",
                runbook: None,
                queries: &[Query { legend: "{{category}}", expr: || format!("{} > 0", rate_by("category")) }],
            },
            Panel {
                title: "Errors by code",
                about: "The ten most frequent codes at each moment.",
                view: View::Bars,
                unit: ERRORS_A_SECOND,
                width: 12,
                nothing: "No errors",
                runbook: None,
                queries: &[Query { legend: "{{code}}", expr: || format!("topk(10, {} > 0)", rate_by("code")) }],
            },
            Panel {
                title: "Top codes, and what to do",
                about: "Over the time that the dashboard shows. Numbers are about right: increases are extrapolated.",
                view: View::Codes,
                unit: "short",
                width: 24,
                nothing: "No errors",
                runbook: None,
                queries: &[Query { legend: "{{code}}", expr: top_codes }],
            },
            Panel {
                title: "Retryable or not",
                about: "What may succeed when it is tried again, and what has to be put right first.",
                view: View::Bars,
                unit: ERRORS_A_SECOND,
                width: 12,
                nothing: "No errors",
                runbook: None,
                queries: &[
                    Query { legend: "retryable: {{retryable}}", expr: by_retryable },
                    Query { legend: "no code, or not in the catalogue", expr: not_listed },
                ],
            },
            Panel {
                title: "Errors by pod",
                about: "Where the logs have a namespace and a pod; others by job and instance.",
                view: View::Bars,
                unit: ERRORS_A_SECOND,
                width: 12,
                nothing: "No errors",
                runbook: None,
                queries: &[Query {
                    legend: "{{job}} {{instance}} {{namespace}} {{pod}}",
                    expr: || format!("{} > 0", rate_by("job, instance, namespace, pod")),
                }],
            },
        ],
    },
    Row {
        title: "Exporter",
        panels: &[
            Panel {
                title: "Exporters that can be scraped",
                about: "1 for each that can.",
                view: View::Switch,
                unit: "short",
                width: 6,
                nothing: "No exporter is scraped",
                runbook: Some("ObsExporterDown"),
                queries: &[Query {
                    legend: "{{instance}}",
                    expr: || "min by (instance) (up{job=~\"$job\"})".to_owned(),
                }],
            },
            Panel {
                title: "State on disk",
                about: "Whether what is served would be there after a restart.",
                view: View::Switch,
                unit: "short",
                width: 6,
                nothing: "No exporter is scraped",
                runbook: Some("ObsExporterStateFailing"),
                queries: &[Query { legend: "{{instance}}", expr: || own(&metrics::STATE_DURABLE) }],
            },
            Panel {
                title: "Files",
                about: "Files that are tailed now.",
                view: View::Number,
                unit: "short",
                width: 6,
                nothing: "No exporter is scraped",
                runbook: Some("ObsExporterNoFiles"),
                queries: &[Query { legend: "{{instance}}", expr: || own(&metrics::FILES) }],
            },
            Panel {
                title: "Unlisted codes",
                about: "Responses whose code is not in the catalogue, over the time that the dashboard shows.",
                view: View::Number,
                unit: "short",
                width: 6,
                nothing: "No exporter is scraped",
                runbook: Some("ObsExporterUnlistedCodes"),
                queries: &[Query {
                    legend: "{{instance}}",
                    expr: || format!("increase({}[$__range])", own(&metrics::UNLISTED)),
                }],
            },
            Panel {
                title: "Lag",
                about: "Bytes of logs that are on disk and not read yet.",
                view: View::Lines,
                unit: "bytes",
                width: 12,
                nothing: "No exporter is scraped",
                runbook: Some("ObsExporterLagging"),
                queries: &[Query { legend: "{{instance}}", expr: || own(&metrics::UNREAD_BYTES) }],
            },
            Panel {
                title: "Lost bytes",
                about: "Bytes of logs that went away unread, by reason, over the time that the dashboard shows.",
                view: View::Bars,
                unit: "bytes",
                width: 12,
                nothing: "Nothing is lost",
                runbook: Some("ObsExporterLosingData"),
                queries: &[Query {
                    legend: "{{instance}} {{reason}}",
                    expr: || format!("increase({}[$__rate_interval]) > 0", own(&metrics::LOST_BYTES)),
                }],
            },
            Panel {
                title: "Commits",
                about: "Times a second that the state was written, or could not be.",
                view: View::Lines,
                unit: "ops",
                width: 12,
                nothing: "No exporter is scraped",
                runbook: Some("ObsExporterStateFailing"),
                queries: &[
                    Query { legend: "{{instance}} written", expr: || own_rate(&metrics::COMMITS) },
                    Query { legend: "{{instance}} failed", expr: || own_rate(&metrics::COMMIT_FAILURES) },
                ],
            },
            Panel {
                title: "Read",
                about: "Bytes of logs read a second.",
                view: View::Lines,
                unit: "Bps",
                width: 12,
                nothing: "No exporter is scraped",
                runbook: Some("ObsExporterLogSilent"),
                queries: &[Query { legend: "{{instance}}", expr: || own_rate(&metrics::READ_BYTES) }],
            },
        ],
    },
];
