//! The open connections: what each is at, which has taken too long, and which has to go when there are too many.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::Limits;

/// Bytes of a refused request that are thrown away at most before its connection is closed.
pub(super) const DRAIN_BYTES: usize = 1024 * 1024;

/// What a connection is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The head of a request is on its way: from connecting, or from its first byte on.
    Head,
    /// A request is being answered; nothing is expected of the client.
    Busy,
    /// The answer is on its way.
    Writing,
    /// The answer has been sent and nothing has come since.
    Idle,
    /// The answer has been sent, and what the client still sends is thrown away.
    Draining,
    /// Displaced by another connection.
    Evicted,
}

/// What one connection is at, shared by its task and by the register of all connections.
#[derive(Debug)]
pub(super) struct Activity {
    /// The phase, and when it began or, for an answer on its way, last got on.
    phase: Mutex<(Phase, Instant)>,
    /// The phase has changed, and with it the time at which it ends.
    changed: Notify,
    /// The register waits for connections that can go.
    freed: Arc<Notify>,
    /// The client may be sending more than was read.
    unread: AtomicBool,
    /// Requests that are being answered; more than one only over HTTP/2.
    requests: AtomicUsize,
    /// Several requests may be under way, so that bytes are no sign of a new one.
    multiplexed: AtomicBool,
}

/// A request that is being answered. When this is dropped its answer is to be written, or nobody wants it any more.
#[derive(Debug)]
pub(super) struct Answering<'a>(&'a Activity);

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        if self.0.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.enter(Phase::Writing);
        }
    }
}

impl Activity {
    fn now_at(&self) -> (Phase, Instant) {
        *lock(&self.phase)
    }

    pub(super) fn enter(&self, phase: Phase) {
        *lock(&self.phase) = (phase, Instant::now());
        self.changed.notify_one();
        if matches!(phase, Phase::Writing | Phase::Idle | Phase::Draining) {
            self.freed.notify_one();
        }
    }

    /// A request has arrived.
    pub(super) fn begin(&self) -> Answering<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.enter(Phase::Busy);
        Answering(self)
    }

    /// From now on several requests may be under way.
    pub(super) fn multiplex(&self) {
        self.multiplexed.store(true, Ordering::Relaxed);
    }

    /// The client has taken some of the answer.
    fn got_on(&self) {
        let mut phase = lock(&self.phase);
        if phase.0 == Phase::Writing {
            phase.1 = Instant::now();
        }
    }

    /// The client may still be sending what belongs to the request that is answered now.
    pub(super) fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// When the phase has lasted too long; `None` while the client is not to blame.
    fn deadline(&self, limits: &Limits, stopping: bool) -> Option<Instant> {
        let (phase, since) = self.now_at();
        match phase {
            Phase::Busy => None,
            Phase::Head if stopping => Some(since + limits.newcomer),
            Phase::Head => Some(since + limits.header_timeout),
            Phase::Writing => Some(since + limits.write_timeout),
            Phase::Idle => Some(since + limits.idle_timeout),
            Phase::Draining => Some(since + limits.drain_timeout),
            Phase::Evicted => Some(since),
        }
    }

    /// Resolves when the connection is to be closed, whatever it is at.
    pub(super) async fn overdue(&self, limits: &Limits, stopping: bool) {
        loop {
            match self.deadline(limits, stopping) {
                Some(deadline) if deadline <= Instant::now() => return,
                Some(deadline) => tokio::select! {
                    () = sleep_until(deadline) => {}
                    () = self.changed.notified() => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    /// Since when the connection could go, if it can: a newcomer gets the time to send its request.
    fn evictable(&self, newcomer: Duration) -> Option<Instant> {
        match self.now_at() {
            (Phase::Busy | Phase::Evicted, _) => None,
            (Phase::Head, since) if since.elapsed() < newcomer => None,
            (_, since) => Some(since),
        }
    }
}

/// All open connections.
#[derive(Debug, Default)]
pub(super) struct Register {
    open: Mutex<Open>,
    freed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    all: HashMap<u64, Arc<Activity>>,
}

/// A place in the register, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    register: Arc<Register>,
    key: u64,
    pub(super) activity: Arc<Activity>,
}

impl Register {
    pub(super) fn enter(self: &Arc<Self>) -> Place {
        let activity = Arc::new(Activity {
            phase: Mutex::new((Phase::Head, Instant::now())),
            changed: Notify::new(),
            freed: Arc::clone(&self.freed),
            unread: AtomicBool::new(false),
            requests: AtomicUsize::new(0),
            multiplexed: AtomicBool::new(false),
        });
        let mut open = lock(&self.open);
        let key = open.next;
        open.next += 1;
        open.all.insert(key, Arc::clone(&activity));
        Place { register: Arc::clone(self), key, activity }
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.open).all.len()
    }

    /// Tells the connection that has been waiting for longest to close, unless one is closing already.
    ///
    /// What counts is when a connection last got something done, not when it last sent a byte: a client that trickles
    /// bytes gains nothing by it.
    pub(super) fn evict(&self, newcomer: Duration) {
        let open = lock(&self.open);
        if open.all.values().any(|activity| activity.now_at().0 == Phase::Evicted) {
            return;
        }
        let waiting = open.all.values().filter_map(|activity| Some((activity.evictable(newcomer)?, activity)));
        if let Some((_, longest)) = waiting.min_by_key(|(since, _)| *since) {
            longest.enter(Phase::Evicted);
        }
    }

    /// Resolves soon after a connection has ended or has become one that can go.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.register.open).all.remove(&self.key);
        self.register.freed.notify_one();
    }
}

/// What is guarded here is whole at any moment, so a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stream that notes what its connection is at.
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    drained: usize,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity, drained: 0 }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let multiplexed = self.activity.multiplexed.load(Ordering::Relaxed);
        if buf.filled().len() > before && !multiplexed && self.activity.now_at().0 == Phase::Idle {
            self.activity.enter(Phase::Head);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        self.activity.got_on();
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        self.activity.got_on();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes the stream only after it has written all that it has.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        if self.activity.now_at().0 == Phase::Writing {
            self.activity.enter(Phase::Idle);
        }
        Poll::Ready(Ok(()))
    }

    /// Closing a socket with unread bytes resets it, and the client may lose the answer that says why it was refused.
    /// So the end of the answer is sent, and then what still comes is thrown away for a while.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        if self.activity.now_at().0 != Phase::Draining {
            let unread = self.activity.unread.load(Ordering::Relaxed) || self.activity.now_at().0 == Phase::Head;
            if !unread {
                return Poll::Ready(Ok(()));
            }
            self.activity.enter(Phase::Draining);
        }
        let mut waste = [0; 4096];
        while self.drained < DRAIN_BYTES {
            let mut buf = ReadBuf::new(&mut waste);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => self.drained += buf.filled().len(),
                // The client has closed its side, or is gone.
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
