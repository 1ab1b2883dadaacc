//! `serve` and `healthcheck`.

use super::{args, output};
use crate::app::serve::{Options, StatePath};
use crate::app::{LINE_BYTES, log, serve};
use crate::tail::{self, InputOptions, StartAt};
use crate::web;
use crate::web::healthcheck::Target;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// The state folder if none is named.
const STATE: &str = "data";

/// How long a daemon may take to say whether it is ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the daemon.
pub fn run(args: args::Serve) -> anyhow::Result<ExitCode> {
    let _log = log::start(args.log_format, args.log_level)?;
    let input = InputOptions { paths: args.logs, exclude: Vec::new(), start_at: StartAt::Beginning };
    let tail = tail::Options { inputs: vec![input], line_bytes: LINE_BYTES, ..tail::Options::default() };
    let state = match args.state_path {
        None => StatePath::Default(PathBuf::from(STATE)),
        Some(path) if path == Path::new("none") => StatePath::None,
        Some(path) => StatePath::Named(path),
    };
    let mut web = web::Options { telemetry_path: args.telemetry_path, ..web::Options::default() };
    web.limits.max_requests = args.max_requests;
    serve::serve(Options { tail, labels: vec![Vec::new()], state, listen: args.listen, web })?;
    Ok(ExitCode::SUCCESS)
}

/// Asks a daemon whether it is ready.
pub fn healthcheck(args: &args::Healthcheck) -> anyhow::Result<ExitCode> {
    let targets: Vec<Target> = match &args.url {
        Some(url) => vec![url.clone()],
        None => args.listen.iter().take(1).cloned().map(Target::from).collect(),
    };
    for target in targets {
        target.check(PATIENCE)?;
    }
    output::print("ready\n")?;
    Ok(ExitCode::SUCCESS)
}
