//! What the terminal can show: how wide, in which language, with which characters.

use std::env;
use terminal_size::{Width, terminal_size};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

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

/// A text in lines that are no wider than `width` columns, unless a word is; the lines after the first are indented
/// with blanks. Chinese is broken between any two characters, but not before a mark that ends something.
pub fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in pieces(text) {
        let fits = line.width() + piece.trim_end().width() <= width;
        if !fits && !line.trim().is_empty() {
            lines.push(line.trim_end().to_owned());
            line = " ".repeat(indent);
        }
        line.push_str(piece);
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Pieces of a text between which it may be broken. Blanks at its beginning are part of the first one.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut before = ' ';
    let mut words = false;
    for (at, letter) in text.char_indices() {
        let after_blank = before == ' ' && letter != ' ' && words;
        let beside_chinese = before != ' ' && letter != ' ' && (wide(before) || wide(letter)) && !closes(letter);
        if (after_blank || beside_chinese && !opens(before)) && at > from {
            pieces.push(&text[from..at]);
            from = at;
        }
        words |= letter != ' ';
        before = letter;
    }
    pieces.push(&text[from..]);
    pieces
}

fn wide(letter: char) -> bool {
    letter.width() == Some(2)
}

/// Marks that no line begins with.
fn closes(letter: char) -> bool {
    "。，、；：！？）》」』”’,.;:!?)".contains(letter)
}

/// Marks that no line ends with.
fn opens(letter: char) -> bool {
    "（《「『“‘(".contains(letter)
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
    fn lines_are_broken_where_they_may_be() {
        assert_eq!(wrap("  -> one two three", 10, 5), ["  -> one", "     two", "     three"]);
        assert_eq!(wrap("a-very-long-word b", 5, 1), ["a-very-long-word", " b"]);
        assert_eq!(wrap("", 5, 0), [""; 0]);
        assert_eq!(wrap("重试无济于事。", 6, 0), ["重试无", "济于", "事。"]);
        assert_eq!(wrap("请求（见 SlowDown）过快", 12, 0), ["请求（见", "SlowDown）过", "快"]);
        for width in 4..40 {
            let text = "OBS 停止受理该操作，（责任方 finance）；重试 no。";
            assert_eq!(wrap(text, width, 0).concat().replace(' ', ""), text.replace(' ', ""), "{width}");
        }
    }

    #[test]
    fn chinese_characters_are_two_columns_wide() {
        assert_eq!(pad("错误码", 8), "错误码  ");
        assert_eq!(pad_left("次数", 8), "    次数");
        assert_eq!(pad("too long", 3), "too long");
    }
}
