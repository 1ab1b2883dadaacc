//! Codes as numbers: those of the catalogue, and a bounded table of names that it lacks.

use crate::catalogue::{Catalogue, Category, Entry};
use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};

/// What responses have in common that are of one kind, as it was logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The error code.
    pub code: Option<Code>,
    /// The HTTP status.
    pub status: Option<u16>,
}

impl Kind {
    /// As [`Finding::error`](super::Finding::error).
    #[must_use]
    pub fn error(self) -> bool {
        self.code.is_some() || self.status.is_some_and(|status| status >= 300)
    }

    /// As one number of 34 bits.
    #[must_use]
    pub fn number(self) -> u64 {
        let code = self.code.map_or(0, |code| u64::from(code.0) + 1);
        u64::from(self.status.unwrap_or(0)) << 17 | code
    }
}

impl Hash for Kind {
    /// As one number: field by field takes several times as long, and each response is looked up by it.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.number());
    }
}

/// A code: a place in the catalogue or in the table of unlisted names. Only [`Codes`] makes one, so a label value never
/// comes straight from a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Code(u16);

/// What takes the place of names that the table of unlisted ones has no room for.
const OTHER: Code = Code(u16::MAX);

/// The codes of the catalogue and the unlisted names seen so far.
#[derive(Debug)]
pub struct Codes {
    catalogue: &'static Catalogue,
    unlisted: Vec<String>,
    numbers: HashMap<String, Code>,
    most: usize,
}

impl Codes {
    /// Codes of `catalogue`, with room for `most` unlisted names.
    #[must_use]
    pub fn new(catalogue: &'static Catalogue, most: usize) -> Self {
        Self { catalogue, unlisted: Vec::new(), numbers: HashMap::default(), most }
    }

    /// Takes up other codes beside the built-in ones, with room for `most` unlisted names, and forgets all unlisted
    /// ones. Room is not taken from those that there are: their counters would be added to `other`, as if there were
    /// new errors.
    pub fn renew(&mut self, catalogue: Option<Catalogue>, most: usize) {
        let before = self.catalogue;
        if before.entries() != catalogue.as_ref().unwrap_or(Catalogue::built_in()).entries() {
            // it lives as long as the process: there is one for each list of codes, and those change rarely
            self.catalogue = catalogue.map_or(Catalogue::built_in(), |catalogue| Box::leak(Box::new(catalogue)));
        }
        let gone = before.entries().iter().filter(|entry| !self.lists(&entry.code)).count();
        self.most = most.max(self.unlisted.len() + gone);
        self.unlisted.clear();
        self.numbers.clear();
    }

    /// The code with a name as it was logged. Nothing if the name is neither in the catalogue nor has a code's form.
    pub fn find(&mut self, name: &str) -> Option<Code> {
        if let Some(position) = self.catalogue.position(name) {
            return u16::try_from(position).ok().map(Code);
        }
        let first = name.bytes().next()?;
        let form = (3..=64).contains(&name.len())
            && first.is_ascii_uppercase()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        if !form {
            return None;
        }
        if let Some(code) = self.numbers.get(name) {
            return Some(*code);
        }
        if self.unlisted.len() >= self.most {
            return Some(OTHER);
        }
        let code = Code(u16::try_from(self.catalogue.entries().len() + self.unlisted.len()).ok()?);
        self.unlisted.push(name.to_owned());
        self.numbers.insert(name.to_owned(), code);
        Some(code)
    }

    /// Whether the catalogue has a code with this name.
    #[must_use]
    pub fn lists(&self, name: &str) -> bool {
        self.catalogue.position(name).is_some()
    }

    /// What the catalogue knows of a code.
    #[must_use]
    pub fn entry(&self, code: Code) -> Option<&'static Entry> {
        self.catalogue.entries().get(usize::from(code.0))
    }

    /// The value of the label `code`.
    #[must_use]
    pub fn name(&self, code: Option<Code>) -> &str {
        let Some(code) = code else { return "none" };
        let place = usize::from(code.0);
        match self.catalogue.entries().get(place) {
            Some(entry) => &entry.code,
            None => self.unlisted.get(place - self.catalogue.entries().len()).map_or("other", String::as_str),
        }
    }

    /// The status of a response: the one that was logged, else the catalogue's.
    #[must_use]
    pub fn status(&self, code: Option<Code>, logged: Option<u16>) -> Option<u16> {
        logged.or_else(|| self.entry(code?)?.status)
    }

    /// The category of a response.
    #[must_use]
    pub fn category(&self, code: Option<Code>, status: Option<u16>) -> Category {
        code.and_then(|code| self.entry(code)).map_or_else(|| Category::of_status(status), |entry| entry.category)
    }

    /// What is known of codes.
    #[must_use]
    pub fn catalogue(&self) -> &'static Catalogue {
        self.catalogue
    }

    /// The codes of the catalogue.
    pub fn listed(&self) -> impl Iterator<Item = (Code, &'static Entry)> + use<> {
        (0_u16..).map(Code).zip(self.catalogue.entries())
    }

    /// The unlisted names seen so far.
    #[must_use]
    pub fn unlisted(&self) -> &[String] {
        &self.unlisted
    }

    /// All names by number: what makes the codes in a record readable for another release.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.catalogue.entries().iter().map(|entry| &entry.code).chain(&self.unlisted).cloned().collect()
    }

    /// The codes of this process for those of one that had these names.
    pub fn translate(&mut self, names: &[String]) -> impl Fn(Code) -> Code + use<> {
        let table: Vec<Code> = names.iter().map(|name| self.find(name).unwrap_or(OTHER)).collect();
        move |code| table.get(usize::from(code.0)).copied().unwrap_or(OTHER)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn unlisted_names_are_bounded() {
        let mut codes = Codes::new(Catalogue::built_in(), 2);
        let listed = codes.find("NoSuchKey");
        assert_eq!(codes.name(listed), "NoSuchKey");
        assert_eq!(codes.find("Bad Gateway"), None);
        assert_eq!(codes.find("404"), None);
        for (name, label) in
            [("FirstNew", "FirstNew"), ("SecondNew", "SecondNew"), ("ThirdNew", "other"), ("FirstNew", "FirstNew")]
        {
            let code = codes.find(name);
            assert_eq!(codes.name(code), label);
        }
        assert_eq!(codes.name(None), "none");
    }

    #[test]
    fn codes_of_another_release_are_found_by_name() {
        let mut old = Codes::new(Catalogue::built_in(), 8);
        let new_code = old.find("BrandNew").unwrap();
        let mut names = old.names();
        names.swap(0, 1);
        let mut codes = Codes::new(Catalogue::built_in(), 8);
        let translate = codes.translate(&names);
        assert_eq!(codes.name(Some(translate(Code(0)))), Catalogue::built_in().entries()[1].code);
        assert_eq!(codes.name(Some(translate(new_code))), "BrandNew");
        assert_eq!(codes.name(Some(translate(Code(999)))), "other");
    }

    #[test]
    fn names_that_were_given_stay_when_the_catalogue_changes() {
        let of = |name: &str| {
            let entry = Catalogue::built_in().entries()[0].clone();
            Some(Catalogue::with(vec![Entry { code: name.to_owned(), ..entry }]))
        };
        let mut codes = Codes::new(Catalogue::built_in(), 2);
        codes.renew(of("Mine"), 2);
        let given = ["Mine", "FirstNew", "SecondNew", "ThirdNew", "NoSuchKey"];
        let mut numbers = given.map(|name| codes.find(name).unwrap());
        for (catalogue, most) in [(of("Theirs"), 0), (of("FirstNew"), 1), (None, 2)] {
            let names = codes.names();
            codes.renew(catalogue, most);
            let translate = codes.translate(&names);
            numbers = numbers.map(translate);
            let names = numbers.map(|code| codes.name(Some(code)).to_owned());
            assert_eq!(names, ["Mine", "FirstNew", "SecondNew", "other", "NoSuchKey"]);
        }
    }

    #[test]
    fn status_and_category() {
        let mut codes = Codes::new(Catalogue::built_in(), 8);
        let code = codes.find("SlowDown");
        assert_eq!(codes.status(code, None), Some(503));
        assert_eq!(codes.status(code, Some(200)), Some(200));
        assert_eq!(codes.category(code, Some(200)), Category::Throttling);
        assert_eq!(codes.category(None, Some(403)), Category::Permission);
        assert_eq!(codes.status(None, None), None);
    }
}
