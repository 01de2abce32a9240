//! A real browser: Chromium behind its driver. WebDriver is JSON over HTTP; what is needed of it fits here, with the
//! driver's own commands (logs, DevTools) that general clients lack.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Long enough for a busy machine; whatever is waited for is mostly there at once.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same for work of many seconds, which other tests beside it make slower.
const LONG_PATIENCE: Duration = Duration::from_secs(300);

/// A window of a fresh browser. Dropping it ends browser and driver.
pub struct Browser {
    driver: Child,
    session: String,
    agent: ureq::Agent,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a window of so many pixels.
    pub fn open(width: u32, height: u32) -> Self {
        // Two that start at once may take the same port: one of them gives up, and tries again.
        let (driver, port) = (0..5).find_map(|_| driver()).expect("chromedriver starts");
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(LONG_PATIENCE * 2));
        let agent: ureq::Agent = config.build().into();
        let profile = tempfile::tempdir().unwrap();
        let mut browser =
            Self { driver, session: format!("http://127.0.0.1:{port}/session"), agent, _profile: profile };
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--force-device-scale-factor=1",
            // Figures are at rest, so that tests find what they look for; `motion.rs` lets them play.
            "--force-prefers-reduced-motion",
        ];
        let mut args: Vec<String> = args.map(str::to_owned).to_vec();
        args.push(format!("--user-data-dir={}", browser._profile.path().display()));
        args.push(format!("--window-size={width},{height}"));
        let asked = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": args},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let session = browser.post("", asked);
        let id = session["sessionId"].as_str().expect("a session").to_owned();
        browser.session = format!("{}/{id}", browser.session);
        browser.size(width, height);
        browser
    }

    /// The page's own size, whatever the window's frame: a phone has one narrower than any window.
    pub fn size(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
    }

    fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.session);
        let text = body.to_string();
        let mut answer = self.agent.post(&url).header("content-type", "application/json").send(&text).unwrap();
        let value: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        let asked: String = text.chars().take(500).collect();
        assert!(value["value"]["error"].is_null(), "{path} {asked}: {}", value["value"]["message"]);
        value["value"].clone()
    }

    /// A command of the developer tools.
    pub fn devtools(&self, command: &str, params: Value) -> Value {
        self.post("/goog/cdp/execute", json!({"cmd": command, "params": params}))
    }

    /// Goes to an address and waits for the page to be loaded.
    pub fn go(&self, url: &str) {
        self.post("/url", json!({"url": url}));
    }

    /// What a script returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []}))
    }

    /// What an asynchronous script gives to its callback, `done`.
    pub fn run_async(&self, script: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        self.post("/timeouts", json!({"script": LONG_PATIENCE.as_millis() as u64}));
        self.post("/execute/async", json!({"script": script, "args": []}))
    }

    /// Sets a control as a reader would.
    pub fn set(&self, figure: &str, control: &str, value: &str) {
        let script = format!(
        "const c = document.querySelector('figure[data-figure={figure}] [data-control={control}]' +
             (document.querySelector('figure[data-figure={figure}] input[type=radio][data-control={control}]') ? '[value=\"{value}\"]' : ''));
         if (c.type === 'radio') c.click(); else {{ c.value = '{value}'; c.dispatchEvent(new Event(c.tagName === 'SELECT' ? 'change' : 'input', {{bubbles: true}})); }}"
    );
        self.run(&script);
    }

    /// Waits until an expression is true.
    pub fn wait(&self, expression: &str) {
        let start = Instant::now();
        while self.run(&format!("return Boolean({expression})")) != Value::Bool(true) {
            if start.elapsed() > PATIENCE {
                let status = self.run("return document.querySelector('#status')?.innerText");
                panic!("in vain waited for: {expression}\nthe page says: {status}\nconsole: {:?}", self.console());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types keys, as WebDriver names them (`\u{e015}` is the arrow down), into an element.
    pub fn keys(&self, selector: &str, keys: &str) {
        let element = self.post("/element", json!({"using": "css selector", "value": selector}));
        let id = element.as_object().and_then(|ids| ids.values().next()).and_then(Value::as_str).unwrap().to_owned();
        self.post(&format!("/element/{id}/value"), json!({"text": keys}));
    }

    /// Presses keys wherever the focus is.
    pub fn press(&self, keys: &str) {
        let presses = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()})));
        let actions = json!([{"type": "key", "id": "keyboard", "actions": presses.collect::<Vec<_>>()}]);
        self.post("/actions", json!({"actions": actions}));
    }

    /// Writes a sentence in place of the one that is there.
    pub fn write(&self, sentence: &str) {
        // Control and A select all of it; what is typed replaces it.
        self.keys("#sentence", "\u{e009}a\u{e000}");
        self.keys("#sentence", if sentence.is_empty() { "\u{e003}" } else { sentence });
    }

    /// Goes into a frame of the page: scripts and waits are its own until the next address.
    pub fn frame(&self, index: u32) {
        self.post("/frame", json!({"id": index}));
    }

    /// What the console was told since last asked: level and message of warnings and errors.
    pub fn console(&self) -> Vec<String> {
        let entries = self.post("/se/log", json!({"type": "browser"}));
        let entries = entries.as_array().cloned().unwrap_or_default();
        let bad = entries.iter().filter(|entry| ["SEVERE", "WARNING"].contains(&entry["level"].as_str().unwrap_or("")));
        bad.map(|entry| format!("{} {}", entry["level"], entry["message"])).collect()
    }
}

/// A driver on a port of its own, unless it cannot start.
fn driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is not here: apt-get install chromium chromium-driver");
    // "ChromeDriver was started successfully on port 40123."
    let lines = driver.stdout.take().map(|out| BufReader::new(out).lines());
    let mut lines = lines.into_iter().flatten().map_while(Result::ok);
    let line = lines.find(|line| line.contains("successfully on port"));
    let port = line.and_then(|line| line.rsplit(' ').next()?.trim_end_matches('.').parse().ok());
    if port.is_none() {
        let _ = driver.kill();
        let _ = driver.wait();
    }
    port.map(|port| (driver, port))
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
