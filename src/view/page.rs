//! The page for people: a snapshot that is whole without a script, and templates of its rows with which the script
//! keeps it up to date.
//!
//! Each piece of markup stands here once: a row of the snapshot and the template that the script fills are written by
//! the same function. `data-f` names what the script may set as text.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::rows::{category_row, code_row, file_row, report_row};
use super::texts::{self, Words, words};
use super::{CategoryErrors, Errors, File, FileState, Lang, Report, Severity, Status, Time, View, format};
use crate::catalogue::{Category, Owner, Retryable};

/// The style sheet of the page, a file of its own so that the Content-Security-Policy needs no exception for it.
pub const STYLE: &str = include_str!("page.css");
/// The script of the page.
pub const SCRIPT: &str = include_str!("page.js");
/// Its icon.
pub const ICON: &str = include_str!("icon.svg");

/// Responses that the page lists.
const REPORTS: usize = 25;

/// The page, with a link to the metrics at `telemetry_path`. Links are relative, so that they work behind a proxy that
/// serves the exporter under a prefix.
pub fn page(view: &View, lang: Lang, telemetry_path: &str) -> String {
    let words = words(lang);
    let status = &view.status;
    let now = status.recent.count;
    let page = html! {
        (DOCTYPE)
        html lang=(if lang == Lang::Zh { "zh-Hans" } else { "en" }) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { @if now > 0 { "(" (format::count(now)) ") " } (words.title) }
                link rel="icon" href="./icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="./page.css";
                script src="./page.js" defer {}
                noscript { meta http-equiv="refresh" content="30"; }
            }
            body data-limit=(REPORTS) {
                a.skip href="#codes" { (words.skip) }
                (header(status, lang))
                main {
                    (verdict(view, lang))
                    (warnings(status, lang))
                    (categories(status, lang))
                    (codes(view, lang))
                    (reports(view, lang))
                    (files(status, lang))
                    (exporter(status, lang))
                    (links(words, telemetry_path))
                }
                (templates(lang))
            }
        }
    };
    page.into_string()
}

fn header(status: &Status, lang: Lang) -> Markup {
    let words = words(lang);
    let (other, tag) = if lang == Lang::Zh { ("en", "en") } else { ("zh", "zh-Hans") };
    html! {
        header {
            div.brand {
                img src="./icon.svg" alt="" width="28" height="28";
                div {
                    h1 { (words.title) " " span.host id="host" {} }
                    p { (words.tagline) }
                }
            }
            p.pulse id="pulse" { span data-f="pulse" { (words.snapshot) } " " (time(status.now)) }
            nav aria-label=(words.language) {
                a href={ "./?lang=" (other) } lang=(tag) hreflang=(tag) { (words.other_language) }
            }
        }
        p.stale id="stale" role="alert" hidden {}
    }
}

/// A time, and its exact value for the script.
pub(super) fn time(at: Time) -> Markup {
    html! { time datetime=(at) data-f="time" { (format::time(at)) } }
}

/// Is anything wrong now?
fn verdict(view: &View, lang: Lang) -> Markup {
    let words = words(lang);
    let status = &view.status;
    let recent = &status.recent;
    let unsure = status.warnings.iter().any(|warning| warning.kind.hides_errors());
    let level = recent.severity.map_or(if unsure { "unsure" } else { "calm" }, Severity::as_str);
    let headline = match recent.count {
        0 if unsure => words.unsure.to_owned(),
        0 => words.calm.to_owned(),
        1 => words.one.to_owned(),
        many => words.many.replace("{n}", &format::count(many)),
    };
    let urgent = status.errors.first().filter(|_| recent.count > 0);
    let newest = status.errors.iter().filter(|_| recent.count == 0).max_by_key(|errors| errors.last_seen);
    let told = newest.map(|errors| {
        let at = errors.last_seen.map_or(words.unknown_time.to_owned(), format::time);
        words.newest.replace("{code}", &errors.code).replace("{t}", &at)
    });
    let (meaning, remedy) = urgent.map_or(("", ""), |errors| explained(view, &errors.code, lang));
    html! {
        section.verdict id="verdict" data-level=(level) aria-labelledby="headline" {
            (mark(level))
            div {
                p.level data-f="level" { @if let Some(severity) = recent.severity { (texts::severity(severity, lang)) } }
                div role="status" { h2 id="headline" data-f="headline" { (headline) } }
                div.urgent id="urgent" hidden[urgent.is_none()] {
                    p {
                        (words.most_urgent) (words.colon) code data-f="code" { (urgent.map_or("", |errors| &errors.code)) } " "
                        span data-f="meaning" { (meaning) }
                    }
                    p.do { b { (words.what_to_do) (words.colon) } span data-f="remedy" { (remedy) } }
                }
                p id="newest" hidden[urgent.is_some()] { (told.as_deref().unwrap_or(words.none_yet)) }
            }
        }
    }
}

/// What stands beside the colour: a tick or an exclamation mark.
fn mark(level: &str) -> Markup {
    html! {
        svg.mark viewBox="0 0 24 24" width="40" height="40" aria-hidden="true" data-mark=(level) {
            g.tick { circle cx="12" cy="12" r="10" {} path d="M7.5 12.5l3 3 6-6.5" {} }
            g.alarm { path d="M12 3.2 21.8 20.2H2.2Z" {} path d="M12 9.6v4.6M12 17v.2" {} }
        }
    }
}

/// What a code means and what to do, for codes that the catalogue lacks too.
pub(super) fn explained<'v>(view: &'v View, code: &str, lang: Lang) -> (&'v str, &'v str) {
    let words = words(lang);
    match view.catalogue.get(code) {
        Some(entry) => (entry.meaning(lang), entry.remedy(lang)),
        None if code == "none" => (words.no_code, words.no_code_do),
        None => (words.not_listed, words.not_listed_do),
    }
}

fn warnings(status: &Status, lang: Lang) -> Markup {
    html! {
        ul.warnings id="warnings" {
            @for warning in &status.warnings {
                li {
                    @let text = texts::warning(warning.kind, lang);
                    @let count = warning.count.unwrap_or(0);
                    (text.replace("{n}", &format::count(count)).replace("{b}", &format::bytes(count)))
                }
            }
        }
    }
}

fn categories(status: &Status, lang: Lang) -> Markup {
    let words = words(lang);
    let categories = &status.recent.categories;
    html! {
        section id="now" aria-labelledby="now-title" hidden[categories.is_empty()] {
            h2 id="now-title" { (words.categories) }
            p.about { (words.categories_about) }
            ul.categories id="category-list" { @for category in categories { (category_row(category, lang)) } }
        }
    }
}

fn codes(view: &View, lang: Lang) -> Markup {
    let words = words(lang);
    let errors = &view.status.errors;
    html! {
        section id="codes" aria-labelledby="codes-title" tabindex="-1" {
            h2 id="codes-title" { (words.codes) }
            p.about { (words.codes_about) }
            ul.codes id="code-list" hidden[errors.is_empty()] { @for errors in errors { (code_row(view, errors, lang)) } }
            p.empty id="no-codes" hidden[!errors.is_empty()] { (words.no_errors) }
        }
    }
}

fn reports(view: &View, lang: Lang) -> Markup {
    let words = words(lang);
    let reports = &view.reports[..view.reports.len().min(REPORTS)];
    html! {
        section aria-labelledby="reports-title" {
            h2 id="reports-title" { (words.reports) }
            p.about { (words.reports_about) }
            table role="table" id="reports" hidden[reports.is_empty()] {
                thead role="rowgroup" {
                    tr role="row" {
                        @for title in [words.time, words.code, words.request_id, words.source] {
                            th role="columnheader" scope="col" { (title) }
                        }
                    }
                }
                tbody role="rowgroup" id="report-list" { @for (place, report) in reports.iter().enumerate() { (report_row(place, report, lang)) } }
            }
            p.empty id="no-reports" hidden[!reports.is_empty()] { (words.no_reports) }
            p.about { (words.more_reports) " " a href="./api/v1/errors" { "/api/v1/errors" } }
        }
    }
}

fn files(status: &Status, lang: Lang) -> Markup {
    let words = words(lang);
    let files = &status.files;
    let more = files.total - files.list.len() as u64;
    let about = words.files_about.replace("{n}", &format::count(files.total)).replace("{b}", &format::bytes(files.lag));
    html! {
        section aria-labelledby="files-title" {
            h2 id="files-title" { (words.files) }
            p.about id="files-about" { (about) }
            table role="table" id="files" hidden[files.list.is_empty()] {
                thead role="rowgroup" {
                    tr role="row" {
                        @for title in [words.file, words.state, words.read, words.lag] {
                            th role="columnheader" scope="col" { (title) }
                        }
                    }
                }
                tbody role="rowgroup" id="file-list" { @for (place, file) in files.list.iter().enumerate() { (file_row(place, file, lang)) } }
            }
            p.empty id="no-files" hidden[!files.list.is_empty()] { (words.no_files) }
            p.about id="more-files" hidden[more == 0] { (words.more_files.replace("{n}", &format::count(more))) }
        }
    }
}

fn exporter(status: &Status, lang: Lang) -> Markup {
    let words = words(lang);
    let counter = |name: &str| status.counters.get(name).copied().unwrap_or(0);
    html! {
        section aria-labelledby="exporter-title" {
            h2 id="exporter-title" { (words.exporter) }
            dl id="exporter" {
                div { dt { (words.version) } dd { span data-f="version" { (status.version) } } }
                div { dt { (words.started) } dd id="started" { (time(status.started)) } }
                div {
                    dt { (words.state_file) }
                    dd {
                        span data-f="durable" { (if status.durable { words.durable } else { words.not_durable }) }
                        span id="last-commit" hidden[status.last_commit.is_none()] {
                            (words.comma) (words.last_commit) " " (time(status.last_commit.unwrap_or_default()))
                        }
                    }
                }
                div {
                    dt { (words.watch) }
                    dd data-f="watch" { (if status.watch_mode == "poll" { words.poll } else { words.notify }) }
                }
                div { dt { (words.lines) } dd data-f="lines" { (format::count(counter("read_lines"))) } }
                div { dt { (words.bytes) } dd data-f="bytes" { (format::bytes(counter("read_bytes"))) } }
                div { dt { (words.duplicates) } dd data-f="duplicates" { (format::count(counter("duplicate_reports"))) } }
                div { dt { (words.lost) } dd data-f="lost" { (lost(status, words)) } }
                @if !status.inputs.is_empty() {
                    div.wide {
                        dt { (words.inputs) }
                        dd { @for path in status.inputs.iter().flat_map(|input| &input.paths) { code { (path) } " " } }
                    }
                }
            }
        }
    }
}

fn lost(status: &Status, words: &Words) -> String {
    let lost: Vec<_> =
        status.lost_bytes.iter().map(|(reason, lost)| format!("{} ({reason})", format::bytes(*lost))).collect();
    if lost.is_empty() { words.nothing.to_owned() } else { lost.join(", ") }
}

fn links(words: &Words, telemetry_path: &str) -> Markup {
    let links = [
        (telemetry_path, words.metrics),
        ("/api/v1/status", words.api_status),
        ("/api/v1/errors", words.api_errors),
        ("/api/v1/codes", words.api_codes),
        ("/-/healthy", words.healthy),
        ("/-/ready", words.ready),
    ];
    html! {
        nav.links aria-label=(words.links) {
            ul {
                @for (path, text) in links {
                    li { a href={ "./" (path.trim_start_matches('/')) } { (text) } " " code { (path) } }
                }
            }
        }
    }
}

/// Rows without values for the script to fill, and the words that it needs.
fn templates(lang: Lang) -> Markup {
    let blank = View::default();
    let minutes = Vec::new;
    let errors = Errors {
        code: String::new(),
        status: String::new(),
        category: Category::Unknown,
        severity: Severity::Info,
        retryable: Some(Retryable::No),
        owner: Some(Owner::None),
        count: 0,
        recent: 0,
        last_seen: Some(Time(0)),
        per_minute: minutes(),
    };
    let category = CategoryErrors {
        category: Category::Unknown,
        severity: Severity::Info,
        count: 0,
        last_seen: Time(0),
        per_minute: minutes(),
    };
    let report = Report {
        time: Time(0),
        logged: None,
        code: String::new(),
        status: String::new(),
        category: Category::Unknown,
        severity: Severity::Info,
        request_id: Some(String::new()),
        file: None,
        recogniser: String::new(),
        labels: Default::default(),
    };
    let (path, state) = (String::new(), FileState::Live);
    let file = File { path, input: 0, position: 0, size: 0, lag: 0, state, failing: None };
    html! {
        template id="category" { (category_row(&category, lang)) }
        template id="code" { (code_row(&blank, &errors, lang)) }
        template id="report" { table { tbody { (report_row(0, &report, lang)) } } }
        template id="file" { table { tbody { (file_row(0, &file, lang)) } } }
        (PreEscaped(dictionary(lang).into_string()))
    }
}

/// The words that the script needs, by name.
fn dictionary(lang: Lang) -> Markup {
    let words = words(lang);
    let own = [
        ("title", words.title),
        ("live", words.live),
        ("stale", words.stale),
        ("calm", words.calm),
        ("unsure", words.unsure),
        ("one", words.one),
        ("many", words.many),
        ("none_yet", words.none_yet),
        ("newest", words.newest),
        ("unknown_time", words.unknown_time),
        ("copied", words.copied),
        ("no_request_id", words.no_request_id),
        ("files_about", words.files_about),
        ("more_files", words.more_files),
        ("durable", words.durable),
        ("not_durable", words.not_durable),
        ("notify", words.notify),
        ("poll", words.poll),
        ("nothing", words.nothing),
        ("not_listed", words.not_listed),
        ("not_listed_do", words.not_listed_do),
        ("no_code", words.no_code),
        ("no_code_do", words.no_code_do),
    ];
    let states = [FileState::Live, FileState::Rotated, FileState::Waiting, FileState::Failing];
    let severities = [Severity::Critical, Severity::Warning, Severity::Info];
    html! {
        template id="words" {
            dl {
                @for (name, text) in own { dt { (name) } dd { (text) } }
                @for category in Category::ALL { dt { "category_" (category) } dd { (texts::category(*category, lang)) } }
                @for owner in Owner::ALL { dt { "owner_" (owner) } dd { (texts::owner(*owner, lang)) } }
                @for retry in Retryable::ALL { dt { "retry_" (retry) } dd { (texts::retryable(*retry, lang)) } }
                @for level in severities { dt { "severity_" (level.as_str()) } dd { (texts::severity(level, lang)) } }
                @for state in states { dt { "state_" (state.as_str()) } dd { (texts::file_state(state, lang)) } }
                @for (kind, name) in texts::WARNINGS { dt { "warning_" (name) } dd { (texts::warning(kind, lang)) } }
            }
        }
    }
}
