//! Rust source as far as rules about it need to understand it: without comments and literals, tests apart.

use std::collections::BTreeSet;
use std::ops::Range;

/// A source text in which comments and the contents of literals are blank.
pub struct Code {
    /// All of it.
    pub all: Words,
    /// Where the test modules are.
    pub tests: Vec<Range<usize>>,
    /// The same with the test modules blank.
    pub without_tests: Words,
}

/// Text with nothing in it but words and signs.
pub struct Words(String);

pub fn code(text: &str) -> Code {
    let blank = blank(text);
    let tests = tests(&blank);
    let mut bytes = blank.clone().into_bytes();
    for range in &tests {
        bytes[range.clone()].fill(b' ');
    }
    let without_tests = Words(String::from_utf8(bytes).unwrap());
    Code { all: Words(blank), tests, without_tests }
}

/// Replaces comments and the contents of literals by spaces, byte for byte.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = if rest.starts_with(b"//") {
            rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            find(rest, b"*/", 2)
        } else if (rest.starts_with(b"r\"") || rest.starts_with(b"r#")) && !is_word(bytes, at) {
            let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
            if rest.get(1 + hashes) == Some(&b'"') {
                find(rest, format!("\"{}", "#".repeat(hashes)).as_bytes(), hashes + 2)
            } else {
                0 // r#type
            }
        } else if rest[0] == b'"' {
            quoted(rest, b'"')
        } else if rest[0] == b'\'' && (rest.get(1) == Some(&b'\\') || character(text, at)) {
            quoted(rest, b'\'')
        } else {
            0
        };
        out[at..at + length].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at += length.max(1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether the byte before belongs to the same word.
fn is_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

/// `'x'` is a character, `'x` a lifetime.
fn character(text: &str, at: usize) -> bool {
    text[at + 1..].chars().nth(1) == Some('\'')
}

fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

fn find(bytes: &[u8], end: &[u8], from: usize) -> usize {
    bytes[from..].windows(end.len()).position(|part| part == end).map_or(bytes.len(), |at| from + at + end.len())
}

fn tests(blank: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    for (start, _) in blank.match_indices("#[cfg(test)]") {
        let mut depth = 0_usize;
        let end = blank[start..].find(|sign: char| match sign {
            '{' => {
                depth += 1;
                false
            }
            '}' => {
                depth = depth.saturating_sub(1);
                depth == 0
            }
            ';' => depth == 0,
            _ => false,
        });
        ranges.push(start..end.map_or(blank.len(), |end| start + end + 1));
    }
    ranges
}

impl Words {
    fn places(&self, word: &str) -> impl Iterator<Item = usize> {
        let bytes = self.0.as_bytes();
        self.0.match_indices(word).map(|(at, _)| at).filter(move |at| {
            let next = bytes.get(at + word.len());
            !is_word(bytes, *at) && !next.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        })
    }

    /// Whether a word is in it.
    pub fn has(&self, word: &str) -> bool {
        self.places(word).next().is_some()
    }

    /// What is named directly under `root`: `b` and `c` for `root::b::x` and `root::{c::d, b}`.
    pub fn after(&self, root: &str) -> BTreeSet<String> {
        let ends = self.places(root).map(|at| at + root.len());
        ends.filter_map(|end| self.0[end..].trim_start().strip_prefix("::")).flat_map(first_names).collect()
    }

    /// What is named through a chain of `super` that leaves the room: a module at `depth` reaches the root of the crate
    /// with so many of them, and one more inside a test module.
    pub fn above(&self, depth: usize, tests: &[Range<usize>]) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for at in self.places("super") {
            let mut rest = &self.0[at..];
            let mut chain = 0;
            while let Some(next) = rest.strip_prefix("super").and_then(|rest| rest.trim_start().strip_prefix("::")) {
                rest = next.trim_start();
                chain += 1;
            }
            if chain == depth + usize::from(tests.iter().any(|range| range.contains(&at))) {
                names.extend(first_names(rest));
            }
        }
        names
    }

    /// The names of the modules that are declared.
    pub fn modules(&self) -> Vec<String> {
        self.places("mod").map(|at| word(self.0[at + 3..].trim_start()).to_owned()).collect()
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').unwrap_or(text.len());
    &text[..end]
}

fn first_names(text: &str) -> Vec<String> {
    let text = text.trim_start();
    let Some(group) = text.strip_prefix('{') else { return vec![word(text).to_owned()] };
    let mut depth = 0_usize;
    let mut names = vec![word(group.trim_start()).to_owned()];
    for (at, sign) in group.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(word(group[at + 1..].trim_start()).to_owned()),
            _ => {}
        }
    }
    names
}
