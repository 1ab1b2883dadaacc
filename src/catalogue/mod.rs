//! What is known of the error codes of OBS: one data file, `codes.csv`, a row for each code.
//!
//! 82 codes are those of the official table of server-side error codes (`source` is `table`); the others are named in
//! other public OBS documents (`other`) or only in a client's source (`client`). A new code is one row; documents,
//! rules, dashboards and the series at zero follow from it.

mod category;
mod near;

pub use category::{Category, Owner, Retryable, Source};
use foldhash::HashMap;
use std::sync::LazyLock;

/// The language of texts for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese (simplified).
    Zh,
}

impl Lang {
    /// Its tag.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// What is known of one code.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Entry {
    /// The code as OBS spells it.
    pub code: String,
    /// The HTTP status it comes with, where one is documented.
    pub status: Option<u16>,
    /// What kind of trouble it is.
    pub category: Category,
    /// Whether the same request may succeed later.
    pub retryable: Retryable,
    /// Who can put it right.
    pub owner: Owner,
    /// Where it is from.
    pub source: Source,
    /// Other spellings that are seen, separated by bars.
    pub aliases: String,
    /// What it means, in English.
    pub meaning_en: String,
    /// What to do, in English.
    pub remedy_en: String,
    /// What it means, in Chinese.
    pub meaning_zh: String,
    /// What to do, in Chinese.
    pub remedy_zh: String,
}

impl Entry {
    /// What it means.
    #[must_use]
    pub fn meaning(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.meaning_en,
            Lang::Zh => &self.meaning_zh,
        }
    }

    /// What to do.
    #[must_use]
    pub fn remedy(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.remedy_en,
            Lang::Zh => &self.remedy_zh,
        }
    }
}

/// All known codes.
#[derive(Debug)]
pub struct Catalogue {
    entries: Vec<Entry>,
    by_name: HashMap<String, usize>, // codes and aliases
}

static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| {
    let rows =
        csv::Reader::from_reader(include_bytes!("codes.csv").as_slice()).into_deserialize().collect::<Result<_, _>>();
    #[allow(clippy::expect_used, reason = "the file is part of the binary, and a test reads it")]
    Catalogue::new(rows.expect("codes.csv can be read"))
});

impl Catalogue {
    /// The catalogue that is built in.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The built-in catalogue with some entries more.
    #[must_use]
    pub fn with(more: Vec<Entry>) -> Self {
        Self::new(BUILT_IN.entries.iter().cloned().chain(more).collect())
    }

    fn new(entries: Vec<Entry>) -> Self {
        let mut by_name = HashMap::default();
        for (index, entry) in entries.iter().enumerate() {
            for name in std::iter::once(entry.code.as_str()).chain(entry.aliases.split('|')) {
                by_name.insert(name.to_owned(), index);
            }
        }
        by_name.remove("");
        Self { entries, by_name }
    }

    /// The codes, in the order of the official table, then the others.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The place of a code in [`entries`](Self::entries), by its name or another spelling of it.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// What is known of a code, by its name or another spelling of it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.position(name).map(|index| &self.entries[index])
    }

    /// Codes whose names come near to `name`, the nearest first: for what was typed wrong.
    #[must_use]
    pub fn near(&self, name: &str) -> Vec<&Entry> {
        near::near(&self.entries, name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// The official table as it is published: a status and a code in each row.
    fn official() -> Vec<(u16, String)> {
        let page = include_str!("../../tests/catalogue/OBS-server-error-codes.zh.md");
        let cell = |text: &str| {
            let mut plain = String::new();
            let mut tag = false;
            for character in text.chars() {
                match character {
                    '<' => tag = true,
                    '>' => tag = false,
                    _ if !tag => plain.push(character),
                    _ => {}
                }
            }
            plain.trim().to_owned()
        };
        page.split("<tr id=")
            .skip(2)
            .map(|row| {
                let cells: Vec<_> = row.split("<td ").skip(1).map(|text| cell(&format!("<td {text}"))).collect();
                (cells[0].split_whitespace().next().unwrap().parse().unwrap(), cells[1].replace(' ', ""))
            })
            .collect()
    }

    #[test]
    fn the_official_table_is_here_whole() {
        let official = official();
        assert_eq!(official.len(), 82);
        let ours: Vec<_> = Catalogue::built_in()
            .entries()
            .iter()
            .filter(|entry| entry.source == Source::Table)
            .map(|entry| (entry.status.unwrap(), entry.code.clone()))
            .collect();
        assert_eq!(ours.iter().collect::<HashSet<_>>(), official.iter().collect::<HashSet<_>>());
        assert_eq!(ours.len(), 82);
        assert_eq!(Catalogue::built_in().entries().len(), 142);
    }

    #[test]
    fn names_are_unique_and_have_a_codes_form() {
        let mut seen = HashSet::new();
        for entry in Catalogue::built_in().entries() {
            assert!(seen.insert(entry.code.clone()), "{} stands twice", entry.code);
            assert!((3..=64).contains(&entry.code.len()));
            assert!(entry.code.starts_with(|first: char| first.is_ascii_uppercase()));
            assert!(entry.code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'), "{}", entry.code);
            for alias in entry.aliases.split('|').filter(|alias| !alias.is_empty()) {
                assert!(seen.insert(alias.to_owned()), "{alias} stands twice");
            }
        }
    }

    #[test]
    fn every_category_and_owner_is_used() {
        let entries = Catalogue::built_in().entries();
        for category in Category::ALL.iter().filter(|category| **category != Category::Unknown) {
            assert!(entries.iter().any(|entry| entry.category == *category), "{category}");
        }
        for owner in Owner::ALL {
            assert!(entries.iter().any(|entry| entry.owner == *owner), "{owner}");
        }
    }

    #[test]
    fn statuses_are_errors() {
        for entry in Catalogue::built_in().entries() {
            assert!(entry.status.is_none_or(|status| (300..600).contains(&status)), "{}", entry.code);
        }
    }

    #[test]
    fn texts_are_there_and_short() {
        for entry in Catalogue::built_in().entries() {
            for (lang, end, longest) in [(Lang::En, '.', 120), (Lang::Zh, '。', 60)] {
                for text in [entry.meaning(lang), entry.remedy(lang)] {
                    assert!(text.ends_with(end), "{}: {text}", entry.code);
                    assert!(text.chars().count() <= longest, "{}: {text}", entry.code);
                    assert_eq!(text.trim(), text, "{}", entry.code);
                    assert!(!text.contains("  ") && !text.contains('\n'), "{}", entry.code);
                    assert_eq!(text.is_ascii(), lang == Lang::En, "{}: {text}", entry.code);
                }
            }
        }
    }

    #[test]
    fn other_spellings_lead_to_the_code() {
        let entry = Catalogue::built_in().get("IncorrectNumberOfFilesInPost Request").unwrap();
        assert_eq!(entry.code, "IncorrectNumberOfFilesInPostRequest");
        assert!(Catalogue::built_in().get("").is_none());
        assert!(Catalogue::built_in().get("nosuchkey").is_none());
    }

    #[test]
    fn near_matches() {
        let near = |name: &str| Catalogue::built_in().near(name).first().map(|entry| entry.code.clone());
        assert_eq!(near("NoSuchKeys").as_deref(), Some("NoSuchKey"));
        assert_eq!(near("slowdown").as_deref(), Some("SlowDown"));
        assert_eq!(near("InArrear").as_deref(), Some("InArrearOrInsufficientBalance"));
        assert_eq!(near("CustomDomainAlreadyExist").as_deref(), Some("CustomDomainAreadyExist"));
        assert_eq!(near("xyzzy"), None);
    }
}
