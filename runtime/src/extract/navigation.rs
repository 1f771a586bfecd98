//! Where the answer of a request goes: into the window of a browser, or to a script or a program.
//!
//! A redirect to a login page, or a page as for a visitor, is for people. A script that follows a redirect gets 200 and the HTML of the login
//! page where it expects its data, and cannot tell that the session is over; an event stream and a socket can do nothing with it. So a layer
//! for pages asks here first.

use http::header::{ACCEPT, AUTHORIZATION, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::auth::one_header;

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");

/// The headers with which browsers mark a request that no user has made yet, with its newest name first.
const SPECULATION: [HeaderName; 4] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-moz"),
];

/// Where the answer of a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Into a window: a user opens a page, with GET or HEAD.
    Page,
    /// Into a window: a user sends a form, with POST.
    Form,
    /// To htmx, which puts it into the page that is open.
    Htmx,
    /// To a client that says neither what it is nor what it takes, with GET or HEAD.
    Unknown,
    /// To a script, a stream, a socket, a worker, an element of a page, or a program.
    Program,
}

impl Destination {
    /// Whether the answer goes into a window: the request is a navigation.
    pub(crate) fn is_window(self) -> bool {
        matches!(self, Self::Page | Self::Form)
    }

    /// Judges by the browser's own words (Fetch Metadata), which no script can forge. Browsers leave them out where the site is no secure
    /// context, as over plain http, and older ones do not know them; then `Accept` decides, in which browsers ask for HTML when a user
    /// navigates and at no other time.
    pub(crate) fn of(parts: &Parts) -> Self {
        let headers = &parts.headers;
        if headers.get(HX_REQUEST).is_some_and(|value| value == "true") {
            return Self::Htmx;
        }
        let window = match parts.method {
            Method::GET | Method::HEAD => Self::Page,
            Method::POST => Self::Form,
            _ => return Self::Program,
        };
        if headers.contains_key(UPGRADE)
            || SPECULATION.iter().any(|name| headers.contains_key(name))
            || is_sent_by_script(headers)
        {
            return Self::Program;
        }
        match (word(headers, &SEC_FETCH_MODE), word(headers, &SEC_FETCH_DEST)) {
            // A service worker that passes a navigation on sends it for an `empty` destination.
            (
                Word::Said(b"navigate"),
                Word::Said(b"document" | b"iframe" | b"frame" | b"empty") | Word::Silent,
            )
            | (Word::Silent, Word::Said(b"document" | b"iframe" | b"frame")) => window,
            // Where the browser itself says nothing. A gateway may add a token to every request, navigations too.
            (Word::Silent, Word::Silent) if headers.get_all(AUTHORIZATION).iter().any(is_bearer) => {
                Self::Program
            }
            (Word::Silent, Word::Silent) => match takes_html(headers) {
                Some(true) => window,
                None if window == Self::Page => Self::Unknown,
                _ => Self::Program,
            },
            _ => Self::Program,
        }
    }
}

/// A header of a browser, of which there is one at most.
enum Word<'r> {
    Said(&'r [u8]),
    Silent,
    Unclear,
}

fn word<'r>(headers: &'r HeaderMap, name: &HeaderName) -> Word<'r> {
    match one_header(headers, name) {
        Ok(Some(value)) => Word::Said(value.as_bytes()),
        Ok(None) => Word::Silent,
        Err(_) => Word::Unclear,
    }
}

/// Whether a script has added a header that no browser adds to a navigation.
fn is_sent_by_script(headers: &HeaderMap) -> bool {
    // The web view of an Android app names the app in each request: `org.example.app`.
    let is_by_script = |value: &HeaderValue| !value.as_bytes().contains(&b'.');
    headers.get_all(X_REQUESTED_WITH).iter().any(is_by_script)
}

fn is_bearer(value: &HeaderValue) -> bool {
    value
        .as_bytes()
        .split(|byte| *byte == b' ')
        .next()
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
}

/// Whether `Accept` names HTML. A client that takes everything (`*/*`) does not ask for a page. `None` without the header.
fn takes_html(headers: &HeaderMap) -> Option<bool> {
    let mut lines = headers.get_all(ACCEPT).iter().peekable();
    lines.peek()?;
    Some(lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let is_html =
            ["text/html", "application/xhtml+xml"].iter().any(|html| name.eq_ignore_ascii_case(html));
        is_html && !parts.any(is_zero)
    }))
}

/// Whether it is the weight of what is not acceptable (RFC 9110 section 12.4.2): `q=0`, `q=0.000`.
fn is_zero(parameter: &str) -> bool {
    let (name, weight) = parameter.split_once('=').unwrap_or_default();
    name.trim().eq_ignore_ascii_case("q") && weight.trim().parse() == Ok(0.0)
}

#[cfg(test)]
mod tests {
    use super::Destination::{Form, Htmx, Page, Program, Unknown};
    use super::*;

    fn of(method: &str, headers: &[(&str, &str)]) -> Destination {
        let request = http::Request::builder().method(method).uri("/inbox?folder=3");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Destination::of(&request.body(()).unwrap().into_parts().0)
    }

    const HTML: &str =
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

    /// What clients send, as recorded.
    #[test]
    fn clients_as_they_are() {
        let navigate = ("sec-fetch-mode", "navigate");
        let document = ("sec-fetch-dest", "document");
        let html = ("accept", HTML);
        for (client, method, headers, expected) in [
            ("a typed address", "GET", &[html, navigate, document, ("sec-fetch-site", "none")][..], Page),
            (
                "a link of another site",
                "GET",
                &[html, navigate, document, ("sec-fetch-site", "cross-site")],
                Page,
            ),
            ("a frame", "GET", &[html, navigate, ("sec-fetch-dest", "iframe")], Page),
            ("a form with GET", "GET", &[html, navigate, document], Page),
            ("a form", "POST", &[html, navigate, document], Form),
            (
                "a navigation through a service worker",
                "GET",
                &[html, navigate, ("sec-fetch-dest", "empty")],
                Page,
            ),
            ("Safari 15, and any browser over plain http", "GET", &[html], Page),
            ("a form of these", "POST", &[html, ("content-type", "application/x-www-form-urlencoded")], Form),
            ("Lynx", "GET", &[("accept", "text/html, text/plain, text/sgml, */*;q=0.01")], Page),
            ("an Android web view", "GET", &[html, ("x-requested-with", "org.example.app")], Page),
            ("behind a staging password", "GET", &[html, navigate, ("authorization", "Basic eDp5")], Page),
            ("a link checker", "HEAD", &[html], Page),
            ("a client that says nothing", "GET", &[], Unknown),
            ("such a client that writes", "POST", &[], Program),
            ("curl", "GET", &[("accept", "*/*")], Program),
            ("curl with a form", "POST", &[("accept", "*/*"), ("content-type", "text/plain")], Program),
            ("a program with a token", "GET", &[("authorization", "Bearer a.b.c")], Program),
            (
                "fetch",
                "GET",
                &[("accept", "*/*"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
                Program,
            ),
            (
                "fetch that asks for HTML",
                "GET",
                &[html, ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
                Program,
            ),
            (
                "fetch of the own origin",
                "GET",
                &[html, ("sec-fetch-mode", "same-origin"), ("sec-fetch-dest", "empty")],
                Program,
            ),
            ("fetch over plain http", "GET", &[("accept", "*/*")], Program),
            (
                "fetch over plain http of an old library",
                "GET",
                &[html, ("x-requested-with", "XMLHttpRequest")],
                Program,
            ),
            ("a library of today", "GET", &[html, ("x-requested-with", "fetch")], Program),
            ("EventSource over plain http", "GET", &[("accept", "text/event-stream")], Program),
            (
                "EventSource",
                "GET",
                &[("accept", "text/event-stream"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
                Program,
            ),
            (
                "WebSocket over plain http",
                "GET",
                &[("upgrade", "websocket"), ("connection", "upgrade")],
                Program,
            ),
            (
                "WebSocket",
                "GET",
                &[("upgrade", "websocket"), ("sec-fetch-mode", "websocket"), ("sec-fetch-dest", "websocket")],
                Program,
            ),
            ("WebSocket over HTTP/2", "CONNECT", &[("sec-fetch-mode", "websocket")], Program),
            ("htmx", "GET", &[("accept", "*/*"), ("hx-request", "true"), ("sec-fetch-mode", "cors")], Htmx),
            ("htmx over plain http", "POST", &[("accept", "*/*"), ("hx-request", "true")], Htmx),
            ("htmx with a method of its own", "DELETE", &[("accept", "*/*"), ("hx-request", "true")], Htmx),
            ("a header that htmx does not write", "GET", &[html, ("hx-request", "1")], Page),
            (
                "an image",
                "GET",
                &[
                    ("accept", "image/avif,*/*;q=0.8"),
                    ("sec-fetch-mode", "no-cors"),
                    ("sec-fetch-dest", "image"),
                ],
                Program,
            ),
            ("an image over plain http", "GET", &[("accept", "image/avif,image/webp,*/*;q=0.8")], Program),
            ("an object in a page", "GET", &[html, navigate, ("sec-fetch-dest", "object")], Program),
            (
                "the script of a service worker",
                "GET",
                &[
                    ("sec-fetch-mode", "same-origin"),
                    ("sec-fetch-dest", "serviceworker"),
                    ("service-worker", "script"),
                ],
                Program,
            ),
            ("a prefetch", "GET", &[html, navigate, document, ("sec-purpose", "prefetch")], Program),
            ("a prerendered page", "GET", &[html, navigate, ("sec-purpose", "prefetch;prerender")], Program),
            ("a preview of Safari", "GET", &[html, ("x-purpose", "preview")], Program),
            ("a prefetch of Firefox", "GET", &[html, ("x-moz", "prefetch")], Program),
            ("a method that no window has", "DELETE", &[html, navigate, document], Program),
            ("a client that refuses HTML", "GET", &[("accept", "text/html;q=0, application/json")], Program),
            (
                "one that refuses it in detail",
                "GET",
                &[("accept", "application/json, text/html ; q=0.000")],
                Program,
            ),
            ("one that takes it last", "GET", &[("accept", "application/json, TEXT/HTML;q=0.001")], Page),
        ] {
            assert_eq!(of(method, headers), expected, "{client}");
        }
    }

    #[test]
    fn words_that_contradict_each_other_are_no_navigation() {
        for headers in [
            &[("sec-fetch-mode", "navigate"), ("sec-fetch-mode", "navigate")][..],
            &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), ("sec-fetch-dest", "document")],
            &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "script")],
            &[("sec-fetch-mode", "Navigate")],
            &[("sec-fetch-mode", "")],
            &[("sec-fetch-dest", "empty"), ("accept", HTML)],
            &[("sec-fetch-mode", "navigate"), ("x-requested-with", "XMLHttpRequest")],
        ] {
            assert_eq!(of("GET", headers), Program, "{headers:?}");
        }
    }

    #[test]
    fn pages_and_forms_go_into_a_window() {
        assert!(Page.is_window() && Form.is_window());
        assert!([Htmx, Unknown, Program].iter().all(|other| !other.is_window()));
    }
}
