//! The rows of the page's lists, for its snapshot and for the templates that its script fills.

use maud::{Markup, html};

use super::page::{explained, time};
use super::texts::{self, Words, words};
use super::{CategoryErrors, Errors, File, Lang, NOW_MINUTES, Report, Severity, View, format};

/// The height of a bar chart, in its own units.
const HEIGHT: u32 = 24;

/// A bar for each minute of the last hour; those that count as now stand out.
fn bars(per_minute: &[u32]) -> Markup {
    let most = per_minute.iter().copied().max().unwrap_or(0).max(1);
    let now = per_minute.len().saturating_sub(NOW_MINUTES);
    html! {
        svg.bars viewBox={ "0 0 60 " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" data-f="bars" {
            @for (minute, count) in per_minute.iter().enumerate().filter(|(_, count)| **count > 0) {
                // a single error among thousands is still to be seen
                @let height = (u64::from(*count) * u64::from(HEIGHT)).div_ceil(u64::from(most)).max(3);
                rect.now[minute >= now] x=(minute) y=(u64::from(HEIGHT) - height) width="0.8" height=(height) {}
            }
        }
    }
}

/// The dot and word of a severity: never the colour alone.
fn level(severity: Severity, lang: Lang) -> Markup {
    html! { span.level-word data-f="level" { (texts::severity(severity, lang)) } }
}

/// A category with errors of the last minutes.
pub fn category_row(category: &CategoryErrors, lang: Lang) -> Markup {
    html! {
        li.category data-key=(category.category) data-level=(category.severity.as_str()) {
            h3 { span data-f="category" { (texts::category(category.category, lang)) } " " (level(category.severity, lang)) }
            p.number data-f="count" { (format::count(category.count)) }
            (bars(&category.per_minute))
            p.when { (words(lang).last_seen) " " (time(category.last_seen)) }
        }
    }
}

/// A code with what it means and what to do, which is to be seen at once if it is happening now and
/// more than worth knowing.
pub fn code_row(view: &View, errors: &Errors, lang: Lang) -> Markup {
    let words = words(lang);
    let (meaning, remedy) = explained(view, &errors.code, lang);
    let now = errors.recent > 0;
    let cell = |label: &str, value: Markup| html! { span.cell { span.label { (label) } " " (value) " " } };
    let number = |name: &str, number: u64| html! { span.number data-f=(name) { (format::count(number)) } };
    let last_seen = match errors.last_seen {
        Some(at) => time(at),
        None => html! { time data-f="time" { (words.unknown_time) } },
    };
    html! {
        li.error data-key={ (errors.code) " " (errors.status) } data-level=(errors.severity.as_str()) data-now[now] {
            details open[now && errors.severity != Severity::Info] {
                summary {
                    h3 {
                        code data-f="code" { (errors.code) }
                        " " span.status data-f="status" { (errors.status) }
                        " " span.chip data-f="category" { (texts::category(errors.category, lang)) }
                    }
                    span.numbers {
                        (cell(words.recent, number("recent", errors.recent)))
                        (cell(words.last_hour, bars(&errors.per_minute)))
                        (cell(words.total, number("count", errors.count)))
                        (cell(words.last_seen, last_seen))
                    }
                }
                div.help {
                    p data-f="meaning" { (meaning) }
                    p.do { b { (words.what_to_do) (words.colon) } span data-f="remedy" { (remedy) } }
                    (who(errors, words, lang))
                }
            }
        }
    }
}

/// Who puts it right, and whether to try again.
fn who(errors: &Errors, words: &Words, lang: Lang) -> Markup {
    let owner = errors.owner.map_or("", |owner| texts::owner(owner, lang));
    let retry = errors.retryable.map_or("", |retry| texts::retryable(retry, lang));
    html! {
        p.who {
            span data-f="owner-line" hidden[owner.is_empty()] { (words.owner) (words.colon) span data-f="owner" { (owner) } } " "
            span data-f="retry-line" hidden[retry.is_empty()] { (words.retry) (words.colon) span data-f="retry" { (retry) } }
        }
    }
}

/// A response that was counted.
pub fn report_row(place: usize, report: &Report, lang: Lang) -> Markup {
    let words = words(lang);
    html! {
        tr.report role="row" data-key=(place) data-level=(report.severity.as_str()) {
            td role="cell" data-label=(words.time) { (time(report.time)) }
            td role="cell" data-label=(words.code) {
                span.code-cell {
                    code data-f="code" { (report.code) } " " span.status data-f="status" { (report.status) }
                }
            }
            td role="cell" data-label=(words.request_id) {
                span.id {
                    code data-f="id" { (report.request_id.as_deref().unwrap_or(words.no_request_id)) }
                    " " button type="button" data-f="copy" hidden { (words.copy) }
                }
            }
            td role="cell" data-label=(words.source) {
                span.where {
                    span.path data-f="file" { (report.file.as_deref().unwrap_or("")) }
                    " " span.chip data-f="recogniser" { (report.recogniser) }
                    span data-f="labels" {
                        @for (name, value) in &report.labels { " " span.chip { (name) "=" (value) } }
                    }
                }
            }
        }
    }
}

/// A tailed file.
pub fn file_row(place: usize, file: &File, lang: Lang) -> Markup {
    let words = words(lang);
    let failing = file.failing.map_or_else(String::new, |operation| format!(" ({operation})"));
    let read = file.size - file.lag.min(file.size);
    html! {
        tr.file role="row" data-key=(place) data-state=(file.state.as_str()) {
            td role="cell" data-label=(words.file) { span.path data-f="path" { (file.path) } }
            td role="cell" data-label=(words.state) {
                span.state {
                    span data-f="state" { (texts::file_state(file.state, lang)) }
                    span data-f="failing" hidden[file.failing.is_none()] { (failing) }
                }
            }
            td role="cell" data-label=(words.read) {
                span.progress {
                    progress data-f="progress" max=(file.size.max(1)) value=(read) aria-hidden="true" {}
                    " " span data-f="read" { (format::bytes(read)) " / " (format::bytes(file.size)) }
                }
            }
            td role="cell" data-label=(words.lag) { span data-f="lag" { (format::bytes(file.lag)) } }
        }
    }
}
