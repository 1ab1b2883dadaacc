//! `check`: whether a configuration can be used, what it means, and what its globs match now.

use super::args::Check;
use super::config::read;
use super::output;
use super::terminal::size;
use crate::app::check::{Matches, look};
use crate::app::scan::Scanner;
use crate::catalogue::Lang;
use crate::config::{Config, Input};
use anyhow::Context as _;
use std::fmt::Write as _;
use std::process::ExitCode;

/// What was asked for cannot be meant, as clap says it.
const USAGE: u8 = 2;

/// Files named for each glob.
const NAMED: usize = 5;

/// Checks, and prints what was found. A configuration that cannot be used is an error.
pub fn run(args: &Check) -> anyhow::Result<ExitCode> {
    let mut config = read(args.config_file.as_deref())?;
    if !args.logs.is_empty() {
        config.inputs.push(Input::at(args.logs.clone()));
    }
    if args.config_file.is_none() && args.logs.is_empty() {
        output::complain("error: there is nothing to check; name a file with --config.file, or logs with --logs");
        return Ok(ExitCode::from(USAGE));
    }
    let lang = args.language.get();
    let mut text = String::new();
    if let Some(file) = &args.config_file {
        let said = if lang == Lang::En { "can be used" } else { "可以使用" };
        let _ = writeln!(text, "{} {said}\n", file.display());
    }
    inputs(&mut text, &config, lang)?;
    text.push_str(&meaning(&config, lang));
    Scanner::new(config)?; // all recognisers together
    output::print(&text).context("cannot print")?;
    Ok(ExitCode::SUCCESS)
}

fn say<'t>(lang: Lang, en: &'t str, zh: &'t str) -> &'t str {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

fn inputs(text: &mut String, config: &Config, lang: Lang) -> anyhow::Result<()> {
    let _ = writeln!(text, "{}", say(lang, "INPUTS", "输入"));
    if config.inputs.is_empty() {
        let none =
            say(lang, "none: `serve` needs some by `inputs` or --logs", "无：`serve` 需要通过 `inputs` 或 --logs 指定");
        let _ = writeln!(text, "  {none}");
    }
    for (number, input) in config.inputs.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", number + 1, about(input, lang));
        for matches in look(input)? {
            let _ = writeln!(text, "     {}", matches.glob);
            for line in found(&matches, lang) {
                let _ = writeln!(text, "       {line}");
            }
        }
    }
    Ok(())
}

/// How an input is read.
fn about(input: &Input, lang: Lang) -> String {
    let format = input.framing.map_or_else(|| "auto".to_owned(), |framing| format!("{framing:?}").to_lowercase());
    let start = format!("{:?}", input.start_at).to_lowercase();
    let mut parts = vec![format!("format {format}"), format!("start_at {start}")];
    if !input.labels.is_empty() {
        let labels: Vec<_> = input.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        parts.push(format!("{} {}", say(lang, "labels", "标签"), labels.join(",")));
    }
    if let Some(path_labels) = &input.path_labels {
        let names: Vec<_> = path_labels.names().collect();
        parts.push(format!("{} {}", say(lang, "labels of the path", "路径标签"), names.join(", ")));
    }
    if !input.exclude.is_empty() {
        parts.push(format!("{} {}", say(lang, "without", "排除"), input.exclude.join(", ")));
    }
    parts.join("; ")
}

fn found(matches: &Matches, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    if matches.files.is_empty() {
        let place = matches.looked_in();
        lines.push(match (lang, matches.missing()) {
            (Lang::En, None) => format!("no file now; looked in {place}; files that appear will be tailed"),
            (Lang::Zh, None) => format!("目前没有文件；已查找 {place}；之后出现的文件会被跟踪"),
            (Lang::En, Some(folder)) => {
                format!("no file now: there is no folder {}; the nearest that exists is {place}", folder.display())
            }
            (Lang::Zh, Some(folder)) => {
                format!("目前没有文件：目录 {} 不存在；最近的已有目录是 {place}", folder.display())
            }
        });
    } else {
        let (count, bytes) = (matches.files.len(), size(matches.bytes()));
        let files = if count == 1 { "file" } else { "files" };
        lines.push(match lang {
            Lang::En => format!("{count} {files} now, {bytes}"),
            Lang::Zh => format!("目前 {count} 个文件，{bytes}"),
        });
        lines.extend(
            matches.files.iter().take(NAMED).map(|(path, bytes)| format!("{}  {}", path.display(), size(*bytes))),
        );
        if count > NAMED {
            lines.push(format!("… {}", count - NAMED));
        }
    }
    for (path, reason) in matches.skipped.iter().take(NAMED) {
        lines.push(format!("{} {}: {reason}", say(lang, "not read:", "不读取："), path.display()));
    }
    if matches.skipped.len() > NAMED {
        lines.push(format!("… {}", matches.skipped.len() - NAMED));
    }
    lines
}

/// What the configuration says beside its inputs.
fn meaning(config: &Config, lang: Lang) -> String {
    let mut text = String::new();
    if !config.recognisers.is_empty() {
        let _ = writeln!(text, "{}", say(lang, "RECOGNISERS", "识别器"));
        for (name, anchors) in config.anchors() {
            let anchors: Vec<_> = anchors.iter().map(|anchor| format!("{anchor:?}")).collect();
            let found = say(lang, "finds its lines by", "按此文本查找日志行：");
            let _ = writeln!(text, "  {name}: {found} {}", anchors.join(", "));
        }
    }
    if !config.codes.is_empty() {
        let _ = writeln!(text, "{}", say(lang, "CODES", "错误码"));
        for entry in &config.codes {
            let status = entry.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
            let _ = writeln!(
                text,
                "  {}  status {status}, category {}, retryable {}, owner {}",
                entry.code, entry.category, entry.retryable, entry.owner
            );
        }
    }
    if config.alerts.given().next().is_some() {
        let _ = writeln!(text, "{}", say(lang, "ALERTS", "告警"));
        for (name, value) in config.alerts.given() {
            let _ = writeln!(text, "  {name} {value}");
        }
    }
    let limits = config.limits;
    let _ = writeln!(text, "{}", say(lang, "LIMITS", "限制"));
    let _ = writeln!(
        text,
        "  line_bytes {}, unlisted_codes {}, open_files {}",
        size(limits.line_bytes as u64),
        limits.unlisted_codes,
        limits.open_files
    );
    let metrics = config.metrics;
    let _ = writeln!(
        text,
        "{}\n  created_timestamps {}, new_series_hold {}, series_retention {}",
        say(lang, "METRICS", "指标"),
        metrics.created_timestamps,
        humantime::format_duration(metrics.new_series_hold),
        humantime::format_duration(metrics.series_retention)
    );
    text
}
