use http::HeaderValue;
use http::request::Parts;
pub(crate) fn is_navigation(parts: &Parts) -> bool {
    parts.headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
}
pub(crate) fn note_cookie(_: &mut Parts, _: Option<HeaderValue>) {}
