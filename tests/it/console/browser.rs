//! A real browser: Chromium through its driver, on a port of its own, with axe to judge each page.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use crate::console::site::PASSWORD;
use crate::gateway::TestGateway;

/// A desktop and a phone.
pub const WIDE: (u32, u32) = (1280, 900);
pub const PHONE: (u32, u32) = (390, 844);

/// A browser with one window; closed when dropped.
pub struct Browser {
    pub page: Client,
    base: String,
    driver: Child,
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
        Browser {
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
        self.press("form[action='/sign-in'] button.main").await;
        let text = self.text("main").await;
        assert!(!self.place().await.starts_with("/sign-in"), "{text}");
    }

    pub async fn fill(&self, field: &str, text: &str) {
        let field = self.wait(field).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Presses what is there; once more when a live part was drawn anew between the look and the click.
    pub async fn press(&self, what: &str) {
        for _ in 0..5 {
            match self.wait(what).await.click().await {
                Err(error) if error.is_stale_element_reference() => {}
                done => return done.unwrap(),
            }
        }
        panic!("{what} is drawn anew all the time");
    }

    pub async fn text(&self, of: &str) -> String {
        self.wait(of).await.text().await.unwrap()
    }

    /// The element, once it is there.
    pub async fn wait(&self, css: &str) -> fantoccini::elements::Element {
        let wait = self.page.wait().at_most(Duration::from_secs(20));
        let found = wait.for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("{css} is not on the page: {error}"))
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

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver takes its browser with it when it is told to end, and not when it is killed.
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
