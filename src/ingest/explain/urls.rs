//! The same endpoint under other URLs.

use std::borrow::Cow;

use crate::model::request::Headers;

/// Headers that name the host a request was sent to, before or behind a proxy.
const HOSTS: &[&str] = &["host", "x-forwarded-host", "x-original-host"];
/// Characters of a host that is believed to be one.
const HOST: usize = 255;

/// `url` with the query, where there is one.
pub fn with_query<'a>(url: &'a str, query: &str) -> Cow<'a, str> {
    match query {
        "" => Cow::Borrowed(url),
        query => Cow::Owned(format!("{url}?{query}")),
    }
}

/// What the sender may have registered instead of `url`: another scheme or host, a slash at the end, with or without the
/// query; the path alone.
pub fn variants(url: &str, query: &str, headers: &Headers) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Vec::new();
    };
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let mut hosts = vec![host.to_owned()];
    for name in HOSTS {
        if let Some(named) = headers.get(name).map(str::trim)
            && named.len() <= HOST
            && named
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'/')
        {
            hosts.push(named.to_owned());
        }
    }
    let bare = path.trim_end_matches('/');
    let name = bare.rsplit('/').next().unwrap_or_default();
    let mut paths = vec![path.to_owned(), bare.to_owned(), format!("{bare}/")];
    // A public URL with a path before /hooks, or without one.
    let plain = format!("/hooks/{name}");
    if plain != path {
        paths.push(plain);
    }
    let mut found = Vec::new();
    for path in &paths {
        for host in &hosts {
            for scheme in [scheme, "https", "http"] {
                found.push(format!("{scheme}://{host}{path}"));
            }
        }
    }
    found.extend(paths);
    let with = found.iter().filter(|_| !query.is_empty());
    let with: Vec<String> = with.map(|url| format!("{url}?{query}")).collect();
    found.extend(with);
    let expected = with_query(url, query).into_owned();
    let mut seen = vec![expected];
    found.retain(|url| {
        let fresh = !seen.contains(url);
        if fresh {
            seen.push(url.clone());
        }
        fresh
    });
    found
}

#[cfg(test)]
mod tests {
    use super::variants;
    use crate::model::request::Headers;

    #[test]
    fn other_urls() {
        let headers = Headers::from([("Host", "old.example.com"), ("x-forwarded-host", "a/b")]);
        let found = variants("https://hooks.example.com/in/hooks/shop", "a=1", &headers);
        for expected in [
            "http://hooks.example.com/in/hooks/shop?a=1",
            "https://hooks.example.com/in/hooks/shop",
            "https://hooks.example.com/in/hooks/shop/",
            "https://old.example.com/in/hooks/shop?a=1",
            "https://hooks.example.com/hooks/shop?a=1",
            "/in/hooks/shop?a=1",
        ] {
            assert!(
                found.iter().any(|url| url == expected),
                "{expected} in {found:?}"
            );
        }
        assert!(
            !found
                .iter()
                .any(|url| url == "https://hooks.example.com/in/hooks/shop?a=1")
        );
        assert!(found.len() < 50, "{}", found.len());
        assert!(variants("nonsense", "", &headers).is_empty());
    }
}
