//! The web configuration: TLS, certificates of clients, passwords, headers. Asked by curl and by a real Prometheus.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use rustix::process::Signal;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use support::daemon::{Daemon, Start};
use support::http;
use support::process::wait;
use support::prometheus::{PATIENCE, Prometheus, promtool_check};
use support::tls::{Answer, Authority, curl};

const TLS: &str = "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n";

struct Bench {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path(), "ca");
        authority.sign("tls", &["localhost", "127.0.0.1"]);
        Self { folder, authority }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn configure(&self, text: &str) {
        fs::write(self.path().join("web.yaml"), text).unwrap();
    }

    fn start(&self, text: &str) -> Daemon {
        self.configure(text);
        let file = self.path().join("web.yaml");
        Start::new(self.path(), "app.log").flags(&["--web.config.file", file.to_str().unwrap()]).start()
    }

    fn curl(&self, daemon: &Daemon, path: &str, flags: &[&str]) -> Answer {
        curl(self.path(), daemon.address, path, flags)
    }
}

/// A hash that is made quickly.
fn hash(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

/// Asks without TLS.
fn ask(address: SocketAddr, path: &str, headers: &str) -> (u16, String, Duration) {
    let begin = Instant::now();
    let (status, head, _) = http::ask(address, "GET", path, headers).unwrap();
    (status, head, begin.elapsed())
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {pair}\r\n")
}

#[test]
fn tls_is_spoken_with_http_2_unless_it_is_switched_off() {
    let bench = Bench::new();
    let daemon = bench.start(TLS);
    for _ in 0..2 {
        let answer = bench.curl(&daemon, "/metrics", &[]);
        assert_eq!((answer.status, answer.version.as_str()), (200, "2"), "{answer:?}");
        assert!(answer.text.contains("\nhuaweicloud_obs_errors_total{"), "{answer:?}");
    }
    // several requests on one connection, side by side
    let many = format!("https://{}/-/healthy", daemon.address);
    let answer = bench.curl(&daemon, "/metrics", &["--parallel", "--compressed", &many, &many, &many]);
    assert_eq!(answer.text.matches("HTTP/2 200").count(), 4, "{answer:?}");
    let answer = bench.curl(&daemon, "/", &["--http1.1"]);
    assert_eq!((answer.status, answer.version.as_str()), (200, "1.1"));
    assert_eq!(bench.curl(&daemon, "/nowhere", &[]).status, 404);
    assert_eq!(bench.curl(&daemon, "/metrics", &["--head"]).status, 200);
    assert_eq!(bench.curl(&daemon, "/metrics", &["--tls-max", "1.2"]).status, 200);
    assert_eq!(bench.curl(&daemon, "/metrics", &["--data", "x=1"]).status, 405);
    let large = "x".repeat(100_000);
    assert_eq!(bench.curl(&daemon, "/-/reload", &["--data", &large]).status, 413);
    let header = format!("X: {}", "x".repeat(40_000));
    assert_ne!(bench.curl(&daemon, "/metrics", &["--header", &header]).status, 200);
    // somebody who forgets the s is told
    let (status, _, said) = http::ask(daemon.address, "GET", "/metrics", "").unwrap();
    assert_eq!((status, said.as_str()), (400, "this port speaks HTTPS; ask https://\n"));

    bench.configure(&format!("{TLS}http_server_config: {{http2: false}}\n"));
    wait("HTTP/2 to be off", PATIENCE, || (bench.curl(&daemon, "/metrics", &[]).version == "1.1").then_some(()));
    assert!(daemon.terminate().0.success());
}

#[test]
fn versions_suites_and_curves_are_as_chosen() {
    let bench = Bench::new();
    let tls = |more: &str| format!("tls_server_config: {{cert_file: tls.crt, key_file: tls.key, {more}}}\n");
    let suite = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    let daemon = bench.start(&tls("min_version: TLS13"));
    assert_eq!(bench.curl(&daemon, "/metrics", &["--tls-max", "1.2"]).status, 0);
    assert_eq!(bench.curl(&daemon, "/metrics", &[]).status, 200);
    bench.configure(&tls(&format!("max_version: TLS12, cipher_suites: [{suite}], curve_preferences: [CurveP256]")));
    wait("TLS 1.3 to be off", PATIENCE, || (bench.curl(&daemon, "/metrics", &["--tlsv1.3"]).status == 0).then_some(()));
    let ciphers = |cipher| bench.curl(&daemon, "/metrics", &["--ciphers", cipher]).status;
    assert_eq!(ciphers("ECDHE-ECDSA-AES256-GCM-SHA384"), 200);
    assert_eq!(ciphers("ECDHE-ECDSA-AES128-GCM-SHA256"), 0);
    let curves = |curve| bench.curl(&daemon, "/metrics", &["--curves", curve]).status;
    assert_eq!((curves("P-256"), curves("X25519")), (200, 0));
}

#[test]
fn clients_show_certificates_where_that_is_asked_for() {
    let bench = Bench::new();
    bench.authority.sign("client", &["scraper.example", "10.1.2.3"]);
    Authority::new(bench.path(), "other").sign("stranger", &["scraper.example"]);
    let with = |name: &str| {
        let [cert, key] = ["crt", "key"].map(|end| format!("{name}.{end}"));
        vec!["--cert".to_owned(), cert, "--key".to_owned(), key]
    };
    let (none, client, stranger) = (Vec::new(), with("client"), with("stranger"));
    let ca = "client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert";
    for (said, expected) in [
        ("client_auth_type: NoClientCert".to_owned(), [true, true, true]),
        ("client_auth_type: RequestClientCert".to_owned(), [true, true, true]),
        ("client_auth_type: RequireAnyClientCert".to_owned(), [false, true, true]),
        ("client_ca_file: ca.crt, client_auth_type: VerifyClientCertIfGiven".to_owned(), [true, true, false]),
        (ca.to_owned(), [false, true, false]),
        (format!("{ca}, client_allowed_sans: [x.example, scraper.example]"), [false, true, false]),
        (format!("{ca}, client_allowed_sans: [10.1.2.3]"), [false, true, false]),
        (format!("{ca}, client_allowed_sans: [example, 10.1.2.4]"), [false, false, false]),
        (
            "client_auth_type: RequireAnyClientCert, client_allowed_sans: [scraper.example]".to_owned(),
            [false, true, true],
        ),
    ] {
        let daemon = bench.start(&format!("tls_server_config: {{cert_file: tls.crt, key_file: tls.key, {said}}}\n"));
        let answered = [&none, &client, &stranger].map(|flags| {
            let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
            bench.curl(&daemon, "/metrics", &flags).status == 200
        });
        assert_eq!(answered, expected, "{said}");
    }
}

#[test]
fn a_new_certificate_holds_at_once_and_a_bad_one_changes_nothing() {
    let bench = Bench::new();
    let daemon = bench.start(TLS);
    assert_eq!(bench.curl(&daemon, "/metrics", &[]).status, 200);
    let other = Authority::new(bench.path(), "other");
    other.sign("tls", &["127.0.0.1"]);
    wait("the new certificate", PATIENCE, || {
        (bench.curl(&daemon, "/metrics", &["--cacert", "other.crt"]).status == 200).then_some(())
    });
    assert_eq!(bench.curl(&daemon, "/metrics", &[]).status, 0);
    assert!(daemon.program.said().contains("web configuration was read anew"));
    // a key that is not that of the certificate, and no certificate at all
    bench.authority.sign("x", &["127.0.0.1"]);
    let spoil: [&dyn Fn(); 3] = [
        &|| _ = fs::copy(bench.path().join("x.key"), bench.path().join("tls.key")).unwrap(),
        &|| fs::write(bench.path().join("tls.crt"), "nothing\n").unwrap(),
        &|| fs::remove_file(bench.path().join("tls.crt")).unwrap(),
    ];
    for (number, spoil) in spoil.iter().enumerate() {
        spoil();
        wait("it to be refused", PATIENCE, || {
            assert_eq!(bench.curl(&daemon, "/metrics", &["--cacert", "other.crt"]).status, 200);
            (daemon.program.said().matches("web configuration cannot be used").count() == number + 1).then_some(())
        });
    }
    // emptied, as it is while it is written anew
    bench.configure("");
    wait("the empty file to be refused", PATIENCE, || {
        assert_eq!(bench.curl(&daemon, "/metrics", &["--cacert", "other.crt"]).status, 200);
        daemon.program.said().contains("it is empty").then_some(())
    });
    bench.configure(TLS);
    daemon.program.signal(Signal::HUP);
    wait("the reload to be refused", PATIENCE, || {
        daemon.program.said().contains("configuration cannot be used; the one before goes on").then_some(())
    });
    bench.authority.sign("tls", &["127.0.0.1"]);
    wait("the certificate of before", PATIENCE, || (bench.curl(&daemon, "/metrics", &[]).status == 200).then_some(()));
}

#[test]
fn who_has_no_password_learns_only_whether_the_process_lives() {
    let bench = Bench::new();
    let daemon = bench.start(&format!("basic_auth_users: {{alice: {}, bob: {}}}\n", hash("open sesame"), hash("")));
    let status = |path: &str, headers: &str| ask(daemon.address, path, headers).0;
    for path in ["/", "/metrics", "/page.css", "/nowhere", "/-/reload", "/-/ready/", "//-/ready", "/-/ready/../metrics"]
    {
        let (status, head, _) = ask(daemon.address, path, "");
        assert_eq!(status, 401, "{path}");
        assert!(head.to_lowercase().contains("www-authenticate: basic realm="), "{head}");
    }
    for path in ["/-/healthy", "/-/ready", "/-/ready?x"] {
        wait(path, PATIENCE, || (status(path, "") == 200).then_some(()));
        assert_eq!(status(path, &basic("alice", "wrong")), 200);
    }
    for (user, password, expected) in [
        ("alice", "open sesame", 200),
        ("bob", "", 200),
        ("alice", "open sesam", 401),
        ("alice", "", 401),
        ("bob", "open sesame", 401),
        ("Alice", "open sesame", 401),
        ("carol", "open sesame", 401),
        ("", "", 401),
    ] {
        for _ in 0..2 {
            assert_eq!(status("/metrics", &basic(user, password)), expected, "{user} {password}");
        }
    }
    assert_eq!(status("/metrics", "Authorization: Bearer x\r\n"), 401);
    assert_eq!(status("/nowhere", &basic("alice", "open sesame")), 404);
    assert!(!daemon.program.said().contains("sesame"));

    // another password holds at once, and the one before no longer
    bench.configure(&format!("basic_auth_users: {{alice: {}}}\n", hash("new")));
    wait("the new password", PATIENCE, || (status("/metrics", &basic("alice", "new")) == 200).then_some(()));
    assert_eq!(status("/metrics", &basic("alice", "open sesame")), 401);
}

#[test]
fn guessing_takes_as_long_for_anybody_and_knowing_takes_no_time() {
    let bench = Bench::new();
    let cost = |password: &str, cost| bcrypt::hash(password, cost).unwrap();
    let daemon = bench.start(&format!("basic_auth_users: {{cheap: {}, alice: {}}}\n", cost("y", 4), cost("x", 11)));
    let least = |user: &str| {
        let times = (0..3).map(|_| {
            let (status, _, time) = ask(daemon.address, "/metrics", &basic(user, "wrong"));
            assert_eq!(status, 401);
            time
        });
        times.min().unwrap()
    };
    let (known, unknown) = (least("alice"), least("nobody"));
    assert!(unknown > known / 3 && known > unknown / 3, "{known:?} for a known user, {unknown:?} for an unknown one");
    assert_eq!(ask(daemon.address, "/metrics", &basic("alice", "x")).0, 200);
    let begin = Instant::now();
    for _ in 0..40 {
        assert_eq!(ask(daemon.address, "/-/reload", &basic("alice", "x")).0, 405);
    }
    assert!(begin.elapsed() < known * 20, "40 requests took {:?}, one guess {known:?}", begin.elapsed());

    // while many guess, others are answered
    std::thread::scope(|scope| {
        for guess in 0..20 {
            scope.spawn(move || ask(daemon.address, "/metrics", &basic("alice", &format!("guess {guess}"))).0);
        }
        for _ in 0..5 {
            let (status, _, took) = ask(daemon.address, "/metrics", &basic("alice", "x"));
            assert_eq!(status, 200);
            assert!(took < known * 10, "a scrape took {took:?} while others guessed");
        }
    });
}

#[test]
fn headers_are_added_where_an_answer_has_none_of_its_own() {
    let bench = Bench::new();
    let daemon = bench.start(
        "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    X-XSS-Protection: '0'\n    \
         Strict-Transport-Security: max-age=1\n    X-Content-Type-Options: nosniff\n    \
         Content-Security-Policy: \"default-src 'none'\"\n",
    );
    for path in ["/metrics", "/nowhere", "/-/healthy"] {
        let (_, head, _) = ask(daemon.address, path, "");
        let head = head.to_lowercase();
        for header in [
            "x-frame-options: deny",
            "x-xss-protection: 0",
            "strict-transport-security: max-age=1",
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'",
        ] {
            assert_eq!(head.matches(&format!("\r\n{header}\r\n")).count(), 1, "{header} in {head}");
        }
    }
    let (_, head, _) = ask(daemon.address, "/", "");
    assert_eq!(head.to_lowercase().matches("content-security-policy").count(), 1);
    assert!(head.contains("style-src"), "the page needs its own policy: {head}");
}

/// The files that the example names, in the folder.
fn example(bench: &Bench) -> String {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/web/web-config.yaml");
    let text = fs::read_to_string(example).unwrap();
    bench.authority.sign("client", &["prometheus"]);
    bench.configure(&text);
    text
}

#[test]
fn the_example_is_accepted_by_promtool_and_used_by_prometheus() {
    let bench = Bench::new();
    let text = example(&bench);
    let file = bench.path().join("web.yaml");
    let check = || promtool_check(&["web-config", file.to_str().unwrap()], "");
    let (accepted, said) = check();
    assert!(accepted, "{said}");
    bench.configure(&text.replace("TLS12", "TLS99"));
    assert!(!check().0, "promtool finds nothing wrong with TLS99");

    let daemon = bench.start(&text);
    let path = |name: &str| bench.path().join(name).display().to_string();
    let prometheus = Prometheus::start_with(
        bench.path(),
        daemon.address,
        &format!(
            "    scheme: https\n    basic_auth: {{username: prometheus, password: 'change me'}}\n    \
             tls_config: {{ca_file: '{}', cert_file: '{}', key_file: '{}', server_name: localhost}}\n",
            path("ca.crt"),
            path("client.crt"),
            path("client.key")
        ),
    );
    wait("a scrape over TLS", PATIENCE, || (prometheus.value("up") == Some(1.0)).then_some(()));
    assert_eq!(prometheus.value("count(huaweicloud_obs_errors_total)"), Some(82.0));
}

#[test]
fn the_healthcheck_asks_over_tls_too() {
    let bench = Bench::new();
    let daemon = bench.start(&format!("{TLS}basic_auth_users: {{alice: {}}}\n", hash("x")));
    let check = |flags: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_obs-error-exporter"))
            .env_clear()
            .current_dir(bench.path())
            .arg("healthcheck")
            .args(flags)
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let address = daemon.address.to_string();
    let listening = ["--web.listen-address", address.as_str(), "--web.config.file", "web.yaml"];
    wait("it to be ready", PATIENCE, || (check(&listening) == (true, "ready\n".to_owned())).then_some(()));
    let url = format!("https://localhost:{}", daemon.address.port());
    assert_eq!(check(&["--url", &url, "--web.config.file", "web.yaml"]), (true, "ready\n".to_owned()));
    let (healthy, said) = check(&["--url", &url]);
    assert!(!healthy && said.contains("--web.config.file"), "{said}");
    // somebody else has the port
    bench.authority.sign("tls", &["localhost"]);
    fs::write(bench.path().join("other.yaml"), TLS).unwrap();
    let other = Bench::new();
    fs::copy(other.path().join("tls.crt"), bench.path().join("other.crt")).unwrap();
    fs::write(bench.path().join("other.yaml"), "tls_server_config: {cert_file: other.crt, key_file: tls.key}\n")
        .unwrap();
    let (healthy, said) = check(&["--url", &url, "--web.config.file", "other.yaml"]);
    assert!(!healthy, "{said}");
}

/// Web configurations that are wrong, each with the message beside it. `UPDATE=1` writes the messages.
#[test]
fn wrong_configurations_are_refused_with_file_line_and_key() {
    let bench = Bench::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web_config");
    let mut tried = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        tried += 1;
        fs::copy(&path, bench.path().join("web.yaml")).unwrap();
        let start = Start::new(bench.path(), "app.log").flags(&["--web.config.file", "web.yaml"]);
        let (status, said) = start.refused();
        assert_eq!(status.code(), Some(1), "{}: {said}", path.display());
        let expected = path.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        assert_eq!(fs::read_to_string(&expected).unwrap_or_default(), said, "{}", path.display());
    }
    assert!(tried >= 15, "only {tried} files");
}
