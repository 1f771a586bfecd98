//! Origins (RFC 6454), and the comparison of one with the host of a request.

use std::fmt;

use http::header::HOST;
use http::request::Parts;
use http::uri::{Authority, Scheme, Uri};

use super::one_header;

/// A scheme, a host and a port, as the header `Origin` names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// Accepts the form that a browser writes (RFC 6454 section 6.2) and no other: no `null`, path, user, query or upper case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let uri = text.parse::<Uri>().ok()?;
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return None,
        };
        let origin = Self::of(secure, uri.authority()?)?;
        (origin.to_string() == text).then_some(origin)
    }

    /// Whether an attacker on the network cannot forge pages of this origin.
    pub(crate) fn is_trustworthy(&self) -> bool {
        self.secure || is_loopback(&self.host)
    }

    fn of(secure: bool, authority: &Authority) -> Option<Self> {
        if authority.as_str().contains(['@', '*']) || authority.host().is_empty() {
            return None;
        }
        let default = if secure { 443 } else { 80 };
        let has_port = authority.as_str().len() > authority.host().len();
        let port = if has_port { authority.port_u16()? } else { default };
        Some(Self { secure, host: authority.host().to_ascii_lowercase(), port })
    }

    /// Whether the request was sent to this origin.
    ///
    /// Behind a proxy that ends TLS the scheme of the request is unknown. So an `https` origin may have any host, and an `http` origin
    /// only that of this machine: an attacker on the network can forge the pages of any other `http` origin.
    pub(crate) fn is_target_of(&self, parts: &Parts) -> bool {
        self.is_trustworthy() && self.has_host_of(parts)
    }

    /// Whether it is the origin that the request was sent to, and an attacker on the network can forge its pages.
    pub(crate) fn is_plain_target_of(&self, parts: &Parts) -> bool {
        !self.is_trustworthy() && self.has_host_of(parts)
    }

    /// Whether the request was sent to another machine than the client's own, as far as it says where.
    pub(crate) fn is_sent_far(parts: &Parts) -> bool {
        let target = target(parts).and_then(|target| Self::of(false, &target));
        target.is_some_and(|target| !is_loopback(&target.host) && !target.host.starts_with("127."))
    }

    fn has_host_of(&self, parts: &Parts) -> bool {
        target(parts).and_then(|target| Self::of(self.secure, &target)).is_some_and(|target| target == *self)
    }
}

/// The host of a request. The authority of the request line wins over `Host` (RFC 9112 section 3.2.2); HTTP/2 has `:authority`.
fn target(parts: &Parts) -> Option<Authority> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.clone()),
        None => match one_header(&parts.headers, &HOST) {
            Ok(Some(host)) => Authority::try_from(host.as_bytes()).ok(),
            _ => None,
        },
    }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
}

/// As a browser writes it: without the default port.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, default) = if self.secure { ("https", 443) } else { ("http", 80) };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == default { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_writes() {
        for text in [
            "https://app.example.com",
            "https://app.example.com:8443",
            "http://localhost:3000",
            "http://127.0.0.1",
            "https://[2001:db8::1]:8443",
            "https://xn--mnchen-3ya.example",
        ] {
            assert_eq!(Origin::parse(text).map(|origin| origin.to_string()).as_deref(), Some(text));
        }
        for text in [
            "null",
            "*",
            "",
            "app.example.com",
            "//app.example.com",
            "https://",
            "https://*",
            "https://app.example.com/",
            "https://app.example.com/x",
            "https://app.example.com?x",
            "https://app.example.com:443",
            "http://localhost:80",
            "https://app.example.com:",
            "https://app.example.com:99999",
            "https://user@app.example.com",
            "https://App.example.com",
            "HTTPS://app.example.com",
            "https://münchen.example",
            "https://a.example, https://b.example",
            "https://a.example https://b.example",
            "file:///x",
            "chrome-extension://abc",
        ] {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
    }

    fn is_target(origin: &str, uri: &str, hosts: &[&str]) -> bool {
        let request =
            hosts.iter().fold(http::Request::builder().uri(uri), |request, host| request.header(HOST, *host));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Origin::parse(origin).unwrap().is_target_of(&parts)
    }

    /// Row 108.
    #[test]
    fn the_own_origin_has_the_host_and_port_of_the_request() {
        for (origin, host) in [
            ("https://a.example", "a.example"),
            ("https://a.example", "A.Example:443"),
            ("https://a.example:8443", "a.example:8443"),
            ("http://localhost:3000", "localhost:3000"),
            ("http://localhost", "localhost:80"),
            ("http://127.0.0.1:3000", "127.0.0.1:3000"),
            ("http://[::1]:3000", "[::1]:3000"),
        ] {
            assert!(is_target(origin, "/x", &[host]), "{origin} {host}");
        }
        for (origin, host) in [
            ("http://a.example", "a.example"),
            ("https://a.example", "a.example:80"),
            ("https://a.example", "a.example:8443"),
            ("https://a.example:8443", "a.example"),
            ("https://a.example", "b.example"),
            ("https://a.example.evil.example", "a.example"),
            ("https://evil.example", "evil.example@a.example"),
            ("https://a.example", "x@a.example"),
            ("http://localhost.evil.example", "localhost.evil.example"),
            ("https://a.example", ""),
            ("https://a.example", "a.example:"),
            ("https://a.example", "a.example, b.example"),
        ] {
            assert!(!is_target(origin, "/x", &[host]), "{origin} {host}");
        }
        assert!(!is_target("https://a.example", "/x", &[]));
        assert!(!is_target("https://a.example", "/x", &["a.example", "a.example"]));
        assert!(is_target("https://a.example", "https://a.example/x", &["b.example"]));
        assert!(!is_target("https://b.example", "https://a.example/x", &["b.example"]));
    }
}
