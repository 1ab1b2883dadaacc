//! The status page in a real browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::browser::Browser;
use support::daemon::{Daemon, Start};
use support::http;
use support::process::wait;

/// Logs of real clients, as they were recorded.
fn sample_logs(folder: &Path) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    for set in ["python_INFO", "go_WARN_sdk"] {
        let to = folder.join("logs").join(set);
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(corpus.join(set)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension != "json") {
                fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
    }
}

fn append(path: &Path, text: &str) {
    File::options().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn url(daemon: &Daemon, path: &str) -> String {
    format!("http://{}{path}", daemon.address)
}

/// A page that is kept up to date.
fn open(browser: &Browser, url: &str) {
    browser.open(url);
    browser.wait_for("document.body.dataset.pulse === 'live'");
}

/// Nothing was wrong on any page since the last call, and nothing was asked of anybody else.
fn was_clean(browser: &Browser, daemon: &Daemon) {
    let (console, requests) = browser.heard();
    assert_eq!(console, [""; 0], "the console says something");
    assert!(requests.iter().any(|url| url.ends_with("/page.js")), "{requests:?}");
    let own = url(daemon, "/");
    let foreign: Vec<_> = requests.iter().filter(|url| !url.starts_with(&own)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

/// The rows of a list as text, without times: the snapshot has them in UTC, the script tells how long ago they were.
const ROWS: &str = "
    const rows = (page) => ['#headline', '#urgent', '#category-list > *', '#code-list > *', '#report-list > *',
        '#file-list > *', '#files-about', '#no-codes', '#no-reports', '#exporter div:nth-child(n+4)'].flatMap((selector) =>
        [...page.querySelectorAll(selector)].map((row) => {
            const copy = row.cloneNode(true);
            copy.querySelectorAll('time').forEach((time) => time.remove());
            const bars = copy.querySelectorAll('rect').length;
            const look = [row.hidden, row.dataset.level, row.dataset.state, row.hasAttribute('data-now'), bars];
            return look.join(' ') + ' ' + copy.textContent.replace(/\\s+/g, ' ').trim();
        }));";

#[test]
fn the_snapshot_and_the_script_say_the_same_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    sample_logs(folder.path());
    let daemon = Start::new(folder.path(), "logs/**/*.log").start();
    let browser = Browser::start("zh-CN,zh");
    wait("everything to be counted", Duration::from_secs(60), || {
        let (_, text) = http::get(daemon.address, "/api/v1/status").unwrap();
        let status: Value = serde_json::from_str(&text).unwrap();
        (status["ready"] == true).then_some(())
    });
    open(&browser, &url(&daemon, "/"));
    assert_eq!(browser.text("h1").split(' ').next(), Some("OBS"));
    assert!(browser.text("#headline").starts_with("最近 15 分钟"), "{}", browser.text("#headline"));
    for (lang, switch) in [("zh", "English"), ("en", "中文")] {
        let html = json!(format!("./?lang={lang}"));
        let differs = browser.run_async(&format!(
            "{ROWS}
            for (let attempt = 0; attempt < 50; attempt += 1) {{
                const page = new DOMParser().parseFromString(await (await fetch({html})).text(), 'text/html');
                const [snapshot, live] = [rows(page), rows(document)];
                const wrong = snapshot.map((row, place) => [row, live[place]]).filter(([one, other]) => one !== other);
                if (snapshot.length > 40 && snapshot.length === live.length && wrong.length === 0) return [];
                if (attempt === 49) return [snapshot.length, live.length, ...wrong.slice(0, 5)];
                await new Promise((resolve) => setTimeout(resolve, 300));
            }}"
        ));
        assert_eq!(differs, json!([]), "{lang}");
        assert_eq!(browser.text("header nav a"), switch);
        browser.click("header nav a");
        browser.wait_for("document.body.dataset.pulse === 'live'");
    }
    assert!(browser.text("#headline").starts_with("最近 15 分钟"), "the switch leads there and back");
    was_clean(&browser, &daemon);
}

#[test]
fn an_error_shows_without_a_reload_and_a_dead_exporter_does_not_look_well() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("app.log");
    append(&log, "2026-01-02T03:04:05Z INFO nothing\n");
    let daemon = Start::new(folder.path(), "*.log").start();
    let browser = Browser::start("en");
    open(&browser, &url(&daemon, "/"));
    browser.wait_for("document.getElementById('warnings').children.length === 0");
    browser.wait_for("document.getElementById('verdict').dataset.level === 'calm'");
    assert_eq!(browser.text("#verdict h2"), "No OBS errors in the last 15 minutes");
    assert_eq!(browser.text("#newest"), "None has been counted yet.");
    assert_eq!(browser.text("#no-codes"), "No errors have been counted.");
    browser.run("window.same = true");

    let now = humantime::format_rfc3339_millis(SystemTime::now());
    let id = "0000018A2B3C4D5E6F70819203A4B5C6";
    append(&log, &format!("{now} ERROR code=InArrearOrInsufficientBalance status=403 request_id={id}\n"));
    browser.wait_for("document.querySelectorAll('#report-list tr').length === 1");
    assert_eq!(browser.run("return window.same"), Value::Bool(true), "the page was loaded again");
    assert_eq!(browser.text("#verdict h2"), "1 OBS error in the last 15 minutes");
    assert_eq!(browser.run("return document.title"), json!("(1) OBS errors"));
    assert_eq!(browser.run("return document.getElementById('verdict').dataset.level"), json!("critical"));
    assert!(browser.text("#urgent").contains("Call finance"), "{}", browser.text("#urgent"));
    assert!(browser.text("#code-list").contains("InArrearOrInsufficientBalance"));
    assert_eq!(browser.text("#report-list [data-f=id]"), id);
    browser.click("#report-list button");
    browser.wait_for("document.querySelector('#report-list button').textContent === 'Copied'");

    // narrow windows scroll in one direction only
    for width in [390, 320] {
        browser.look(width, "dark");
        let over = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(over, json!(0), "at {width}");
    }
    was_clean(&browser, &daemon);
    daemon.kill();
    browser.wait_for("!document.getElementById('stale').hidden");
    assert_eq!(browser.run("return document.body.dataset.pulse"), json!("stale"));
}

#[test]
fn text_of_logs_and_names_of_files_are_never_markup() {
    const EVIL: &str = "<img src=x onerror=window.hit=1><script>window.hit=2<!--";
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join(format!("{EVIL} \"'&amp;.log"));
    let tagged = EVIL.replace(' ', "/");
    append(&log, &format!("refused: NoSuchKey http=404 rid={tagged}</script> .\n"));
    append(&log, &format!("refused: <b>Bold http=500 rid={tagged}2 code=<script>window.hit=3</script> .\n"));
    let config = format!(
        "inputs: [{{paths: [{folder}/*.log], labels: {{service: '{EVIL}'}}, path_labels: '/(?P<file>[^/]*)$'}}]\n\
         recognisers:\n  - name: shop\n    pattern: 'refused: (?P<code>\\S+) http=(?P<status>\\d+) rid=(?P<request_id>\\S+)'\n",
        folder = folder.path().display()
    );
    let daemon = Start::new(folder.path(), "nothing-else").config(&config).start();
    let browser = Browser::start("en");
    wait("the error to be counted", Duration::from_secs(30), || {
        http::get(daemon.address, "/api/v1/errors").unwrap().1.contains("NoSuchKey").then_some(())
    });
    let markup = "return [window.hit ?? 0, document.querySelectorAll('main img, main script, main b:not(.do b), main i').length]";
    // first as the server has written it, then as the script has set it
    browser.cdp("Emulation.setScriptExecutionDisabled", &json!({"value": true}));
    browser.open(&url(&daemon, "/"));
    browser.cdp("Emulation.setScriptExecutionDisabled", &json!({"value": false}));
    for by_script in [false, true] {
        if by_script {
            open(&browser, &url(&daemon, "/"));
            append(&log, &format!("refused: SlowDown http=503 rid={tagged}3 .\n"));
            browser.wait_for("document.querySelector('#report-list').textContent.includes('SlowDown')");
        }
        assert_eq!(browser.run(markup), json!([0, 0]), "{by_script}");
        let row = browser.text("#report-list tr:last-child");
        assert!(row.contains(&format!("{EVIL} \"'&amp;.log")), "the path: {row}");
        assert!(row.contains(&format!("service={EVIL}")), "the label: {row}");
        assert!(browser.text("#file-list").contains(EVIL), "{}", browser.text("#file-list"));
    }
    was_clean(&browser, &daemon);
}

#[test]
fn without_a_script_the_page_is_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    sample_logs(folder.path());
    let daemon = Start::new(folder.path(), "logs/**/*.log").start();
    let browser = Browser::start("en");
    browser.cdp("Emulation.setScriptExecutionDisabled", &json!({"value": true}));
    wait("the page to be filled", Duration::from_secs(60), || {
        browser.open(&url(&daemon, "/"));
        browser.text("#code-list").contains("NoSuchKey").then_some(())
    });
    assert!(browser.text("#pulse").starts_with("As of 20"), "{}", browser.text("#pulse"));
    assert!(browser.text("#report-list").contains(" UTC"));
    assert!(browser.text("#files").contains("OBS-SDK.log"));
    assert_eq!(browser.run("return document.querySelector('#report-list button').hidden"), json!(true));
    assert_eq!(browser.run("return document.getElementById('stale').hidden"), json!(true));
    // it is asked for again by itself
    let refresh = "return document.head.querySelectorAll('noscript meta[http-equiv=refresh]').length";
    assert_eq!(browser.run(refresh), json!(1));
}

/// The sample logs of a service for which something is wrong now: lines that a real client has written, with the time
/// and request ids of today.
fn troubled_logs(folder: &Path) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/python_INFO/OBS-SDK.log");
    let text = fs::read_to_string(corpus).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // the code, how many responses, and how many minutes ago the first and the last of them was
    let told = [
        ("NoSuchKey", 23, 58, 4),
        ("SlowDown", 212, 41, 1),
        ("AccessDenied", 3, 34, 31),
        ("InArrearOrInsufficientBalance", 9, 3, 0),
    ];
    let mut lines = Vec::new();
    for (code, count, first, last) in told {
        let named = format!(",code:{code},");
        let line = text.lines().find(|line| line.contains(&named)).unwrap();
        let (_, rest) = line.split_once(',').unwrap();
        let id = line.rsplit_once("requestId:").unwrap().1.trim_end_matches('|');
        for number in 0..count {
            let minutes = f64::from(first - last) * (f64::from(number) / f64::from(count)).sqrt();
            let at = now - (60.0 * (f64::from(first) - minutes)) as u64;
            let fresh =
                format!("{:016X}{}", xxhash_rust::xxh3::xxh3_64(format!("{code}{number}").as_bytes()), &id[16..]);
            let at = UNIX_EPOCH + Duration::from_secs(at);
            let stamp = humantime::format_rfc3339_seconds(at).to_string();
            lines.push(format!("{stamp},{}\n", rest.replace(id, &fresh)));
        }
    }
    lines.sort();
    append(&folder.join("OBS-SDK.log"), &lines.concat());
    append(&folder.join("checkout.log"), "2026-11-22T12:47:06Z INFO started\n");
    let calm = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/neg_python_success_DEBUG/OBS-SDK.log");
    fs::copy(calm, folder.join("upload.log")).unwrap();
}

/// `cargo test --test page -- --ignored pictures` draws the page in `target/pictures`, for who changes its looks, and
/// the pictures of the READMEs.
#[test]
#[ignore = "draws pictures to be looked at"]
fn pictures() {
    // the pictures show paths, so they are short and the same each time
    let folder = tempfile::Builder::new().prefix("shop").rand_bytes(0).tempdir_in("/tmp").unwrap();
    let state = tempfile::tempdir().unwrap();
    troubled_logs(folder.path());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let to = root.join("target/pictures");
    fs::create_dir_all(&to).unwrap();
    for (name, logs) in [("wrong", "*.log"), ("calm", "checkout.log")] {
        let daemon = Start::new(folder.path(), logs).state(Some(&state.path().join(name))).start();
        let browser = Browser::start("en");
        for lang in ["en", "zh"] {
            for (width, colours) in [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")] {
                browser.look(width, colours);
                open(&browser, &url(&daemon, &format!("/?lang={lang}")));
                browser.wait_for("document.getElementById('warnings').children.length === 0");
                for (part, height) in [("top", Some(1500)), ("all", None)] {
                    let file = to.join(format!("{name}-{lang}-{width}-{colours}-{part}.png"));
                    fs::write(file, browser.picture(height)).unwrap();
                }
                if (name, width, colours) == ("wrong", 1280, "light") {
                    let file = if lang == "zh" { "status-page.zh.png" } else { "status-page.png" };
                    fs::create_dir_all(root.join("deploy/pictures")).unwrap();
                    fs::write(root.join("deploy/pictures").join(file), browser.picture(Some(1205))).unwrap();
                }
            }
        }
    }
}
