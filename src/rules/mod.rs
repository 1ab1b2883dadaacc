//! Alert rules: templates that are rendered from the catalogue of codes and the list of metrics.
//!
//! [`alerts`] is the one list of alerts. The rules in both formats and languages, the runbooks' generated parts, the
//! tables of the README and the tests follow from it. What may be set is in [`parameters()`], what was set in [`Settings`].

mod alert;
mod alertmanager;
mod exporter;
mod file;
mod obs;
mod parameters;
mod period;
mod recordings;
mod runbook;
mod selection;
mod settings;
mod texts;

pub use alert::{Alert, Scope, Subject, Texts};
pub use alertmanager::{INHIBITIONS, Inhibition, alertmanager, prometheus};
pub use file::{Format, render};
pub use parameters::{GENERAL, Parameter, Unit};
pub use period::Period;
pub use recordings::{BY_CATEGORY, BY_CODE, RECORDINGS, Recording, THROTTLING_BEFORE};
pub use runbook::Part;
pub use selection::Selection;
pub use settings::{SettingError, Settings, parameters};
pub use texts::Said;

/// All alerts: those about errors of OBS, then those about the exporter.
pub fn alerts() -> impl Iterator<Item = &'static Alert> {
    obs::ALERTS.iter().chain(exporter::ALERTS)
}
