//! Reads the configuration anew, on SIGHUP or when somebody asks for it over HTTP.

use super::board::Board;
use super::engine::Message;
use super::plan::Fresh;
use super::rulebook::Rulebook;
use super::systemd;
use crate::config::Config;
use crate::web;
use anyhow::Context as _;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::signal::unix::Signal;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Reads the configuration, with what the flags add to it.
pub type Load = Arc<dyn Fn() -> anyhow::Result<Config> + Send + Sync>;

/// The engine takes a new configuration between two turns; it hangs if it does not in this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes up new configurations, one after the other.
pub struct Reloader {
    load: Load,
    board: Arc<Board>,
    engine: Sender<Message>,
    access: Option<Arc<web::Access>>,
    rules: Arc<Mutex<Rulebook>>,
    turn: tokio::sync::Mutex<()>,
}

impl Reloader {
    /// One that reads with `load` and tells the engine, has the web configuration read anew too, and puts the alert rules
    /// of what it has read into `rules`.
    pub fn new(
        load: Load,
        board: Arc<Board>,
        engine: Sender<Message>,
        access: Option<Arc<web::Access>>,
        rules: Arc<Mutex<Rulebook>>,
    ) -> Self {
        Self { load, board, engine, access, rules, turn: tokio::sync::Mutex::default() }
    }

    /// Reads the configuration anew and goes on with it; with the one before if it cannot be used, and says why.
    ///
    /// # Errors
    /// What is wrong with the new configuration.
    pub async fn reload(&self) -> anyhow::Result<()> {
        let _turn = self.turn.lock().await;
        systemd::reloading();
        let done = self.take_up().await;
        systemd::ready();
        self.board.reloaded(done.is_ok());
        match &done {
            Ok(()) => tracing::info!("configuration was read anew"),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "configuration cannot be used; the one before goes on");
            }
        }
        done
    }

    async fn take_up(&self) -> anyhow::Result<()> {
        let (load, access) = (Arc::clone(&self.load), self.access.clone());
        let read = move || {
            let config = load()?;
            let rules = Rulebook::new(&config);
            let fresh = Fresh::new(config)?;
            access.map_or(Ok(()), |access| access.renew())?;
            anyhow::Ok((fresh, rules))
        };
        let (fresh, rules) = tokio::task::spawn_blocking(read).await.context("reading it failed")??;
        let (answer, answered) = oneshot::channel();
        let message = Message::Reload(Box::new(fresh), answer);
        anyhow::ensure!(self.engine.send(message).is_ok(), "the engine has ended");
        let answer = timeout(PATIENCE, answered).await.context("the engine hangs")?;
        answer.context("the engine has ended")??;
        *self.rules.lock().unwrap_or_else(PoisonError::into_inner) = rules;
        Ok(())
    }

    /// Obeys SIGHUP for ever.
    pub async fn obey(self: Arc<Self>, mut hangup: Signal) {
        while hangup.recv().await.is_some() {
            let _ = self.reload().await; // it has said in the log what is wrong
        }
    }
}
