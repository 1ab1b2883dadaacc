//! What becomes of each line of a log, and why: for those who wonder about a count.

use crate::catalogue::{Catalogue, Lang};
use crate::config::Config;
use crate::framing::{self, Anchors, Bounds, Event, Hit};
use crate::recognise::{Found, Link, Recognisers, Report};
use crate::report::{self, Codes, Finding, Group, Joined, Joins, Merger, Now, Origin, Outcome, RequestId};
use std::fmt::Write as _;

/// An event of the log, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The first line of the event.
    pub line: String,
    /// What recognisers took out of it, and what becomes of that.
    pub reasons: Vec<String>,
}

/// So many characters of a line are shown.
const SHOWN: usize = 160;

/// How a client says that it got no answer at all.
const NO_ANSWER: [&str; 10] = [
    "connection refused",
    "Connection refused",
    "no such host",
    "timed out",
    "i/o timeout",
    "Response code: -1",
    "ResponseCode: -1",
    "Name or service not known",
    "ECONNREFUSED",
    "Tunnel connection failed",
];

/// Explains every event of a log.
///
/// # Errors
/// When the anchors of the recognisers cannot be searched for.
pub fn explain(config: Config, log: &[u8], lang: Lang) -> anyhow::Result<Vec<Explained>> {
    let bounds = report::Bounds { counted: 1 << 20, saved: 0, waiting: 1 << 16 };
    let (pipeline, _) = super::pipeline(config, bounds, super::Unobserved)?;
    let recognisers = pipeline.recognisers;
    let mut explainer = Explainer {
        recognisers: &recognisers,
        codes: pipeline.tally.codes,
        joins: Joins::default(),
        merger: pipeline.merger,
        lang,
    };
    let mut explained = Vec::new();
    framing::scan(log, true, &EveryLine(&recognisers), Bounds::default(), &mut |event: Event<'_>| {
        explained.push(explainer.event(&event));
    });
    let rest = explainer.finish();
    if !rest.is_empty() {
        let line = explainer.say("at the end of the input", "输入结束时").to_owned();
        explained.push(Explained { line, reasons: rest });
    }
    Ok(explained)
}

/// Finds something in every line, so that every event is visited.
struct EveryLine<'r>(&'r Recognisers);

impl Anchors for EveryLine<'_> {
    fn hits<'s>(&'s self, bytes: &'s [u8]) -> impl framing::Search + 's {
        |from| {
            let begins = from == 0 || bytes.get(from - 1) == Some(&b'\n');
            let at = if begins { from } else { from + memchr::memchr(b'\n', bytes.get(from..)?)? + 1 };
            (at < bytes.len()).then_some(Hit { at, bits: 0, literals: 0 })
        }
    }

    fn begins(&self, line: &[u8]) -> bool {
        self.0.begins(line)
    }
}

struct Explainer<'r> {
    recognisers: &'r Recognisers,
    codes: Codes,
    joins: Joins,
    merger: Merger,
    lang: Lang,
}

impl Explainer<'_> {
    fn say<'t>(&self, en: &'t str, zh: &'t str) -> &'t str {
        match self.lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    fn event(&mut self, event: &Event<'_>) -> Explained {
        let text = framing::clean(event.text);
        let line = framing::lines(&text).next().unwrap_or_default();
        let line: String = String::from_utf8_lossy(line).chars().take(SHOWN).collect();
        let mut found = Found::new();
        self.recognisers.read(&text, &framing::all_hits(self.recognisers, &text), &mut found);
        let mut reasons = Vec::new();
        let mut groups = Vec::new();
        for (recogniser, report) in found {
            reasons.push(self.took(recogniser, &report));
            if report.doubtful && report.code.is_none_or(|name| !self.codes.lists(name)) {
                reasons.push(
                    self.say(
                        "  not counted: an error of the application itself, neither a code nor a request id of OBS",
                        "  不计数：应用自身的错误，既不是 OBS 错误码，也没有 OBS 请求 ID",
                    )
                    .to_owned(),
                );
                continue;
            }
            let finding = Finding {
                code: report.code.and_then(|name| self.codes.find(name)),
                status: report.status,
                id: report.request_id.map(RequestId::new),
                origin: Origin { labels: 0, recogniser },
                time: None,
                log: None,
            };
            groups.push(Group::new(finding, report.link, report.at));
        }
        for group in report::group(groups.into()) {
            reasons.extend(self.becomes(group));
        }
        if reasons.is_empty() {
            reasons.push(self.no_report(&text));
        }
        Explained { line, reasons }
    }

    fn took(&self, recogniser: u8, report: &Report<'_>) -> String {
        let name = self.recognisers.get(recogniser.into()).map_or("?", |recogniser| recogniser.name());
        let mut text = format!("{name}:");
        let none = self.say("none", "无").to_owned();
        let status = report.status.map_or(none.clone(), |status| status.to_string());
        let _ = match self.lang {
            Lang::En => write!(
                text,
                " code {}, status {status}, request id {}",
                report.code.unwrap_or(&none),
                report.request_id.unwrap_or(&none)
            ),
            Lang::Zh => write!(
                text,
                " 错误码 {}，状态码 {status}，请求 ID {}",
                report.code.unwrap_or(&none),
                report.request_id.unwrap_or(&none)
            ),
        };
        text
    }

    fn becomes(&mut self, group: Group) -> Vec<String> {
        let expected = self.codes.status(group.finding.code, None);
        let linked = group.link != Link::Alone;
        let mut joined = Vec::new();
        self.joins.apply(group.link, group.finding, expected, Now::ZERO, |out| joined.push(out));
        let mut reasons = Vec::new();
        for out in joined {
            match out {
                Joined::Response(finding) => reasons.push(self.submit(finding)),
                Joined::Late(_) => reasons.push(
                    self.say("  part of a response that was counted before", "  属于此前已计数的响应").to_owned(),
                ),
            }
        }
        if reasons.is_empty() && linked {
            reasons.push(
                self.say(
                    "  part of a response that other lines tell the rest of",
                    "  是某个响应的一部分，其余信息在别的行",
                )
                .to_owned(),
            );
        }
        reasons
    }

    fn submit(&mut self, finding: Finding) -> String {
        let mut counted = None;
        match self.merger.submit(&finding, Now::ZERO, |finding| counted = Some(finding.clone())) {
            Outcome::Counted => self.counted(&counted.unwrap_or(finding)),
            Outcome::Waits => self
                .say(
                    "  waits for the rest of its response (5 s): another line with the same request id may tell it",
                    "  等待同一请求 ID 的其他日志补全（5 秒）",
                )
                .to_owned(),
            Outcome::Duplicate => self
                .say(
                    "  a duplicate: the response with this request id was counted before",
                    "  重复：该请求 ID 的响应已计数",
                )
                .to_owned(),
            Outcome::NoError => self.say("  not counted: a success", "  不计数：成功的响应").to_owned(),
        }
    }

    fn counted(&self, finding: &Finding) -> String {
        let status = self.codes.status(finding.code, finding.status);
        let name = self.codes.name(finding.code);
        let category = self.codes.category(finding.code, status);
        let status = status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
        format!("  {} code=\"{name}\" status=\"{status}\" category=\"{category}\"", self.say("counted as", "计为"))
    }

    /// Why an event without reports has none.
    fn no_report(&self, text: &[u8]) -> String {
        let finds = |word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
        if NO_ANSWER.iter().any(|words| finds(words)) {
            return self
                .say("no report: a failure of the client, which got no answer", "无：客户端自身失败，没有收到应答")
                .to_owned();
        }
        let mentioned = Catalogue::built_in()
            .entries()
            .iter()
            .filter(|entry| finds(&entry.code))
            .max_by_key(|entry| entry.code.len());
        match mentioned {
            Some(entry) => format!(
                "{} {} {}",
                self.say("no report: a mention of", "无：只是提到"),
                entry.code,
                self.say("that is not in the place where a client tells its error", "，不在客户端报告错误的位置")
            ),
            None => self
                .say("no report: nothing that a client tells of an OBS error", "无：没有客户端报告的 OBS 错误")
                .to_owned(),
        }
    }

    fn finish(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        self.joins.finish_all(|finding| left.push(finding));
        let mut reasons: Vec<String> =
            left.into_iter().map(|finding| self.submit(finding)).filter(|reason| reason.contains("code=")).collect();
        let mut waiting = Vec::new();
        self.merger.finish(|finding| waiting.push(finding.clone()));
        reasons.extend(waiting.iter().map(|finding| self.counted(finding)));
        reasons
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_is_explained() {
        let log = "\
2026-11-22T12:50:05.208ZZ [WARN]: http.go:168|Do http request with error: obs: service returned error: Status=404 Not Found, Code=NoSuchKey, Message=m, RequestId=00000839F5C7B9AA60900772923C4E5D, Indicator=.
2026/11/22 12:50:06 ERROR x: obs: service returned error: Status=404 Not Found, Code=NoSuchKey, Message=m, RequestId=00000839F5C7B9AA60900772923C4E5D, Indicator=.
2026/11/22 12:50:07 INFO uploaded reports/NoSuchKey.txt
2026/11/22 12:50:08 ERROR dial tcp 192.0.2.1:443: connect: connection refused
2026/11/22 12:50:09 INFO hello
2026-11-22T12:50:10.000ZZ [ERROR]: http.go:605|Failed to send request with reason:503 Service Unavailable
{\"code\":\"OrderNotFound\",\"status\":404}
";
        let explained = explain(Config::default(), log.as_bytes(), Lang::En).unwrap();
        let reasons: Vec<_> = explained.iter().map(|explained| explained.reasons.join("\n")).collect();
        for (at, wanted) in [
            "obs_go: code NoSuchKey, status 404, request id 00000839F5C7B9AA60900772923C4E5D\n  counted as code=\"NoSuchKey\" status=\"404\" category=\"not_found\"",
            "a duplicate",
            "a mention of NoSuchKey",
            "got no answer",
            "nothing that a client tells",
            "part of a response",
            "an error of the application itself",
            "counted as code=\"none\" status=\"503\" category=\"server_error\"",
        ]
        .iter()
        .enumerate()
        {
            assert!(reasons[at].contains(wanted), "{at}: {}", reasons[at]);
        }
        assert_eq!(reasons.len(), 8);
    }
}
