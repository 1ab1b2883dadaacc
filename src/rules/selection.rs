//! Which codes an alert is about: one value from which its query, its texts and its runbook follow.

use crate::catalogue::{Catalogue, Category, Entry};

/// Some codes of OBS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Those of some categories, without some codes. Codes that no catalogue knows are in it by their category.
    Categories(&'static [Category], &'static [&'static str]),
    /// These.
    Codes(&'static [&'static str]),
    /// Those whose names begin so.
    Family(&'static str),
}

impl Selection {
    /// The matchers of the labels `category` and `code` in a query.
    #[must_use]
    pub fn matchers(&self) -> String {
        match self {
            Self::Categories(of, but) => {
                let names: Vec<_> = of.iter().map(|category| category.as_str()).collect();
                let mut matchers = one_of("category", &names, ["=", "=~"]);
                if !but.is_empty() {
                    matchers.push(',');
                    matchers.push_str(&one_of("code", but, ["!=", "!~"]));
                }
                matchers
            }
            Self::Codes(codes) => one_of("code", codes, ["=", "=~"]),
            Self::Family(begin) => format!("code=~\"{}.+\"", begin.replace('.', "[.]")),
        }
    }

    /// Whether a code of the catalogue is in it.
    #[must_use]
    pub fn includes(&self, entry: &Entry) -> bool {
        match self {
            Self::Categories(of, but) => of.contains(&entry.category) && !but.contains(&entry.code.as_str()),
            Self::Codes(codes) => codes.contains(&entry.code.as_str()),
            Self::Family(begin) => entry.code.starts_with(begin),
        }
    }

    /// The codes of a catalogue that are in it.
    pub fn of<'c>(&self, catalogue: &'c Catalogue) -> impl Iterator<Item = &'c Entry> {
        catalogue.entries().iter().filter(|entry| self.includes(entry))
    }
}

/// A matcher for one name or for several; no name has a character that means something in a regular expression.
fn one_of(label: &str, names: &[&str], [one, several]: [&str; 2]) -> String {
    let operator = if names.len() == 1 { one } else { several };
    format!("{label}{operator}\"{}\"", names.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_codes_are_the_same_selection() {
        let quota = Selection::Categories(&[Category::Quota], &["InsufficientStorageSpace"]);
        assert_eq!(quota.matchers(), r#"category="quota",code!="InsufficientStorageSpace""#);
        let codes: Vec<_> = quota.of(Catalogue::built_in()).map(|entry| entry.code.as_str()).collect();
        assert_eq!(codes, ["TooManyBuckets", "TooManyCustomDomains", "SystemCapacityNotenough"]);
        let both = Selection::Categories(&[Category::ClientRequest, Category::Unsupported], &["A", "B"]);
        assert_eq!(both.matchers(), r#"category=~"client_request|unsupported",code!~"A|B""#);
        let family = Selection::Family("KMS.");
        assert_eq!(family.matchers(), r#"code=~"KMS[.].+""#);
        assert_eq!(family.of(Catalogue::built_in()).count(), 2);
        assert_eq!(Selection::Codes(&["NoSuchBucket"]).matchers(), r#"code="NoSuchBucket""#);
    }
}
