//! The configuration file as it is written. Unknown keys are errors.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawConfig {
    pub inputs: Vec<RawInput>,
    pub recognisers: Vec<RawRecogniser>,
    pub codes: Vec<RawCode>,
    pub limits: RawLimits,
    pub metrics: RawMetrics,
    pub alerts: RawAlerts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawInput {
    pub paths: Spanned<Vec<String>>,
    #[serde(default)]
    pub exclude: Vec<String>,
    #[serde(default)]
    pub format: RawFormat,
    #[serde(default)]
    pub start_at: RawStart,
    #[serde(default)]
    pub labels: Option<Spanned<BTreeMap<String, String>>>,
    #[serde(default)]
    pub path_labels: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RawFormat {
    #[default]
    Auto,
    Plain,
    Cri,
    Docker,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RawStart {
    #[default]
    Beginning,
    End,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRecogniser {
    pub name: Spanned<String>,
    pub pattern: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCode {
    pub code: Spanned<String>,
    #[serde(default)]
    pub status: Option<Spanned<u16>>,
    pub category: Spanned<String>,
    #[serde(default)]
    pub retryable: Option<Spanned<String>>,
    #[serde(default)]
    pub owner: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimits {
    pub line_bytes: Option<Spanned<String>>,
    pub unlisted_codes: Option<Spanned<usize>>,
    pub open_files: Option<Spanned<usize>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawMetrics {
    pub created_timestamps: Option<bool>,
    pub new_series_hold: Option<Spanned<String>>,
    pub series_retention: Option<Spanned<String>>,
}

/// What is set of the alert rules: the name of each parameter, such as `selector` or `ObsThrottled.for`, and its value.
/// A value may be written in any way in which YAML writes one.
#[derive(Debug, Default)]
pub struct RawAlerts(pub Vec<(String, Spanned<String>)>);

impl<'de> Deserialize<'de> for RawAlerts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parameters;

        impl<'de> Visitor<'de> for Parameters {
            type Value = RawAlerts;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("parameters of the alerts, such as {ObsThrottled: {for: 5m}}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawAlerts, A::Error> {
                let mut all = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    // alerts have names with a capital letter and parameters of their own
                    if name.starts_with(|first: char| first.is_ascii_uppercase()) {
                        let own = map.next_value::<BTreeMap<String, Spanned<String>>>()?;
                        all.extend(own.into_iter().map(|(parameter, value)| (format!("{name}.{parameter}"), value)));
                    } else {
                        all.push((name, map.next_value()?));
                    }
                }
                Ok(RawAlerts(all))
            }
        }

        deserializer.deserialize_map(Parameters)
    }
}
