//! One connection from its first byte to its last: TLS if it is spoken, then HTTP/1 or HTTP/2.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::{Activity, DRAIN_BYTES, Place, Watched};
use super::routes::{self, Response};
use super::server::Site;
use super::{Backend, Limits};

/// hyper refuses to work with smaller buffers.
const LEAST_HEADER_BYTES: usize = 8192;

/// Requests that are answered at the same time on one connection of HTTP/2.
const STREAMS: u32 = 16;

/// What ALPN calls HTTP/2.
const H2: &[u8] = b"h2";

/// Serves a connection.
pub(super) async fn drive<B: Backend>(
    stream: TcpStream,
    site: Arc<Site<B>>,
    place: Place,
    mut stop: watch::Receiver<bool>,
) {
    let Some(tls) = site.policy().await.tls.clone() else {
        return http1(stream, site, &place, stop).await;
    };
    let accepted = tokio::select! {
        accepted = accept(stream, tls, site.options.limits.drain_timeout) => accepted,
        () = place.activity.overdue(&site.options.limits, false) => return,
        _ = stop.wait_for(|stop| *stop) => return,
    };
    match accepted {
        Some(stream) if stream.get_ref().1.alpn_protocol() == Some(H2) => http2(stream, site, &place, stop).await,
        Some(stream) => http1(stream, site, &place, stop).await,
        None => {}
    }
}

/// The handshake. A client that does not speak TLS is told so, if it speaks HTTP.
async fn accept(
    mut stream: TcpStream,
    tls: Arc<rustls::ServerConfig>,
    patience: Duration,
) -> Option<TlsStream<TcpStream>> {
    let mut first = [0];
    if stream.peek(&mut first).await.ok()? == 1 && first[0].is_ascii_uppercase() {
        let said = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n\
                    this port speaks HTTPS; ask https://\n";
        let _ = stream.write_all(said.as_bytes()).await;
        let _ = stream.shutdown().await;
        // closing a socket with unread bytes would reset it, and the answer might be lost
        let mut waste = [0; 4096];
        let _ = timeout(patience, async { while matches!(stream.read(&mut waste).await, Ok(1..)) {} }).await;
        return None;
    }
    // how a handshake fails is the client's affair and worth no line in the log
    TlsAcceptor::from(tls).accept(stream).await.ok()
}

async fn http1<B: Backend, S>(stream: S, site: Arc<Site<B>>, place: &Place, stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let limits = &site.options.limits;
    let activity = &place.activity;
    let io = TokioIo::new(Watched::new(stream, Arc::clone(activity)));
    // Time limits are those of `overdue`, which tells a slow client from an idle one.
    let mut http = http1::Builder::new();
    http.max_buf_size(head_bytes(limits)).max_header_size(head_bytes(limits)).header_read_timeout(None);
    let service = service_fn(|request| answer(request, Arc::clone(&site), Arc::clone(activity)));
    govern(http.serve_connection(io, service), activity, limits, stop).await;
}

async fn http2<B: Backend, S>(stream: S, site: Arc<Site<B>>, place: &Place, stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &site.options.limits;
    let activity = &place.activity;
    activity.multiplex();
    let io = TokioIo::new(Watched::new(stream, Arc::clone(activity)));
    let mut http = http2::Builder::new(TokioExecutor::new());
    let most = u32::try_from(head_bytes(limits)).unwrap_or(u32::MAX);
    http.max_concurrent_streams(STREAMS).max_header_list_size(most);
    let service = service_fn(|request| answer(request, Arc::clone(&site), Arc::clone(activity)));
    govern(http.serve_connection(io, service), activity, limits, stop).await;
}

fn head_bytes(limits: &Limits) -> usize {
    limits.header_bytes.max(LEAST_HEADER_BYTES)
}

/// Serves until the connection ends, takes too long, or is told to stop.
async fn govern(
    connection: impl GracefulConnection,
    activity: &Activity,
    limits: &Limits,
    mut stop: watch::Receiver<bool>,
) {
    let mut connection = pin!(connection);
    let mut stopping = false;
    loop {
        tokio::select! {
            // How a connection ends is the client's affair and worth no line in the log.
            _ = connection.as_mut() => return,
            () = activity.overdue(limits, stopping) => return,
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn answer<B: Backend>(
    request: Request<Incoming>,
    site: Arc<Site<B>>,
    activity: Arc<Activity>,
) -> Result<Response, Infallible> {
    let _answering = activity.begin();
    let (head, body) = request.into_parts();
    if head.version == Version::HTTP_2 {
        let _ = timeout(site.options.limits.drain_timeout, drain(body)).await;
        return Ok(without_body(&head.method, site.answer(&head).await));
    }
    // No page reads a body. hyper skips what has come of it and closes the connection if that is not all.
    drop(body);
    if routes::announced_body(&head) > 0 || head.headers.contains_key(TRANSFER_ENCODING) {
        activity.leave_unread();
    }
    Ok(site.answer(&head).await)
}

/// Throws away the body of a request over HTTP/2: the client would see its stream being reset, and not the answer, if
/// nobody took it.
async fn drain(mut body: Incoming) {
    let mut drained = 0;
    while drained < DRAIN_BYTES {
        match body.frame().await {
            Some(Ok(frame)) => drained += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
}

/// Over HTTP/2 it is left to us to answer HEAD without a body.
fn without_body(method: &Method, response: Response) -> Response {
    if method != Method::HEAD {
        return response;
    }
    let length = response.body().size_hint().exact();
    let mut response = response.map(|_| Full::default());
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response
}
