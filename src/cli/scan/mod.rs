//! `scan`.

mod markdown;
mod progress;
mod table;
mod words;

use super::args::{FailOn, Scan, ScanOutput};
use super::config::read;
use super::output;
use super::terminal;
use crate::app::scan::{Filter, Input, Interrupt, Report, Scanner, Zone, advice, expand};
use crate::catalogue::Catalogue;
use anyhow::{Context as _, anyhow};
use progress::Progress;
use std::io::IsTerminal as _;
use std::process::ExitCode;

/// Errors were found that `--fail-on` names.
const FOUND: u8 = 1;

/// It cannot be meant, as clap says it.
const USAGE: u8 = 2;

/// Some of what was named could not be read.
const UNREADABLE: u8 = 3;

/// Ctrl-C has ended the reading; what was found until then is printed.
const INTERRUPTED: u8 = 130;

/// Reads logs to their end and prints what was found.
pub fn run(args: &Scan) -> ExitCode {
    match scan(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::complain(&format!("error: {error:#}"));
            ExitCode::from(USAGE) // 1 says that something was found
        }
    }
}

fn scan(args: &Scan) -> anyhow::Result<u8> {
    anyhow::ensure!(
        args.top.is_none() || args.output != ScanOutput::Prometheus,
        "--top cannot be used with --output prometheus, which tells all codes"
    );
    let mut scanner = Scanner::filtered(read(args.config_file.as_deref())?, filter(args)?)?;
    let (inputs, bad) = expand(&args.logs);
    let mut unreadable = !bad.is_empty();
    let mut progress = Progress::new(&inputs);
    for bad in bad {
        progress.complain(&format!("error: {bad}"));
    }
    if inputs.contains(&Input::Stdin) && std::io::stdin().is_terminal() {
        output::complain("reading standard input; Ctrl-D ends it");
    }
    let interrupt = Interrupt::listen(|| output::complain("reading ends here; Ctrl-C once more ends at once"));
    for input in inputs {
        if interrupt.heard() {
            break;
        }
        let continues = matches!(input, Input::File { continues: true, .. });
        let read =
            input.open_watched(|file| progress.watch(file)).and_then(|log| scanner.read(input.path(), continues, log));
        if let Err(error) = read {
            progress.complain(&format!("error: {}: {}", input.path().display(), advice(input.path(), &error)));
            unreadable = true;
        }
        progress.found(scanner.counted());
    }
    progress.end();
    let mut report = scanner.finish();
    let fails = report.errors.iter().any(|row| {
        args.fail_on.iter().any(|on| match on {
            FailOn::Any => true,
            FailOn::Category(category) => *category == row.category,
        })
    });
    let cut = top(&mut report, args.top);
    print(args, &report, cut).context("cannot print")?;
    Ok(if fails {
        FOUND
    } else if interrupt.heard() {
        INTERRUPTED
    } else if unreadable {
        UNREADABLE
    } else {
        0
    })
}

/// Which responses are asked for.
fn filter(args: &Scan) -> anyhow::Result<Filter> {
    let zone = Zone::named(&args.timezone).map_err(|reason| anyhow!("--timezone: {reason}"))?;
    let now = std::time::SystemTime::now();
    let moment = |flag: &str, text: &Option<String>| {
        text.as_ref().map(|text| zone.parse(text, now).map_err(|reason| anyhow!("{flag}: {reason}"))).transpose()
    };
    let (since, until) = (moment("--since", &args.since)?, moment("--until", &args.until)?);
    if let (Some(since), Some(until)) = (since, until) {
        anyhow::ensure!(since < until, "--since is not before --until: no response could be listed");
    }
    let codes = args.code.iter().map(|name| code(name)).collect();
    Ok(Filter { since, until, codes, categories: args.category.clone(), zone })
}

/// The label value of a code. One that is not in the catalogue may be in the logs nevertheless.
fn code(name: &str) -> String {
    let catalogue = Catalogue::built_in();
    if let Some(entry) = catalogue.get(name) {
        return entry.code.clone();
    }
    if let Some(near) = catalogue.near(name).first() {
        output::complain(&format!("note: {name} is not in the catalogue; did you mean {}?", near.code));
    }
    name.to_owned()
}

/// Leaves the most frequent codes, in the order in which they stand; how many responses are cut away.
fn top(report: &mut Report, most: Option<u32>) -> u64 {
    let Some(most) = most.and_then(|most| usize::try_from(most).ok()) else { return 0 };
    let total: u64 = report.errors.iter().map(|row| row.count).sum();
    let mut ranked: Vec<usize> = (0..report.errors.len()).collect();
    ranked.sort_by_key(|place| std::cmp::Reverse(report.errors[*place].count)); // stable: the worse first
    ranked.truncate(most);
    let mut place = 0;
    report.errors.retain(|_| {
        place += 1;
        ranked.contains(&(place - 1))
    });
    total - report.errors.iter().map(|row| row.count).sum::<u64>()
}

fn print(args: &Scan, report: &Report, cut: u64) -> anyhow::Result<()> {
    let lang = args.language.get();
    match args.output {
        ScanOutput::Table => {
            let look = table::Look { width: terminal::width(), unicode: terminal::unicode(), lang };
            output::print_styled(&table::table(report, cut, look), args.color)?;
        }
        ScanOutput::Json => output::print(&format!("{}\n", serde_json::to_string_pretty(report)?))?,
        ScanOutput::Prometheus => output::print(&crate::tally::text(&report.families, None))?,
        ScanOutput::Markdown => output::print(&markdown::markdown(report, cut, lang))?,
    }
    Ok(())
}
