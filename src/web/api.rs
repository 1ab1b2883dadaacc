//! The page and the API: what a query asks for, and the answer made of what there is to be shown.

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue, VARY};
use hyper::http::request::Parts;
use serde::Serialize;

use super::routes::{Response, respond, text, unavailable};
use super::{Unavailable, language};
use crate::view::{self, Lang, View};

/// Files that the page lists.
const PAGE_FILES: usize = 20;
/// Files that the API lists if nobody says how many, and at most.
const FILES: (usize, usize) = (100, 10_000);
/// Responses that the API lists if nobody says how many, and at most.
const REPORTS: (usize, usize) = (256, 256);

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Nothing but the page's own files is loaded, no markup runs anything, and nobody frames it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// What is at a path, before its query is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    Page,
    Status,
    Errors,
    Codes,
}

/// What is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    /// The page, in a language.
    Page(Lang),
    /// How things stand, with at most so many files.
    Status(usize),
    /// At most so many of the last responses.
    Errors(usize),
    /// What is known of codes.
    Codes,
}

impl Show {
    /// How many files the answer can use.
    pub(super) fn files(self) -> usize {
        match self {
            Self::Page(_) => PAGE_FILES,
            Self::Status(files) => files,
            Self::Errors(_) | Self::Codes => 0,
        }
    }
}

/// What the head of a request wants to be shown, or why its query cannot be meant. Parameters that a path does not have
/// are ignored, as Prometheus does.
pub(super) fn asked(path: Path, head: &Parts) -> Result<Show, String> {
    match path {
        Path::Page => language(head).map(Show::Page),
        Path::Status => limit(head, FILES).map(Show::Status),
        Path::Errors => limit(head, REPORTS).map(Show::Errors),
        Path::Codes => Ok(Show::Codes),
    }
}

/// The value of a parameter of the query, the last one if there are several.
fn parameter<'h>(head: &'h Parts, name: &str) -> Option<&'h str> {
    let mut pairs = head.uri.query()?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.rfind(|(key, _)| *key == name).map(|(_, value)| value)
}

fn limit(head: &Parts, (usual, most): (usize, usize)) -> Result<usize, String> {
    let Some(given) = parameter(head, "limit") else { return Ok(usual) };
    let digits = given.bytes().all(|byte| byte.is_ascii_digit());
    let number = given.parse().ok().filter(|limit| digits && (1..=most).contains(limit));
    // what was given is not repeated: it is the client's, and may be anything
    number.ok_or_else(|| format!("limit must be a number from 1 to {most}, as in ?limit={usual}"))
}

fn language(head: &Parts) -> Result<Lang, String> {
    match parameter(head, "lang") {
        Some("en") => Ok(Lang::En),
        Some("zh") => Ok(Lang::Zh),
        Some(_) => Err("lang must be en or zh, as in ?lang=en".to_owned()),
        None => Ok(language::wanted(&accepted(&head.headers))),
    }
}

/// What the client accepts, in one line however many headers say it.
fn accepted(headers: &HeaderMap) -> String {
    let values: Vec<_> = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}

/// The answer made of what there is to be shown.
pub(super) fn answer(show: Show, telemetry_path: &str, view: Result<View, Unavailable>) -> Response {
    let view = match view {
        Ok(view) => view,
        Err(Unavailable(reason)) => return unavailable(&reason),
    };
    match show {
        Show::Page(lang) => page(&view, lang, telemetry_path),
        Show::Status(_) => json(&view.status),
        Show::Errors(limit) => json(&view.reports(limit)),
        Show::Codes => json(&view.codes()),
    }
}

fn page(view: &View, lang: Lang, telemetry_path: &str) -> Response {
    let mut response = respond(StatusCode::OK, HTML, view::page(view, lang, telemetry_path));
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(VARY, HeaderValue::from_static("Accept-Language"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(lang.as_str()));
    response
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => respond(StatusCode::OK, JSON, Bytes::from(body)),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use hyper::Request;

    fn ask(path: Path, uri: &str, languages: &[&str]) -> Option<Show> {
        let mut request = Request::builder().uri(uri);
        for value in languages {
            request = request.header(ACCEPT_LANGUAGE, *value);
        }
        asked(path, &request.body(()).unwrap().into_parts().0).ok()
    }

    #[test]
    fn a_limit_is_a_number_within_bounds() {
        for (query, wanted) in [
            ("", Some(Show::Errors(256))),
            ("?limit=1", Some(Show::Errors(1))),
            ("?limit=256", Some(Show::Errors(256))),
            ("?x&limit=5&y=7", Some(Show::Errors(5))),
            ("?limit=7&limit=8", Some(Show::Errors(8))),
            ("?limited=0", Some(Show::Errors(256))),
            ("?limit=0", None),
            ("?limit=257", None),
            ("?limit=", None),
            ("?limit", None),
            ("?limit=+1", None),
            ("?limit=-1", None),
            ("?limit=1e2", None),
            ("?limit=%31", None),
            ("?limit=99999999999999999999999", None),
        ] {
            assert_eq!(ask(Path::Errors, &format!("/api/v1/errors{query}"), &[]), wanted, "{query}");
        }
        assert_eq!(ask(Path::Status, "/api/v1/status", &[]), Some(Show::Status(100)));
        assert_eq!(ask(Path::Status, "/api/v1/status?limit=10000", &[]), Some(Show::Status(10_000)));
        assert_eq!(ask(Path::Status, "/api/v1/status?limit=10001", &[]), None);
    }

    #[test]
    fn the_language_is_the_one_chosen_or_else_the_one_accepted() {
        let (en, zh) = (Some(Show::Page(Lang::En)), Some(Show::Page(Lang::Zh)));
        for (uri, languages, wanted) in [
            ("/", vec![], en),
            ("/", vec!["zh-CN,zh;q=0.9"], zh),
            ("/", vec!["de", "zh"], zh),
            ("/?lang=en", vec!["zh"], en),
            ("/?lang=zh", vec!["en"], zh),
            ("/?lang=de", vec!["en"], None),
            ("/?lang=", vec![], None),
        ] {
            assert_eq!(ask(Path::Page, uri, &languages), wanted, "{uri} {languages:?}");
        }
    }
}
