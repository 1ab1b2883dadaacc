//! Which parameters have another value than their default.

use super::alert::Alert;
use super::parameters::{GENERAL, Matcher, Parameter, matchers};
use super::{Period, alerts};
use std::collections::BTreeMap;

/// Values that differ from the defaults, all of them possible ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// There is no such parameter.
    #[error("there is no parameter {name:?}{}", .near.as_ref().map_or_else(
        || "; the README lists them".to_owned(), |near| format!("; did you mean {near:?}?")))]
    Unknown {
        /// What was named.
        name: String,
        /// What comes near to it.
        near: Option<String>,
    },
    /// The parameter cannot have this value.
    #[error("{name}: {value:?} {reason}")]
    Value {
        /// The parameter.
        name: String,
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It is not written as `name=value`.
    #[error("{0:?} is not written as name=value, such as ObsThrottled.for=5m")]
    Form(String),
}

/// Every parameter with its whole name: `selector`, `ObsThrottled.for`.
pub fn parameters() -> impl Iterator<Item = (String, Parameter)> {
    let of_alerts = alerts().flat_map(|alert| {
        alert.parameters().into_iter().map(|parameter| (format!("{}.{}", alert.name, parameter.name), parameter))
    });
    GENERAL.iter().map(|parameter| (parameter.name.to_owned(), *parameter)).chain(of_alerts)
}

impl Settings {
    /// What was set, by name; what was not has its default.
    pub fn given(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets a parameter by its whole name.
    ///
    /// # Errors
    /// When there is no such parameter, or it cannot have this value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let Some((_, parameter)) = parameters().find(|(known, _)| known == name) else {
            return Err(SettingError::Unknown { name: name.to_owned(), near: near(name) });
        };
        let value = parameter.unit.check(value).map_err(|reason| SettingError::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            reason,
        })?;
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    /// Sets what is written as `name=value`.
    ///
    /// # Errors
    /// As [`set`](Self::set), and when it is not written so.
    pub fn assign(&mut self, text: &str) -> Result<(), SettingError> {
        let (name, value) = text.split_once('=').ok_or_else(|| SettingError::Form(text.to_owned()))?;
        self.set(name.trim(), value)
    }

    /// Where the runbooks are: a URL or a path, without a slash at its end.
    #[must_use]
    pub fn runbooks(&self) -> &str {
        self.general("runbook_base_url")
    }

    /// The value of a parameter of all alerts.
    pub(super) fn general(&self, name: &str) -> &str {
        let default = GENERAL.iter().find(|parameter| parameter.name == name).map_or("", |found| found.default);
        self.0.get(name).map_or(default, String::as_str)
    }

    /// The value of a parameter of an alert.
    pub(super) fn of(&self, alert: &Alert, name: &str) -> String {
        let given = self.0.get(&format!("{}.{name}", alert.name)).cloned();
        given.unwrap_or_else(|| {
            let known = alert.parameters().into_iter().find(|parameter| parameter.name == name);
            known.map_or_else(String::new, |parameter| parameter.default.to_owned())
        })
    }

    /// The value of a duration of an alert.
    pub(super) fn period(&self, alert: &Alert, name: &str) -> Option<Period> {
        self.of(alert, name).parse().ok()
    }

    /// The labels that are kept in any case.
    pub(super) fn labels(&self) -> Vec<&str> {
        let more = self.general("labels").split(',').filter(|label| !label.is_empty());
        std::iter::once("job").chain(more).collect()
    }

    /// The conditions of `selector` or `exporter_selector`.
    pub(super) fn matchers(&self, name: &str) -> Vec<Matcher> {
        matchers(self.general(name)).unwrap_or_default() // checked when it was set
    }
}

fn near(name: &str) -> Option<String> {
    const ALIKE: f64 = 0.8; // Jaro-Winkler; below that the names have little in common
    let ranked = parameters().map(|(known, _)| (strsim::jaro_winkler(&known, name), known));
    let best = ranked.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (best.0 >= ALIKE).then_some(best.1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_refused_with_what_comes_near() {
        let mut settings = Settings::default();
        let mut said = |text: &str| settings.assign(text).unwrap_err().to_string();
        assert_eq!(
            said("ObsThrotled.rate=1"),
            r#"there is no parameter "ObsThrotled.rate"; did you mean "ObsThrottled.rate"?"#
        );
        assert_eq!(said("selectr=a"), r#"there is no parameter "selectr"; did you mean "selector"?"#);
        assert_eq!(said("xyzzy=1"), r#"there is no parameter "xyzzy"; the README lists them"#);
        assert_eq!(said("ObsThrottled.rate=-1"), r#"ObsThrottled.rate: "-1" is no number of 0 or more, such as 0.5"#);
        assert_eq!(
            said("ObsThrottled.for"),
            r#""ObsThrottled.for" is not written as name=value, such as ObsThrottled.for=5m"#
        );
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn every_default_is_a_possible_value_in_its_written_form() {
        let mut names = std::collections::HashSet::new();
        for (name, parameter) in parameters() {
            assert_eq!(parameter.unit.check(parameter.default).as_deref(), Ok(parameter.default), "{name}");
            assert!(names.insert(name));
        }
        assert!(names.len() > 100);
    }
}
