//! Which request gets which answer: pure functions, without a socket, a clock or a backend in sight.
//!
//! [`resolve`] turns the head of a request into an answer, or into the question that the backend has to be asked
//! first; the functions named after the questions turn the backend's word into the answer.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER,
    TRANSFER_ENCODING, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Version};

use super::api::{self, Path, Show};
use super::{BadRequest, Exposition, Options, ReloadRefused, Unavailable};
use crate::view;

/// An answer, complete.
pub(super) type Response = hyper::Response<Full<Bytes>>;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const CSS: HeaderValue = HeaderValue::from_static("text/css; charset=utf-8");
/// RFC 9512.
const YAML: HeaderValue = HeaderValue::from_static("application/yaml");
const JAVASCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");
const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");
const METRICS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const OPENMETRICS: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Seconds after which a client that was turned away may try again.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// What the backend has to be asked before a request can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Metrics,
    Rules,
    Healthy,
    Ready,
    Reload,
    View(Show),
}

/// What follows from the head of a request.
#[derive(Debug)]
pub(super) enum Resolved {
    /// Ask the backend, then answer with the function of that name.
    Ask(Question),
    /// Answer this.
    Answer(Response),
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    /// A part of the page for people.
    Static(&'static str),
    View(Path),
    Backend(Question),
}

/// The pages whose paths are fixed.
const FIXED: [(&str, Page); 10] = [
    ("/rules", Page::Backend(Question::Rules)),
    ("/-/healthy", Page::Backend(Question::Healthy)),
    ("/-/ready", Page::Backend(Question::Ready)),
    ("/-/reload", Page::Backend(Question::Reload)),
    ("/api/v1/codes", Page::View(Path::Codes)),
    ("/api/v1/errors", Page::View(Path::Errors)),
    ("/api/v1/status", Page::View(Path::Status)),
    ("/icon.svg", Page::Static(view::ICON)),
    ("/page.css", Page::Static(view::STYLE)),
    ("/page.js", Page::Static(view::SCRIPT)),
];

/// Whether something else than the metrics is at this path in any case.
pub(super) fn is_taken(path: &str) -> bool {
    FIXED.iter().any(|(fixed, _)| *fixed == path)
}

fn page_at(path: &str, options: &Options) -> Option<Page> {
    let metrics = options.telemetry_path.as_str();
    if path == metrics {
        return Some(Page::Backend(Question::Metrics));
    }
    match FIXED.iter().find(|(fixed, _)| *fixed == path) {
        // These are of no use without the page.
        Some((_, Page::Static(_))) if metrics == "/" => None,
        Some((_, page)) => Some(*page),
        None => (path == "/").then_some(Page::View(Path::Page)),
    }
}

/// Decides what a request gets. Paths are compared as they are sent, so `..` and `%2e` lead nowhere.
pub(super) fn resolve(head: &Parts, options: &Options) -> Resolved {
    let Some(page) = page_at(head.uri.path(), options) else {
        return Resolved::Answer(text(StatusCode::NOT_FOUND, "not found"));
    };
    let reload = page == Page::Backend(Question::Reload);
    let allowed =
        if reload { head.method == Method::POST } else { head.method == Method::GET || head.method == Method::HEAD };
    if !allowed {
        return Resolved::Answer(method_not_allowed(if reload { "POST" } else { "GET, HEAD" }));
    }
    match page {
        Page::Static(content) => Resolved::Answer(part_of_the_page(head.uri.path(), content)),
        Page::View(path) => match api::asked(path, head) {
            Ok(show) => Resolved::Ask(Question::View(show)),
            Err(reason) => Resolved::Answer(text(StatusCode::BAD_REQUEST, &reason)),
        },
        Page::Backend(Question::Reload) if !options.enable_lifecycle => Resolved::Answer(text(
            StatusCode::FORBIDDEN,
            "reloading over HTTP is switched off; start with --web.enable-lifecycle to allow it",
        )),
        Page::Backend(question) => Resolved::Ask(question),
    }
}

/// Turns away, before its path is looked at, a request whose end a proxy in front may see elsewhere than this server
/// does, or whose body is too large. The connection is closed then: what follows on it cannot be trusted.
pub(super) fn refusal(head: &Parts, body_bytes: u64) -> Option<Response> {
    // No page takes a body, so nobody loses anything when chunked ones are refused altogether, and with them every
    // disagreement between Transfer-Encoding and Content-Length.
    let (status, reason) = if head.headers.contains_key(TRANSFER_ENCODING) {
        (StatusCode::BAD_REQUEST, "Transfer-Encoding is not accepted; send a Content-Length")
    } else if !one_host(head) {
        (StatusCode::BAD_REQUEST, "exactly one Host header is needed")
    } else if announced_body(head) > body_bytes {
        (StatusCode::PAYLOAD_TOO_LARGE, "the body of the request is too large")
    } else {
        return None;
    };
    let mut response = text(status, reason);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Some(response)
}

/// RFC 9112, 3.2: HTTP/1.1 demands a Host, and no version allows two.
fn one_host(head: &Parts) -> bool {
    match head.headers.get_all(HOST).iter().count() {
        0 => head.version != Version::HTTP_11,
        hosts => hosts == 1,
    }
}

/// The size of the body that the head announces, in bytes.
pub(super) fn announced_body(head: &Parts) -> u64 {
    // hyper has refused what is not one number; whatever else there is counts as too large.
    let length = |value: &HeaderValue| value.to_str().ok().and_then(|text| text.trim().parse().ok());
    head.headers.get(CONTENT_LENGTH).map_or(0, |value| length(value).unwrap_or(u64::MAX))
}

/// The answer to a scrape, whose body is compressed already if it is to be.
pub(super) fn metrics(rendered: Result<Bytes, Unavailable>, exposition: Exposition, gzip: bool) -> Response {
    let mut response = match rendered {
        Ok(body) => {
            let content_type = match exposition {
                Exposition::Text => METRICS,
                Exposition::OpenMetrics => OPENMETRICS,
            };
            let mut response = respond(StatusCode::OK, content_type, body);
            // of a refusal there is nothing to compress
            if gzip {
                response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        }
        Err(Unavailable(reason)) => unavailable(&reason),
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    response
}

/// The answer to a question that could not be put to the backend, or that it did not answer.
pub(super) fn unavailable(reason: &str) -> Response {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, reason);
    response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    response
}

/// The alert rules.
pub(super) fn rules(rendered: Result<Bytes, BadRequest>) -> Response {
    match rendered {
        Ok(body) => respond(StatusCode::OK, YAML, body),
        Err(BadRequest(reason)) => text(StatusCode::BAD_REQUEST, &reason),
    }
}

/// The answer to whether the process works.
pub(super) fn healthy(healthy: bool) -> Response {
    if healthy { text(StatusCode::OK, "healthy") } else { unavailable("not healthy: the process has stopped working") }
}

/// The answer to whether the start is over.
pub(super) fn ready(ready: bool) -> Response {
    if ready {
        text(StatusCode::OK, "ready")
    } else {
        unavailable("not ready: what was there at start is still being read")
    }
}

/// Whether nobody is asked for a password at this path: who looks after the process has none.
pub(super) fn is_open(path: &str) -> bool {
    matches!(path, "/-/healthy" | "/-/ready")
}

/// The answer to a request without a user and the right password.
pub(super) fn unauthorized() -> Response {
    let mut response = text(StatusCode::UNAUTHORIZED, "unauthorized");
    let challenge = HeaderValue::from_static("Basic realm=\"obs-error-exporter\", charset=\"UTF-8\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

/// The answer to a reload.
pub(super) fn reload(outcome: Result<(), ReloadRefused>) -> Response {
    match outcome {
        Ok(()) => text(StatusCode::OK, "reloaded"),
        Err(ReloadRefused(reason)) => {
            text(StatusCode::INTERNAL_SERVER_ERROR, &format!("reload refused, the old configuration goes on: {reason}"))
        }
    }
}

fn part_of_the_page(path: &str, content: &'static str) -> Response {
    let content_type = match path.rsplit_once('.') {
        Some((_, "css")) => CSS,
        Some((_, "js")) => JAVASCRIPT,
        _ => SVG,
    };
    respond(StatusCode::OK, content_type, content)
}

fn method_not_allowed(allow: &'static str) -> Response {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

pub(super) fn text(status: StatusCode, line: &str) -> Response {
    respond(status, TEXT, format!("{line}\n"))
}

pub(super) fn respond(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Everything here is the state of this moment.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::view::Lang;
    use hyper::Request;

    fn answer(method: &str, uri: &str, options: &Options) -> Result<Question, (u16, String)> {
        let head = Request::builder().method(method).uri(uri).header(HOST, "h").body(()).unwrap().into_parts().0;
        match resolve(&head, options) {
            Resolved::Ask(question) => Ok(question),
            Resolved::Answer(response) => {
                let allow = response.headers().get(ALLOW).map_or("", |value| value.to_str().unwrap()).to_owned();
                Err((response.status().as_u16(), allow))
            }
        }
    }

    #[test]
    fn the_table_of_routes() {
        let options = Options::default();
        let page = |status: u16, allow: &str| Err((status, allow.to_owned()));
        for (method, uri, expected) in [
            ("GET", "/metrics", Ok(Question::Metrics)),
            ("HEAD", "/metrics?name[]=up", Ok(Question::Metrics)),
            ("GET", "http://proxy.example/metrics", Ok(Question::Metrics)),
            ("POST", "/metrics", page(405, "GET, HEAD")),
            ("OPTIONS", "/metrics", page(405, "GET, HEAD")),
            ("GET", "/", Ok(Question::View(Show::Page(Lang::En)))),
            ("GET", "/?lang=x", page(400, "")),
            ("DELETE", "/", page(405, "GET, HEAD")),
            ("GET", "/rules?lang=zh", Ok(Question::Rules)),
            ("POST", "/rules", page(405, "GET, HEAD")),
            ("GET", "/page.css", page(200, "")),
            ("HEAD", "/api/v1/errors?limit=7", Ok(Question::View(Show::Errors(7)))),
            ("POST", "/api/v1/codes", page(405, "GET, HEAD")),
            ("GET", "/api/v1", page(404, "")),
            ("GET", "/-/healthy", Ok(Question::Healthy)),
            ("HEAD", "/-/ready", Ok(Question::Ready)),
            ("PUT", "/-/ready", page(405, "GET, HEAD")),
            ("POST", "/-/reload", page(403, "")),
            ("GET", "/-/reload", page(405, "POST")),
            ("GET", "/metrics/", page(404, "")),
            ("GET", "/METRICS", page(404, "")),
            ("GET", "/x/../metrics", page(404, "")),
            ("GET", "/%6detrics", page(404, "")),
            ("GET", "//metrics", page(404, "")),
            ("OPTIONS", "*", page(404, "")),
            ("CONNECT", "example.org:443", page(404, "")),
        ] {
            assert_eq!(answer(method, uri, &options), expected, "{method} {uri}");
        }
    }

    #[test]
    fn the_options_move_the_metrics_and_open_the_reload() {
        let options = Options { enable_lifecycle: true, telemetry_path: "/".parse().unwrap(), ..Options::default() };
        assert_eq!(answer("GET", "/", &options), Ok(Question::Metrics));
        assert_eq!(answer("GET", "/metrics", &options), Err((404, String::new())));
        assert_eq!(answer("GET", "/page.css", &options), Err((404, String::new())));
        assert_eq!(answer("POST", "/-/reload", &options), Ok(Question::Reload));
    }
}
