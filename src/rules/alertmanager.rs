//! Examples of what belongs around the rules: the configurations of Prometheus and Alertmanager.

use std::fmt::Write as _;

/// Alerts that say nothing new while another one fires for the same job and namespace.
#[derive(Debug)]
pub struct Inhibition {
    /// The alert that tells the cause.
    pub source: &'static str,
    /// The alerts that are silenced.
    pub targets: &'static [&'static str],
    /// Why, in a few words.
    pub why: &'static str,
}

/// All of them.
pub static INHIBITIONS: &[Inhibition] = &[
    Inhibition {
        source: "ObsAccountInArrears",
        targets: &["ObsPermissionDenied", "ObsCredentialsRejected", "ObsClientRequestErrors", "ObsNotFoundAnomaly"],
        why: "an account in arrears is refused in many ways",
    },
    Inhibition { source: "ObsThrottlingSpike", targets: &["ObsThrottled"], why: "a spike is throttling" },
    Inhibition { source: "ObsStorageFull", targets: &["ObsQuotaExceeded"], why: "a full storage is a quota" },
];

/// An example of Alertmanager's configuration, with the inhibitions.
#[must_use]
pub fn alertmanager() -> String {
    let mut text = String::from(
        "# Example of a configuration of Alertmanager. The inhibitions fit the alerts; the rest is yours to choose.\n\
         route:\n  receiver: obs\n  group_by: [alertname, job, namespace]\n  group_wait: 30s\n  group_interval: 5m\n  \
         repeat_interval: 4h\n  # who can put it right is the label owner: app, platform, security, finance or vendor\n  \
         # routes:\n  #   - {matchers: ['owner=\"finance\"'], receiver: finance}\nreceivers:\n  - name: obs\n    \
         webhook_configs:\n      - url: http://localhost:8080/alerts # your own receiver\ninhibit_rules:\n",
    );
    for Inhibition { source, targets, why } in INHIBITIONS {
        let operator = if targets.len() == 1 { "=" } else { "=~" };
        let targets = targets.join("|");
        let _ = writeln!(
            text,
            "  - source_matchers: ['alertname=\"{source}\"'] # {why}\n    \
             target_matchers: ['alertname{operator}\"{targets}\"']\n    equal: [job, namespace]"
        );
    }
    text
}

/// An example of Prometheus' configuration.
#[must_use]
pub const fn prometheus() -> &'static str {
    "# Example of a configuration of Prometheus; the paths are relative to this file.\n\
     global: {scrape_interval: 15s, evaluation_interval: 15s}\n\
     rule_files: [rules.yaml] # or rules.zh.yaml\n\
     alerting:\n  alertmanagers:\n    - static_configs: [{targets: [\"localhost:9093\"]}]\n\
     scrape_configs:\n  - job_name: obs-errors # ObsExporterDown knows jobs with obs-error in their names as exporters\n    \
     # namespace, pod and container of a series are those of the log, not those of the exporter\n    \
     honor_labels: true\n    static_configs: [{targets: [\"localhost:19765\"]}]\n"
}

#[cfg(test)]
mod tests {
    use super::super::alerts;
    use super::*;

    #[test]
    fn inhibitions_name_alerts_that_there_are() {
        for Inhibition { source, targets, .. } in INHIBITIONS {
            for name in targets.iter().chain([source]) {
                assert!(alerts().any(|alert| alert.name == *name), "{name}");
            }
            assert!(!targets.contains(source), "{source} silences itself");
        }
    }
}
