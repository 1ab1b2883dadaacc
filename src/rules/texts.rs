//! The texts of an alert, filled in: templates of Prometheus that say who is hit, how much, and what to do.

use super::Settings;
use super::alert::Alert;
use crate::catalogue::{Catalogue, Entry, Lang, Owner};
use std::fmt::Write as _;

/// What an alert says and how it is labelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The label `owner`, a template where codes have different ones.
    pub owner: String,
    /// The annotation `summary`.
    pub summary: String,
    /// The annotation `description`.
    pub description: String,
    /// The annotation `runbook_url`.
    pub runbook_url: String,
}

impl Said {
    /// What an alert says in a language.
    #[must_use]
    pub fn of(alert: &Alert, catalogue: &Catalogue, settings: &Settings, lang: Lang) -> Self {
        let texts = &alert.texts[lang as usize];
        let fill = |text: &str| {
            let filled = text
                .replace("<where>", &place(alert, settings, lang))
                .replace("<count>", number(lang, "%.0f"))
                .replace("<rate>", number(lang, "%.2f"))
                .replace("<bytes>", bytes(lang))
                .replace("<window>", &settings.of(alert, "window"))
                .replace("<code>", "{{ $labels.code }}")
                .replace("<reason>", "{{ $labels.reason }}")
                .replace("<remedy>", &remedy(alert, catalogue, lang));
            begun(&filled)
        };
        Self {
            owner: owner(alert, catalogue),
            summary: fill(texts.summary),
            description: fill(texts.description),
            runbook_url: runbook_url(alert, settings, lang),
        }
    }
}

/// With a capital letter, where it begins with a letter that has one.
fn begun(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// `increase()` extrapolates, so a number is never more than about right.
const fn number(lang: Lang, format: &str) -> &'static str {
    match (lang, format.len(), format.as_bytes()[2]) {
        (Lang::En, 4, b'0') => "about {{ $value | printf \"%.0f\" }}",
        (Lang::En, ..) => "about {{ $value | printf \"%.2f\" }}",
        (Lang::Zh, 4, b'0') => "约 {{ $value | printf \"%.0f\" }}",
        (Lang::Zh, ..) => "约 {{ $value | printf \"%.2f\" }}",
    }
}

const fn bytes(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "about {{ $value | humanize1024 }}B",
        Lang::Zh => "约 {{ $value | humanize1024 }}B",
    }
}

/// Whom it hits: all labels that are kept, those that a series may lack only where it has them.
fn place(alert: &Alert, settings: &Settings, lang: Lang) -> String {
    let mut place = String::new();
    if alert.subject.is_none() {
        place.push_str("{{ $labels.instance }} ");
        place.push_str(if lang == Lang::En { "(job {{ $labels.job }}" } else { "（作业 {{ $labels.job }}" });
        maybe(&mut place, "namespace", lang);
        maybe(&mut place, "pod", lang);
        place.push_str(if lang == Lang::En { ")" } else { "）" });
        return place;
    }
    place.push_str(if lang == Lang::En { "job {{ $labels.job }}" } else { "作业 {{ $labels.job }}" });
    let kept = settings.labels();
    for label in kept.iter().skip(1) {
        maybe(&mut place, label, lang);
    }
    if alert.by.contains(&"instance") && !kept.contains(&"instance") {
        maybe(&mut place, "instance", lang);
    }
    place
}

fn maybe(place: &mut String, label: &str, lang: Lang) {
    let (comma, name) = match (lang, label) {
        (Lang::En, _) => (", ", label),
        (Lang::Zh, "namespace") => ("，", "命名空间"),
        (Lang::Zh, "instance") => ("，", "实例"),
        (Lang::Zh, _) => ("，", label),
    };
    let _ = write!(place, "{{{{ with $labels.{label} }}}}{comma}{name} {{{{ . }}}}{{{{ end }}}}");
}

/// What to do: by code where the alert tells codes apart.
fn remedy(alert: &Alert, catalogue: &Catalogue, lang: Lang) -> String {
    let Some(subject) = alert.subject else { return String::new() };
    if !alert.by_code() {
        return catalogue.get(subject.lead).map_or_else(String::new, |entry| literal(entry.remedy(lang)));
    }
    let otherwise = match lang {
        Lang::En => "The runbook says what to do.",
        Lang::Zh => "处理方法见手册。",
    };
    let cases = subject.codes.of(catalogue).filter(|entry| !entry.remedy(lang).is_empty());
    let cases: Vec<_> = cases.map(|entry| (vec![entry.code.as_str()], literal(entry.remedy(lang)))).collect();
    choose(&cases, otherwise)
}

/// Who can put it right: by code where the alert tells codes apart.
fn owner(alert: &Alert, catalogue: &Catalogue) -> String {
    let Some(subject) = alert.subject else { return Owner::Platform.to_string() };
    let lead = catalogue.get(subject.lead).map_or(Owner::Platform, |entry| entry.owner);
    if !alert.by_code() {
        return lead.to_string();
    }
    let others = Owner::ALL.iter().filter(|owner| **owner != lead);
    let cases = others.map(|owner| {
        let codes: Vec<_> = subject.codes.of(catalogue).filter(|entry| entry.owner == *owner).map(code).collect();
        (codes, owner.to_string())
    });
    let cases: Vec<_> = cases.filter(|(codes, _)| !codes.is_empty()).collect();
    choose(&cases, lead.as_str())
}

fn code(entry: &Entry) -> &str {
    &entry.code
}

/// A template that chooses a text by the label `code`.
fn choose(cases: &[(Vec<&str>, String)], otherwise: &str) -> String {
    let mut template = String::new();
    for (codes, text) in cases {
        let word = if template.is_empty() { "if" } else { "else if" };
        let codes: Vec<_> = codes.iter().map(|code| format!("\"{code}\"")).collect();
        let _ = write!(template, "{{{{ {word} eq $labels.code {} }}}}{text}", codes.join(" "));
    }
    if template.is_empty() {
        return otherwise.to_owned();
    }
    let _ = write!(template, "{{{{ else }}}}{otherwise}{{{{ end }}}}");
    template
}

/// A text that is no template.
fn literal(text: &str) -> String {
    text.replace("{{", "{ {")
}

/// The page of an alert; its Chinese half for Chinese rules.
fn runbook_url(alert: &Alert, settings: &Settings, lang: Lang) -> String {
    let place = if lang == Lang::Zh { "#zh" } else { "" };
    format!("{}/{}.md{place}", settings.runbooks(), alert.name)
}

#[cfg(test)]
mod tests {
    use super::super::alerts;
    use super::*;

    #[test]
    fn everything_is_filled_in_and_in_its_language() {
        for alert in alerts() {
            for lang in [Lang::En, Lang::Zh] {
                let said = Said::of(alert, Catalogue::built_in(), &Settings::default(), lang);
                for text in [&said.summary, &said.description] {
                    assert!(!text.contains('<') && !text.contains("  "), "{}: {text}", alert.name);
                    assert_eq!(text.is_ascii(), lang == Lang::En, "{}: {text}", alert.name);
                    let (open, close) = (text.matches("{{").count(), text.matches("}}").count());
                    assert!(open == close, "{}: {text}", alert.name);
                }
                assert!(said.description.ends_with(['.', '。', '}']), "{}", alert.name);
                // who is hit; nobody knows who is not there at all
                let job = said.summary.contains("$labels.job") && said.description.contains("$labels.job");
                assert_eq!(job, alert.name != "ObsExporterAbsent", "{}", alert.name);
            }
        }
    }

    #[test]
    fn owner_and_remedy_are_those_of_the_catalogue() {
        for alert in alerts() {
            let Some(subject) = alert.subject else { continue };
            let lead = Catalogue::built_in().get(subject.lead);
            assert!(lead.is_some_and(|entry| subject.codes.includes(entry)), "{}: {}", alert.name, subject.lead);
            let said = Said::of(alert, Catalogue::built_in(), &Settings::default(), Lang::En);
            let told = |entry: &Entry| said.description.contains(entry.remedy(Lang::En));
            if alert.by_code() {
                assert!(subject.codes.of(Catalogue::built_in()).all(told), "{}", alert.name);
            } else {
                assert!(lead.is_some_and(told), "{}", alert.name);
                assert_eq!(Some(said.owner.as_str()), lead.map(|entry| entry.owner.as_str()), "{}", alert.name);
            }
        }
    }

    #[test]
    fn what_an_alert_leaves_out_is_there() {
        use super::super::Selection;
        for subject in alerts().filter_map(|alert| alert.subject) {
            let named = match subject.codes {
                Selection::Categories(_, codes) | Selection::Codes(codes) => codes,
                Selection::Family(_) => &[],
            };
            for code in named {
                let entry = Catalogue::built_in().get(code);
                let of =
                    |categories: &[crate::catalogue::Category]| entry.is_some_and(|e| categories.contains(&e.category));
                let fits = match subject.codes {
                    Selection::Categories(categories, _) => of(categories),
                    _ => entry.is_some(),
                };
                assert!(fits, "{code}");
            }
        }
    }
}
