//! Recognisers of a configuration: a regular expression with named groups for an application's own line format.

use super::{Recogniser, Report, Reports, Seen, fields};
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

/// A compiled pattern takes no more memory, in bytes.
const LARGEST: usize = 1 << 20;

/// The text that finds the lines of a pattern has at least so many bytes; shorter ones would slow every other line.
const SHORTEST: usize = 4;

/// A pattern stands for no more literals.
const MOST_ANCHORS: usize = 8;

/// Why a pattern cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CustomError {
    /// It is no regular expression, or too large a one.
    #[error("{0}")]
    Pattern(#[from] Box<regex::Error>),
    /// It says nothing of an error.
    #[error("it has neither a group (?P<code>…) nor (?P<status>…), so nothing could be counted")]
    NoField,
    /// It has a group of another name.
    #[error("its group {0:?} is none of code, status, request_id")]
    Group(String),
    /// It matches where nothing is.
    #[error("it matches an empty line; let it match the text that stands around the fields")]
    Empty,
    /// There is no text to find its lines by.
    #[error(
        "no text of {SHORTEST} bytes or more is in every line that it matches, so it would have to be tried on every line; write out the words that stand around the fields"
    )]
    NoAnchor,
}

/// A recogniser made of a pattern.
#[derive(Debug)]
pub struct Custom {
    name: String,
    pattern: Regex,
    anchors: Vec<&'static str>,
}

impl Custom {
    /// The recogniser with this name for lines that match this pattern.
    ///
    /// # Errors
    /// When the pattern cannot be used.
    pub fn new(name: &str, pattern: &str) -> Result<Self, CustomError> {
        let regex = RegexBuilder::new(pattern).size_limit(LARGEST).unicode(true).build().map_err(Box::new)?;
        for group in regex.capture_names().flatten() {
            if !matches!(group, "code" | "status" | "request_id") {
                return Err(CustomError::Group(group.to_owned()));
            }
        }
        if !regex.capture_names().flatten().any(|group| matches!(group, "code" | "status")) {
            return Err(CustomError::NoField);
        }
        if regex.is_match(b"") {
            return Err(CustomError::Empty);
        }
        let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern);
        let found =
            hir.ok().and_then(|hir| required(&hir)).filter(|found| useful(found)).ok_or(CustomError::NoAnchor)?;
        // recognisers of a configuration live as long as the process: there are few, and reloads are rare
        let anchors = found.into_iter().map(|anchor| &*Box::leak(anchor.into_boxed_str())).collect();
        Ok(Self { name: name.to_owned(), pattern: regex, anchors })
    }
}

impl Recogniser for Custom {
    fn name(&self) -> &str {
        &self.name
    }

    fn anchors(&self) -> &[&str] {
        &self.anchors
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        let mut at = 0;
        for line in event.split_inclusive(|byte| *byte == b'\n') {
            let text = line.trim_ascii_end();
            for captures in self.pattern.captures_iter(text) {
                let group = |name| captures.name(name).map(|group| group.as_bytes());
                let report = Report {
                    code: group("code").and_then(fields::code),
                    status: group("status").and_then(fields::status),
                    request_id: group("request_id").and_then(fields::request_id),
                    ..Report::at(at + captures.get(0).map_or(0, |whole| whole.start()))
                };
                if report.code.is_some() || report.status.is_some_and(|status| status >= 300) {
                    found.push(report);
                }
            }
            at += line.len();
        }
    }
}

fn useful(anchors: &[String]) -> bool {
    !anchors.is_empty() && anchors.len() <= MOST_ANCHORS && anchors.iter().all(|anchor| anchor.len() >= SHORTEST)
}

/// Texts of which every match holds at least one.
fn required(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![String::from_utf8(literal.0.to_vec()).ok()?]),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Concat(parts) => {
            parts.iter().filter_map(required).max_by_key(|anchors| anchors.iter().map(String::len).min().unwrap_or(0))
        }
        HirKind::Alternation(parts) => {
            let all: Option<Vec<Vec<String>>> = parts.iter().map(required).collect();
            Some(all?.concat())
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{BUILT_IN, Recognisers};
    use super::*;

    #[test]
    fn fields_come_out_of_groups() {
        let pattern = r"storage refused: (?P<code>\S+) http=(?P<status>\d+) rid=(?P<request_id>\S+)";
        let custom = Custom::new("billing", pattern).unwrap();
        assert_eq!(custom.anchors(), ["storage refused: "]);
        let line = b"2026-11-22 storage refused: SlowDown http=503 rid=0000018B66D1A2C3\n";
        let recognisers = Recognisers::new(vec![custom]).unwrap();
        let found = recognisers.ask(BUILT_IN.len(), line);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].code, found[0].status), (Some("SlowDown"), Some(503)));
        assert_eq!(found[0].request_id, Some("0000018B66D1A2C3"));
        assert!(recognisers.ask(BUILT_IN.len(), b"storage refused: ok http=200 rid=x\n").is_empty());
    }

    #[test]
    fn alternatives_each_have_their_text() {
        let custom = Custom::new("x", "(?:refused by store|store said no): (?P<code>[A-Z]\\w+)").unwrap();
        assert_eq!(custom.anchors(), ["refused by store", "store said no"]);
    }

    #[test]
    fn patterns_that_cannot_be_used() {
        for (pattern, reason) in [
            ("code (?P<code>", "unclosed group"),
            ("storage refused", "neither a group"),
            ("refused (?P<code>x) (?P<bucket>y)", "\"bucket\" is none of"),
            ("(?P<code>x)?", "matches an empty line"),
            (r"(?P<code>\w+) (?P<status>\d+)", "no text of 4 bytes"),
            ("(?i)refused (?P<code>x)", "no text of 4 bytes"),
            (r"refused (?P<code>(?:\pL{1000}){1000})", "size limit"),
        ] {
            let error = Custom::new("x", pattern).unwrap_err().to_string();
            assert!(error.contains(reason), "{pattern}: {error}");
        }
    }
}
