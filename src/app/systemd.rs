//! What systemd is told (`Type=notify` and `notify-reload`), and what it hands over. Nothing happens where it is not
//! systemd that has started the process.

use crate::web::{Bound, WebError};
use anyhow::Context as _;
use listenfd::ListenFd;
use sd_notify::NotifyState;

/// The ports are open and counting has begun.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is read anew; [`ready`] follows.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "systemd cannot be told of the reload"),
    }
}

/// The end has begun.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd cannot be told");
    }
}

/// The sockets that systemd listens on for this process.
///
/// # Errors
/// When there are none, or one is not of TCP.
pub fn sockets() -> anyhow::Result<Bound> {
    let mut handed = ListenFd::from_env();
    let mut listeners = Vec::new();
    for place in 0..handed.len() {
        let listener = handed.take_tcp_listener(place).context("a socket of systemd is none that listens for TCP")?;
        listeners.extend(listener);
    }
    Bound::inherit(listeners).map_err(|error| match error {
        WebError::NoAddress => anyhow::anyhow!("systemd has handed over no socket: a .socket unit has to do that"),
        error => error.into(),
    })
}
