//! Each alert has a page, its generated parts are those of the list, and links lead somewhere.

use super::{holds, root};
use obs_error_exporter::catalogue::{Catalogue, Lang};
use obs_error_exporter::rules::{Part, Said, Settings, alerts};
use obs_error_exporter::tail::LOST;
use obs_error_exporter::tally::metrics::METRICS;
use std::collections::BTreeSet;
use std::fs;

const END: &str = "<!-- end -->\n";

/// What a page has to say in each language, in this order; the codes only where an alert is about some.
const HEADINGS: [[&str; 5]; 2] = [
    ["## What it means", "## Who is hit", "## How to see it", "## What to do", "## How to confirm that it is over"],
    ["## 含义", "## 影响范围", "## 如何查看", "## 处理", "## 如何确认已恢复"],
];

#[test]
fn pages_have_what_the_list_says() {
    for alert in alerts() {
        let path = format!("deploy/runbooks/{}.md", alert.name);
        let mut page = fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        for (lang, name) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
            for (part, kind) in Part::ALL {
                let text = kind.text(alert, lang);
                let begin = format!("<!-- {part} {name}: written by `UPDATE=1 cargo test --test rules` -->\n");
                assert_eq!(page.matches(&begin).count(), usize::from(!text.is_empty()), "{path}: {part} {name}");
                let Some(at) = page.find(&begin) else { continue };
                let from = at + begin.len();
                let to = from + page[from..].find(END).unwrap_or_else(|| panic!("{path}: {part} {name} has no end"));
                page.replace_range(from..to, &text);
            }
        }
        holds(&path, &page);
        let mut places =
            HEADINGS.iter().flatten().map(|heading| page.find(heading).unwrap_or_else(|| panic!("{path}: {heading}")));
        assert!(places.by_ref().is_sorted(), "{path}");
        // nothing is left to be written
        for heading in HEADINGS.iter().flatten() {
            let text = page.split(heading).nth(1).unwrap().split("\n## ").next().unwrap();
            assert!(text.trim().chars().count() > 8, "{path}: {heading} says nothing");
        }
    }
    let files = fs::read_dir(root().join("deploy/runbooks")).unwrap();
    let files: BTreeSet<_> = files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let expected: BTreeSet<_> = alerts().map(|alert| format!("{}.md", alert.name)).collect();
    assert_eq!(files, expected);
}

#[test]
fn annotations_lead_to_pages_and_places_that_are_there() {
    for alert in alerts() {
        for lang in [Lang::En, Lang::Zh] {
            let said = Said::of(alert, Catalogue::built_in(), &Settings::default(), lang);
            let (path, place) = said.runbook_url.split_once('#').unwrap_or((&said.runbook_url, ""));
            let page = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(place.is_empty() || page.contains(&format!("<a id=\"{place}\"></a>")), "{path}#{place}");
        }
        let mut settings = Settings::default();
        settings.assign("runbook_base_url=https://git.example.com/runbooks/").unwrap();
        let said = Said::of(alert, Catalogue::built_in(), &settings, Lang::En);
        assert_eq!(said.runbook_url, format!("https://git.example.com/runbooks/{}.md", alert.name));
    }
}

#[test]
fn pages_link_to_pages_and_name_what_there_is() {
    let metrics: Vec<_> = METRICS.iter().map(|metric| metric.name).collect();
    for alert in alerts() {
        let page = fs::read_to_string(root().join(format!("deploy/runbooks/{}.md", alert.name))).unwrap();
        for link in page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let file = link.split('#').next().unwrap();
            assert!(file.is_empty() || root().join("deploy/runbooks").join(file).exists(), "{}: {link}", alert.name);
        }
        for word in page.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            if word.starts_with("Obs") {
                assert!(alerts().any(|alert| alert.name == word), "{}: {word}", alert.name);
            }
            if word.starts_with("huaweicloud_obs_error") || word.starts_with("obs_error_exporter_") {
                let recorded = word == "huaweicloud_obs_errors";
                assert!(recorded || metrics.contains(&word), "{}: {word}", alert.name);
            }
        }
    }
    let page = fs::read_to_string(root().join("deploy/runbooks/ObsExporterLosingData.md")).unwrap();
    for reason in LOST {
        assert_eq!(page.matches(&format!("`{reason}`")).count(), 2, "{reason}");
    }
}
