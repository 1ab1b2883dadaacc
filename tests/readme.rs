//! The README says what the program says, in English and in Chinese alike. `UPDATE=1 cargo test --test readme` writes the
//! generated parts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use obs_error_exporter::config::Config;
use obs_error_exporter::recognise::BUILT_IN;
use obs_error_exporter::rules::{self, Alert};
use obs_error_exporter::tally::metrics::{Kind, METRICS};
use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ENGLISH: &str = "README.md";
const CHINESE: &str = "README.zh.md";
const BOTH: [&str; 2] = [ENGLISH, CHINESE];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

fn metrics() -> String {
    let mut table = String::from("| metric | type | labels | what |\n|---|---|---|---|\n");
    for metric in METRICS {
        let kind = if metric.kind == Kind::Counter { "counter" } else { "gauge" };
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(table, "| `{}` | {kind} | {} | {} |", metric.name, labels.join(", "), metric.help);
    }
    table
}

/// The alerts, each with a link to its runbook, when it fires by default, and what else may be set.
fn alerts() -> String {
    let mut table =
        String::from("| alert | severity | for, keep | says | parameters of its own |\n|---|---|---|---|---|\n");
    for alert in rules::alerts() {
        let says = alert.texts[0].summary.replace("Exporter <where>", "an exporter").replace("<where>", "a job");
        let says = says.replace(" (<code>)", ", by code").replace(" (<reason>)", ", by reason");
        let own: Vec<_> = alert.more.iter().map(|one| format!("`{}={}`", one.name, one.default)).collect();
        let _ = writeln!(
            table,
            "| [`{name}`](deploy/runbooks/{name}.md) | {} | {}, {} | {says} | {} |",
            alert.severity,
            alert.hold,
            alert.keep,
            own.join(" "),
            name = alert.name
        );
    }
    table
}

/// The same in Chinese.
fn alerts_in_chinese() -> String {
    let mut table = String::from("| 告警 | 级别 | 触发前、消失后持续 | 说明 | 自有参数 |\n|---|---|---|---|---|\n");
    let english = alerts();
    for (alert, row) in rules::alerts().zip(english.lines().skip(2)) {
        let says = alert.texts[1].summary.replace("<where>：", "").replace(" <where> ", "");
        let says = says.replace("（<code>）", "（按错误码）").replace("（<reason>）", "（按原因）");
        let cells: Vec<_> = row.split(" | ").collect();
        let _ = writeln!(table, "{} | {} | {} | {says} | {}", cells[0], cells[1], cells[2], cells[4]);
    }
    table
}

/// Everything that may be set of the rules.
fn parameters() -> String {
    let mut table = String::from("| parameter | value | default | what |\n|---|---|---|---|\n");
    for one in rules::GENERAL {
        let default = if one.default.is_empty() { String::new() } else { format!("`{}`", one.default) };
        let _ = writeln!(table, "| `{}` | {} | {default} | {} |", one.name, one.unit, one.about);
    }
    let mut told = HashSet::new();
    for one in rules::alerts().flat_map(Alert::parameters).filter(|one| told.insert((one.name, one.about))) {
        let _ = writeln!(table, "| `ALERT.{}` | {} | see above | {} |", one.name, one.unit, one.about);
    }
    table
}

/// The part of a README between the markers of this name is this text.
fn holds(readme: &str, name: &str, expected: &str) {
    let text = read(readme);
    let begin = text.find(&format!("<!-- {name}:")).unwrap();
    let from = begin + text[begin..].find("-->\n").unwrap() + 4;
    let to = text.find(&format!("<!-- end of {name} -->")).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path(readme), format!("{}{expected}{}", &text[..from], &text[to..])).unwrap();
    } else {
        assert_eq!(&text[from..to], expected, "{readme}");
    }
}

#[test]
fn the_tables_are_the_lists() {
    holds(ENGLISH, "metrics", &metrics());
    holds(ENGLISH, "alerts", &alerts());
    holds(ENGLISH, "parameters", &parameters());
    holds(CHINESE, "alerts", &alerts_in_chinese());
}

/// What a metric means is told by hand in Chinese; which there are, of which type and with which labels, is not.
#[test]
fn every_metric_is_there_in_chinese_and_no_other() {
    let text = read(CHINESE);
    for row in metrics().lines().skip(2) {
        let known = row.rsplitn(3, " | ").last().unwrap();
        assert!(text.lines().any(|line| line.starts_with(known)), "{known} is missing");
    }
    let rows = text.lines().filter(|line| line.contains("` | counter |") || line.contains("` | gauge |")).count();
    assert_eq!(rows, METRICS.len(), "a metric is told of that is not there");
}

#[test]
fn every_flag_of_serve_is_there_with_its_variable_and_no_other() {
    let help = Command::new(env!("CARGO_BIN_EXE_obs-error-exporter")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for name in BOTH {
        let text = read(name);
        let mut flags: Vec<String> = Vec::new();
        for line in help.lines().map(str::trim) {
            if let Some(flag) = line.strip_prefix("--") {
                flags.push(format!("--{}", flag.split(' ').next().unwrap()));
            }
            if let Some(variable) = line.strip_prefix("[env: ") {
                let row = format!("| `{}` |", variable.trim_end_matches([']', '=']));
                let flag = flags.last().unwrap();
                let starts = [" ", "`"].map(|end| format!("| `{flag}{end}"));
                let told = |line: &str| line.contains(&row) && starts.iter().any(|start| line.starts_with(start));
                assert!(text.lines().any(told), "{name}: no row has {flag} with {row}");
            }
        }
        assert!(flags.len() >= 8, "{flags:?}");
        let rows = text.lines().filter(|line| line.starts_with("| `--")).count();
        assert_eq!(rows, flags.len(), "{name}: a flag is told of that is not there, or missing: {flags:?}");
    }
}

#[test]
fn every_recogniser_is_there() {
    for name in BOTH {
        let text = read(name);
        for recogniser in BUILT_IN {
            let cell = format!(" | `{}` | ", recogniser.name());
            assert!(text.contains(&cell), "{name}: {} is missing in the table of clients", recogniser.name());
        }
    }
}

/// What a daemon answers to, beside the parts of its page.
fn endpoints() -> Vec<String> {
    let source = read("src/web/routes.rs");
    let rows = source.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split_once("\", Page::"));
    let rows = rows.filter(|(_, page)| !page.starts_with("Static")).map(|(path, _)| path.to_owned());
    rows.chain(["/", "/metrics"].map(str::to_owned)).collect()
}

#[test]
fn every_endpoint_is_there() {
    let endpoints = endpoints();
    assert!(endpoints.len() >= 9, "{endpoints:?}");
    for (name, heading) in BOTH.into_iter().zip(["\n## Endpoints\n", "\n## 端点\n"]) {
        let text = read(name);
        let section = text.split(heading).nth(1).unwrap().split("\n## ").next().unwrap();
        let rows: String = section.lines().filter(|line| line.starts_with('|')).collect();
        for endpoint in &endpoints {
            assert!(rows.contains(&format!("`{endpoint}`")), "{name}: {endpoint} is missing");
        }
    }
}

#[test]
fn the_configuration_is_one_that_is_accepted() {
    for name in BOTH {
        let text = read(name);
        let yaml = text.split("```yaml\n").find(|block| block.starts_with("inputs:")).unwrap();
        let config = Config::parse(yaml.split("```").next().unwrap(), name).unwrap();
        assert_eq!((config.inputs.len(), config.recognisers.len(), config.codes.len()), (2, 1, 1), "{name}");
    }
}

/// The targets of all links.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap())
}

#[test]
fn links_lead_somewhere() {
    for name in BOTH {
        let text = read(name);
        let folder = path(name).parent().unwrap().to_owned();
        for link in links(&text) {
            let there = match link.strip_prefix('#') {
                Some(anchor) => text.lines().filter(|line| line.starts_with('#')).any(|line| {
                    let title = line.trim_start_matches('#').trim().to_lowercase();
                    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
                    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>() == anchor
                }),
                None => link.starts_with("http") || folder.join(link).exists(),
            };
            assert!(there, "{name}: {link}");
        }
    }
    let first = BOTH.map(|name| links(&read(name)).next().map(str::to_owned));
    assert_eq!(first, [CHINESE, ENGLISH].map(|name| Some(name.to_owned())), "each leads to the other at its top");
}

#[test]
fn proofs_and_other_files_that_are_named_are_there() {
    for name in BOTH {
        let text = read(name);
        let named = text.split('`').skip(1).step_by(2).filter_map(|code| code.split(' ').next());
        let files: BTreeSet<_> =
            named.filter(|file| ["tests/", "src/", "deploy/"].iter().any(|folder| file.starts_with(folder))).collect();
        let gone: Vec<_> = files.iter().filter(|file| !path(file).exists()).collect();
        assert!(files.len() > 20 && gone.is_empty(), "{name}: {gone:?} of {}", files.len());
    }
}

/// A section as both languages must have it: the level of its heading, its commands and examples without their comments,
/// the number of rows of its tables, everything that is set as code, and where its links to elsewhere lead.
#[derive(Debug, PartialEq)]
struct Section {
    level: usize,
    blocks: Vec<String>,
    rows: usize,
    code: BTreeSet<String>,
    links: Vec<String>,
}

/// The sections with their headings.
fn sections(text: &str) -> Vec<(String, Section)> {
    let mut sections: Vec<(String, Section)> = Vec::new();
    let (mut prose, mut block) = (String::new(), None::<String>);
    for line in text.lines().chain(["# end"]) {
        if line.starts_with("```") {
            // what `scan` prints is held elsewhere, in both languages
            block = match block.take() {
                None => Some(String::new()),
                Some(done) if done.starts_with("$ ") => None,
                Some(done) => {
                    sections.last_mut().unwrap().1.blocks.push(done);
                    None
                }
            };
        } else if let Some(block) = &mut block {
            *block += line.split(" # ").next().unwrap().trim_end();
            *block += "\n";
        } else if line.starts_with('#') {
            if let Some((_, section)) = sections.last_mut() {
                section.rows = prose.lines().filter(|line| line.starts_with('|')).count();
                section.code = prose.split('`').skip(1).step_by(2).map(str::to_owned).collect();
                let elsewhere = links(&prose).filter(|to| !to.starts_with(['#', 'R']));
                section.links = elsewhere.map(|to| to.replace("page.zh.png", "page.png")).collect();
                prose.clear();
            }
            let level = line.chars().take_while(|c| *c == '#').count();
            let empty = Section { level, blocks: vec![], rows: 0, code: BTreeSet::new(), links: vec![] };
            sections.push((line.to_owned(), empty));
        } else if !line.starts_with("<!--") {
            prose += line;
            prose += "\n";
        }
    }
    sections
}

#[test]
fn both_tell_the_same() {
    let [english, chinese] = BOTH.map(|name| sections(&read(name)));
    assert!(english.len() > 15, "{}", english.len());
    for ((heading, english), (title, chinese)) in english.iter().zip(&chinese) {
        let only: Vec<_> = english.code.symmetric_difference(&chinese.code).collect();
        assert!(only.is_empty(), "{heading} and {title}: only one has {only:?}");
        assert_eq!(english, chinese, "{heading} and {title}");
    }
    assert_eq!(english.len(), chinese.len());
}
