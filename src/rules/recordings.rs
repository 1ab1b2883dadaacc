//! Recording rules: what alerts and the dashboard both ask for.

use super::alert::select;
use super::{Selection, Settings};
use crate::catalogue::Category;
use crate::tally::metrics;

/// A series that is computed once and used by several.
#[derive(Debug)]
pub struct Recording {
    /// Its name, as `level:metric:operation`; the labels of the settings are of every level.
    pub name: &'static str,
    /// Its labels beside those of the settings.
    by: &'static [&'static str],
    /// Only of this category.
    category: Option<Category>,
    window: &'static str,
    offset: &'static str,
}

/// Errors a second by category.
pub static BY_CATEGORY: Recording = Recording {
    name: "job_category:huaweicloud_obs_errors:rate5m",
    by: &["category"],
    category: None,
    window: "5m",
    offset: "",
};

/// Errors a second by code.
pub static BY_CODE: Recording = Recording {
    name: "job_category_code:huaweicloud_obs_errors:rate5m",
    by: &["category", "code"],
    category: None,
    window: "5m",
    offset: "",
};

/// Throttled requests a second in the hour before the last five minutes.
pub static THROTTLING_BEFORE: Recording = Recording {
    name: "job_category:huaweicloud_obs_errors:rate1h_offset5m",
    by: &["category"],
    category: Some(Category::Throttling),
    window: "1h",
    offset: "5m",
};

/// All of them, in the order in which they are evaluated.
pub static RECORDINGS: [&Recording; 3] = [&BY_CATEGORY, &BY_CODE, &THROTTLING_BEFORE];

impl Recording {
    /// The query with these settings.
    #[must_use]
    pub fn query(&self, settings: &Settings) -> String {
        let category = self.category.map(|category| format!("category=\"{category}\""));
        let more = settings.matchers("selector");
        let errors = select(metrics::ERRORS.name, category.into_iter().chain(more.iter().map(ToString::to_string)));
        let mut by = settings.labels();
        by.extend(self.by);
        let offset = if self.offset.is_empty() { String::new() } else { format!(" offset {}", self.offset) };
        format!("sum by ({}) (rate({errors}[{}]{offset}))", by.join(", "), self.window)
    }

    /// The recording that has the rate of these codes, with these labels and no others, if there is one.
    pub(super) fn find(codes: Option<Selection>, by: &[&str], window: &str, offset: &str) -> Option<&'static Self> {
        let Some(Selection::Categories(of, but)) = codes else { return None };
        RECORDINGS.into_iter().find(|recording| {
            let covered = recording.category.is_none_or(|category| of == [category]);
            // a code can be left out only where codes are told apart, and one series must not become several
            let fits = recording.by == by && (but.is_empty() || by.contains(&"code"));
            covered && fits && of.len() == 1 && recording.window == window && recording.offset == offset
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_used_only_where_it_says_the_same() {
        let throttling = Some(Selection::Categories(&[Category::Throttling], &[]));
        let name =
            |codes, by: &[&str], window, offset| Recording::find(codes, by, window, offset).map(|found| found.name);
        assert_eq!(name(throttling, &["category"], "5m", ""), Some(BY_CATEGORY.name));
        assert_eq!(name(throttling, &["category", "code"], "5m", ""), Some(BY_CODE.name));
        assert_eq!(name(throttling, &["category"], "1h", "5m"), Some(THROTTLING_BEFORE.name));
        assert_eq!(name(throttling, &["category"], "10m", ""), None);
        assert_eq!(name(throttling, &["category"], "1h", "10m"), None);
        assert_eq!(name(throttling, &[], "5m", ""), None);
        assert_eq!(name(Some(Selection::Categories(&[Category::Network], &[])), &["category"], "1h", "5m"), None);
        assert_eq!(name(Some(Selection::Categories(&[Category::Network], &["A"])), &["category"], "5m", ""), None);
        assert_eq!(name(Some(Selection::Codes(&["A"])), &["category"], "5m", ""), None);
        assert_eq!(name(None, &["category"], "5m", ""), None);
    }

    #[test]
    fn names_say_level_metric_and_operation() {
        for recording in RECORDINGS {
            let parts: Vec<_> = recording.name.split(':').collect();
            let level: Vec<_> = std::iter::once("job").chain(recording.by.iter().copied()).collect();
            let offset =
                if recording.offset.is_empty() { String::new() } else { format!("_offset{}", recording.offset) };
            let operation = format!("rate{}{offset}", recording.window);
            assert_eq!(parts, [&level.join("_"), metrics::ERRORS.name.trim_end_matches("_total"), &operation]);
        }
    }
}
