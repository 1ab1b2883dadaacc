//! What each request is answered: status, headers, body.

use std::io::Read;
use std::sync::atomic::Ordering;

use obs_error_exporter::web::{Exposition, ReloadRefused, Unavailable};

use crate::support::{Answer, METRICS, Server};

#[test]
fn the_metrics_are_text_0_0_4() {
    let server = Server::start();
    let answer = server.get("/metrics");
    assert_eq!((answer.status, answer.body.as_str()), (200, METRICS));
    assert_eq!(answer.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.header("Content-Length"), Some(METRICS.len().to_string().as_str()));
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    assert_eq!(server.get("/metrics?name[]=a&x=/../y").body, METRICS);
    assert_eq!(server.get("http://proxy.example/metrics").body, METRICS);
}

/// Asks for the metrics with more headers.
fn metrics(server: &Server, headers: &str) -> Answer {
    let mut client = server.connect();
    client.send(format!("GET /metrics HTTP/1.1\r\nHost: h\r\n{headers}\r\n"));
    client.answer("GET")
}

#[test]
fn the_metrics_are_in_the_form_that_is_asked_for() {
    let server = Server::start();
    let asked = || server.fake.expositions.lock().unwrap().pop();
    let answer = metrics(&server, "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n");
    let content_type = answer.header("Content-Type");
    assert_eq!(content_type, Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert_eq!(asked(), Some(Exposition::OpenMetrics));
    assert_eq!((answer.header("Vary"), answer.header("Content-Encoding")), (Some("Accept, Accept-Encoding"), None));
    let answer = metrics(&server, "Accept: text/plain\r\n");
    assert_eq!(answer.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.header("Vary"), Some("Accept, Accept-Encoding"));
    assert_eq!(asked(), Some(Exposition::Text));
}

#[test]
fn the_metrics_are_compressed_when_that_is_asked_for() {
    let server = Server::start();
    let large = METRICS.repeat(10_000);
    *server.fake.body.lock().unwrap() = Ok(large.clone().into());
    let answer = metrics(&server, "Accept-Encoding: gzip\r\n");
    assert_eq!((answer.status, answer.header("Content-Encoding")), (200, Some("gzip")));
    assert!(answer.bytes.len() < large.len() / 10, "{} bytes", answer.bytes.len());
    let mut text = String::new();
    flate2::read::GzDecoder::new(&answer.bytes[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, large);
    for headers in ["", "Accept-Encoding: identity\r\n", "Accept-Encoding: gzip;q=0\r\n"] {
        let answer = metrics(&server, headers);
        assert_eq!((answer.header("Content-Encoding"), answer.body.len()), (None, large.len()), "{headers}");
    }
    *server.fake.body.lock().unwrap() = Err(Unavailable("no".to_owned()));
    let answer = metrics(&server, "Accept-Encoding: gzip\r\n");
    assert_eq!((answer.status, answer.header("Content-Encoding"), answer.body.as_str()), (503, None, "no\n"));
}

#[test]
fn the_rules_are_yaml_and_what_is_not_there_is_a_bad_request() {
    let server = Server::start();
    let answer = server.get("/rules?lang=zh&format=operator");
    assert_eq!((answer.status, answer.body.as_str()), (200, "groups: [] # lang=zh&format=operator\n"));
    assert_eq!(answer.header("Content-Type"), Some("application/yaml"));
    assert_eq!(server.get("/rules").body, "groups: [] # \n");
    let bad = server.get("/rules?bad");
    assert_eq!((bad.status, bad.body.as_str()), (400, "there is no such thing\n"));
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let server = Server::start();
    for path in ["/metrics", "/rules", "/", "/page.css", "/-/healthy", "/-/ready", "/nowhere"] {
        let mut client = server.connect();
        client.request("GET", path);
        let get = client.answer("GET");
        client.request("HEAD", path);
        let head = client.answer("HEAD");
        // Were there a body, it would be taken for the head of the next answer.
        client.request("GET", path);
        assert_eq!(client.answer("GET").status, get.status, "{path}");
        for name in ["Content-Type", "Content-Length", "X-Content-Type-Options"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        assert_eq!(head.status, get.status, "{path}");
    }
}

#[test]
fn metrics_that_cannot_be_had_are_503_with_the_reason() {
    let server = Server::start();
    *server.fake.body.lock().unwrap() = Err(Unavailable("the engine has stopped".to_owned()));
    let answer = server.get("/metrics");
    assert_eq!((answer.status, answer.body.as_str()), (503, "the engine has stopped\n"));
    assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("Retry-After"), Some("5"));
}

#[test]
fn health_and_readiness_follow_the_backend() {
    let server = Server::start();
    assert_eq!((server.get("/-/healthy").status, server.get("/-/ready").status), (200, 200));
    server.fake.ready.store(false, Ordering::SeqCst);
    let unready = server.get("/-/ready");
    assert_eq!((server.get("/-/healthy").status, unready.status), (200, 503));
    assert_eq!(unready.body, "not ready: what was there at start is still being read\n");
    server.fake.healthy.store(false, Ordering::SeqCst);
    let ill = server.get("/-/healthy");
    assert_eq!((ill.status, ill.body.lines().count()), (503, 1));
    assert!(ill.body.starts_with("not healthy: "));
}

#[test]
fn the_page_is_html_with_a_strict_policy() {
    let server = Server::start();
    let page = server.get("/");
    assert_eq!((page.status, page.header("Content-Type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!((page.header("Vary"), page.header("Content-Language")), (Some("Accept-Language"), Some("en")));
    let policy = page.header("Content-Security-Policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");

    // whatever the page links to is there, and nothing that the policy forbids is in it
    let names = ["href=\".", "src=\"."];
    let links = names.iter().flat_map(|name| page.body.split(name).skip(1)).filter_map(|rest| rest.split('"').next());
    let links: std::collections::BTreeSet<_> = links.collect();
    let pages =
        ["/metrics", "/-/healthy", "/-/ready", "/api/v1/codes", "/api/v1/errors", "/api/v1/status", "/?lang=zh"];
    for link in ["/icon.svg", "/page.css", "/page.js"].iter().chain(&pages) {
        assert!(links.contains(link), "{link} is missing in {links:?}");
    }
    for link in links {
        assert_eq!(server.get(link).status, 200, "{link}");
    }
    for forbidden in [" style=", " onclick=", "<script>", "http://", "https://", "javascript:"] {
        assert!(!page.body.contains(forbidden), "{forbidden}");
    }
    let style = server.get("/page.css");
    assert_eq!(style.header("Content-Type"), Some("text/css; charset=utf-8"));
    assert!(!style.body.contains("url(") && !style.body.contains("@import"));
    let script = server.get("/page.js");
    assert_eq!(script.header("Content-Type"), Some("text/javascript; charset=utf-8"));
    for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser", "https:"]
    {
        assert!(!script.body.contains(forbidden), "{forbidden}");
    }
    assert_eq!(server.get("/icon.svg").header("Content-Type"), Some("image/svg+xml"));
}

#[test]
fn the_page_speaks_the_language_that_is_asked_for() {
    let server = Server::start();
    let lang = |page: &str, accept: &str| {
        let head = format!("GET {page} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{accept}\r\n");
        let answered = server.raw(head);
        let lang = answered.split("<html lang=\"").nth(1).and_then(|rest| rest.split('"').next());
        lang.unwrap_or(&answered[9..12]).to_owned()
    };
    assert_eq!(lang("/", ""), "en");
    assert_eq!(lang("/", "Accept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\n"), "zh-Hans");
    assert_eq!(lang("/?lang=en", "Accept-Language: zh\r\n"), "en");
    assert_eq!(lang("/?lang=zh", ""), "zh-Hans");
    assert_eq!(lang("/?lang=xx", ""), "400");
}

#[test]
fn the_api_is_json_and_refuses_a_limit_that_cannot_be() {
    let server = Server::start();
    for (path, key) in [("status", "version"), ("errors", "errors"), ("codes", "codes")] {
        let answer = server.get(&format!("/api/v1/{path}"));
        assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("application/json")), "{path}");
        let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert!(value.get(key).is_some(), "{path}: {value}");
    }
    let refused = server.get("/api/v1/errors?limit=many");
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body, "limit must be a number from 1 to 256, as in ?limit=256\n");
    assert_eq!(server.get("/api/v1/status?limit=0").status, 400);
}

#[test]
fn a_page_that_cannot_be_had_is_503_with_the_reason() {
    let server = Server::start();
    *server.fake.view.lock().unwrap() = Err(Unavailable("the engine does not answer".to_owned()));
    for path in ["/", "/api/v1/status", "/api/v1/errors", "/api/v1/codes"] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.body.as_str()), (503, "the engine does not answer\n"), "{path}");
    }
}

#[test]
fn anything_else_is_404() {
    let server = Server::start();
    let paths = [
        "/nowhere",
        "/metrics/",
        "/Metrics",
        "//metrics",
        "/./metrics",
        "/x/../metrics",
        "/%6detrics",
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/proc/self/environ",
        "/metrics/../../proc/self/cmdline",
        "/metrics%00",
        "/-/quit",
        "/-/",
        "/debug/pprof/",
        "/config",
    ];
    for path in paths {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.body.as_str()), (404, "not found\n"), "{path}");
    }
    assert_eq!(server.ask("POST", "/nowhere").status, 404);
}

#[test]
fn another_method_is_405_and_told_which_is_allowed() {
    let server = Server::with(|options| options.enable_lifecycle = true);
    for path in ["/metrics", "/rules", "/", "/page.css", "/-/healthy", "/-/ready"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"] {
            let answer = server.ask(method, path);
            assert_eq!((answer.status, answer.header("Allow")), (405, Some("GET, HEAD")), "{method} {path}");
        }
    }
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let answer = server.ask(method, "/-/reload");
        assert_eq!((answer.status, answer.header("Allow")), (405, Some("POST")), "{method}");
    }
    assert_eq!(server.fake.reloads.load(Ordering::SeqCst), 0);
}

#[test]
fn a_reload_is_refused_unless_it_is_switched_on() {
    let server = Server::start();
    let answer = server.ask("POST", "/-/reload");
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("--web.enable-lifecycle"), "{}", answer.body);
    assert_eq!(server.ask("GET", "/-/reload").status, 405);
    assert_eq!(server.fake.reloads.load(Ordering::SeqCst), 0);
}

#[test]
fn a_reload_tells_what_the_backend_made_of_it() {
    let server = Server::with(|options| options.enable_lifecycle = true);
    assert_eq!(server.ask("POST", "/-/reload").status, 200);
    *server.fake.reload.lock().unwrap() = Err(ReloadRefused("conf.yml:3: unknown key".to_owned()));
    let answer = server.ask("POST", "/-/reload");
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("conf.yml:3: unknown key"), "{}", answer.body);
    assert_eq!(server.fake.reloads.load(Ordering::SeqCst), 2);
}

#[test]
fn the_metrics_can_be_elsewhere() {
    let moved = Server::with(|options| options.telemetry_path = "/obs/m".parse().unwrap());
    assert_eq!((moved.get("/obs/m").status, moved.get("/metrics").status), (200, 404));
    assert!(moved.get("/").body.contains("href=\"./obs/m\""));

    let root = Server::with(|options| options.telemetry_path = "/".parse().unwrap());
    assert_eq!((root.get("/").body.as_str(), root.get("/metrics").status), (METRICS, 404));
    assert_eq!(root.get("/page.css").status, 404);
}
