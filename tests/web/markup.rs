//! Whatever a log, a path or a label says is text on the page: with markup in every field, in a real browser.

use std::collections::BTreeMap;

use obs_error_exporter::catalogue::Category;
use obs_error_exporter::view::{Errors, File, FileState, Input, Report, Severity, Time, View};
use serde_json::json;

use crate::browser::Browser;
use crate::support::Server;

/// Each field has a mark of its own, and each would show itself by `window.hit`.
fn evil(field: &str) -> String {
    format!("{field}'\"><img src=x onerror=window.hit=1><script>window.hit=2</script></template><b onclick=x>&lt;{{n}}")
}

fn evil_view() -> View {
    let labels = BTreeMap::from([(evil("name"), evil("value"))]);
    let mut view = View::default();
    view.status.errors.push(Errors {
        code: evil("code"),
        status: evil("status"),
        category: Category::Unknown,
        severity: Severity::Critical,
        retryable: None,
        owner: None,
        count: 1,
        recent: 1,
        last_seen: Some(Time(0)),
        per_minute: vec![1; 60],
    });
    view.status.recent.count = 1;
    view.status.recent.severity = Some(Severity::Critical);
    view.status.lost_bytes.insert(evil("reason"), 1);
    view.status.inputs.push(Input {
        paths: vec![evil("glob")],
        exclude: Vec::new(),
        labels: labels.clone(),
        files: 1,
        lag: 0,
    });
    view.status.files.total = 1;
    let path = evil("path");
    view.status.files.list.push(File {
        path,
        input: 0,
        position: 1,
        size: 1,
        lag: 0,
        state: FileState::Live,
        failing: None,
    });
    view.reports.push(Report {
        time: Time(0),
        logged: Some(evil("logged")),
        code: evil("report_code"),
        status: evil("report_status"),
        category: Category::Unknown,
        severity: Severity::Critical,
        request_id: Some(evil("request_id")),
        file: Some(evil("file")),
        recogniser: evil("recogniser"),
        labels,
    });
    view
}

#[test]
fn markup_in_any_field_is_shown_as_it_is() {
    const FIELDS: [&str; 12] = [
        "code",
        "status",
        "reason",
        "glob",
        "path",
        "report_code",
        "report_status",
        "request_id",
        "file",
        "recogniser",
        "name",
        "value",
    ];
    let server = Server::start();
    let show = |view: View| *server.fake.view.lock().unwrap() = Ok(view);
    let url = format!("http://{}/", server.addrs[0]);
    let browser = Browser::start("en");
    let disabled = |disabled: bool| browser.cdp("Emulation.setScriptExecutionDisabled", &json!({"value": disabled}));
    for by_script in [false, true] {
        if by_script {
            // a page without any of it at first, but for the globs, which the script does not touch
            let mut view = View::default();
            view.status.inputs = evil_view().status.inputs;
            show(view);
            browser.open(&url);
            browser.wait_for("document.body.dataset.pulse === 'live'");
            show(evil_view());
            browser.wait_for("document.querySelectorAll('#report-list tr').length === 1");
        } else {
            show(evil_view());
            disabled(true);
            browser.open(&url);
            disabled(false);
        }
        let text = browser.run("return document.querySelector('main').textContent");
        for field in FIELDS {
            assert!(text.as_str().unwrap().contains(&evil(field)), "{field} is not there, script: {by_script}");
        }
        let found = browser.run(
            "return [window.hit ?? 0, document.querySelectorAll('main img, main script, main [onclick], main [onerror]').length]",
        );
        assert_eq!(found, json!([0, 0]), "script: {by_script}");
    }
    let (console, _) = browser.heard();
    assert_eq!(console, [""; 0], "the console says something");
}
