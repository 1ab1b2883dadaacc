//! `serve` and `healthcheck`.

use super::config::read;
use super::{args, output};
use crate::app::Load;
use crate::app::serve::{Listen, Options, StatePath};
use crate::app::{log, serve};
use crate::config::Input;
use crate::web;
use crate::web::healthcheck::Target;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// What was asked for cannot be meant, as clap says it.
const USAGE: u8 = 2;

/// The state folder if none is named.
const STATE: &str = "data";

/// How long a daemon may take to say whether it is ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the daemon.
pub fn run(args: args::Serve) -> anyhow::Result<ExitCode> {
    let _log = log::start(args.log_format, args.log_level)?;
    let load = load(args.config_file, args.logs);
    let config = load()?;
    if config.inputs.is_empty() {
        output::complain("error: no logs are named; name some with --logs, or in a file with --config.file");
        return Ok(ExitCode::from(USAGE));
    }
    let state = match args.state_path {
        None => StatePath::Default(PathBuf::from(STATE)),
        Some(path) if path == Path::new("none") => StatePath::None,
        Some(path) => StatePath::Named(path),
    };
    let mut web = web::Options { telemetry_path: args.telemetry_path, ..web::Options::default() };
    web.limits.max_requests = args.max_requests;
    web.enable_lifecycle = args.enable_lifecycle;
    web.access = args.web_config_file.as_deref().map(web::Access::read).transpose()?.map(Arc::new);
    let listen = if args.systemd_socket { Listen::Systemd } else { Listen::On(args.listen) };
    serve::serve(Options { config, load, state, listen, web })?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the configuration file, as often as it is asked to, and adds what the flags say.
fn load(file: Option<PathBuf>, logs: Vec<String>) -> Load {
    Arc::new(move || {
        let mut config = read(file.as_deref())?;
        if !logs.is_empty() {
            config.inputs.push(Input::at(logs.clone())); // beside those of the file
        }
        Ok(config)
    })
}

/// Asks a daemon whether it is ready.
pub fn healthcheck(args: &args::Healthcheck) -> anyhow::Result<ExitCode> {
    let targets: Vec<Target> = match &args.url {
        Some(url) => vec![url.clone()],
        None => args.listen.iter().take(1).cloned().map(Target::from).collect(),
    };
    let certificate = args.web_config_file.as_deref().map(web::Access::certificate).transpose()?.flatten();
    for target in targets {
        let target = match &certificate {
            Some(certificate) => target.with_certificate(certificate.clone()),
            None => target,
        };
        target.check(PATIENCE)?;
    }
    output::print("ready\n")?;
    Ok(ExitCode::SUCCESS)
}
