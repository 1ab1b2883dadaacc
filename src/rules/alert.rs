//! What an alert is, and the pieces that its query is made of.

use super::parameters::{Matcher, Parameter, Unit};
use super::recordings::Recording;
use super::{Period, Selection, Settings};
use crate::tally::metrics::{self, Metric};

/// An alert.
#[derive(Debug)]
pub struct Alert {
    /// Its name, and that of its runbook.
    pub name: &'static str,
    /// How bad it is: `critical`, `warning` or `info`.
    pub severity: &'static str,
    /// For how long the condition has to hold before it fires.
    pub hold: &'static str,
    /// For how long it goes on firing when the condition does not hold any more.
    pub keep: &'static str,
    /// What may be set beside what every alert has.
    pub more: &'static [Parameter],
    /// Which errors it is about; nothing for one about the exporter itself.
    pub subject: Option<Subject>,
    /// The labels that tell its alerts apart, beside those of all.
    pub by: &'static [&'static str],
    /// The query.
    pub condition: fn(&Scope) -> String,
    /// Its texts in English and in Chinese.
    pub texts: [Texts; 2],
}

/// The errors that an alert is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// Which codes.
    pub codes: Selection,
    /// The code that stands for them: its owner and its remedy are those of the alert, unless it tells codes apart.
    pub lead: &'static str,
}

/// Texts, with places to be filled in: `<where>`, `<count>`, `<rate>`, `<window>`, `<code>`, `<remedy>`.
#[derive(Debug, Clone, Copy)]
pub struct Texts {
    /// In one line.
    pub summary: &'static str,
    /// Who is hit, how much, and what to do.
    pub description: &'static str,
}

impl Alert {
    /// Everything that may be set for it.
    #[must_use]
    pub fn parameters(&self) -> Vec<Parameter> {
        let of = |name, unit, default, about| Parameter { name, unit, default, about };
        let mut all = vec![of("enabled", Unit::Switch, "true", "whether there is this alert at all")];
        all.extend(self.more);
        all.push(of("for", Unit::Duration, self.hold, "how long the condition holds before it fires"));
        all.push(of("keep_firing_for", Unit::Duration, self.keep, "how long it goes on after the condition has ended"));
        all.push(of("severity", Unit::Severity, self.severity, "the label `severity`"));
        all
    }

    /// Whether it fires for each code apart.
    #[must_use]
    pub fn by_code(&self) -> bool {
        self.by.contains(&"code")
    }

    /// The query with these settings.
    #[must_use]
    pub fn query(&self, settings: &Settings) -> String {
        (self.condition)(&Scope { settings, alert: self })
    }
}

/// What the query of an alert is made of.
#[derive(Debug)]
pub struct Scope<'a> {
    settings: &'a Settings,
    alert: &'a Alert,
}

impl Scope<'_> {
    /// The value of a parameter.
    pub(super) fn value(&self, name: &str) -> String {
        self.settings.of(self.alert, name)
    }

    /// So many events in the window are as many a second, as `rate() * seconds > events`.
    pub(super) fn seconds(&self, name: &str) -> f64 {
        self.settings.period(self.alert, name).map_or(0.0, Period::seconds)
    }

    /// The series of the errors that the alert is about.
    fn errors(&self) -> String {
        let own = self.alert.subject.map(|subject| subject.codes.matchers()).into_iter();
        let more = self.settings.matchers("selector");
        select(metrics::ERRORS.name, own.chain(more.iter().map(ToString::to_string)))
    }

    /// The series of a metric that the exporter has of itself.
    pub(super) fn own(&self, metric: &Metric) -> String {
        self.own_named(metric.name)
    }

    /// The same for `up`, which is not the exporter's.
    pub(super) fn own_named(&self, metric: &str) -> String {
        select(metric, self.settings.matchers("exporter_selector").iter().map(Matcher::to_string))
    }

    /// `up` of all targets of the jobs that scrape nothing but exporters.
    pub(super) fn up(&self) -> String {
        let job = format!("job=~{}", quoted(self.settings.general("exporter_job")));
        let more = self.settings.matchers("exporter_selector");
        select("up", std::iter::once(job).chain(more.iter().map(Matcher::to_string)))
    }

    /// The labels that are kept: `job, namespace, code`.
    fn by(&self) -> String {
        let mut labels = self.settings.labels();
        labels.extend(self.alert.by.iter().filter(|label| !self.settings.labels().contains(label)));
        labels.join(", ")
    }

    /// The errors in the window.
    pub(super) fn increase(&self) -> String {
        format!("sum by ({}) (increase({}[{}]))", self.by(), self.errors(), self.value("window"))
    }

    /// The errors a second in the window, recorded or not.
    pub(super) fn rate(&self) -> String {
        self.rate_of("window", "")
    }

    /// The errors a second of the past, before the window.
    pub(super) fn past(&self) -> String {
        self.rate_of("baseline", &self.value("window"))
    }

    fn rate_of(&self, window: &str, offset: &str) -> String {
        let window = self.value(window);
        let own = self.alert.subject.map(|subject| subject.codes);
        match Recording::find(own, self.alert.by, &window, offset) {
            Some(recording) => {
                let kept = self.settings.labels();
                let more = self.settings.matchers("selector");
                let more = more.iter().filter(|matcher| kept.contains(&matcher.label.as_str()));
                let own = own.map(|codes| codes.matchers()).into_iter();
                select(recording.name, own.chain(more.map(ToString::to_string)))
            }
            None => {
                let offset = if offset.is_empty() { String::new() } else { format!(" offset {offset}") };
                format!("sum by ({}) (rate({}[{window}]{offset}))", self.by(), self.errors())
            }
        }
    }
}

/// A metric with matchers, if there are any.
pub(super) fn select(metric: &str, matchers: impl IntoIterator<Item = String>) -> String {
    let all: Vec<_> = matchers.into_iter().collect();
    if all.is_empty() { metric.to_owned() } else { format!("{metric}{{{}}}", all.join(",")) }
}

/// A string of a query.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n"))
}
