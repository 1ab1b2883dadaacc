//! `codes` and `explain`.

use super::args::{self, CodesOutput};
use super::output;
use super::terminal::pad;
use crate::catalogue::{Catalogue, Entry, Lang};
use anyhow::Context as _;
use std::fmt::Write as _;
use std::io::Read as _;
use std::process::ExitCode;

/// So much of standard input is explained, in bytes.
const LARGEST: u64 = 64 << 20;

/// Prints the whole catalogue.
pub fn list(args: &args::Codes) -> anyhow::Result<ExitCode> {
    let entries = Catalogue::built_in().entries();
    let lang = args.language.get();
    let text = match args.output {
        CodesOutput::Table => table(entries, lang),
        CodesOutput::Json => format!("{}\n", serde_json::to_string_pretty(entries)?),
        CodesOutput::Csv => csv(entries)?,
        CodesOutput::Markdown => markdown(entries, lang),
    };
    output::print(&text).context("cannot print")?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what is known of some codes. Fails if none of them is known.
pub fn explain(args: &args::Explain) -> anyhow::Result<ExitCode> {
    if args.line {
        return lines(args);
    }
    let catalogue = Catalogue::built_in();
    let mut text = String::new();
    let mut known = false;
    for name in &args.codes {
        if !text.is_empty() {
            text.push('\n');
        }
        match catalogue.get(name) {
            Some(entry) => {
                known = true;
                text.push_str(&about(entry, args.language.get()));
            }
            None => text.push_str(&unknown(name, &catalogue.near(name), args.language.get())),
        }
    }
    output::print(&text).context("cannot print")?;
    Ok(if known { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what becomes of each line on standard input.
fn lines(args: &args::Explain) -> anyhow::Result<ExitCode> {
    let mut log = Vec::new();
    let read = std::io::stdin().lock().take(LARGEST).read_to_end(&mut log).context("cannot read standard input")?;
    if read as u64 == LARGEST {
        output::complain("only the first 64 MiB are explained");
    }
    let config = super::config::read(args.config_file.as_deref())?;
    let mut text = String::new();
    for explained in crate::app::explain::explain(config, &log, args.language.get())? {
        let _ = writeln!(text, "{}", explained.line);
        for reason in explained.reasons {
            let _ = writeln!(text, "  {reason}");
        }
    }
    output::print(&text).context("cannot print")?;
    Ok(ExitCode::SUCCESS)
}

fn about(entry: &Entry, lang: Lang) -> String {
    let status = entry.status.map_or_else(
        || (if lang == Lang::En { "not documented" } else { "未公布" }).to_owned(),
        |status| status.to_string(),
    );
    let Entry { code, category, retryable, owner, source, .. } = entry;
    let (meaning, remedy) = (entry.meaning(lang), entry.remedy(lang));
    match lang {
        Lang::En => format!(
            "{code}\n  Status     {status}\n  Category   {category}\n  Retryable  {retryable}\n  Owner      {owner}\n  \
             Source     {source}\n  Meaning    {meaning}\n  What to do {remedy}\n"
        ),
        Lang::Zh => format!(
            "{code}\n  状态码   {status}\n  类别     {category}\n  可重试   {retryable}\n  责任方   {owner}\n  \
             来源     {source}\n  含义     {meaning}\n  处理     {remedy}\n"
        ),
    }
}

fn unknown(name: &str, near: &[&Entry], lang: Lang) -> String {
    let near: Vec<_> = near.iter().map(|entry| entry.code.as_str()).collect();
    match (lang, near.is_empty()) {
        (Lang::En, true) => format!("{name}: not in the catalogue\n"),
        (Lang::En, false) => format!("{name}: not in the catalogue; did you mean {}?\n", near.join(", ")),
        (Lang::Zh, true) => format!("{name}：目录中没有\n"),
        (Lang::Zh, false) => format!("{name}：目录中没有，是否指 {}？\n", near.join("、")),
    }
}

fn table(entries: &[Entry], lang: Lang) -> String {
    let heads = match lang {
        Lang::En => ["CODE", "STATUS", "CATEGORY", "RETRYABLE", "OWNER", "MEANING"],
        Lang::Zh => ["错误码", "状态码", "类别", "可重试", "责任方", "含义"],
    };
    let widest = entries.iter().map(|entry| entry.code.len()).max().unwrap_or(0);
    let line = |[code, status, category, retryable, owner, meaning]: [&str; 6]| {
        let (code, status, category) = (pad(code, widest), pad(status, 6), pad(category, 14));
        format!("{code}  {status}  {category}  {}  {}  {meaning}\n", pad(retryable, 11), pad(owner, 8))
    };
    let mut text = line(heads);
    for entry in entries {
        let status = entry.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let Entry { code, category, retryable, owner, .. } = entry;
        let (category, retryable, owner) = (category.as_str(), retryable.as_str(), owner.as_str());
        text.push_str(&line([code, &status, category, retryable, owner, entry.meaning(lang)]));
    }
    text
}

fn markdown(entries: &[Entry], lang: Lang) -> String {
    let mut text = String::from(match lang {
        Lang::En => {
            "| Code | Status | Category | Retryable | Owner | Meaning | What to do |\n|---|---|---|---|---|---|---|\n"
        }
        Lang::Zh => "| 错误码 | 状态码 | 类别 | 可重试 | 责任方 | 含义 | 处理 |\n|---|---|---|---|---|---|---|\n",
    });
    for entry in entries {
        let status = entry.status.map_or_else(|| "–".to_owned(), |status| status.to_string());
        let Entry { code, category, retryable, owner, .. } = entry;
        let (meaning, remedy) = (entry.meaning(lang).replace('|', "\\|"), entry.remedy(lang).replace('|', "\\|"));
        let _ = writeln!(text, "| `{code}` | {status} | {category} | {retryable} | {owner} | {meaning} | {remedy} |");
    }
    text
}

fn csv(entries: &[Entry]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for entry in entries {
        writer.serialize(entry)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
