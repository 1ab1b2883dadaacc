//! Commands and flags.

mod check;
mod scan;
mod shell;

pub use check::Check;
pub use scan::{FailOn, Scan, ScanOutput};
pub use shell::{Completions, Man, Shell};

use super::terminal;
use crate::app::log::{Format, Level};
use crate::catalogue;
use crate::web::healthcheck::Target;
use crate::web::{ListenAddress, TelemetryPath};
use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Finds Huawei Cloud OBS errors in the logs of the services that call OBS, and serves them to Prometheus.
#[derive(Debug, Parser)]
#[command(name = "obs-error-exporter", version, max_term_width = 120)]
#[command(after_help = "Examples:\n  kubectl logs deploy/shop --since=1h | obs-error-exporter scan -\n  \
    obs-error-exporter explain SlowDown\n  \
    obs-error-exporter serve --logs '/var/log/app/**/*.log' --state.path /var/lib/obs-error-exporter")]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tail logs and serve the OBS errors in them to Prometheus
    Serve(Serve),
    /// Ask a running daemon whether it is ready
    Healthcheck(Healthcheck),
    /// Read logs to their end and print the OBS errors in them
    Scan(Scan),
    /// Say what error codes mean and what to do
    Explain(Explain),
    /// List all known error codes
    Codes(Codes),
    /// Say whether a configuration can be used, what it means, and what its globs match now
    Check(Check),
    /// Print what a shell needs to complete commands and flags
    Completions(Completions),
    /// Write the manual pages
    Man(Man),
    /// Print the alert rules
    Rules(Rules),
    /// Print the Grafana dashboard
    Dashboard(Dashboard),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  obs-error-exporter serve --logs '/var/log/app/**/*.log' --state.path /var/lib/obs-error-exporter"
)]
pub struct Serve {
    /// Logs to tail: files, globs (** allowed) or folders; repeatable
    #[arg(long, value_name = "GLOB", env = "OBS_ERROR_EXPORTER_LOGS")]
    pub logs: Vec<String>,
    /// Configuration file
    #[arg(long = "config.file", value_name = "FILE", env = "OBS_ERROR_EXPORTER_CONFIG_FILE")]
    pub config_file: Option<PathBuf>,
    /// Folder for positions and counters; "none" keeps none [default: data]
    #[arg(long = "state.path", value_name = "DIR", env = "OBS_ERROR_EXPORTER_STATE_PATH")]
    pub state_path: Option<PathBuf>,
    /// Address to listen on; repeatable
    #[arg(
        long = "web.listen-address",
        value_name = "ADDR",
        default_value = ":19765",
        env = "OBS_ERROR_EXPORTER_WEB_LISTEN_ADDRESS"
    )]
    pub listen: Vec<ListenAddress>,
    /// Listen on the sockets that systemd hands over instead
    #[arg(
        long = "web.systemd-socket",
        value_parser = BoolishValueParser::new(),
        env = "OBS_ERROR_EXPORTER_WEB_SYSTEMD_SOCKET"
    )]
    pub systemd_socket: bool,
    /// Path of the metrics
    #[arg(
        long = "web.telemetry-path",
        value_name = "PATH",
        default_value_t,
        env = "OBS_ERROR_EXPORTER_WEB_TELEMETRY_PATH"
    )]
    pub telemetry_path: TelemetryPath,
    /// Web configuration: TLS, passwords and headers, in the format of Prometheus' exporter-toolkit
    #[arg(long = "web.config.file", value_name = "FILE", env = "OBS_ERROR_EXPORTER_WEB_CONFIG_FILE")]
    pub web_config_file: Option<PathBuf>,
    /// Allow POST /-/reload, which reads the configuration anew, as SIGHUP does
    #[arg(
        long = "web.enable-lifecycle",
        value_parser = BoolishValueParser::new(),
        env = "OBS_ERROR_EXPORTER_WEB_ENABLE_LIFECYCLE"
    )]
    pub enable_lifecycle: bool,
    /// Scrapes that are answered at a time; 0 for no limit
    #[arg(
        long = "web.max-requests",
        value_name = "N",
        default_value_t = 40,
        env = "OBS_ERROR_EXPORTER_WEB_MAX_REQUESTS"
    )]
    pub max_requests: usize,
    /// The least important lines of the daemon's own log
    #[arg(long = "log.level", value_enum, default_value_t = Level::Info, env = "OBS_ERROR_EXPORTER_LOG_LEVEL")]
    pub log_level: Level,
    /// How the daemon's own log is written
    #[arg(long = "log.format", value_enum, default_value_t = Format::Logfmt, env = "OBS_ERROR_EXPORTER_LOG_FORMAT")]
    pub log_format: Format,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  obs-error-exporter healthcheck\n  \
    obs-error-exporter healthcheck --url http://localhost:19765\n\n\
    Exit status: 0 if the daemon is ready, 1 if not.")]
pub struct Healthcheck {
    /// Web configuration of the daemon: if it speaks TLS, its certificate is expected
    #[arg(long = "web.config.file", value_name = "FILE", env = "OBS_ERROR_EXPORTER_WEB_CONFIG_FILE")]
    pub web_config_file: Option<PathBuf>,
    /// URL to ask instead of the listen address
    #[arg(long, value_name = "URL")]
    pub url: Option<Target>,
    /// Address that the daemon listens on
    #[arg(
        long = "web.listen-address",
        value_name = "ADDR",
        default_value = ":19765",
        env = "OBS_ERROR_EXPORTER_WEB_LISTEN_ADDRESS"
    )]
    pub listen: Vec<ListenAddress>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  obs-error-exporter explain SlowDown InArrearOrInsufficientBalance --lang zh\n  \
    tail -n 20 OBS-SDK.log | obs-error-exporter explain --line")]
pub struct Explain {
    /// Error codes, as OBS spells them
    #[arg(value_name = "CODE", required_unless_present = "line", conflicts_with = "line")]
    pub codes: Vec<String>,
    /// Read log lines on standard input instead, and say for each what was recognised and how it is counted, or why not
    #[arg(long)]
    pub line: bool,
    /// Configuration file, for its recognisers and codes
    #[arg(long = "config.file", value_name = "FILE", env = "OBS_ERROR_EXPORTER_CONFIG_FILE")]
    pub config_file: Option<PathBuf>,
    #[command(flatten)]
    pub language: Language,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  obs-error-exporter codes | grep throttling\n  \
    obs-error-exporter codes --output csv > codes.csv")]
pub struct Codes {
    /// How to print them
    #[arg(long, value_enum, default_value_t = CodesOutput::Table)]
    pub output: CodesOutput,
    #[command(flatten)]
    pub language: Language,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CodesOutput {
    /// For people
    Table,
    /// Everything in both languages, for programs
    Json,
    /// Everything in both languages, for spreadsheets
    Csv,
    /// For documents
    Markdown,
}

/// The language of texts: as asked for, else that of the locale.
#[derive(Debug, clap::Args)]
pub struct Language {
    /// Language of the texts [default: by LC_ALL, LC_MESSAGES, LANG]
    #[arg(long, value_enum)]
    pub lang: Option<Lang>,
}

impl Language {
    pub fn get(&self) -> catalogue::Lang {
        let locale = || if terminal::chinese() { Lang::Zh } else { Lang::En };
        self.lang.unwrap_or_else(locale).into()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// As the terminal allows
    Auto,
    /// Also into a pipe
    Always,
    /// Not at all
    Never,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  obs-error-exporter rules --set ObsThrottled.rate=0.5 --set ObsThrottled.for=5m > rules.yaml\n  \
    obs-error-exporter rules --format operator --config.file config.yaml | kubectl apply -f -"
)]
pub struct Rules {
    /// How to print them
    #[arg(long, value_enum, default_value_t = RulesFormat::Prometheus)]
    pub format: RulesFormat,
    /// Sets a parameter, such as ObsThrottled.for=5m; repeatable, wins over the configuration file
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Configuration file, for its alerts and codes
    #[arg(long = "config.file", value_name = "FILE", env = "OBS_ERROR_EXPORTER_CONFIG_FILE")]
    pub config_file: Option<PathBuf>,
    #[command(flatten)]
    pub language: Language,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  obs-error-exporter dashboard > dashboard.json    # import it in Grafana")]
pub struct Dashboard {
    /// Sets a parameter of the alerts; of the dashboard only runbook_base_url
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Configuration file, for its codes and its alerts
    #[arg(long = "config.file", value_name = "FILE", env = "OBS_ERROR_EXPORTER_CONFIG_FILE")]
    pub config_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RulesFormat {
    /// A rule file of Prometheus
    Prometheus,
    /// A PrometheusRule object for the Prometheus Operator
    Operator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// English
    En,
    /// Chinese
    Zh,
}

impl From<Lang> for catalogue::Lang {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::Zh => Self::Zh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_sound() {
        Args::command().debug_assert();
    }
}
