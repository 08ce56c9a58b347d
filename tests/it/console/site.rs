//! A gateway with people who have signed in, spoken to as their browsers would.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use frontdesk::access::{password, token};
use frontdesk::console::session::cookie_name;
use frontdesk::model::id::new_id;
use frontdesk::model::role::Role;
use frontdesk::store::users::{AuditRow, SessionRow, UserRow};
use jiff::SignedDuration;

use crate::gateway::{TestGateway, now};
use crate::process::Answer;

/// Everybody's password.
pub const PASSWORD: &str = "four words in a row";

/// Somebody at a browser.
pub struct Person {
    /// The session's token; empty for a stranger.
    pub token: String,
    pub cookies: String,
}

/// A line of the log.
pub fn log(what: &str) -> AuditRow {
    AuditRow {
        id: new_id(now()),
        at: now(),
        who: "test".to_owned(),
        what: what.to_owned(),
        subject: "user/test".to_owned(),
        before: None,
        after: None,
        peer: String::new(),
    }
}

/// Adds a user; a rep is the rep of the same name.
pub async fn add(gateway: &TestGateway, name: &str, role: Role) -> UserRow {
    let user = UserRow {
        id: new_id(now()),
        name: name.to_owned(),
        role,
        rep: (role == Role::Rep).then(|| name.to_owned()),
        password: Some(password::hash(PASSWORD).unwrap()),
        totp: None,
        totp_step: 0,
        language: None,
        disabled_at: None,
        created_at: now(),
    };
    let store = &gateway.running.store;
    store
        .add_user(user.clone(), log("user.added"))
        .await
        .unwrap();
    user
}

impl Person {
    pub fn stranger() -> Self {
        Person {
            token: String::new(),
            cookies: String::new(),
        }
    }

    /// Signed in, with the pages in Spanish.
    pub async fn reading_spanish(gateway: &TestGateway, user: &UserRow) -> Self {
        let reader = Self::inside(gateway, user).await;
        reader
            .post(gateway, "/preferences", &[("language", "es"), ("to", "/")])
            .await;
        reader
    }

    /// Somebody with a session, opened without the form.
    pub async fn inside(gateway: &TestGateway, user: &UserRow) -> Self {
        let token = token::fresh().unwrap();
        let session = SessionRow {
            hash: token::hash_of(&token),
            user: user.id,
            awaits_code: false,
            opened_at: now(),
            seen_at: now(),
            ends_at: now() + SignedDuration::from_hours(1),
            agent: "test".to_owned(),
            peer: "127.0.0.1".to_owned(),
        };
        let store = &gateway.running.store;
        store.open_session(session, None).await.unwrap();
        let cookies = format!("{}={token}", cookie_name(false));
        Person { token, cookies }
    }

    fn headers(&self) -> String {
        format!("accept: text/html\r\ncookie: {}\r\n", self.cookies)
    }

    pub async fn get(&self, gateway: &TestGateway, path: &str) -> Answer {
        gateway.call("GET", path, &self.headers(), "").await
    }

    /// The status of an answer that need not end: of a page that stays up to date.
    pub async fn status(&self, gateway: &TestGateway, path: &str) -> Answer {
        let (address, headers) = (gateway.address, self.headers());
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        let head = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let lines = BufReader::new(stream).lines().map(Result::unwrap);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            head.join("\r\n")
        });
        let head = head.await.unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: String::new(),
        }
    }

    /// Sends a form with this session's token in it.
    pub async fn post(&self, gateway: &TestGateway, path: &str, form: &[(&str, &str)]) -> Answer {
        let csrf = match self.token.as_str() {
            "" => String::new(),
            token => token::derived(token, "csrf"),
        };
        let mut fields = vec![("csrf", csrf.as_str())];
        fields.extend(form);
        self.post_bare(gateway, path, &fields, "").await
    }

    /// Sends exactly this form.
    pub async fn post_bare(
        &self,
        gateway: &TestGateway,
        path: &str,
        form: &[(&str, &str)],
        more: &str,
    ) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let headers = format!(
            "{}content-type: application/x-www-form-urlencoded\r\n{more}",
            self.headers()
        );
        gateway.call("POST", path, &headers, &body).await
    }

    /// Keeps the session that an answer opened.
    pub fn keep(&mut self, answer: &Answer) {
        let name = cookie_name(false);
        for line in answer.head.lines() {
            let Some((header, value)) = line.split_once(": ") else {
                continue;
            };
            let value = value.split(';').next().unwrap_or_default();
            if header.eq_ignore_ascii_case("set-cookie")
                && let Some(token) = value.strip_prefix(&format!("{name}="))
            {
                self.token = token.to_owned();
                self.cookies = value.to_owned();
            }
        }
    }
}

/// Where an answer sends the browser.
pub fn location(answer: &Answer) -> Option<&str> {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    let mut found = lines.filter(|(name, _)| name.eq_ignore_ascii_case("location"));
    found.next().map(|(_, value)| value)
}
