//! For tickets and reports.

use super::words;
use crate::app::scan::{Report, Row};
use crate::catalogue::Lang;
use std::fmt::Write as _;

/// A table in Markdown, and what it comes to.
pub fn markdown(report: &Report, cut: u64, lang: Lang) -> String {
    let heads = words::heads(lang);
    let mut text = String::new();
    if !report.errors.is_empty() {
        let heads = [
            heads.count,
            heads.code,
            heads.status,
            heads.category,
            heads.first,
            heads.last,
            heads.request_ids,
            heads.remedy,
        ];
        let _ = writeln!(text, "| {} |\n|--:|---|---|---|---|---|---|---|", heads.map(capital).join(" | "));
    }
    for row in &report.errors {
        let Row { code, status, category, count, span, request_ids, .. } = row;
        let time = |moment: Option<i64>| moment.map_or_else(|| "–".to_owned(), |moment| report.shown(moment));
        let (first, last) = (time(span.map(|span| span.first)), time(span.map(|span| span.last)));
        let ids: Vec<_> = request_ids.iter().map(|id| format!("`{id}`")).collect();
        let (meaning, remedy) = words::advice(row, lang);
        let what = format!("{meaning}{}{remedy}", words::gap(lang)).replace('|', "\\|");
        let _ = writeln!(
            text,
            "| {count} | `{code}` | {status} | {category} | {first} | {last} | {} | {} |",
            ids.join(" "),
            what.trim()
        );
    }
    if !report.errors.is_empty() {
        text.push('\n');
    }
    for line in words::summary(report, cut, lang) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// `WHAT TO DO` as `What to do`.
fn capital(head: &str) -> String {
    let mut letters = head.chars();
    let first: String = letters.next().into_iter().collect();
    (first + &letters.as_str().to_lowercase()).replace(" id", " ID")
}
