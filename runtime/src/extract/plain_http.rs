//! Whether a browser has opened this site over plain http, where it keeps no `Secure` cookie.
//!
//! A server behind a proxy that ends TLS does not see how the browser came. So only what the browser or a proxy says counts, and a request
//! about which none of them says anything passes.

use http::header::{FORWARDED, ORIGIN, REFERER, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Uri};

use super::navigation::Destination;
use crate::auth::{Origin, one_header};

/// Browsers send these to a secure context alone, and no proxy adds them.
const FETCH_METADATA: [HeaderName; 3] = [
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("sec-fetch-mode"),
    HeaderName::from_static("sec-fetch-dest"),
];
/// Headers by which a proxy shows itself.
const PROXIES: [HeaderName; 5] = [
    HeaderName::from_static("via"),
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("cdn-loop"),
    HeaderName::from_static("x-amz-cf-id"),
];
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Browsers by a word of their `User-Agent`, with the first version that sends Fetch Metadata with every request to a secure context. (The
/// word of Safari is `Version`.)
const WITH_FETCH_METADATA: [(&str, u32); 3] = [("Chrome/", 80), ("Firefox/", 90), ("Version/", 17)];

/// What says that a browser has opened the site over plain http; `None` if nothing does, or something says the contrary.
pub(crate) fn sign_of_plain_http(parts: &Parts) -> Option<String> {
    let headers = &parts.headers;
    if FETCH_METADATA.iter().any(|name| headers.contains_key(name)) || !Origin::is_sent_far(parts) {
        return None;
    }
    if headers.contains_key(ORIGIN) {
        let origin = one_header(headers, &ORIGIN).ok()??.to_str().ok()?;
        return is_own(origin, parts).then(|| format!("Origin: {origin}"));
    }
    if !Destination::of(parts).is_window() {
        return None;
    }
    let schemes = forwarded_schemes(headers);
    if let [first, rest @ ..] = schemes.as_slice() {
        // One https on the way may have been the browser's.
        return (std::iter::once(first).chain(rest).all(|scheme| scheme == "http"))
            .then(|| "the proxy names the scheme http".to_owned());
    }
    let referer = headers.get(REFERER).and_then(|referer| referer.to_str().ok()?.parse::<Uri>().ok());
    let referer = referer.and_then(|page| Some(format!("{}://{}", page.scheme_str()?, page.authority()?)));
    if let Some(referer) = referer.filter(|referer| is_own(referer, parts)) {
        return Some(format!("Referer: {referer}"));
    }
    // A proxy on the way may keep the browser's headers to itself.
    if PROXIES.iter().any(|name| headers.contains_key(name)) {
        return None;
    }
    let agent = headers.get(USER_AGENT)?.to_str().ok()?;
    let says_more = WITH_FETCH_METADATA.iter().any(|(word, first)| {
        let version = agent.split_once(word).map(|(_, version)| version);
        let major =
            version.and_then(|version| version.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok());
        major.is_some_and(|major: u32| major >= *first)
    });
    says_more.then(|| "the browser sends no Sec-Fetch-Mode".to_owned())
}

/// Whether it is the origin that the request was sent to, with the scheme http.
fn is_own(origin: &str, parts: &Parts) -> bool {
    Origin::parse(origin).is_some_and(|origin| origin.is_plain_target_of(parts))
}

/// The schemes that proxies name (RFC 7239 section 5.4), in lower case.
fn forwarded_schemes(headers: &HeaderMap) -> Vec<String> {
    let members = |name: &HeaderName| {
        let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
        lines
            .flat_map(|line| line.split([',', ';']))
            .map(|member| member.trim().to_ascii_lowercase())
            .collect()
    };
    let simple: Vec<String> = members(&X_FORWARDED_PROTO);
    let named: Vec<String> = members(&FORWARDED);
    let named =
        named.iter().filter_map(|pair| pair.strip_prefix("proto=")).map(|scheme| scheme.trim_matches('"'));
    simple.into_iter().chain(named.map(str::to_owned)).filter(|scheme| !scheme.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: (&str, &str) = ("accept", "text/html,*/*;q=0.8");
    const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15";
    const OLD_SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6 Safari/605.1.15";

    fn sign(method: &str, host: &str, headers: &[(&str, &str)]) -> Option<String> {
        let request = http::Request::builder().method(method).uri("/login").header("host", host);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        sign_of_plain_http(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_browser_over_plain_http_is_known() {
        for (method, host, headers) in [
            ("POST", "app.example.com", &[("origin", "http://app.example.com")][..]),
            ("POST", "192.168.1.5:3000", &[("origin", "http://192.168.1.5:3000"), HTML]),
            ("POST", "app.example.com:80", &[("origin", "http://app.example.com"), ("accept", "*/*")]),
            ("GET", "app.example.com", &[HTML, ("x-forwarded-proto", "http")]),
            ("GET", "app.example.com", &[HTML, ("forwarded", "for=1.2.3.4;Proto=HTTP")]),
            ("GET", "app.example.com", &[HTML, ("referer", "http://app.example.com/login?a=b")]),
            ("GET", "nas.local", &[HTML, ("user-agent", CHROME)]),
            ("GET", "nas.local", &[HTML, ("user-agent", FIREFOX)]),
            ("GET", "nas.local", &[HTML, ("user-agent", SAFARI)]),
        ] {
            assert!(sign(method, host, headers).is_some(), "{method} {host} {headers:?}");
        }
    }

    /// A proxy that ends TLS and says nothing has to keep working, and so do programs.
    #[test]
    fn every_other_client_passes() {
        let navigate = ("sec-fetch-mode", "navigate");
        for (method, host, headers) in [
            ("POST", "app.example.com", &[("origin", "https://app.example.com")][..]),
            ("POST", "app.example.com", &[("origin", "http://other.example.com")]),
            ("POST", "app.example.com", &[("origin", "null")]),
            ("POST", "app.example.com", &[("origin", "capacitor://localhost")]),
            ("POST", "localhost:3000", &[("origin", "http://localhost:3000")]),
            ("POST", "127.0.0.1:3000", &[("origin", "http://127.0.0.1:3000"), HTML]),
            ("POST", "127.8.0.1:3000", &[("origin", "http://127.8.0.1:3000"), HTML]),
            ("POST", "[::1]:3000", &[("origin", "http://[::1]:3000"), HTML]),
            ("POST", "app.localhost", &[("origin", "http://app.localhost"), HTML]),
            ("GET", "localhost:3000", &[HTML, ("user-agent", CHROME)]),
            (
                "GET",
                "app.example.com",
                &[HTML, navigate, ("user-agent", CHROME), ("x-forwarded-proto", "http")],
            ),
            ("GET", "app.example.com", &[HTML, ("user-agent", CHROME), ("x-forwarded-proto", "https")]),
            ("GET", "app.example.com", &[HTML, ("user-agent", CHROME), ("x-forwarded-proto", "https, http")]),
            (
                "GET",
                "app.example.com",
                &[HTML, ("user-agent", CHROME), ("forwarded", "proto=https;by=a, proto=http")],
            ),
            ("GET", "app.example.com", &[HTML, ("user-agent", OLD_SAFARI)]),
            ("GET", "app.example.com", &[HTML, ("user-agent", CHROME), ("via", "2.0 edge (CloudFront)")]),
            ("GET", "app.example.com", &[HTML, ("user-agent", CHROME), ("x-forwarded-for", "192.0.2.7")]),
            ("GET", "app.example.com", &[HTML, ("referer", "https://app.example.com/login")]),
            ("GET", "app.example.com", &[HTML, ("referer", "http://provider.example.com/")]),
            ("GET", "app.example.com", &[HTML]),
            ("GET", "app.example.com", &[]),
            (
                "POST",
                "app.example.com",
                &[("accept", "*/*"), ("x-forwarded-proto", "http"), ("user-agent", "curl/8.5.0")],
            ),
        ] {
            assert_eq!(sign(method, host, headers), None, "{method} {host} {headers:?}");
        }
    }
}
