//! The daemon.

use super::board::{Board, Shown};
use super::engine::{Engine, Message};
use super::overview::millis;
use super::recent::Recorder;
use super::record::{Record, VERSION};
use super::reload::{Load, Reloader};
use super::rulebook::Rulebook;
use super::{Pipeline, check, plan, systemd, watchman};
use crate::config::Config;
use crate::report::{Bounds, Now};
use crate::state::{Committer, Found, StateError, Store};
use crate::tail::{FileRecord, Tailer};
use crate::tally::{self, ProcessMetrics, metrics};
use crate::view::View;
use crate::web::{self, BadRequest, Bound, Bytes, Exposition, ReloadRefused, Unavailable};
use anyhow::Context as _;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Where positions and counters are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatePath {
    /// Nowhere.
    None,
    /// In the folder that stands there if nobody says otherwise; without it if it cannot be made.
    Default(PathBuf),
    /// In this folder and no other.
    Named(PathBuf),
}

/// Where to listen.
#[derive(Debug)]
pub enum Listen {
    /// On these addresses.
    On(Vec<web::ListenAddress>),
    /// On the sockets that systemd hands over.
    Systemd,
}

/// What to serve.
pub struct Options {
    /// What to tail and how to read it.
    pub config: Config,
    /// Reads the same anew.
    pub load: Load,
    /// Where positions and counters are kept.
    pub state: StatePath,
    /// Where to listen.
    pub listen: Listen,
    /// How to serve.
    pub web: web::Options,
}

/// A daemon remembers so many ids; its record has eight bytes for each.
const BOUNDS: Bounds = Bounds { counted: 1 << 16, saved: 1 << 16, waiting: 4096 };

/// A scrape waits no longer for the disk and gets the last committed values then.
const PATIENCE: Duration = Duration::from_secs(2);

/// After the last commit a scrape is still let through for so long.
const LAST_SCRAPE: Duration = Duration::from_secs(2);

/// Serves until a signal ends it.
///
/// # Errors
/// When it cannot start, or its engine ends.
pub fn serve(options: Options) -> anyhow::Result<()> {
    let began = Instant::now();
    let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // from now on SIGHUP ends nothing
    let hangup = runtime.block_on(async { signal(SignalKind::hangup()) })?;
    // before anything that costs, so that a port in use costs nothing
    let bound = match &options.listen {
        Listen::On(addresses) => Bound::bind(addresses)?,
        Listen::Systemd => systemd::sockets()?,
    };
    let mut matches = Vec::new();
    for input in &options.config.inputs {
        matches.extend(check::look(input)?); // a glob that is wrong is refused before anything is touched
    }
    let board = Arc::new(Board::new(began));
    let (sender, inbox) = channel();
    let limits = options.config.limits;
    let rules = Arc::new(Mutex::new(Rulebook::new(&options.config)));
    let (mut pipeline, inputs) = super::pipeline(options.config, BOUNDS, Recorder::new(millis(SystemTime::now())))?;
    pipeline.tally.begin(epoch);
    let (committer, files) = take_up(&options.state, &mut pipeline, &sender)?;
    let tail = plan::tail_options(&inputs, limits);
    plan::plan(inputs, &mut pipeline);
    let wake = {
        let (sender, board) = (Mutex::new(sender.clone()), Arc::clone(&board));
        move || {
            if board.tell()
                && let Ok(sender) = sender.lock()
            {
                let _ = sender.send(Message::Changed); // an engine that has ended needs no waking
            }
        }
    };
    let tailer = Tailer::new(tail, files, wake)?;
    for address in bound.local_addrs() {
        tracing::info!(%address, path = %options.web.telemetry_path, "metrics are served");
    }
    matches.iter().for_each(watchman::found);
    let engine = Engine::new(tailer, pipeline, inbox, Arc::clone(&board), committer, began);
    let (ended, has_ended) = oneshot::channel();
    let thread = thread::Builder::new().name("engine".into()).spawn(move || {
        engine.run();
        let _ = ended.send(());
    })?;
    let access = options.web.access.clone();
    let reloader = Reloader::new(options.load, Arc::clone(&board), sender.clone(), access, Arc::clone(&rules));
    let reloader = Arc::new(reloader);
    let engine = Mutex::new(sender.clone());
    let backend = Arc::new(Backend { board, engine, process: ProcessMetrics::default(), reloader, rules });
    let served = runtime.block_on(async {
        tokio::spawn(Arc::clone(&backend.reloader).obey(hangup));
        systemd::ready();
        let (stopped, stop) = oneshot::channel::<anyhow::Result<()>>();
        let shutdown = async move {
            let _ = stopped.send(stop_in_turn(&sender, has_ended).await);
        };
        let web = web::Options { shutdown_grace: LAST_SCRAPE, ..options.web };
        web::serve(bound, backend, web, shutdown).await?;
        stop.await.context("the server ended by itself")?
    });
    served?;
    thread.join().map_err(|_| anyhow::anyhow!("the engine failed"))?;
    tracing::info!("stopped");
    Ok(())
}

/// Waits for a signal, lets the engine finish, and returns when it has: what is served from then on are the last
/// values. A second signal ends the process at once.
async fn stop_in_turn(engine: &Sender<Message>, mut has_ended: oneshot::Receiver<()>) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = &mut has_ended => anyhow::bail!("the engine ended; nothing would be counted any more"),
    }
    systemd::stopping();
    tracing::info!("stopping: reading to the ends of the files");
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(1);
    });
    let _ = engine.send(Message::Stop);
    has_ended.await.context("the engine failed while it stopped")
}

/// Opens the state, and takes up what it holds.
fn take_up(
    state: &StatePath,
    pipeline: &mut Pipeline<Recorder>,
    sender: &Sender<Message>,
) -> anyhow::Result<(Option<Committer>, Vec<FileRecord>)> {
    let folder = match state {
        StatePath::None => {
            tracing::warn!("no state is kept: counters begin at 0 and files are read anew after each start");
            return Ok((None, Vec::new()));
        }
        StatePath::Default(folder) | StatePath::Named(folder) => folder,
    };
    let (mut store, found) = match (Store::open(folder, VERSION), state) {
        (Ok(opened), _) => opened,
        (Err(error @ StateError::Io { .. }), StatePath::Default(_)) => {
            tracing::warn!(%error, "no state is kept; name a folder with --state.path");
            return Ok((None, Vec::new()));
        }
        (Err(error @ StateError::Io { .. }), _) => {
            anyhow::bail!("{error}; name a folder that this process may make and write with --state.path")
        }
        (Err(error), _) => return Err(error.into()),
    };
    let mut files = Vec::new();
    let set_aside = match found {
        Found::Nothing => None,
        Found::SetAside { reason, path } => Some((reason, path)),
        Found::Record(bytes) => match Record::decode(&bytes) {
            Ok(record) => {
                files = record.restore(pipeline, Now::ZERO);
                None
            }
            Err(error) => match store.set_aside(error.to_string())? {
                Found::SetAside { reason, path } => Some((reason, path)),
                Found::Nothing | Found::Record(_) => None,
            },
        },
    };
    if let Some((reason, path)) = set_aside {
        tracing::error!(reason, path = %path.display(), "state cannot be read and was set aside; counting begins anew");
        pipeline.tally.add(&metrics::STATE_SET_ASIDE, "", 1);
    }
    tracing::info!(folder = %folder.display(), files = files.len(), "state is kept");
    let done = sender.clone();
    let committer = Committer::start(
        move |record| store.write(record),
        move |result| {
            let _ = done.send(Message::Committed(result));
        },
    )?;
    Ok((Some(committer), files))
}

struct Backend {
    board: Arc<Board>,
    engine: Mutex<Sender<Message>>,
    process: ProcessMetrics,
    reloader: Arc<Reloader>,
    rules: Arc<Mutex<Rulebook>>,
}

impl Backend {
    fn ask(&self) -> Option<oneshot::Receiver<Arc<Shown>>> {
        let (answer, answered) = oneshot::channel();
        self.engine.lock().ok()?.send(Message::Scrape(answer)).ok()?;
        Some(answered)
    }
}

impl web::Backend for Backend {
    async fn metrics(&self, exposition: Exposition) -> Result<Bytes, Unavailable> {
        let fresh = match self.ask() {
            Some(answered) => tokio::time::timeout(PATIENCE, answered).await.ok().and_then(Result::ok),
            None => None,
        };
        let shown = fresh.unwrap_or_else(|| self.board.shown());
        if shown.families.is_empty() {
            return Err(Unavailable("nothing has been committed yet".to_owned()));
        }
        match exposition {
            Exposition::OpenMetrics => Ok(tally::openmetrics(&shown.families, Some(&self.process)).into()),
            Exposition::Text => Ok(tally::text(&shown.families, Some(&self.process)).into()),
        }
    }

    fn rules(&self, query: &str) -> Result<Bytes, BadRequest> {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner); // it is replaced as a whole
        rules.answer(query).map(Bytes::from).map_err(|error| BadRequest(error.to_string()))
    }

    async fn view(&self, files: usize) -> Result<View, Unavailable> {
        let unavailable = || Unavailable("the engine does not answer".to_owned());
        let (answer, answered) = oneshot::channel();
        let sent = self.engine.lock().map(|engine| engine.send(Message::View(files, answer)));
        if !sent.is_ok_and(|sent| sent.is_ok()) {
            return Err(unavailable());
        }
        let answer = tokio::time::timeout(PATIENCE, answered).await;
        answer.ok().and_then(Result::ok).ok_or_else(unavailable)
    }

    fn healthy(&self) -> bool {
        self.board.turning()
    }

    fn ready(&self) -> bool {
        self.board.ready()
    }

    async fn reload(&self) -> Result<(), ReloadRefused> {
        // it is finished even if the client goes away
        let reloader = Arc::clone(&self.reloader);
        let done = tokio::spawn(async move { reloader.reload().await }).await;
        let refused = |reason| Err(ReloadRefused(reason));
        done.map_or_else(
            |_| refused("it failed".to_owned()),
            |done| done.or_else(|error| refused(format!("{error:#}"))),
        )
    }

    fn notice(&self, notice: &web::Notice) {
        match notice {
            web::Notice::AccessRenewed | web::Notice::AcceptRecovered => tracing::info!("{notice}"),
            _ => tracing::warn!("{notice}"),
        }
    }
}
