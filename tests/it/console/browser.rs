//! A real browser: Chromium through its driver, on a port of its own, with axe to judge each page.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::key::Key;
use fantoccini::wd::TimeoutConfiguration;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use crate::console::site::PASSWORD;
use crate::gateway::TestGateway;

/// A desktop and a phone.
pub const WIDE: (u32, u32) = (1280, 900);
pub const PHONE: (u32, u32) = (390, 844);

/// How long a slow machine may take for whatever a test waits for, and how often it is looked at meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(25);

/// A browser with one window; closed when dropped.
pub struct Browser {
    pub page: Client,
    base: String,
    driver: Child,
    /// Where the driver listens, and what it calls this browser.
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

/// Says what is missing and how to get it: a browser test that cannot run has failed.
fn missing(what: &str) -> ! {
    panic!("{what}: run scripts/test, which installs what browser tests need");
}

impl Browser {
    /// Opens a browser that will look at `gateway`.
    pub async fn open(gateway: &TestGateway) -> Self {
        let (driver, port) = start_driver();
        let profile = tempfile::tempdir().unwrap();
        let folder = format!("--user-data-dir={}", profile.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--lang=en",
            &folder,
        ];
        let wanted = json!({"goog:chromeOptions": {"args": arguments}});
        let page = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(wanted.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap_or_else(|error| missing(&format!("Chromium does not start: {error}")));
        let patience = TimeoutConfiguration::new(Some(2 * PATIENCE), Some(2 * PATIENCE), None);
        page.update_timeouts(patience).await.unwrap();
        let session = page.session_id().await.unwrap();
        Browser {
            port,
            session: session.expect("a browser that was opened has a session"),
            page,
            base: format!("http://{}", gateway.address),
            driver,
            _profile: profile,
        }
    }

    pub async fn go(&self, path: &str) {
        self.page
            .goto(&format!("{}{path}", self.base))
            .await
            .unwrap();
    }

    /// Path and query of the page that is shown.
    pub async fn place(&self) -> String {
        let url = self.page.current_url().await.unwrap();
        match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        }
    }

    /// Signs in by the form.
    pub async fn sign_in(&self, name: &str) {
        self.go("/sign-in").await;
        self.fill("#name", name).await;
        self.fill("#password", PASSWORD).await;
        self.follow("form[action='/sign-in'] button.main").await;
        let place = self.place().await;
        assert!(
            !place.starts_with("/sign-in"),
            "{}",
            self.text("main").await
        );
    }

    /// Writes into a field, in the place of what stood there.
    pub async fn fill(&self, field: &str, text: &str) {
        let fill = async |field: Element| {
            field.clear().await?;
            field.send_keys(text).await
        };
        self.with(field, fill).await;
    }

    /// Writes at the end of what stands in a field.
    pub async fn append(&self, field: &str, text: &str) {
        let append = async |field: Element| field.send_keys(text).await;
        self.with(field, append).await;
    }

    /// Presses what does not lead to another page.
    pub async fn press(&self, what: &str) {
        self.with(what, async |it| it.click().await).await;
    }

    /// Presses a link or a form's button, and waits for the page that it leads to.
    pub async fn follow(&self, what: &str) {
        self.leave(what, async || self.press(what).await).await;
    }

    /// Does what leads to another page, and waits until that is there.
    async fn leave(&self, what: &str, act: impl AsyncFn()) {
        let mark = "window.wasLeft = true";
        self.page.execute(mark, vec![]).await.unwrap();
        act().await;
        let there = async || {
            let there = "return document.readyState === 'complete' && !window.wasLeft";
            let there = self.page.execute(there, vec![]).await;
            // Between two pages there is none that could say.
            matches!(there, Ok(Value::Bool(true))).then_some(())
        };
        let arrived = until(there).await;
        arrived.unwrap_or_else(|| panic!("{what} leads nowhere"));
    }

    /// Presses a key where the keyboard is after going to an element, and waits for the page that it leads to.
    pub async fn follow_by_key(&self, at: &str, key: Key) {
        let key = String::from(char::from(key));
        let press = async |it: Element| it.send_keys(&key).await;
        self.leave(at, async || self.with(at, press).await).await;
    }

    /// Drags an element onto another, and waits for the page that it leads to.
    pub async fn follow_by_drag(&self, from: &str, to: &str) {
        let slowly = Some(Duration::from_millis(300));
        let drag = async || {
            let over = |element, duration| PointerAction::MoveToElement {
                element,
                duration,
                x: 0.0,
                y: 0.0,
            };
            let from = over(self.with(from, async |it| Ok(it)).await, None);
            let to = over(self.with(to, async |it| Ok(it)).await, slowly);
            let (down, up) = (
                PointerAction::Down {
                    button: MOUSE_BUTTON_LEFT,
                },
                PointerAction::Up {
                    button: MOUSE_BUTTON_LEFT,
                },
            );
            let mouse = MouseActions::new("mouse".to_owned());
            let mouse = mouse.then(from).then(down).then(to).then(up);
            self.page.perform_actions(mouse).await.unwrap();
        };
        self.leave(from, drag).await;
    }

    pub async fn text(&self, of: &str) -> String {
        self.with(of, async |it| it.text().await).await
    }

    /// The text of an element, once it has these words.
    pub async fn reads(&self, of: &str, words: &str) -> String {
        let found = until(async || {
            let text = self.text(of).await;
            text.contains(words).then_some(text)
        });
        match found.await {
            Some(text) => text,
            None => panic!("{of} does not read {words:?}: {}", self.text(of).await),
        }
    }

    /// Waits until an element is there.
    pub async fn wait(&self, css: &str) {
        self.with(css, async |_| Ok(())).await;
    }

    /// Does something with an element; again when a live part was drawn anew between the look and the use.
    async fn with<T>(&self, css: &str, act: impl AsyncFn(Element) -> Result<T, CmdError>) -> T {
        let attempt = async || match self.page.find(Locator::Css(css)).await {
            Ok(element) => act(element).await,
            Err(error) => Err(error),
        };
        let done = until(async || match attempt().await {
            Err(error) if passes(&error) => None,
            done => Some(done),
        });
        match done.await {
            Some(done) => done.unwrap_or_else(|error| panic!("{css}: {error}")),
            None => panic!("{css} is not on the page, or not to be used"),
        }
    }

    /// Makes the window as large as a screen, whatever the window manager thinks.
    pub async fn screen(&self, (width, height): (u32, u32)) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}),
        )
        .await;
    }

    /// What the system is said to prefer: `dark` or `light`.
    pub async fn prefers(&self, scheme: &str) {
        // Without motion: no colour is judged on its way from one scheme to the other.
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}))
            .await;
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        self.page
            .issue_cmd(Devtools(json!({"cmd": command, "params": parameters})))
            .await
            .unwrap();
    }

    /// Runs axe on the page as it is shown; fails with what it finds.
    pub async fn judge(&self, name: &str) {
        let axe = folder().join("axe/node_modules/axe-core/axe.min.js");
        let Ok(axe) = std::fs::read_to_string(&axe) else {
            missing(&format!("axe-core is not at {}", axe.display()));
        };
        self.page.execute(&axe, vec![]).await.unwrap();
        let run = "const done = arguments[arguments.length - 1];
            axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
               .then(found => done(found.violations.map(v => v.id + ': ' + v.help + '\\n  '
                    + v.nodes.map(n => n.html + ' ' + n.failureSummary).join('\\n  '))), error => done([String(error)]));";
        let found = self.page.execute_async(run, vec![]).await.unwrap();
        let found: Vec<String> = serde_json::from_value(found).unwrap();
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
        let wide =
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        let over = self.page.execute(wide, vec![]).await.unwrap();
        assert!(
            over.as_i64() <= Some(0),
            "{name} is wider than its screen by {over}"
        );
    }

    /// Judges a page and takes its picture in light, dark and on a phone.
    pub async fn look(&self, name: &str) {
        for (kind, scheme, size) in [
            ("light", "light", WIDE),
            ("dark", "dark", WIDE),
            ("phone", "light", PHONE),
        ] {
            self.screen(size).await;
            self.prefers(scheme).await;
            let name = format!("{name}-{kind}");
            self.judge(&name).await;
            self.picture(&name).await;
        }
        self.screen(WIDE).await;
    }

    /// The whole page, however long, in target/screenshots.
    pub async fn picture(&self, name: &str) {
        let folder = folder().join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let picture = self.page.screenshot().await.unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }
}

/// What looking again gave, once it gave something.
async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let again = async {
        loop {
            match look().await {
                Some(found) => return found,
                None => tokio::time::sleep(LOOK).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, again).await.ok()
}

/// Whether another look may find what this one did not.
fn passes(error: &CmdError) -> bool {
    match error {
        CmdError::Standard(error) => matches!(
            error.error,
            ErrorStatus::NoSuchElement
                | ErrorStatus::StaleElementReference
                | ErrorStatus::ElementNotInteractable
                | ErrorStatus::ElementClickIntercepted
        ),
        _ => false,
    }
}

impl Browser {
    fn end_session(&self) -> std::io::Result<()> {
        let mut driver = TcpStream::connect(("127.0.0.1", self.port))?;
        driver.set_read_timeout(Some(PATIENCE))?;
        let session = &self.session;
        write!(
            driver,
            "DELETE /session/{session} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )?;
        driver.read(&mut [0; 64]).map(drop)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A driver that is told to end may leave its browser behind: the session is ended first.
        if let Err(error) = self.end_session() {
            eprintln!("the browser's session was not ended: {error}");
        }
        let id = self.driver.id().to_string();
        drop(Command::new("kill").args(["-TERM", &id]).status());
        drop(self.driver.wait());
    }
}

/// The build's folder, for what tests leave behind.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target")
}

fn start_driver() -> (Child, u16) {
    let driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut driver) = driver else {
        missing("chromedriver is not installed");
    };
    let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        let port = line.split_once("successfully on port ")?.1;
        port.trim_end_matches('.').parse().ok()
    });
    let Some(port) = port else {
        missing("chromedriver does not start");
    };
    (driver, port)
}

/// A command of Chromium's own.
#[derive(Debug)]
struct Devtools(Value);

impl fantoccini::wd::WebDriverCompatibleCommand for Devtools {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.0.to_string()))
    }
}
