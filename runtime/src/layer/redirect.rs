//! A redirect in place of a refusal, for browsers.

use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// A target that the application has chosen.
#[derive(Clone, Debug)]
pub(super) struct Redirect {
    target: HeaderValue,
}

/// Whether the target is the same from every page. A relative one such as `login` is not. `//host/path` is a URL in disguise, so it has to
/// name its scheme.
fn is_path_or_url(target: &str) -> bool {
    let is_path = target.starts_with('/') && !target.starts_with("//");
    is_path || ["https://", "http://"].iter().any(|scheme| target.starts_with(scheme))
}

impl Redirect {
    #[track_caller]
    #[expect(clippy::panic, reason = "runs while the application is put together")]
    pub(super) fn to(target: &str) -> Self {
        match HeaderValue::from_str(target) {
            Ok(value) if is_path_or_url(target) => Self { target: value },
            _ => panic!(
                "a redirect goes to a path such as `/login`, or to a URL, in printable ASCII; {target:?} is neither"
            ),
        }
    }

    /// A browser that navigates follows `Location` of a 303 with a GET. htmx follows `HX-Redirect`; the page that a 303 leads to would
    /// become a fragment of the current one.
    pub(super) fn response<R: From<Vec<u8>>>(&self, request: &HeaderMap) -> Response<R> {
        let mut response = Response::new(R::from(Vec::new()));
        let from_htmx = request.get(HX_REQUEST).is_some_and(|value| value == "true");
        let (status, name) =
            if from_htmx { (StatusCode::OK, HX_REDIRECT) } else { (StatusCode::SEE_OTHER, LOCATION) };
        *response.status_mut() = status;
        response.headers_mut().insert(name, self.target.clone());
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
