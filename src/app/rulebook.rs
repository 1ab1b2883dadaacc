//! The alert rules with the thresholds of the configuration that is in force.

use crate::catalogue::{Catalogue, Lang};
use crate::config::Config;
use crate::rules::{Format, Settings, render};
use std::fmt;

/// What rules are rendered from.
pub struct Rulebook {
    catalogue: Catalogue,
    settings: Settings,
}

/// What cannot be asked of `/rules`.
#[derive(Debug, PartialEq, Eq)]
pub struct BadQuery(String);

impl fmt::Display for BadQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} cannot be asked for; there are format=prometheus, format=operator, lang=en and lang=zh", self.0)
    }
}

impl Rulebook {
    /// The rules of a configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self { catalogue: Catalogue::with(config.codes.clone()), settings: config.alerts.clone() }
    }

    /// The rules that are asked for, as `format=operator&lang=zh`.
    ///
    /// # Errors
    /// When something else is asked for.
    pub fn answer(&self, query: &str) -> Result<String, BadQuery> {
        let (mut format, mut lang) = (Format::Prometheus, Lang::En);
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part {
                "format=prometheus" => format = Format::Prometheus,
                "format=operator" => format = Format::Operator,
                "lang=en" => lang = Lang::En,
                "lang=zh" => lang = Lang::Zh,
                other => return Err(BadQuery(other.to_owned())),
            }
        }
        Ok(render(&self.catalogue, &self.settings, lang, format))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_query_chooses_format_and_language() {
        let text = "codes: [{code: QuotaBlocked, category: quota}]\nalerts: {ObsThrottled: {rate: 7}}\n";
        let book = Rulebook::new(&Config::parse(text, "x").unwrap());
        let plain = book.answer("").unwrap();
        assert!(plain.contains("> 7\n") && plain.contains("groups:") && !plain.contains("kind:"));
        assert_eq!(book.answer("format=prometheus&lang=en").unwrap(), plain);
        let chinese = book.answer("lang=zh&format=operator").unwrap();
        assert!(chinese.contains("kind: PrometheusRule") && chinese.contains("限流"));
        assert_eq!(book.answer("lang=fr"), Err(BadQuery("lang=fr".to_owned())));
        assert!(book.answer("format=helm").is_err());
    }
}
