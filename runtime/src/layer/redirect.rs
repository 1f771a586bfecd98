//! A redirect in place of a refusal, for browsers.

use axum::extract::OriginalUri;
use http::header::{CACHE_CONTROL, LOCATION};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, Uri};

use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::extract::Destination;
use crate::http::{NEXT, ReturnTo};

const HX_BOOSTED: HeaderName = HeaderName::from_static("hx-boosted");
const HX_CURRENT_URL: HeaderName = HeaderName::from_static("hx-current-url");
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// A target that the application has chosen.
#[derive(Clone, Debug)]
pub(super) struct Redirect {
    target: String,
}

/// Whether the target is the same from every page. A relative one such as `login` is not. `//host/path` is a URL in disguise, so it has to
/// name its scheme.
fn is_path_or_url(target: &str) -> bool {
    is_path(target) || ["https://", "http://"].iter().any(|scheme| target.starts_with(scheme))
}

fn is_path(target: &str) -> bool {
    target.starts_with('/') && !target.starts_with("//")
}

impl Redirect {
    #[track_caller]
    #[expect(clippy::panic, reason = "runs while the application is put together")]
    pub(super) fn to(target: &str) -> Self {
        if is_path_or_url(target) && HeaderValue::from_str(target).is_ok() && target.is_ascii() {
            return Self { target: target.to_owned() };
        }
        panic!(
            "a redirect goes to a path such as `/login`, or to a URL, in printable ASCII; {target:?} is neither"
        )
    }

    /// The target that is told where its visitor was going, if it is a page of this site: another site has no use for a path of this one.
    pub(super) fn with_next(&self, next: &ReturnTo) -> Self {
        let Some(path) = next.path().filter(|_| is_path(&self.target)) else { return self.clone() };
        let (page, fragment) = match self.target.split_once('#') {
            Some((page, fragment)) => (page, format!("#{fragment}")),
            None => (&*self.target, String::new()),
        };
        let separator = if page.contains('?') { '&' } else { '?' };
        let path: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
        Self { target: format!("{page}{separator}{NEXT}={path}{fragment}") }
    }

    /// A browser that navigates follows `Location` of a 303 with a GET. htmx follows `HX-Redirect`; the page that a 303 leads to would
    /// become a fragment of the current one.
    pub(super) fn response<R: From<Vec<u8>>>(&self, destination: Destination) -> Response<R> {
        let mut response = Response::new(R::from(Vec::new()));
        let (status, name) = match destination {
            Destination::Htmx => (StatusCode::OK, HX_REDIRECT),
            _ => (StatusCode::SEE_OTHER, LOCATION),
        };
        *response.status_mut() = status;
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.named(name, response)
    }

    /// A refusal that htmx leaves for the target. It reads the header whatever the status.
    pub(super) fn beside<R>(&self, refusal: Response<R>) -> Response<R> {
        self.named(HX_REDIRECT, refusal)
    }

    fn named<R>(&self, name: HeaderName, mut response: Response<R>) -> Response<R> {
        // It was a header value when it was made, and what was added is ASCII.
        if let Ok(target) = HeaderValue::from_str(&self.target) {
            response.headers_mut().insert(name, target);
        }
        response
    }
}

/// The page that a visitor was going to, or is on.
pub(super) fn wanted<C: SessionClaims>(parts: &Parts, auth: &Auth<C>, destination: Destination) -> ReturnTo {
    // axum takes the prefixes of nested routers off the address of the request, and keeps the whole one.
    let own = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    match destination {
        Destination::Page | Destination::Unknown => page(own, auth),
        // With a boosted link, htmx loads a whole page; otherwise a part of the page that is open.
        Destination::Htmx if parts.method == Method::GET && parts.headers.contains_key(HX_BOOSTED) => {
            page(own, auth)
        }
        Destination::Htmx => {
            let open = parts.headers.get(HX_CURRENT_URL).and_then(|url| url.to_str().ok()?.parse().ok());
            open.map_or_else(ReturnTo::default, |open| page(&open, auth))
        }
        // The address of a form need not have a page.
        Destination::Form | Destination::Program => ReturnTo::default(),
    }
}

/// The path and query of an address, whatever its host.
fn page<C: SessionClaims>(uri: &Uri, auth: &Auth<C>) -> ReturnTo {
    let query = uri.query().unwrap_or_default();
    let has_token = auth.transports().query.as_ref().is_some_and(|token| {
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == token.as_str())
    });
    // A token in the query goes no further.
    let path = if has_token { Some(uri.path()) } else { uri.path_and_query().map(|it| it.as_str()) };
    path.map_or_else(ReturnTo::default, ReturnTo::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_page_is_told_where_its_visitor_was_going() {
        let next = ReturnTo::new("/inbox?folder=3&x=a b".replace(' ', "%20").as_str());
        for (target, expected) in [
            ("/login", "/login?next=%2Finbox%3Ffolder%3D3%26x%3Da%2520b"),
            ("/login?lang=de", "/login?lang=de&next=%2Finbox%3Ffolder%3D3%26x%3Da%2520b"),
            ("/#/login", "/?next=%2Finbox%3Ffolder%3D3%26x%3Da%2520b#/login"),
            ("https://login.example.com/", "https://login.example.com/"),
        ] {
            assert_eq!(Redirect::to(target).with_next(&next).target, expected);
            assert_eq!(Redirect::to(target).with_next(&ReturnTo::default()).target, target);
        }
    }
}
