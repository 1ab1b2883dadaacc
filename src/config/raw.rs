//! The configuration file as it is written. Unknown keys are errors.

use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawConfig {
    pub inputs: Vec<RawInput>,
    pub recognisers: Vec<RawRecogniser>,
    pub codes: Vec<RawCode>,
    pub limits: RawLimits,
    pub metrics: RawMetrics,
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
