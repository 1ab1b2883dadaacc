//! `scan`.

use super::args::{self, ScanOutput};
use super::config::read;
use super::output;
use crate::app::scan::{Input, Report, Row, Scanner, expand};
use crate::catalogue::{Catalogue, Lang};
use anyhow::Context as _;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Some of what was named could not be read.
const UNREADABLE: u8 = 3;

/// Reads logs to their end and prints what was found.
pub fn run(args: &args::Scan) -> anyhow::Result<ExitCode> {
    let (inputs, bad) = expand(&args.logs);
    let mut unreadable = !bad.is_empty();
    for bad in bad {
        output::complain(&format!("error: {bad}"));
    }
    let mut scanner = Scanner::new(read(args.config_file.as_deref())?)?;
    for input in inputs {
        let continues = matches!(input, Input::File { continues: true, .. });
        let read = input.open().and_then(|log| scanner.read(input.path(), continues, log));
        if let Err(error) = read {
            output::complain(&format!("error: {}: {error}", input.path().display()));
            unreadable = true;
        }
    }
    let report = scanner.finish();
    let text = match args.output {
        ScanOutput::Table => table(&report, args.lang.into()),
        ScanOutput::Json => format!("{}\n", serde_json::to_string_pretty(&report)?),
        ScanOutput::Prometheus => crate::tally::text(&report.families, None)?,
    };
    output::print(&text).context("cannot print")?;
    Ok(if unreadable { ExitCode::from(UNREADABLE) } else { ExitCode::SUCCESS })
}

/// For people: a line for each code and status, and under it what it means, what to do, and some request ids.
fn table(report: &Report, lang: Lang) -> String {
    let mut text = String::new();
    let total: u64 = report.errors.iter().map(|row| row.count).sum();
    let widest = report.errors.iter().map(|row| row.code.len()).max().unwrap_or(0).max(4);
    if total > 0 {
        let _ = writeln!(
            text,
            "{:>8}  {:<widest$}  {:<7}  {:<14}  {:<24}  LAST",
            "COUNT", "CODE", "STATUS", "CATEGORY", "FIRST"
        );
    }
    for row in &report.errors {
        let Row { code, status, category, count, .. } = row;
        let time = |time: &Option<String>| time.clone().unwrap_or_else(|| "-".to_owned());
        let (first, last) = (time(&row.first), time(&row.last));
        let line = format!("{count:>8}  {code:<widest$}  {status:<7}  {category:<14}  {first:<24}  {last}");
        let _ = writeln!(text, "{}", line.trim_end());
        if let Some(entry) = Catalogue::built_in().get(code) {
            let _ = writeln!(text, "{:>8}  {} {}", "", entry.meaning(lang), entry.remedy(lang));
        }
        if !row.request_ids.is_empty() {
            let _ = writeln!(text, "{:>8}  request id: {}", "", row.request_ids.join(", "));
        }
    }
    if total > 0 {
        text.push('\n');
    }
    let Report { files, lines, bytes, duplicates, .. } = report;
    let _ = match lang {
        Lang::En => writeln!(
            text,
            "{} in {}, {}, {}; {} told of the same ones.",
            many(total, "OBS error response"),
            many(*files, "file"),
            many(*lines, "line"),
            many(*bytes, "byte"),
            many(*duplicates, "further report"),
        ),
        Lang::Zh => writeln!(
            text,
            "{files} 个文件、{lines} 行、{bytes} 字节中有 {total} 个 OBS 错误响应；另有 {duplicates} 条日志是重复记录。"
        ),
    };
    text
}

fn many(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
