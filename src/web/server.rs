//! Sockets and limits: accepts connections, asks the backend within bounds, and ends in order.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::Method;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::access::{Policy, Verdict};
use super::api;
use super::connection::Register;
use super::drive::drive;
use super::routes::{self, Question, Resolved, Response};
use super::{Backend, Bound, Exposition, Notice, Options, Unavailable, WebError, negotiate};

/// How long accepting pauses after it failed for want of something, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How long an accepted connection waits for its place before the open ones are looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Serves `backend` on the sockets of `bound` until `shutdown` resolves.
///
/// Then, in this order: connections are still accepted for [`Options::shutdown_grace`] or until a scrape has been
/// answered; the sockets are closed; requests that are being answered are finished, for
/// [`Limits::shutdown_timeout`](super::Limits::shutdown_timeout) at most. Must run in a tokio runtime with I/O and time.
///
/// # Errors
/// When the sockets cannot be handed to the runtime. Once it serves, it does not fail.
pub async fn serve(
    bound: Bound,
    backend: Arc<impl Backend>,
    options: Options,
    shutdown: impl Future,
) -> Result<(), WebError> {
    let listeners = bound.listeners.into_iter().map(TcpListener::from_std).collect::<Result<Vec<_>, _>>();
    let listeners = listeners.map_err(|source| WebError::Runtime { source })?;
    let mut server = Server::new(backend, options);
    tokio::select! {
        _ = shutdown => {}
        never = server.accept(&listeners) => match never {},
    }
    let site = Arc::clone(&server.site);
    site.last_scrape.begin();
    tokio::select! {
        () = sleep(site.options.shutdown_grace) => {}
        () = site.last_scrape.answered() => {}
        never = server.accept(&listeners) => match never {},
    }
    drop(listeners);
    server.finish().await;
    Ok(())
}

/// What all connections share.
pub(super) struct Site<B> {
    backend: Arc<B>,
    pub(super) options: Options,
    /// One permit for each scrape that may be answered at the same time.
    turns: Semaphore,
    last_scrape: LastScrape,
}

/// The connections and what governs them.
struct Server<B> {
    site: Arc<Site<B>>,
    register: Arc<Register>,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    /// A connection that was accepted and has no place yet.
    waiting: Option<TcpStream>,
    /// Whether the log knows that all connections are taken.
    full: bool,
}

impl<B: Backend> Server<B> {
    fn new(backend: Arc<B>, options: Options) -> Self {
        let turns = match options.limits.max_requests {
            0 => Semaphore::MAX_PERMITS,
            most => most.min(Semaphore::MAX_PERMITS),
        };
        let site = Site { backend, options, turns: Semaphore::new(turns), last_scrape: LastScrape::default() };
        Self {
            site: Arc::new(site),
            register: Arc::default(),
            tasks: JoinSet::new(),
            stop: watch::Sender::new(false),
            waiting: None,
            full: false,
        }
    }

    /// Accepts connections for ever; can be dropped and called again at any point.
    async fn accept(&mut self, listeners: &[TcpListener]) -> Infallible {
        let mut next = 0;
        let mut pause = None;
        loop {
            self.seat().await;
            match accept_any(listeners, &mut next).await {
                Ok(stream) => {
                    if pause.take().is_some() {
                        self.site.backend.notice(&Notice::AcceptRecovered);
                    }
                    self.waiting = Some(stream);
                }
                // The client has gone before it was accepted, which is its own business.
                Err(error) if is_of_client(&error) => tokio::task::yield_now().await,
                // No descriptor or no memory, which does not get better by asking at once: give one back and wait.
                Err(error) => {
                    if pause.is_none() {
                        self.site.backend.notice(&Notice::AcceptFailing(error));
                    }
                    self.register.evict(self.site.options.limits.newcomer);
                    let length = pause.unwrap_or(BACK_OFF.0);
                    sleep(length).await;
                    pause = Some((length * 2).min(BACK_OFF.1));
                }
            }
        }
    }

    /// Gives the accepted connection its place, at the cost of the one that has waited for longest if all are taken.
    ///
    /// While every connection is being answered or is new, it waits, and the next ones in the backlog of the kernel.
    async fn seat(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        if self.waiting.is_none() {
            return;
        }
        let limits = &self.site.options.limits;
        let most = limits.connections.max(1);
        self.full &= self.register.len() > most / 2;
        while self.register.len() >= most {
            if !self.full {
                self.full = true;
                self.site.backend.notice(&Notice::Full(most));
            }
            // Requests that have arrived come before the question who is idle: once round to learn of them, once more
            // to read them.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            if self.register.len() < most {
                break;
            }
            self.register.evict(limits.newcomer);
            // Newcomers grow old without telling, so this looks again by itself.
            let _ = timeout(limits.newcomer.min(LOOK_AGAIN), self.register.freed()).await;
        }
        if let Some(stream) = self.waiting.take() {
            self.open(stream);
        }
    }

    fn open(&mut self, stream: TcpStream) {
        // An answer is written in one go; waiting for more to send would only delay its end.
        let _ = stream.set_nodelay(true);
        let place = self.register.enter();
        let site = Arc::clone(&self.site);
        self.tasks.spawn(drive(stream, site, place, self.stop.subscribe()));
    }

    /// Lets running requests end, within bounds.
    async fn finish(mut self) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(self.site.options.limits.shutdown_timeout, all).await;
        // What still runs now is aborted with the set.
    }
}

/// Accepts from whichever socket has a connection, in turn.
async fn accept_any(listeners: &[TcpListener], next: &mut usize) -> io::Result<TcpStream> {
    poll_fn(|cx| {
        for _ in 0..listeners.len() {
            *next = (*next + 1) % listeners.len();
            if let Poll::Ready(accepted) = listeners[*next].poll_accept(cx) {
                return Poll::Ready(accepted.map(|(stream, _)| stream));
            }
        }
        Poll::Pending
    })
    .await
}

fn is_of_client(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

impl<B: Backend> Site<B> {
    /// How connections and requests are served now.
    pub(super) async fn policy(&self) -> Arc<Policy> {
        match &self.options.access {
            Some(access) => access.policy(|notice| self.backend.notice(notice)).await,
            None => Arc::default(),
        }
    }

    /// Answers a request, if it may be.
    pub(super) async fn answer(&self, head: &Parts) -> Response {
        let policy = self.policy().await;
        let limits = &self.options.limits;
        let mut response = match (routes::refusal(head, limits.body_bytes), &policy.users) {
            (Some(refusal), _) => refusal,
            (None, Some(users)) if !routes::is_open(head.uri.path()) => {
                match users.admit(&head.headers, limits.queue_timeout).await {
                    Verdict::Admitted => self.respond(head).await,
                    Verdict::Refused => routes::unauthorized(),
                    Verdict::Busy => routes::unavailable("too many passwords are being checked at the same time"),
                }
            }
            _ => self.respond(head).await,
        };
        policy.dress(&mut response);
        response
    }

    async fn respond(&self, head: &Parts) -> Response {
        let question = match routes::resolve(head, &self.options) {
            Resolved::Answer(response) => return response,
            Resolved::Ask(question) => question,
        };
        match question {
            Question::Metrics => {
                let (exposition, gzip) = (negotiate::exposition(&head.headers), negotiate::gzip(&head.headers));
                let rendered = self.metrics(exposition, gzip).await;
                if rendered.is_ok() && head.method == Method::GET {
                    self.last_scrape.note();
                }
                routes::metrics(rendered, exposition, gzip)
            }
            Question::Rules => routes::rules(self.backend.rules(head.uri.query().unwrap_or_default())),
            Question::Healthy => routes::healthy(self.backend.healthy()),
            Question::Ready => routes::ready(self.backend.ready()),
            Question::Reload => routes::reload(self.backend.reload().await),
            Question::View(show) => {
                let view = self.in_turn(self.backend.view(show.files())).await;
                api::answer(show, self.options.telemetry_path.as_str(), view)
            }
        }
    }

    /// Asks for the metrics when it is this scrape's turn.
    async fn metrics(&self, exposition: Exposition, gzip: bool) -> Result<Bytes, Unavailable> {
        self.in_turn(async {
            let answer = self.backend.metrics(exposition).await?;
            if gzip { compress(answer).await } else { Ok(answer) }
        })
        .await
    }

    /// Asks the backend when it is this request's turn.
    async fn in_turn<T>(&self, answer: impl Future<Output = Result<T, Unavailable>>) -> Result<T, Unavailable> {
        let limits = &self.options.limits;
        let Ok(Ok(_turn)) = timeout(limits.queue_timeout, self.turns.acquire()).await else {
            return Err(Unavailable("too many requests at the same time".to_owned()));
        };
        let answer = timeout(limits.answer_timeout, answer).await;
        answer.unwrap_or_else(|_| Err(Unavailable("the answer was not ready in time".to_owned())))
    }
}

/// Compresses in another thread: other requests need not wait for it.
async fn compress(body: Bytes) -> Result<Bytes, Unavailable> {
    let compressing = tokio::task::spawn_blocking(move || {
        let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
        encoder.write_all(&body)?;
        encoder.finish()
    });
    match compressing.await {
        Ok(Ok(compressed)) => Ok(compressed.into()),
        _ => Err(Unavailable("the metrics cannot be compressed".to_owned())),
    }
}

/// Tells when a scrape has been answered after the shutdown was asked for.
#[derive(Default)]
struct LastScrape {
    awaited: AtomicBool,
    answered: Notify,
}

impl LastScrape {
    fn begin(&self) {
        self.awaited.store(true, Ordering::Relaxed);
    }

    fn note(&self) {
        if self.awaited.load(Ordering::Relaxed) {
            self.answered.notify_one();
        }
    }

    async fn answered(&self) {
        self.answered.notified().await;
    }
}
