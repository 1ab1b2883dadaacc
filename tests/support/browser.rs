//! A real browser: headless Chromium, driven over the WebDriver protocol by Debian's chromedriver.

use base64::Engine as _;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::process::wait;

/// Longer than anything takes; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What keeps a browser from asking hosts of its own maker, and lets it run where there is no user namespace.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
];

/// A browser with one window.
pub struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// A browser whose user reads these languages, the one liked best first.
    pub fn start(languages: &str) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .process_group(0) // so that it ends with all that it has started
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver: {error}; tests/run installs chromium and chromium-driver"));
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = said.find_map(|line| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok());
        let address = SocketAddr::from(([127, 0, 0, 1], port.expect("chromedriver says its port")));
        std::thread::spawn(move || said.for_each(drop)); // a full pipe would stop it
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Self { driver, address, session: String::new(), _profile: profile };
        let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", browser._profile.path().display()));
        let options = json!({"args": flags, "prefs": {"intl.accept_languages": languages}});
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let session = browser.call("POST", "/session", &wanted);
        browser.session = format!("/session/{}", session["sessionId"].as_str().unwrap());
        browser
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_call(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn try_call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let text = if method == "POST" { body.to_string() } else { String::new() };
        let ask = || {
            let mut stream = TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            let (address, length) = (self.address, text.len());
            write!(
                stream,
                "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{text}"
            )?;
            let mut answer = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            while answer.read_line(&mut line)? > 2 {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            answer.read_exact(&mut body)?;
            std::io::Result::Ok(body)
        };
        let body = ask().map_err(|error| error.to_string())?;
        let mut answer: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"])),
            None => Ok(value),
        }
    }

    fn ask(&self, command: &str, body: &Value) -> Value {
        self.call("POST", &format!("{}{command}", self.session), body)
    }

    /// A command of the browser's own protocol.
    pub fn cdp(&self, command: &str, parameters: &Value) -> Value {
        self.ask("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// Loads a page, and waits for what it loads.
    pub fn open(&self, url: &str) {
        self.ask("/url", &json!({"url": url}));
    }

    /// What a script returns.
    pub fn run(&self, script: &str) -> Value {
        self.ask("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// What the promise that a script returns becomes.
    pub fn run_async(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1]; (async () => {{ {script} }})().then(done, e => done(String(e)))"
        );
        self.ask("/execute/async", &json!({"script": script, "args": []}))
    }

    /// Waits until a script returns true.
    pub fn wait_for(&self, script: &str) {
        wait(script, PATIENCE, || (self.run(&format!("return {script}")) == Value::Bool(true)).then_some(()));
    }

    /// Clicks on the first element of a selector, as a user does.
    pub fn click(&self, selector: &str) {
        let found = self.ask("/element", &json!({"using": "css selector", "value": selector}));
        let id = found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.ask(&format!("/element/{id}/click"), &json!({}));
    }

    /// The text that a user sees in the first element of a selector.
    pub fn text(&self, selector: &str) -> String {
        let text = self.run(&format!("return document.querySelector({}).innerText", json!(selector)));
        text.as_str().unwrap().to_owned()
    }

    /// The width of the window in CSS pixels, and the colours that its user likes.
    pub fn look(&self, width: u32, colours: &str) {
        let metrics = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500});
        self.cdp("Emulation.setDeviceMetricsOverride", &metrics);
        let features = json!([{"name": "prefers-color-scheme", "value": colours}]);
        self.cdp("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// A picture of the page as a PNG: so much of its height, or all of it.
    pub fn picture(&self, height: Option<u32>) -> Vec<u8> {
        let size = self.run("const e = document.documentElement; return [e.clientWidth, e.scrollHeight]");
        let height = height.map_or(size[1].clone(), Value::from);
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": height, "scale": 1});
        let picture = self.cdp("Page.captureScreenshot", &json!({"captureBeyondViewport": true, "clip": clip}));
        base64::engine::general_purpose::STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }

    /// What the console has said since the last call, and what was asked for by the pages loaded since then.
    pub fn heard(&self) -> (Vec<String>, Vec<String>) {
        let log = |kind: &str| self.ask("/se/log", &json!({"type": kind})).as_array().unwrap().clone();
        let text = |entry: &Value| entry["message"].as_str().unwrap().to_owned();
        let console = log("browser").iter().map(text).collect();
        let requests = log("performance").into_iter().filter_map(|entry| {
            let event: Value = serde_json::from_str(&text(&entry)).unwrap();
            let message = &event["message"];
            let parameters = &message["params"];
            // the browser's own first page asks for much
            let of_a_page = !parameters["documentURL"].as_str().unwrap_or_default().starts_with("chrome:");
            let sent = message["method"] == "Network.requestWillBeSent" && of_a_page;
            sent.then(|| parameters["request"]["url"].as_str().unwrap().to_owned())
        });
        (console, requests.collect())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.try_call("DELETE", &self.session, &Value::Null);
        }
        // the driver leads its group, and nobody else is in it
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_child(&self.driver),
            rustix::process::Signal::KILL,
        );
        let _ = self.driver.wait();
    }
}
