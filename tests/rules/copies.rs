//! What is shipped in `deploy/prometheus/` is what is rendered.

use super::{file, holds, promtool, root};
use obs_error_exporter::catalogue::{Catalogue, Lang};
use obs_error_exporter::rules::{self, Format, Settings, alerts, parameters};

fn render(settings: &Settings, lang: Lang, format: Format) -> String {
    rules::render(Catalogue::built_in(), settings, lang, format)
}

#[test]
fn the_shipped_files_are_the_rendered_ones() {
    let settings = Settings::default();
    for (lang, format, name) in [
        (Lang::En, Format::Prometheus, "rules.yaml"),
        (Lang::Zh, Format::Prometheus, "rules.zh.yaml"),
        (Lang::En, Format::Operator, "prometheusrule.yaml"),
        (Lang::Zh, Format::Operator, "prometheusrule.zh.yaml"),
    ] {
        holds(&format!("deploy/prometheus/{name}"), &render(&settings, lang, format));
    }
    holds("deploy/prometheus/alertmanager.yaml", &rules::alertmanager());
    holds("deploy/prometheus/prometheus.yaml", rules::prometheus());
}

#[test]
fn promtool_finds_nothing_in_any_rendering() {
    let folder = tempfile::tempdir().unwrap();
    let check = |settings: &Settings, lang| {
        let path = file(&folder, "rules.yaml", &render(settings, lang, Format::Prometheus));
        promtool(&["check", "rules", "--lint=all", "--lint-fatal", path.to_str().unwrap()])
    };
    for lang in [Lang::En, Lang::Zh] {
        let (content, said) = check(&Settings::default(), lang);
        assert!(content, "{said}");
        assert!(
            said.contains(&format!("SUCCESS: {} rules found", alerts().count() + rules::RECORDINGS.len())),
            "{said}"
        );
    }
    // everything that can be set changes something, and whatever it is set to, promtool is content
    let shipped = render(&Settings::default(), Lang::En, Format::Prometheus);
    let mut all = [Settings::default(), Settings::default()];
    for (name, parameter) in parameters() {
        let others = super::cases::other(&parameter);
        let mut settings = Settings::default();
        settings.set(&name, others[0]).unwrap();
        assert!(render(&settings, Lang::En, Format::Prometheus) != shipped, "{name} changes nothing");
        if !name.ends_with(".enabled") {
            all[0].set(&name, others[0]).unwrap();
            all[1].set(&name, others.last().unwrap()).unwrap();
        }
    }
    for settings in &all {
        let (content, said) = check(settings, Lang::En);
        assert!(content, "{said}");
    }
    let broken = file(&folder, "broken.yaml", "groups:\n- name: a\n  rules:\n  - {alert: A, expr: sum(}\n");
    assert!(!promtool(&["check", "rules", broken.to_str().unwrap()]).0, "promtool finds nothing in a broken rule");
}

#[test]
fn a_selector_reaches_every_query_and_labels_are_kept() {
    let mut settings = Settings::default();
    for text in ["selector=team=\"a\",pod!~\"x.*\"", "exporter_selector=cluster=\"b\"", "labels=namespace,team"] {
        settings.assign(text).unwrap();
    }
    for alert in alerts() {
        let query = alert.query(&settings);
        let selectors: Vec<_> = query.match_indices('{').map(|(at, _)| &query[at..]).collect();
        let own = if alert.subject.is_some() { "team=\"a\"" } else { "cluster=\"b\"" };
        assert!(!selectors.is_empty(), "{query}");
        assert!(selectors.iter().all(|text| text.split('}').next().unwrap().contains(own)), "{query}");
        assert!(!query.contains("sum by (") || query.contains("sum by (job, namespace, team"), "{query}");
        // recorded series have no pod any more
        assert!(!query.contains("rate5m{") || !query.contains("pod"), "{query}");
    }
    for recording in rules::RECORDINGS {
        let query = recording.query(&settings);
        assert!(
            query.contains("team=\"a\",pod!~\"x.*\"}") && query.contains("by (job, namespace, team, category"),
            "{query}"
        );
    }
    let text = render(&settings, Lang::En, Format::Prometheus);
    assert!(text.contains("{{ with $labels.team }}, team {{ . }}{{ end }}"));
}

#[test]
fn an_alert_can_be_left_out() {
    let mut settings = Settings::default();
    for alert in alerts().filter(|alert| alert.subject.is_none()) {
        settings.set(&format!("{}.enabled", alert.name), "false").unwrap();
    }
    let text = render(&settings, Lang::En, Format::Prometheus);
    assert!(!text.contains("ObsExporter") && text.matches("- name:").count() == 1, "{text}");
}

#[test]
fn the_examples_are_accepted() {
    let at = |name: &str| root().join("deploy/prometheus").join(name);
    let (content, said) = promtool(&["check", "config", at("prometheus.yaml").to_str().unwrap()]);
    assert!(content && said.contains("rule files found") || said.contains("SUCCESS"), "{said}");
    let done =
        super::command("amtool").args(["check-config", at("alertmanager.yaml").to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
    assert!(done.status.success(), "{said}");
    assert!(said.contains(&format!("{} inhibit rules", rules::INHIBITIONS.len())), "{said}");
}
