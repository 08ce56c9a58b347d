//! The HTTP client of fetches: bounded in time and size, without redirects, guarded at every address it connects to.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Url, redirect};
use secrecy::{ExposeSecret, SecretString};

use crate::config::Network;
use crate::model::said::Said;
use crate::process::fetch::guard::{Channel, admits};
use crate::process::fetch::{FetchCall, Response};
use crate::source::declaration::FetchMethod;
use crate::{phrase, said, tls};

/// How long and how large an answer may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For the whole exchange.
    pub timeout: Duration,
    /// Of the body, in bytes.
    pub max_answer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            timeout: Duration::from_secs(10),
            max_answer: 1024 * 1024,
        }
    }
}

/// Two clients, made when first used: one for TLS, one for plain HTTP to allowed addresses.
pub struct Client {
    allow: Arc<[Network]>,
    limits: Limits,
    https: OnceLock<Result<reqwest::Client, Said>>,
    http: OnceLock<Result<reqwest::Client, Said>>,
}

/// Resolves names and lets only admitted addresses through, so that what was checked is what is connected to.
struct Guarded {
    channel: Channel,
    allow: Arc<[Network]>,
}

/// None of a name's addresses may be called.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotAdmitted(Said);

impl Client {
    /// `allow` is `[outbound] allow`.
    pub fn new(allow: &[Network], limits: Limits) -> Self {
        Client {
            allow: allow.into(),
            limits,
            https: OnceLock::new(),
            http: OnceLock::new(),
        }
    }

    /// Makes the call and reads the answer up to the limits.
    pub async fn ask(&self, call: &FetchCall) -> Response {
        let (url, client) = match self.prepare(call.url.expose_secret()) {
            Ok(prepared) => prepared,
            Err(why) => return Response::Refused(why),
        };
        let mut headers = match headers(&call.headers) {
            Ok(headers) => headers,
            Err(why) => return Response::Refused(why),
        };
        let mut request = match call.method {
            FetchMethod::Get => client.get(url),
            FetchMethod::Post => client.post(url),
        };
        if let Some(body) = &call.body {
            let json = HeaderValue::from_static("application/json");
            headers.entry(CONTENT_TYPE).or_insert(json);
            request = request.body(body.expose_secret().to_owned());
        }
        let response = match request.headers(headers).send().await {
            Ok(response) => response,
            Err(error) => return failure(&error),
        };
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        match self.body(response).await {
            Ok(body) => Response::Answered {
                status,
                retry_after,
                body,
            },
            Err(failed) => failed,
        }
    }

    fn prepare(&self, url: &str) -> Result<(Url, &reqwest::Client), Said> {
        let url = Url::parse(url)
            .map_err(|_| said!("fetch-no-url", "the URL of the fetch is not a URL"))?;
        let channel = match url.scheme() {
            "https" => Channel::Https,
            "http" => Channel::Http,
            other => {
                return Err(said!(
                    "fetch-no-https",
                    "{scheme}: is not https:",
                    scheme = other
                ));
            }
        };
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = literal.parse::<IpAddr>()
            && !admits(address, channel, &self.allow)
        {
            return Err(refusal(host, channel));
        }
        let slot = match channel {
            Channel::Https => &self.https,
            Channel::Http => &self.http,
        };
        let client = slot
            .get_or_init(|| self.build(channel))
            .as_ref()
            .map_err(Clone::clone)?;
        Ok((url, client))
    }

    fn build(&self, channel: Channel) -> Result<reqwest::Client, Said> {
        tls::install();
        reqwest::Client::builder()
            .user_agent(concat!("frontdesk/", env!("CARGO_PKG_VERSION")))
            .timeout(self.limits.timeout)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Guarded {
                channel,
                allow: Arc::clone(&self.allow),
            }))
            .build()
            .map_err(|error| {
                said!(
                    "fetch-no-tls",
                    "TLS cannot be set up: {error}",
                    error = error.to_string()
                )
            })
    }

    async fn body(&self, mut response: reqwest::Response) -> Result<Vec<u8>, Response> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
            if body.len() + chunk.len() > self.limits.max_answer {
                return Err(Response::Unusable(said!(
                    "api-too-long",
                    "the sender's API answered more than {most} bytes",
                    most = self.limits.max_answer
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (channel, allow) = (self.channel, Arc::clone(&self.allow));
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let admitted: Vec<SocketAddr> = found
                .filter(|address| admits(address.ip(), channel, &allow))
                .collect();
            if admitted.is_empty() {
                return Err(NotAdmitted(refusal(name.as_str(), channel)).into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

fn refusal(host: &str, channel: Channel) -> Said {
    match channel {
        Channel::Https => said!(
            "fetch-private",
            "{host} leads to a private address; list it under [outbound] allow if it is meant",
            host = host
        ),
        Channel::Http => said!(
            "fetch-plain",
            "{host} would be called without TLS; use https, or list its address under [outbound] allow",
            host = host
        ),
    }
}

/// The sentence never has the URL, which may carry a token.
fn failure(error: &reqwest::Error) -> Response {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(NotAdmitted(why)) = inner.downcast_ref::<NotAdmitted>() {
            return Response::Refused(why.clone());
        }
        cause = inner.source();
    }
    let phrase = if error.is_timeout() {
        phrase!("api-slow", "the sender's API did not answer in time")
    } else if error.is_connect() {
        phrase!("api-away", "the sender's API cannot be reached")
    } else {
        phrase!("api-broke-off", "the answer of the sender's API broke off")
    };
    Response::Unreachable(phrase.into())
}

fn headers(given: &[(String, SecretString)]) -> Result<HeaderMap, Said> {
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let key = HeaderName::try_from(name.as_str()).map_err(|_| {
            said!(
                "fetch-no-header",
                "{name} is not a header name",
                name = format!("{name:?}")
            )
        })?;
        let mut value = HeaderValue::try_from(value.expose_secret()).map_err(|_| {
            said!(
                "fetch-no-value",
                "the header {name} has a value that HTTP does not allow",
                name = name
            )
        })?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(headers)
}

/// Seconds; the date form is rare here, and the usual back-off serves as well.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}
