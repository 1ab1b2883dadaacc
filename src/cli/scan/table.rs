//! For people: what is wrong, the worst first, and what to do about it.

use super::words::{self, Heads};
use crate::app::scan::{Report, Row, Span};
use crate::catalogue::{Category, Lang};
use crate::cli::terminal::{pad, pad_left, wrap};
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// How it is to look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// Whether there is more than ASCII.
    pub unicode: bool,
    /// The language.
    pub lang: Lang,
}

const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const URGENT: Style = AnsiColor::Red.on_default().bold();
const SOON: Style = AnsiColor::Yellow.on_default().bold();

/// A bar is no narrower and no wider, in columns.
const BAR: (usize, usize) = (8, 40);

/// How bad a category looks.
const fn style(category: Category) -> Style {
    match category {
        Category::Account
        | Category::ServerError
        | Category::Credentials
        | Category::ClockSkew
        | Category::Encryption
        | Category::Quota => URGENT,
        Category::Throttling | Category::Permission | Category::Network | Category::Unknown => SOON,
        Category::NotFound
        | Category::Conflict
        | Category::ClientRequest
        | Category::Unsupported
        | Category::Redirect => BOLD,
    }
}

fn styled(text: &str, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// The rows by category, then what it comes to, and once more the worst: the end is what a terminal shows last.
pub fn table(report: &Report, cut: u64, look: Look) -> String {
    let columns = Columns::new(report, look);
    let mut text = String::new();
    if !report.errors.is_empty() {
        let _ = writeln!(text, "{}\n", styled(&columns.head(), FAINT));
    }
    for group in report.errors.chunk_by(|one, other| one.category == other.category) {
        let category = group[0].category;
        let name = category.as_str().to_uppercase().replace('_', " ");
        let _ = writeln!(text, "{}  {}", styled(&name, style(category)), words::category(category, look.lang));
        for row in group {
            columns.row(&mut text, row);
        }
        text.push('\n');
    }
    let lines = words::summary(report, cut, look.lang);
    for line in lines {
        text.extend(wrap(&line, look.width, 0).into_iter().map(|line| line + "\n"));
    }
    if let [worst, _, ..] = report.errors.as_slice() {
        let (_, remedy) = words::advice(worst, look.lang);
        let Row { code, count, .. } = worst;
        let label = if look.lang == Lang::En { "WORST" } else { "最严重" };
        let line = match look.lang {
            Lang::En => format!("{label}  {count} {code}: {remedy}"),
            Lang::Zh => format!("{label}  {code} {count} 次：{remedy}"),
        };
        text.push('\n');
        for (place, line) in wrap(&line, look.width, label.width() + 2).into_iter().enumerate() {
            let rest = line.strip_prefix(label).filter(|_| place == 0);
            let line = match rest {
                Some(rest) => styled(label, style(worst.category)) + &styled(rest, BOLD),
                None => styled(&line, BOLD),
            };
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

/// How times are written: as short as the span allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    Time,
    DayAndTime,
    Date,
}

impl Clock {
    fn of(report: &Report) -> Self {
        let Some(Span { first, last }) = report.span else { return Self::Time };
        let (first, last) = (report.shown(first), report.shown(last));
        if first.get(..10) == last.get(..10) {
            Self::Time
        } else if first.get(..4) == last.get(..4) {
            Self::DayAndTime
        } else {
            Self::Date
        }
    }

    fn show(self, report: &Report, moment: i64) -> String {
        let shown = report.shown(moment);
        let part = match self {
            Self::Time => shown.get(11..),
            Self::DayAndTime => shown.get(5..16),
            Self::Date => shown.get(..10),
        };
        part.unwrap_or_default().to_owned()
    }
}

struct Columns<'r> {
    report: &'r Report,
    look: Look,
    heads: Heads,
    count: usize,
    code: usize,
    status: usize,
    clock: Clock,
    time: usize,
    /// The columns of the bar; nothing where it says nothing.
    bar: Option<usize>,
    /// Times and bars stand in a line of their own.
    below: bool,
}

impl<'r> Columns<'r> {
    fn new(report: &'r Report, look: Look) -> Self {
        let heads = words::heads(look.lang);
        let widest =
            |of: &dyn Fn(&Row) -> usize, head: &str| report.errors.iter().map(of).max().unwrap_or(0).max(head.width());
        let count = widest(&|row| row.count.to_string().len(), heads.count);
        let code = widest(&|row| row.code.len(), heads.code);
        let status = widest(&|row| row.status.len(), heads.status);
        let clock = Clock::of(report);
        let time = match clock {
            Clock::Time => 8,
            Clock::DayAndTime => 11,
            Clock::Date => 10,
        };
        let used = 2 + count + 2 + code + 2 + status + 2 + time + 2 + time + 2;
        let room = look.width.saturating_sub(used);
        let below = room < BAR.0;
        let room = if below { look.width.saturating_sub(2 + count + 2 + time + 2 + time + 2) } else { room };
        let moves = report.span.is_some_and(|span| span.first < span.last);
        let bar = moves.then_some(room.min(BAR.1));
        Self { report, look, heads, count, code, status, clock, time, bar, below }
    }

    fn head(&self) -> String {
        let Heads { count, code, status, first, last, over_time, .. } = self.heads;
        let (left, right) = self.line([count, code, status], [first, last, self.bar.map_or("", |_| over_time)]);
        left + &right
    }

    /// A line in two parts, the second of which may be a line of its own.
    fn line(&self, [count, code, status]: [&str; 3], [first, last, bar]: [&str; 3]) -> (String, String) {
        let (count, code) = (pad_left(count, self.count), pad(code, self.code));
        let times = format!("{}  {}  {bar}", pad(first, self.time), pad(last, self.time));
        let times = times.trim_end();
        if self.below {
            let indent = " ".repeat(2 + self.count + 2);
            (format!("  {count}  {code}  {status}"), format!("\n{indent}{times}"))
        } else {
            (format!("  {count}  {code}  "), format!("{}  {times}", pad(status, self.status)))
        }
    }

    fn row(&self, text: &mut String, row: &Row) {
        let Look { width, lang, unicode } = self.look;
        let time = |moment: Option<i64>| moment.map_or_else(|| "-".to_owned(), |at| self.clock.show(self.report, at));
        let (first, last) = (time(row.span.map(|span| span.first)), time(row.span.map(|span| span.last)));
        let bar = self.bar(row).unwrap_or_default();
        let (left, right) = self.line([&row.count.to_string(), &row.code, &row.status], [&first, &last, &bar]);
        let _ = writeln!(text, "{}{right}", styled(&left, style(row.category)));

        let indent = " ".repeat(2 + self.count + 2);
        let (meaning, remedy) = words::advice(row, lang);
        let arrow = if unicode { "→" } else { "->" };
        for line in wrap(&format!("{indent}{arrow} {remedy}"), width, indent.len() + arrow.width() + 1) {
            let _ = writeln!(text, "{}", styled(&line, BOLD));
        }
        let faint = |text: &mut String, line: &str, below: usize| {
            for line in wrap(&format!("{indent}{line}"), width, indent.len() + below) {
                let _ = writeln!(text, "{}", styled(&line, FAINT));
            }
        };
        faint(text, &format!("{meaning}{}{}", words::gap(lang), words::owner(row, lang)), 0);
        if !row.request_ids.is_empty() {
            let label = words::ids_label(lang);
            faint(text, &format!("{label}{}", row.request_ids.join(" ")), label.width());
        }
    }

    /// The responses of a row over the time that all rows span.
    fn bar(&self, row: &Row) -> Option<String> {
        const UNICODE: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const ASCII: [char; 9] = ['.', ':', '-', '=', '+', 'o', '%', '#', '@'];
        let Span { first, last } = self.report.span?;
        row.span?;
        let counts = row.timeline.columns(first, last, self.bar?);
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let levels = if self.look.unicode { UNICODE } else { ASCII };
        let level = |count: u64| usize::try_from((count * 8).div_ceil(most)).unwrap_or(8);
        Some(counts.into_iter().map(|count| levels[level(count)]).collect())
    }
}
