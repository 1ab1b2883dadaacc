//! The labels of a series, written once and then copied into each answer.

use std::fmt::{self, Write as _};
use std::sync::Arc;

/// The labels of a series as every format writes them, `{code="SlowDown",status="503"}`, and nothing if there are none.
/// A copy costs nothing: thousands of series are put into each answer, and their labels never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels(Arc<str>);

impl Labels {
    /// These names and values. Names are taken to be ones that need no escapes.
    pub fn new<'l>(pairs: impl IntoIterator<Item = (&'l str, &'l str)>) -> Self {
        let mut text = String::new();
        for (name, value) in pairs {
            let begin = if text.is_empty() { '{' } else { ',' };
            let _ = write!(text, "{begin}{name}=\"{}\"", Escaped(value)); // writing to a string cannot fail
        }
        if !text.is_empty() {
            text.push('}');
        }
        Self(text.into())
    }

    /// As they are written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Names and values.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        let mut rest = &*self.0;
        while let Some((name, quoted)) = rest.split_once("=\"") {
            let mut value = String::new();
            let mut chars = quoted.chars();
            while let Some(c) = chars.next().filter(|c| *c != '"') {
                let c = if c == '\\' { chars.next().map_or(c, |c| if c == 'n' { '\n' } else { c }) } else { c };
                value.push(c);
            }
            pairs.push((name.trim_start_matches(['{', ',']).to_owned(), value));
            rest = chars.as_str();
        }
        pairs
    }
}

/// Text with the escapes that the values of labels need.
pub(super) struct Escaped<'t>(pub &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['\\', '"', '\n']) {
            let (plain, special) = rest.split_at(at);
            f.write_str(plain)?;
            f.write_str(match special.as_bytes()[0] {
                b'\\' => "\\\\",
                b'"' => "\\\"",
                _ => "\\n",
            })?;
            rest = &special[1..];
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_can_be_read_again() {
        assert_eq!(Labels::new([]).as_str(), "");
        assert_eq!(Labels::new([]).pairs(), []);
        let pairs =
            [("code", "SlowDown"), ("team", "a\"\\\nb"), ("empty", ""), ("path", "{x=\"1\",y=\"\\n\"}"), ("z", "ä,")];
        let labels = Labels::new(pairs);
        assert!(
            labels.as_str().starts_with(r#"{code="SlowDown",team="a\"\\\nb",empty="",path="{x=\"1\","#),
            "{labels:?}"
        );
        assert!(labels.as_str().ends_with(r#",z="ä,"}"#), "{labels:?}");
        assert_eq!(labels.pairs(), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
