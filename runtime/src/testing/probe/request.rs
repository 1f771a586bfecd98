//! One request through the router, without a socket, and its answer.

use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use axum::Router;
use axum_core::body::Body;
use axum_core::extract::Request;
use axum_core::response::Response;
use http::header::{CONTENT_TYPE, HeaderName, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;
use tower_service::Service;

/// In bytes; more than any refusal of this crate has.
const LONGEST_PROBLEM: usize = 64 * 1024;

/// The answer to a request.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// `None` when the handler panicked.
    pub(super) status: Option<StatusCode>,
    pub(super) headers: HeaderMap,
    /// The code of a problem in the body, or the `error` of the challenge.
    pub(super) code: Option<String>,
    /// Whether the body of the request was read.
    pub(super) read_body: bool,
    /// Why no route gave the answer, if none did.
    pub(super) unanswered: Option<Unanswered>,
}

/// Why no route gives an answer. Such answers are marked with it, in their extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// No route has the path.
    Path,
    /// The routes with the path have other methods.
    Method,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

/// The router, and a copy of it that marks the answers that no route gave.
pub(super) struct Target {
    router: Router,
    marked: Router,
}

impl Target {
    pub(super) fn new(router: Router) -> Self {
        let unknown = |why| {
            move || async move {
                let mut answer = Response::new(Body::empty());
                *answer.status_mut() = StatusCode::NOT_FOUND;
                answer.extensions_mut().insert(why);
                answer
            }
        };
        let marked = router.clone().fallback(unknown(Unanswered::Path));
        let marked = marked.method_not_allowed_fallback(unknown(Unanswered::Method));
        Self { router, marked }
    }

    /// Whether a route, a service or a fallback below a prefix has this path, for whatever method. Asked with `GET` and no credentials.
    pub(super) async fn has_path(&self, uri: &Uri) -> bool {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.clone();
        let answer = sent(self.marked.clone(), request).await;
        answer.is_none_or(|answer| answer.extensions().get() != Some(&Unanswered::Path))
    }

    /// Sends a request with these headers. `with_body` gives it a body that is no JSON, and records whether it is read.
    pub(super) async fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        with_body: bool,
    ) -> Answer {
        let read_body = Arc::new(AtomicBool::new(false));
        let request = || {
            let body = if with_body { unreadable(Arc::clone(&read_body)) } else { Body::empty() };
            let mut request = Request::new(body);
            *request.method_mut() = method.clone();
            *request.uri_mut() = uri.clone();
            request.headers_mut().clone_from(headers);
            if with_body {
                request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            request
        };
        let Some(response) = sent(self.router.clone(), request()).await else {
            return Answer::panicked(read_body.load(Ordering::SeqCst));
        };
        let read_body = read_body.load(Ordering::SeqCst);
        let may_be_unknown =
            matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
        let mut unanswered = None;
        if may_be_unknown {
            let marked = sent(self.marked.clone(), request()).await;
            unanswered = marked.and_then(|response| response.extensions().get().copied());
        }
        Answer::of(response, read_body, unanswered).await
    }
}

/// A body that begins a JSON object and ends there.
fn unreadable(read: Arc<AtomicBool>) -> Body {
    Body::from_stream(futures_util::stream::once(async move {
        read.store(true, Ordering::SeqCst);
        Ok::<_, Infallible>("{")
    }))
}

/// Sends a request. `None` when the handler panics, so that the probe can report it and go on.
async fn sent(mut router: Router, request: Request) -> Option<Response> {
    let Ok(()) = poll_fn(|context| Service::<Request>::poll_ready(&mut router, context)).await;
    let mut answer = pin!(router.call(request));
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
        Ok(Poll::Ready(Ok(response))) => Poll::Ready(Some(response)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(None),
    })
    .await
}

impl Answer {
    fn panicked(read_body: bool) -> Self {
        Self { status: None, headers: HeaderMap::new(), code: None, read_body, unanswered: None }
    }

    /// Reads the body only where a problem is announced: other bodies may never end.
    async fn of(response: Response, read_body: bool, unanswered: Option<Unanswered>) -> Self {
        let (parts, body) = response.into_parts();
        let is_problem =
            parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
        let mut code = None;
        if is_problem {
            let bytes = axum::body::to_bytes(body, LONGEST_PROBLEM).await.unwrap_or_default();
            code = serde_json::from_slice(&bytes).ok().map(|Problem { code }| code);
        }
        let (status, headers) = (Some(parts.status), parts.headers);
        let code = code.or_else(|| error_of(challenge(&headers)?));
        Self { status, headers, code, read_body, unanswered }
    }

    /// The challenge of RFC 6750, if there is one.
    pub(super) fn challenge(&self) -> Option<&str> {
        challenge(&self.headers)
    }

    /// Whether it redirects the client to `target`: with 303, or in the header that htmx reads. The target may learn where the client was
    /// going.
    pub(super) fn redirects_to(&self, target: &str) -> bool {
        let is_target = |value: &str| {
            let added = value.strip_prefix(target);
            added.is_some_and(|added| {
                added.is_empty() || matches!(added.split_once("next="), Some(("?" | "&", _)))
            })
        };
        let is = |name: HeaderName| {
            self.headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(is_target)
        };
        (self.status == Some(StatusCode::SEE_OTHER) && is(LOCATION))
            || is(HeaderName::from_static("hx-redirect"))
    }
}

fn challenge(headers: &HeaderMap) -> Option<&str> {
    let challenges = headers.get_all(WWW_AUTHENTICATE).iter();
    challenges.filter_map(|value| value.to_str().ok()).find(|value| value.starts_with("Bearer"))
}

fn error_of(challenge: &str) -> Option<String> {
    let (_, error) = challenge.split_once("error=\"")?;
    error.split_once('"').map(|(error, _)| error.to_owned())
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(status) = self.status else { return f.write_str("a panic") };
        f.write_str(status.as_str())?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if self.unanswered.is_some() {
            f.write_str(", since no route matches")?;
        }
        if self.read_body {
            f.write_str(", after the body was read")?;
        }
        Ok(())
    }
}
