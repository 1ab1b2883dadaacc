//! What the terminal can show: how wide, in which language, with which characters.

use std::env;
use terminal_size::{Width, terminal_size};
use unicode_width::UnicodeWidthStr as _;

/// The width of what is printed into pipes and files.
const ELSEWHERE: usize = 80;

/// Tables are no narrower and no wider, in columns.
const WIDTHS: (usize, usize) = (60, 160);

/// How many columns there are.
pub fn width() -> usize {
    let columns = || env::var("COLUMNS").ok()?.parse().ok();
    let width = terminal_size().map(|(Width(width), _)| usize::from(width)).or_else(columns);
    width.unwrap_or(ELSEWHERE).clamp(WIDTHS.0, WIDTHS.1)
}

/// The first of these variables that is set says which locale it is, as everywhere.
fn locale(of: &str) -> Option<String> {
    ["LC_ALL", of, "LANG"].iter().find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()))
}

/// Whether texts are wanted in Chinese.
pub fn chinese() -> bool {
    locale("LC_MESSAGES").is_some_and(|locale| locale.starts_with("zh"))
}

/// Whether more than ASCII can be shown: unless a locale is named that has no more.
pub fn unicode() -> bool {
    locale("LC_CTYPE").is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8") || locale.starts_with("zh")
    })
}

/// A text with blanks behind it, up to a number of columns.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// A text with blanks before it, up to a number of columns.
pub fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(text.width())))
}

/// Bytes as people read them.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 10 * 1024 {
        return many(bytes, "byte");
    }
    let mut size = bytes as f64;
    let mut unit = "";
    for next in UNITS {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    format!("{size:.1} {unit}")
}

/// `1 line`, `2 lines`
pub fn many(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_characters_are_two_columns_wide() {
        assert_eq!(pad("错误码", 8), "错误码  ");
        assert_eq!(pad_left("次数", 8), "    次数");
        assert_eq!(pad("too long", 3), "too long");
    }
}
